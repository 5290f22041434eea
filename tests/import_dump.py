# SPDX-License-Identifier: Apache-2.0
"""import_dump.py: dump.rdb files that redis-server wrote become data folders of leat, and hold what redis-server held.

Used by: ctest:  python3 tests/import_dump.py --broker build/release/leat
Always:  - loopback only, ports picked free, folders removed, every process ended by its pid.
"""
import argparse
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import rdb  # noqa: E402
import resp  # noqa: E402
from checks import expect  # noqa: E402
from contents import SETTINGS, content, fill, hand_made  # noqa: E402
from served import Broker, run  # noqa: E402
from server import Server  # noqa: E402

WHOLE, REFUSED, IN_PART = 0, 1, 3
LIBRARY = "#!lua name=counts\nredis.register_function('next_of', function(keys) return redis.call('INCR', keys[1]) end)"
YEARS_AHEAD = 4_000_000_000_000  # ms since 1970


def write_dump(folder, settings):
    """What a redis-server held, by database and key, and the file that it wrote of it."""
    server = Server("redis-server", folder, "none", [part for name, value in settings.items() for part in (f"--{name}", str(value))])
    server.start()
    redis = resp.Connection(server.connect(60))
    fill(redis.call)
    for at, (payload, _) in enumerate(hand_made()):
        redis.call("RESTORE", f"made:{at}", 0, payload)  # those that 7.0 knows
    redis.call("PEXPIREAT", "string:3", YEARS_AHEAD)
    redis.call("FUNCTION", "LOAD", LIBRARY)
    redis.call("SELECT", 9)
    redis.call("SET", "far", "away", "PX", 100_000_000)
    held = {}
    for db in (0, 9):
        redis.call("SELECT", db)
        held[db] = {key: (content(redis, key), redis.call("PEXPIRETIME", key)) for key in redis.call("KEYS", "*")}
    expect(redis.call("SAVE") == "OK", "redis-server writes its dump")
    server.stop()
    return held, os.path.join(folder, "data", "dump.rdb")


def check_all_arrives(binary, folder, settings):
    held, file = write_dump(folder, settings)
    data = f"{folder}/leat"
    status, said = run(binary, "import", file, "--to", data)
    count = sum(len(keys) for keys in held.values())
    expect(status == WHOLE and f"keys={count} libraries=1 expired=0 lost=0" in said, f"import: {status} {said}")
    expect(run(binary, "check", data)[0] == 0, "the folder is sound")
    broker = Broker(binary, data)
    for db, keys in held.items():
        broker.call("SELECT", db)
        expect(broker.call("DBSIZE") == len(keys), f"as many keys in {db}")
        for key, (value, expires) in keys.items():
            expect(content(broker, key) == value, f"{key} is as it was: {value} {content(broker, key)}")
            expect(broker.call("PEXPIRETIME", key) == expires, f"{key} ends when it did")
    expect(broker.call("FCALL", "next_of", 1, "n") == 1, "the function runs")
    expect(broker.end() == 0, "a clean end")


def check_what_is_refused(binary, folder):
    _, file = write_dump(folder, {})
    whole = open(file, "rb").read()
    for name, content_, part in (
            ("cut.rdb", whole[:-100], "it was cut off"),
            ("turned.rdb", whole[:400] + bytes([whole[400] ^ 1]) + whole[401:], ""),
            ("tail.rdb", whole + b"*1\r\n$4\r\nPING\r\n", "behind its end"),
            ("newer.rdb", b"REDIS0099" + whole[9:], "version 99")):
        with open(f"{folder}/{name}", "wb") as out:
            out.write(content_)
        status, said = run(binary, "import", f"{folder}/{name}", "--to", f"{folder}/none")
        expect(status == REFUSED and part in said and "Nothing was made" in said, f"{name}: {status} {said}")
        expect(not os.path.exists(f"{folder}/none"), "nothing was made")
    status, said = run(binary, "import", f"{folder}/nowhere.rdb", "--to", f"{folder}/none")
    expect(status == REFUSED and "nowhere.rdb" in said, f"no such file: {said}")
    expect("usage: leat import DUMP.RDB --to DATA" in run(binary, "import", file)[1], "usage")
    status, said = run(binary, "import", file, "--to", folder)
    expect(status == REFUSED, f"a folder that is not empty: {said}")
    status, said = run(binary, "serve", "--set", "port=0", "--set", f"data_dir={folder}/data")
    expect(status == REFUSED and "leat import DUMP.RDB --to NEW" in said, f"a start says how: {said}")


def check_losses(binary, folder):
    body = b"REDIS0011\xfe\x00" + b"\x00" + rdb.string(b"kept") + rdb.string(b"v")
    body += b"\x07" + rdb.string(b"json") + b"\x81" + bytes(8) + b"\x05" + rdb.string(b"{}") + b"\x00" + b"\xff"
    with open(f"{folder}/modules.rdb", "wb") as out:
        out.write(body + rdb.crc64(body).to_bytes(8, "little"))
    status, said = run(binary, "import", f"{folder}/modules.rdb", "--to", f"{folder}/rest")
    expect(status == IN_PART and 'lost=key db=0 key="json"' in said and "keys=1" in said, f"modules: {status} {said}")
    broker = Broker(binary, f"{folder}/rest")
    expect(broker.call("GET", "kept") == b"v", "the rest is there")
    broker.end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broker", required=True)
    binary = os.path.abspath(parser.parse_args().broker)
    for settings in SETTINGS:
        with tempfile.TemporaryDirectory() as folder:
            check_all_arrives(binary, folder, settings)
    with tempfile.TemporaryDirectory() as folder:
        check_what_is_refused(binary, folder)
        check_losses(binary, folder)
    print("import: all that redis-server wrote is there; what cannot be kept is told")


main()
