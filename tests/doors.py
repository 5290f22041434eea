# SPDX-License-Identifier: Apache-2.0
"""doors.py: where connections are taken: several addresses, a file of this machine, and what CONFIG SET moves while it runs.

Used by: ctest:  python3 tests/doors.py --broker build/release/leat [NAME…]
Always:  - loopback only, ports picked free, the folder removed, every process ended by its pid.
"""
import contextlib
import os
import re
import socket
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import resp  # noqa: E402
from certificates import Authority, settings  # noqa: E402
from checks import SECONDS, expect  # noqa: E402
from server import Server, free_port  # noqa: E402
from test_program import run_tests  # noqa: E402


class House:
    def __init__(self, binary, folder):
        self.binary, self.folder, self.number = binary, folder, 0

    def room(self):
        self.number += 1
        folder = os.path.join(self.folder, str(self.number))
        os.mkdir(folder)
        return folder

    @contextlib.contextmanager
    def serve(self, *extra, folder=None):
        server = Server(self.binary, folder or self.room(), "none", [word for one in extra for word in ("--set", one)])
        server.start()
        try:
            yield server
        finally:
            server.kill()

    def refusal(self, *extra):
        words = [self.binary, "serve", "--set", f"data_dir={self.room()}/data"]
        run = subprocess.run([*words, *[word for one in extra for word in ("--set", one)]], capture_output=True, text=True,
                             timeout=SECONDS, check=False)
        expect(run.returncode == 1 and run.stderr.count("\n") == 1, f"{extra} should be refused with a line: {run}")
        return run.stderr


def at(host, port):
    return resp.Connection(socket.create_connection((host, port), SECONDS))


def at_file(path):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(SECONDS)
    connection.connect(path)
    return resp.Connection(connection)


def answers(host, port):
    try:
        return at(host, port).call("PING") == "PONG"
    except OSError:
        return False


def info(connection, section="server"):
    return dict(line.split(":", 1) for line in connection.call("INFO", section).decode().splitlines() if ":" in line)


def failed(answer, words):
    expect(isinstance(answer, resp.Error) and words in answer, f"'{words}' was expected in {answer!r}")


def several_addresses(house):
    with house.serve("bind=127.0.0.1 127.0.0.2 -::1 -192.0.2.1", "protected_mode=no") as server:
        for host in ("127.0.0.1", "127.0.0.2"):
            expect(answers(host, server.port), f"nobody answers at {host}")
        expect(not answers("127.0.0.3", server.port), "it was not named")
        line = info(at("127.0.0.1", server.port))["listener0"]
        expect(line == f"name=tcp,bind=127.0.0.1,bind=127.0.0.2,bind=-::1,bind=-192.0.2.1,port={server.port}", line)
    said = house.refusal("bind=127.0.0.1 192.0.2.1", "requirepass=x", f"port={free_port()}")
    expect("cannot listen on 192.0.2.1:" in said, said)
    expect("others can reach it" in house.refusal("bind=127.0.0.1 *", f"port={free_port()}"), "a star is everybody")


def any_port(house):
    with house.serve() as server:
        connection = at("127.0.0.1", server.port)
        expect(connection.call("CONFIG", "SET", "bind", "127.0.0.1 127.0.0.2", "port", "0") == "OK", "a free one")
        moved = int(info(connection)["tcp_port"])
        expect(moved == server.port, "it has one that was free")
        expect(answers("127.0.0.2", moved), "one port for both addresses")


