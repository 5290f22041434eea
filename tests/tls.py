# SPDX-License-Identifier: Apache-2.0
"""tls.py: the doors over real sockets: plain and TLS on one port, certificates, reloads, real clients, and adversaries.

Used by: ctest:  python3 tests/tls.py --broker build/release/leat [NAME…]
Always:  - loopback only, ports picked free, the folder removed, every process ended by its pid;
         - what works over plain sockets is tried over both.
"""
import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import resp  # noqa: E402
from certificates import Authority, settings  # noqa: E402
from checks import SECONDS, expect, wait_for  # noqa: E402
from server import Server, free_port  # noqa: E402
from test_program import run_tests  # noqa: E402


class House:
    """The folder of a test run: an authority, identities, and servers."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.authority = Authority(folder)
        self.stranger = Authority(folder, "stranger")
        self.identity = self.authority.certify("queue.example")
        self.number = 0

    @contextlib.contextmanager
    def serve(self, *extra, tls=None, port=None):
        """tls: how to ask whether it serves, where plain clients are not let in."""
        self.number += 1
        folder = os.path.join(self.folder, f"server-{self.number}")
        os.mkdir(folder)
        server = Server(self.binary, folder, "none", extra)
        server.tls, server.port = tls, port or server.port
        server.start()
        try:
            yield server
        finally:
            server.kill()

    @contextlib.contextmanager
    def secure(self, mode="optional", **others):
        with self.serve(*settings(self.identity, mode, **others), tls=self.authority.client()) as server:
            yield server

    def refusal(self, *extra):
        words = [self.binary, "serve", "--set", "port=0", "--set", f"data_dir={self.folder}/refused", *extra]
        run = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS)
        expect(run.returncode == 1 and run.stderr.count("\n") == 1, f"{words} should be refused with a line: {run}")
        return run.stderr


def connect(server, tls="as the server"):
    context, server.tls = server.tls, server.tls if tls == "as the server" else tls
    try:
        return resp.Connection(server.connect(timeout=SECONDS))
    finally:
        server.tls = context


def info(connection):
    return dict(line.split(":", 1) for line in connection.call("INFO", "everything").decode().splitlines() if ":" in line)


def log_of(server):
    with open(server.log_path, errors="replace") as log:
        return log.read()


def is_closed(connected):
    """Whether the other side says good-bye, and nothing else."""
    try:
        return connected.recv(1) == b""
    except ConnectionResetError:
        return True


# What works over plain sockets works over TLS.

def pipelines(server):
    one = connect(server)
    requests = b"".join(resp.encode(["SET", f"k{i}", "x" * (i % 300)]) + resp.encode(["STRLEN", f"k{i}"]) for i in range(20000))
    one.socket.sendall(requests)  # first all of it: a TLS object is not for two threads, and the replies are short
    for i in range(20000):
        expect(one.read() == "OK" and one.read() == i % 300, f"reply {i} of a long pipeline")
    one.close()


def large_values(server):
    one, two = connect(server), connect(server)
    value = os.urandom(3_000_000)
    expect(one.call("SET", "large", value) == "OK", "a large value goes in")
    expect(two.call("GET", "large") == value, "and comes out")
    expect(two.call("GETRANGE", "large", "0", "9") == value[:10], "and the connection goes on")


def a_byte_at_a_time(server):
    one = connect(server)
    for byte in resp.encode(["SET", "slow", "v"]) + resp.encode(["GET", "slow"]):
        one.socket.sendall(bytes([byte]))
    expect(one.read() == "OK" and one.read() == b"v", "requests a byte at a time")


def blocking(server):
    waiter, producer = connect(server), connect(server)
    waiter.send("BLPOP", "jobs", "0")
    wait_for(lambda: info(producer)["blocked_clients"] == "1", "a pop blocks")
    expect(producer.call("RPUSH", "jobs", "a") == 1, "a push")
    expect(waiter.read() == [b"jobs", b"a"], "wakes it")
    expect(waiter.call("BLPOP", "jobs", "0.01") is None, "a wait ends")
    waiter.send("BLPOP", "jobs", "0")
    wait_for(lambda: info(producer)["blocked_clients"] == "1", "a pop blocks again")
    waiter.close()
    wait_for(lambda: info(producer)["blocked_clients"] == "0", "a hang-up is heard")
    expect(producer.call("RPUSH", "jobs", "b") == 1 and producer.call("LLEN", "jobs") == 1, "nothing is popped for it")


def pushes(server):
    listener, publisher = connect(server), connect(server)
    listener.call("HELLO", "3")
    listener.call("SUBSCRIBE", "news")
    for i in range(1000):
        publisher.send("PUBLISH", "news", f"{i}")
    expect([publisher.read() for _ in range(1000)] == [1] * 1000, "all are heard")
    expect([listener.read()[2] for _ in range(1000)] == [str(i).encode() for i in range(1000)], "in order")
    expect(listener.call("PING") == "PONG", "and requests go on")


def slow_readers(server):
    """Who does not read what was published is closed, and nobody else."""
    slow, publisher = connect(server), connect(server)
    publisher.call("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0")
    slow.call("SUBSCRIBE", "flood")
    for _ in range(200):
        if publisher.call("PUBLISH", "flood", b"x" * 100_000) == 0:
            break
    wait_for(lambda: publisher.call("PUBLISH", "flood", "x") == 0, "it is closed")
    expect("it does not read its replies" in log_of(server), "and the log says why")
    expect(publisher.call("PING") == "PONG", "others are served")


def killed(server):
    victim, other = connect(server), connect(server)
    number = victim.call("CLIENT", "ID")
    victim.send("BLPOP", "none", "0")
    expect(other.call("CLIENT", "KILL", "ID", str(number)) == 1, "CLIENT KILL")
    expect(is_closed(victim.socket), "closes with a good-bye")
    expect(other.call("PING") == "PONG", "others are served")


def good_byes(server):
    one = connect(server)
    expect(one.call("QUIT") == "OK" and is_closed(one.socket), "QUIT is answered, then closed")
    two = connect(server)
    two.socket.sendall(b"*1\r\n:1\r\n")
    expect(isinstance(two.read(), resp.Error) and is_closed(two.socket), "malformed input is told, then closed")


BOTH = [pipelines, large_values, a_byte_at_a_time, blocking, pushes, slow_readers, killed, good_byes]


def both_transports(house):
    with house.secure() as server:
        for context in (None, house.authority.client()):
            server.tls = context
            for test in BOTH:
                connect(server).call("FLUSHALL")
                test(server)


# The doors.

def one_port(house):
    with house.secure() as server:
        plain, sealed = connect(server, None), connect(server)
        expect(plain.call("SET", "k", "v") == "OK" and sealed.call("GET", "k") == b"v", "plain and TLS on one port")
        expect(sealed.socket.version() == "TLSv1.3", "the newest TLS")
        old = connect(server, house.authority.client(maximum_version=ssl.TLSVersion.TLSv1_2))
        expect(old.call("GET", "k") == b"v" and old.socket.version() == "TLSv1.2", "TLS 1.2")
        about = info(plain)
        expect(about["tls_certificate"] == "CN=queue.example" and int(about["tls_handshakes"]) >= 2, f"INFO: {about}")
        expect(plain.call("CONFIG", "GET", "tls") == [b"tls", b"optional"], "CONFIG GET tls")


def required(house):
    with house.secure("required") as server:
        for words in (b"PING\r\n", resp.encode(["GET", "k"])):
            with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as plain:
                plain.sendall(words)
                said = plain.recv(1000)
                expect(said.startswith(b"-ERR ") and b"rediss://" in said and said.count(b"\r\n") == 1, f"a plain client is told: {said}")
                expect(plain.recv(1) == b"", "and closed")
        one = connect(server)
        expect(one.call("PING") == "PONG" and info(one)["tls_refused_plain"] == "2", "others are served")
        expect("it does not speak TLS" in log_of(server), "the log says so")
        backup = subprocess.run([house.binary, "backup", os.path.join(house.folder, "kept"), "--port", str(server.port)],
                                capture_output=True, text=True, timeout=SECONDS)
        expect(backup.returncode == 1 and "redis-cli --tls" in backup.stderr, f"leat backup says who can: {backup.stderr}")


def own_port(house):
    port = free_port()
    with house.serve(*settings(house.identity, "off", tls_port=port)) as server:
        plain = connect(server)
        expect(plain.call("CONFIG", "GET", "tls-port") == [b"tls-port", str(port).encode()], "CONFIG GET tls-port")
        expect(info(plain)["listener1"].endswith(f"port={port}"), "INFO has it")
        server.tls = house.authority.client()
        try:
            connect(server)
            raise AssertionError("the usual port speaks no TLS")
        except (ssl.SSLError, ConnectionError):
            pass
        wait_for(lambda: "it speaks TLS, and this port does not" in log_of(server), "the log says so")
        usual, server.port = server.port, port
        expect(connect(server).call("PING") == "PONG", "the other does")
        with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as told:
            told.sendall(b"PING\r\n")
            expect(told.recv(1000).startswith(b"-ERR only TLS"), "and nothing else")
        server.port = usual
        expect(plain.call("CONFIG", "SET", "tls", "optional") == "OK" and connect(server).call("PING") == "PONG", "it can be turned on")
        expect(plain.call("CONFIG", "SET", "tls", "off") == "OK", "and off")


def client_certificates(house):
    extra = {"clients": "yes", "tls_ca_cert_file": house.authority.file, "tls_auth_clients_user": "CN"}
    worker = house.authority.certify("worker-1")
    with house.serve(*settings(house.identity, "required", **extra), tls=house.authority.client(worker)) as server:
        expect(connect(server).call("PING") == "PONG", "who shows a certificate is let in")
        for shows in (None, house.stranger.certify("worker-1")):
            try:
                connect(server, house.authority.client(shows)).call("PING")
                raise AssertionError(f"{shows} is let in")
            except (ssl.SSLError, ConnectionError):
                pass
        wait_for(lambda: "did not return a certificate" in log_of(server) and "unable to get local issuer" in log_of(server), "and why not")
        expect(connect(server).call("PING") == "PONG", "others are served")


def resumption(house):
    with house.secure() as server:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = house.authority.client(maximum_version=version)
            first = connect(server, context)
            first.call("PING")
            session = first.socket.session
            raw = socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS)
            second = resp.Connection(context.wrap_socket(raw, server_hostname="localhost", session=session))
            expect(second.call("PING") == "PONG" and second.socket.session_reused, f"a session is resumed: {version}")
        expect(info(second)["tls_sessions_resumed"] == "2", "INFO counts it")


def reloads(house):
    def subject():
        fresh = connect(server)
        return dict(pair[0] for pair in fresh.socket.getpeercert()["subject"])["commonName"]

    files = [os.path.join(house.folder, name) for name in ("live.crt", "live.key")]
    second, third = house.authority.certify("second.example"), house.authority.certify("third.example")
    copy = lambda identity: [shutil.copy(source, target) for source, target in zip(identity, files)]  # noqa: E731
    copy(house.identity)
    with house.serve(*settings(files), tls=house.authority.client()) as server:
        before = connect(server)
        expect(subject() == "queue.example", "the first certificate")
        copy(second)
        expect(subject() == "queue.example", "files alone change nothing")
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: subject() == "second.example", "SIGHUP reads them")
        open(files[0], "w").close()
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "event=tls_not_reread" in log_of(server), "one that cannot be used is said")
        expect(subject() == "second.example", "and the one from before stays")
        answer = before.call("CONFIG", "SET", "tls-cert-file", files[0])
        expect(isinstance(answer, resp.Error) and "holds no certificate" in answer, f"CONFIG SET says so: {answer}")
        answer = before.call("CONFIG", "SET", "tls-cert-file", third[0], "tls-key-file", second[1])
        expect(isinstance(answer, resp.Error) and "is not the key" in answer, f"all or nothing: {answer}")
        expect(before.call("CONFIG", "GET", "tls-cert-file")[1].decode() == files[0] and subject() == "second.example", "nothing changed")
        expect(before.call("CONFIG", "SET", "tls-cert-file", third[0], "tls-key-file", third[1]) == "OK", "CONFIG SET of both")
        expect(subject() == "third.example", "takes effect")
        expect(before.call("PING") == "PONG", "and who was there before goes on")


def refusals(house):
    certificate, key = house.identity
    wrong = os.path.join(house.folder, "wrong.pem")
    with open(wrong, "w") as file:
        file.write("nothing\n")
    late, late_key = house.authority.certify("late", days=-1)
    other_key = house.authority.certify("other")[1]
    for said, identity, others in (
            ("set tls_cert_file", ("", key), {}), ("set tls_key_file", (certificate, ""), {}),
            (f"cannot read tls_cert_file = '{wrong}x'", (wrong + "x", key), {}), ("holds no certificate", (wrong, key), {}),
            ("holds no private key", (certificate, wrong), {}), ("is not the key of", (certificate, other_key), {}),
            ("has expired on", (late, late_key), {}), ("set tls_ca_cert_file", house.identity, {"clients": "yes"})):
        for mode in ({"mode": "optional"}, {"mode": "off", "tls_port": free_port()}):
            line = house.refusal(*settings(identity, **mode, **others))
            expect(said in line, f"{said!r} in {line!r}")
    expect("certificates" in house.refusal("--set", "bind=0.0.0.0"), "an open address says what to set")


# Adversaries.

def hello(context):
    """The bytes of a ClientHello."""
    sends, receives = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(receives, sends, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        session.do_handshake()
    return sends.read()


def slow_handshakes(house):
    with house.secure("required", tls_handshake_timeout_ms=300) as server:
        good, first = connect(server), hello(house.authority.client())
        silent = [socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) for _ in range(20)]
        halves = [socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) for _ in range(20)]
        done = [socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) for _ in range(20)]
        for one in halves:
            one.sendall(first[:len(first) // 2])
        for one in done:
            one.sendall(first)  # and nothing more
        began = time.monotonic()
        for one in silent + halves:
            expect(is_closed(one), "a handshake that does not end is ended")
        expect(time.monotonic() - began < 5, "in time")
        for one in done:
            with contextlib.suppress(ConnectionResetError):
                while one.recv(10000):
                    pass
        about = info(good)
        expect(int(about["tls_handshakes_failed"]) == 60, f"and counted: {about['tls_handshakes_failed']}")
        expect(int(about["connected_clients"]) == 1, "nobody is left")
        log = log_of(server)
        expect(0 < log.count("tls_handshake_failed") <= 30, "with a bounded number of lines")
        drip = socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS)
        with contextlib.suppress(OSError):
            for byte in first:
                drip.sendall(bytes([byte]))
                time.sleep(0.02)
            raise AssertionError("a byte at a time takes too long")
        expect(good.call("PING") == "PONG", "others are served")


def records_of_strangers(house):
    """Garbage in all shapes, while somebody else works: he is answered in time, always."""
    with house.secure() as server:
        first = hello(house.authority.client())
        shapes = [
            b"\x16", b"\x16\x03", b"\x16\x03\x01\xff\xff" + os.urandom(70000), b"\x16" + os.urandom(300), first[:-1], first + first,
            first + os.urandom(500), first + b"\x17\x03\x03\x00\x10" + os.urandom(16), first.replace(b"\x03\x03", b"\x02\x00"),
            b"\x16\x03\x01\x00\x00" * 1000, b"\x15\x03\x01\x00\x02\x02\x28", b"\x80\x2e\x01\x03\x01" + os.urandom(40),
            b"\x16\x03\x01\x40\x00\x01\x00\xff\xff\xff" + b"x" * 16000, first + b"\x14\x03\x03\x00\x01\x01" * 200,
            b"\x16\x03\x01\x00\x04\x01\x01\x00\x00" + b"\x16\x03\x01\x40\x00" + b"y" * 16384,
        ]
        stop, slowest, served = threading.Event(), [0.0], [0]

        def work():
            one = connect(server)
            while not stop.is_set():
                began = time.monotonic()
                expect(one.call("SET", "k", "v") == "OK", "an answer")
                slowest[0] = max(slowest[0], time.monotonic() - began)
                served[0] += 1

        worker = threading.Thread(target=work)
        worker.start()
        for number in range(40):
            for shape in shapes:
                one = socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS)
                with contextlib.suppress(OSError):
                    one.sendall(shape)
                    if number % 2:
                        one.shutdown(socket.SHUT_WR)
                        while one.recv(1 << 16):
                            pass
                one.close()
        stop.set()
        worker.join()
        expect(served[0] > 50 and slowest[0] < 2, f"the others: {served[0]} requests, the slowest {slowest[0]:.3f} s")
        one = connect(server)
        wait_for(lambda: info(one)["connected_clients"] == "1", "nobody is left")
        expect(int(info(one)["tls_handshakes_failed"]) > 100, "failures are counted")
        lines = log_of(server).count("event=tls_handshake_failed")
        expect(lines < 10 * 20, f"{lines} lines")
        # In the middle of a session, too.
        for junk in (os.urandom(100), b"\x17\x03\x03\x00\x20" + os.urandom(32), b"\x16\x03\x03\x00\x04\x00\x00\x00\x00", b"PING\r\n"):
            sealed = connect(server)
            expect(sealed.call("PING") == "PONG", "a session")
            raw = socket.socket(fileno=os.dup(sealed.socket.fileno()))
            raw.settimeout(SECONDS)
            raw.sendall(junk)
            with contextlib.suppress(OSError):
                while raw.recv(1000):
                    pass
            raw.close()
        expect(one.call("PING") == "PONG", "others are served")
        expect("its TLS is broken" in log_of(server), "and the log says why those are closed")


def storm(house):
    """Many handshakes at once: who is served already hardly feels them."""
    with house.secure() as server:
        good = connect(server, None)
        stop, done = threading.Event(), [0]

        def knock():
            context = house.authority.client()
            while not stop.is_set():
                connect(server, context).close()
                done[0] += 1

        knockers = [threading.Thread(target=knock) for _ in range(4)]
        for one in knockers:
            one.start()
        took, until = [], time.monotonic() + 2
        while time.monotonic() < until:
            began = time.monotonic()
            good.call("PING")
            took.append(time.monotonic() - began)
        stop.set()
        for one in knockers:
            one.join()
        took.sort()
        print(f"tls: {done[0] / 2:.0f} handshakes/s beside {len(took) / 2:.0f} PINGs/s, p50 {took[len(took) // 2] * 1e3:.2f} ms, "
              f"p99 {took[len(took) * 99 // 100] * 1e3:.2f} ms")
        expect(took[len(took) // 2] < 0.1 and done[0] > 20, "both go on")


# Real clients.

def redis_tools(house):
    with house.secure("required") as server:
        base = ["-h", "localhost", "-p", str(server.port), "--tls", "--cacert", house.authority.file]
        run = lambda *words, **more: subprocess.run(words, capture_output=True, text=True, timeout=60, **more)  # noqa: E731
        done = run("redis-cli", *base, "SET", "k", "v")
        expect(done.stdout == "OK\n", f"redis-cli --tls: {done}")
        lines = "".join(f"SET key:{i} value\n" for i in range(5000))
        done = run("redis-cli", *base, "--pipe", input=lines)
        expect("errors: 0, replies: 5000" in done.stdout, f"redis-cli --tls --pipe: {done}")
        done = run("redis-cli", "-p", str(server.port), "PING")
        expect("rediss://" in done.stdout + done.stderr, f"redis-cli without --tls is told: {done}")
        done = run("redis-benchmark", *base, "-n", "2000", "-q", "-P", "16", "-t", "set,get,lpush,lrange_100")
        expect(done.returncode == 0 and done.stdout.count("requests per second") == 5, f"redis-benchmark --tls: {done}")


def python_redis(house):
    script = """
