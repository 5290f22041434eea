# SPDX-License-Identifier: Apache-2.0
"""run.py: Redis' own test suite against leat: which of its tests pass, unit by unit. Nothing of it is kept here.

Used by: people:  python3 tests/redis_suite/run.py --broker build/release/leat [--suite DIR] [--units a,b] [--failures FILE]
Always:  - the suite is that of Debian's source package of redis, fetched for this run, or the one in DIR (of any version);
         - what asks for a replica is left out: leat has none;
         - it takes about 20 minutes, is no part of CI, and judges nothing: docs/redis-suite.md has what is known to differ, and why.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
UNITS = """unit/dump unit/auth unit/protocol unit/keyspace unit/scan unit/info unit/info-command unit/type/string unit/type/incr
unit/type/list unit/type/list-2 unit/type/list-3 unit/type/set unit/type/zset unit/type/hash unit/type/hash-field-expire
unit/type/stream unit/type/stream-cgroups unit/sort unit/expire unit/other unit/multi unit/quit unit/acl unit/acl-v2
unit/latency-monitor unit/pubsub unit/pubsubshard unit/slowlog unit/scripting unit/functions unit/maxmemory unit/introspection
unit/introspection-2 unit/limits unit/obuf-limits unit/bitops unit/bitfield unit/geo unit/memefficiency unit/hyperloglog
unit/lazyfree unit/wait unit/pause unit/querybuf unit/tracking unit/networking unit/violations unit/shutdown
unit/client-eviction unit/replybufsize
unit/cluster/scripting unit/cluster/sharded-pubsub""".split()
UNIT_SECONDS, TEST_SECONDS = 300, 100
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def fetch(folder):
    """The suite of the redis that this Debian has: apt, with lists of its own."""
    lists, parts = os.path.join(folder, "lists"), os.path.join(folder, "parts")
    os.makedirs(os.path.join(lists, "partial"))
    os.makedirs(parts)
    with open("/etc/apt/sources.list.d/debian.sources", encoding="utf-8") as file:
        sources = file.read()
    with open(os.path.join(parts, "source.sources"), "w", encoding="utf-8") as file:
        file.write(re.sub(r"^Types:.*$", "Types: deb-src", sources, flags=re.MULTILINE))
    apt = ["apt-get", "-qq", "-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={parts}",
           "-o", f"Dir::State::lists={lists}", "-o", "APT::Sandbox::User=root"]
    subprocess.run([*apt, "update"], check=True, cwd=folder)
    subprocess.run([*apt, "source", "--download-only", "redis"], check=True, cwd=folder)
    archive = next(name for name in os.listdir(folder) if name.endswith(".orig.tar.gz"))
    suite = os.path.join(folder, "suite")
    os.makedirs(suite)
    subprocess.run(["tar", "xzf", os.path.join(folder, archive), "-C", suite, "--strip-components=1", "--wildcards",
                    "*/tests/*", "*/runtest"], check=True)
    return suite


def prepare(suite):
    """leat is its server; a test that wants the stream of a replica fails, and the others of its file go on."""
    programs = os.path.join(suite, "src")
    os.makedirs(programs, exist_ok=True)
    links = {"redis-server": os.path.join(HERE, "leat_as_redis.py")}
    links.update({name: shutil.which(name) for name in ("redis-cli", "redis-benchmark")})
    for name, target in links.items():
        for alias in (name, name.replace("redis", "valkey")):
            path = os.path.join(programs, alias)
            if os.path.lexists(path):
                os.remove(path)
            os.symlink(target, path)
    path = os.path.join(suite, "tests", "support", "util.tcl")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace('error "attach_to_replication_stream error', 'error "assertion:there is no stream'))


def run_unit(suite, unit, environment):
    command = ["./runtest", "--durable", "--clients", "1", "--timeout", str(TEST_SECONDS), "--single", unit, "--tags", "-needs:repl"]
    try:
        ended = subprocess.run(command, cwd=suite, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               timeout=UNIT_SECONDS, check=False)
        output = ended.stdout
    except subprocess.TimeoutExpired as late:
        output = late.stdout or b""
    return COLOURS.sub("", output.decode(errors="replace"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--broker", required=True)
    parser.add_argument("--suite", help="a folder with tests/ and runtest; without it Debian's is fetched")
    parser.add_argument("--units", help="of them, split by commas")
    parser.add_argument("--failures", help="where all that failed is written, with what the suite says of it")
    options = parser.parse_args()
    if shutil.which("tclsh") is None:
        sys.exit("redis_suite: it is written in Tcl: apt-get install tcl")
    with tempfile.TemporaryDirectory() as folder:
        suite = os.path.join(folder, "suite")
        if options.suite:
            shutil.copytree(options.suite, suite, symlinks=True)
        else:
            suite = fetch(folder)
        prepare(suite)
        environment = {**os.environ, "LEAT_BROKER": os.path.abspath(options.broker), "LEAT_NOT_KNOWN": os.path.join(folder, "not_known.json")}
        passed = failed = 0
        said = []
        for unit in options.units.split(",") if options.units else UNITS:
            if not os.path.exists(os.path.join(suite, "tests", unit + ".tcl")):
                continue
            output = run_unit(suite, unit, environment)
            good, bad = output.count("\n[ok]: "), re.findall(r"^\[err\]: .*(?:\n(?!\[).*){0,2}", output, re.MULTILINE)
            stopped = " (ended before its end)" if "[exception]" in output or "done]: " not in output else ""
            passed, failed = passed + good, failed + len(bad)
            said += [f"{unit}: {one}" for one in bad]
            print(f"{unit:34} {good:5} passed {len(bad):4} failed{stopped}", flush=True)
        print(f"{'all':34} {passed:5} passed {failed:4} failed")
        if options.failures:
            with open(options.failures, "w", encoding="utf-8") as file:
                file.write("\n".join(said) + "\n")


main()