def a_file(house):
    folder = house.room()
    path = os.path.join(folder, "leat.sock")
    with house.serve(f"unix_socket={path}", "unix_socket_mode=700", folder=folder) as server:
        expect(stat.S_IMODE(os.stat(path).st_mode) == 0o700, oct(os.stat(path).st_mode))
        connection = at_file(path)
        expect(connection.call("SET", "k", "v" * 300_000) == "OK", "SET")
        expect(at("127.0.0.1", server.port).call("GET", "k") == b"v" * 300_000, "both doors lead to one keyspace")
        line = connection.call("CLIENT", "LIST", "ID", connection.call("CLIENT", "ID")).decode()
        expect(f"addr={path}:0 laddr={path}:0" in line and "flags=U " in line, line)
        expect(info(connection)["listener1"] == f"name=unix,bind={path}", "INFO")
        expect(connection.call("CONFIG", "GET", "unixsocket*") == [b"unixsocket", path.encode(), b"unixsocketperm", b"700"], "CONFIG GET")
        failed(connection.call("CONFIG", "SET", "unixsocket", "elsewhere"), "can't set immutable config")
        failed(connection.call("DEBUG", "SLEEP", "0"), "DEBUG command not allowed")
        said = house.refusal(f"unix_socket={path}", f"port={free_port()}")
        expect("another process answers there" in said, said)
        expect(connection.call("PING") == "PONG", "it was not disturbed")
    expect(os.path.exists(path), "killed, it left its file behind")
    with house.serve(f"unix_socket={path}", "debug_commands=local", folder=folder):
        expect(at_file(path).call("DEBUG", "SLEEP", "0") == "OK", "it takes the file over; who comes by it is of this machine")
    with open(path + ".txt", "w", encoding="utf-8") as file:
        file.write("precious")
    said = house.refusal(f"unix_socket={path}.txt", f"port={free_port()}")
    expect("the file is none of ours" in said and os.path.getsize(path + ".txt") == 8, said)
    expect("cannot listen on " in house.refusal(f"unix_socket={folder}/no/such", f"port={free_port()}"), "no such folder")
    expect("at most 107 bytes" in house.refusal(f"unix_socket={folder}/{'x' * 120}", f"port={free_port()}"), "a long path")