import redis, sys
port, ca = int(sys.argv[1]), sys.argv[2]
one = redis.Redis(host='localhost', port=port, ssl=True, ssl_ca_certs=ca)
two = redis.Redis.from_url(f'rediss://localhost:{port}/3', ssl_ca_certs=ca)
assert one.set('k', 'v') and one.get('k') == b'v' and two.get('k') is None
pipe = one.pipeline()
for i in range(1000): pipe.rpush('list', i)
assert pipe.execute()[-1] == 1000 and one.blpop('list', 1) == (b'list', b'0')
heard = one.pubsub(); heard.subscribe('c'); heard.get_message(timeout=5)
two.publish('c', 'hello'); assert heard.get_message(timeout=5)['data'] == b'hello'
print('fine')
"""
    if subprocess.run(["/usr/bin/python3", "-c", "import redis"], capture_output=True).returncode != 0:
        print("tls: no python3-redis here")
        return
    with house.secure("required") as server:
        run = subprocess.run(["/usr/bin/python3", "-c", script, str(server.port), house.authority.file], capture_output=True, text=True, timeout=60)
        expect(run.stdout == "fine\n", f"python redis: {run}")


TESTS = [both_transports, one_port, required, own_port, client_certificates, resumption, reloads, refusals, slow_handshakes,
         records_of_strangers, storm, redis_tools, python_redis]


def prepare(binary, folder):
    house = House(binary, folder)
    return lambda test: test(house)


if __name__ == "__main__":
    sys.exit(run_tests("tls", __doc__, TESTS, prepare))