def only_a_file(house):
    folder = house.room()
    path = os.path.join(folder, "leat.sock")
    process = subprocess.Popen([house.binary, "serve", "--set", "port=0", "--set", f"unix_socket={path}", "--set",
                                f"data_dir={folder}/data"], stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            if "event=serving" in line:
                break
        expect(re.search(r"port=0\b", line) is not None, line)
        run = subprocess.run(["redis-cli", "-s", path, "RPUSH", "jobs", "a"], capture_output=True, text=True, timeout=SECONDS, check=False)
        expect(run.stdout == "1\n", f"redis-cli -s: {run}")
        expect(not listening_ports(process.pid), "nobody listens at a port")
        process.terminate()
        expect(process.wait(SECONDS) == 0 and not os.path.exists(path), "a clean stop removes the file")
    finally:
        process.kill()
        process.wait()


def only_tls(house):
    folder = house.room()
    authority = Authority(folder)
    identity = authority.certify("queue.example")
    port = free_port()
    sealed = settings(identity, "off", tls_port=port, clients="yes", tls_ca_cert_file=authority.file)
    process = subprocess.Popen([house.binary, "serve", "--set", "port=0", "--set", "bind=0.0.0.0", "--set",
                                f"data_dir={folder}/data", *sealed], stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            if "event=serving" in line:
                break
        expect(listening_ports(process.pid) == {port}, f"of its own are {listening_ports(process.pid)}")
    finally:
        process.kill()
        process.wait()
    said = house.refusal("bind=0.0.0.0", f"port={free_port()}", *(word for word in sealed if word != "--set"))
    expect("others can reach it" in said, "there is a plain door as well")


def listening_ports(pid):
    own = {os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")}
    with open("/proc/net/tcp", encoding="utf-8") as table:
        return {int(words[1].split(":")[1], 16) for words in map(str.split, table) if words[3] == "0A" and f"socket:[{words[9]}]" in own}


def a_file_speaks_plain(house):
    folder = house.room()
    authority = Authority(folder)
    path = os.path.join(folder, "leat.sock")
    words = settings(authority.certify("queue.example"), "required", unix_socket=path)
    server = Server(house.binary, folder, "none", words)
    server.tls = authority.client()
    server.start()
    try:
        expect(at_file(path).call("PING") == "PONG", "nothing is sealed on the same machine")
    finally:
        server.kill()


def moves(house):
    with house.serve() as server:
        old, connection, new = server.port, at("127.0.0.1", server.port), free_port()
        expect(connection.call("CONFIG", "SET", "port", new) == "OK", "CONFIG SET port")
        expect(not answers("127.0.0.1", old) and answers("127.0.0.1", new), "it has moved")
        expect(connection.call("SET", "k", "v") == "OK", "who was connected stays")
        expect(info(connection)["tcp_port"] == str(new), "INFO")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            answer = connection.call("CONFIG", "SET", "maxclients", "77", "port", taken.getsockname()[1])
            failed(answer, "(possibly related to argument 'port') - Unable to listen on this port. cannot listen on 127.0.0.1:")
        expect(connection.call("CONFIG", "GET", "port") == [b"port", str(new).encode()], "as before")
        expect(connection.call("CONFIG", "GET", "maxclients") == [b"maxclients", b"10000"], "all or nothing")
        expect(answers("127.0.0.1", new), "as before")
        failed(connection.call("CONFIG", "SET", "bind", "127.0.0.1 0.0.0.0"), "others can reach it")
        expect(connection.call("CONFIG", "SET", "protected-mode", "no") == "OK", "from now on they may")
        failed(connection.call("CONFIG", "SET", "bind", "192.0.2.1"), "Failed to bind to specified addresses. cannot listen on 192.0.2.1:")
        failed(connection.call("CONFIG", "SET", "bind", "nowhere"), "'nowhere' is no address")
        expect(answers("127.0.0.1", new), "as before")
        expect(connection.call("CONFIG", "SET", "bind", "127.0.0.2") == "OK", "another address")
        expect(not answers("127.0.0.1", new) and answers("127.0.0.2", new), "it has moved")
        expect(connection.call("CONFIG", "SET", "bind", "* -::*", "requirepass", "secret") == "OK", "with a password everybody may come")
        connection.call("AUTH", "secret")
        failed(at("127.0.0.3", new).call("PING"), "NOAUTH")
        expect(connection.call("CONFIG", "SET", "bind", "") == "OK", "nobody comes in by TCP")
        expect(not answers("127.0.0.2", new) and connection.call("PING") == "PONG", "but who is there")
        expect(connection.call("CONFIG", "SET", "bind", "127.0.0.1") == "OK" and not isinstance(connection.call("PING"), resp.Error), "and back")


def tls_port_moves(house):
    folder = house.room()
    authority = Authority(folder)
    server = Server(house.binary, folder, "none", settings(authority.certify("queue.example"), "off"))
    server.start()
    try:
        connection, port = at("127.0.0.1", server.port), free_port()
        expect(connection.call("CONFIG", "SET", "tls-port", port) == "OK", "CONFIG SET tls-port")
        sealed = authority.client().wrap_socket(socket.create_connection(("127.0.0.1", port), SECONDS), server_hostname="localhost")
        expect(resp.Connection(sealed).call("PING") == "PONG", "sealed")
        expect(info(connection)["listener1"] == f"name=tls,bind=127.0.0.1,port={port}", "INFO")
        failed(connection.call("CONFIG", "SET", "tls-port", free_port(), "tls-cert-file", "/no/such"), "(possibly related to argument 'tls-cert-file')")
        expect(info(connection)["listener1"] == f"name=tls,bind=127.0.0.1,port={port}", "as before")
        expect(connection.call("CONFIG", "SET", "tls-port", 0) == "OK" and not answers("127.0.0.1", port), "closed")
    finally:
        server.kill()


def clients_by_file(house):
    script = ("import sys, redis\nr = redis.Redis(unix_socket_path=sys.argv[1])\nr.rpush('q', 'a')\n"
              "assert r.blpop('q', 5) == (b'q', b'a')\np = r.pubsub(); p.subscribe('c'); p.get_message(timeout=5)\n"
              "r.publish('c', 'x'); assert p.get_message(timeout=5)['data'] == b'x'\nprint('fine')\n")
    if subprocess.run(["/usr/bin/python3", "-c", "import redis"], capture_output=True, check=False).returncode != 0:
        print("doors: no python3-redis here")
        return
    folder = house.room()
    path = os.path.join(folder, "leat.sock")
    with house.serve(f"unix_socket={path}", folder=folder):
        run = subprocess.run(["/usr/bin/python3", "-c", script, path], capture_output=True, text=True, timeout=SECONDS, check=False)
        expect(run.stdout == "fine\n", f"python redis: {run}")
        run = subprocess.run(["redis-benchmark", "-s", path, "-q", "-n", "2000", "-t", "lpush,rpop"], capture_output=True, text=True,
                             timeout=60, check=False)
        expect("RPOP" in run.stdout and run.returncode == 0, f"redis-benchmark -s: {run}")


TESTS = [several_addresses, any_port, a_file, only_a_file, only_tls, a_file_speaks_plain, moves, tls_port_moves, clients_by_file]


def prepare(binary, folder):
    house = House(binary, folder)
    return lambda test: test(house)


if __name__ == "__main__":
    sys.exit(run_tests("doors", __doc__, TESTS, prepare))
