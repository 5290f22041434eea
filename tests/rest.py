# SPDX-License-Identifier: Apache-2.0
"""rest.py: the REST door attacked and used over real sockets: the others are served, and the log says what happened.

Used by: ctest:  python3 tests/rest.py --broker build/release/leat [NAME…]
Always:  - loopback only, ports picked free, the folder removed, every process ended by its pid;
         - bounded in count and time; every test ends with somebody else who is answered.
"""
import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import certificates  # noqa: E402
from checks import SECONDS, expect, wait_for  # noqa: E402
from server import Server, free_port  # noqa: E402
from test_program import run_tests  # noqa: E402

TOKEN, READER = "a-token-of-these-tests", "one-that-may-only-read"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
HEAD = f"Host: leat\r\nAuthorization: Bearer {TOKEN}\r\n"


class Door:
    """A broker with a REST door, and somebody who uses it all the time."""

    def __init__(self, broker, folder, settings=()):
        self.folder = folder
        self.http_port = free_port()
        self.settings = {"http.port": self.http_port, "http.token": TOKEN, "http.readonly_token": READER, "limits.auth_failures": 0,
                         **dict(settings)}
        extra = [word for name, value in self.settings.items() for word in ("--set", f"{name}={value}")]
        self.server = Server(broker, folder, extra=extra)
        self.server.start()
        self.other = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=SECONDS)

    def ask(self, target, body=None, headers=None, method=None, connection=None):
        """The status and the body, read as JSON."""
        connection = connection or self.other
        connection.request(method or ("GET" if body is None else "POST"), target, body, {**BEARER, **(headers or {})})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    def connect(self, source=None):
        return socket.create_connection(("127.0.0.1", self.http_port), SECONDS, source and (source, 0))

    def raw(self, data):
        """What comes back until the connection is closed, or a moment has passed."""
        with self.connect() as one:
            one.sendall(data)
            return received(one)

    def log(self):
        with open(self.server.log_path, errors="replace") as log:
            return log.read()

    def unharmed(self, said=None):
        expect(self.ask("/set/k/v") == (200, {"result": "OK"}) and self.ask("/get/k") == (200, {"result": "v"}), "the others are served")
        if said is not None:
            wait_for(lambda: said in self.log(), f"the log says {said!r}")

    def config(self, name, value):
        expect(self.ask("/", json.dumps(["CONFIG", "SET", name, str(value)])) == (200, {"result": "OK"}), f"{name} is set")


def received(one, quiet=0.3, first=SECONDS):
    """All that comes until nothing has come for a moment; the first byte may take longer, on a busy machine."""
    one.settimeout(first)
    said = b""
    with contextlib.suppress(TimeoutError, ConnectionResetError):
        while data := one.recv(65536):
            said += data
            one.settimeout(quiet)
    return said


def usage(door):
    """The README's curl lines, by curl itself"""
    def curl(*words):
        return subprocess.run(["curl", "-sS", "--max-time", "20", "-H", f"Authorization: Bearer {TOKEN}", *words],
                              capture_output=True, text=True, check=True).stdout
    url = f"http://127.0.0.1:{door.http_port}"
    expect(curl(f"{url}/set/greeting/hello") == '{"result":"OK"}', "SET")
    expect(curl(f"{url}/get/greeting") == '{"result":"hello"}', "GET")
    expect(curl("-d", "a body", f"{url}/set/form?EX=100") == '{"result":"OK"}', "a form's body is taken as it is")
    expect(curl(f"{url}/get/form") == '{"result":"a body"}', "its bytes")
    expect(curl("-d", '[["INCR","n"],["INCR","n"]]', f"{url}/pipeline") == '[{"result":1},{"result":2}]', "pipeline")
    expect(curl("-d", '["LPUSH","jobs","a"]', url) == '{"result":1}', "body")
    expect(curl("-H", "Transfer-Encoding: chunked", "-d", '["RPOP","jobs"]', url) == '{"result":"a"}', "in chunks")
    expect("HTTP/1.1 200" in curl("-I", f"{url}/get/greeting"), "HEAD")
    expect(curl("--compressed", f"{url}/ping") == '{"result":"PONG"}', "who would take compressed answers gets plain ones")
    large = json.dumps(["SET", "large", "x" * 2_000_000])
    expect(door.ask("/", large) == (200, {"result": "OK"}), "two megabytes")
    expect(len(door.ask("/get/large")[1]["result"]) == 2_000_000, "and back")
    door.unharmed()


def survives_a_crash(door):
    """kill -9 in the middle of requests: what was answered is there"""
    answered = []
    failure = []

    def produce(number):
        mine = http.client.HTTPConnection("127.0.0.1", door.http_port, timeout=SECONDS)
        with contextlib.suppress(OSError, http.client.HTTPException):
            for i in range(10_000):
                status, said = door.ask("/", json.dumps(["RPUSH", f"list:{number}", str(i)]), connection=mine)
                if (status, said) != (200, {"result": i + 1}):
                    failure.append(said)
                    return
                answered.append(number)

    producers = [threading.Thread(target=produce, args=(n,)) for n in range(4)]
    for one in producers:
        one.start()
    wait_for(lambda: len(answered) > 200, "they are at work")
    door.server.kill()
    for one in producers:
        one.join()
    expect(not failure, f"no answer was wrong: {failure[:1]}")
    door.server.start()
    door.other.close()
    for number in range(4):
        kept = door.ask(f"/llen/list:{number}")[1]["result"]
        expect(kept >= answered.count(number), f"list {number} has {kept} of {answered.count(number)}")
    door.unharmed()


def not_taken_back(door):
    """A script that fails: what was too large to be kept beside it stays changed, and the log says so"""
    expect(door.ask("/", json.dumps(["SETRANGE", "large", 2 << 20, "x"]))[0] == 200, "a large value")
    script = "redis.call('INCR', 'small') redis.call('APPEND', 'large', 'y') error('half-way')"
    status, answer = door.ask("/", json.dumps(["EVAL", script, 0]))
    expect(status == 400 and "half-way" in answer["error"], f"it failed: {status} {answer}")
    expect(door.ask("/get/small") == (200, {"result": None}), "taken back")
    expect(door.ask("/strlen/large") == (200, {"result": (2 << 20) + 2}), "it stays")
    door.unharmed("event=script_not_taken_back")


def smuggling(door):
    """Requests inside of requests are never executed, and their connections end"""
    inner = f"GET /set/smuggled/1 HTTP/1.1\r\n{HEAD}\r\n"
    forms = [
        f"POST /ping HTTP/1.1\r\n{HEAD}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}",
        f"POST /ping HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n{inner}",
        f"POST /ping HTTP/1.1\r\n{HEAD}Content-Length: 0\r\nContent-Length: {len(inner)}\r\n\r\n{inner}",
        f"POST /ping HTTP/1.1\r\n{HEAD}Content-Length: 0, {len(inner)}\r\n\r\n{inner}",
        f"POST /ping HTTP/1.1\r\n{HEAD}Content-Length : 0\r\n\r\n{inner}",
        f"POST /ping HTTP/1.1\r\n{HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{inner}",
        f"POST /ping HTTP/1.1\r\n{HEAD}Transfer-Encoding:\tchunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n{inner}",
        f"POST /ping HTTP/1.1\r\n{HEAD}Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n{inner}",
        f"POST /ping HTTP/1.1\r\n{HEAD}X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}",
        f"POST /ping HTTP/1.1\r\n{HEAD}X: y\r\n Transfer-Encoding: chunked\r\n\r\n{inner}",
        f"POST /ping HTTP/1.0\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}",
        f"POST /ping HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n{inner}",
        f"POST /ping HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n0\n\n{inner}",
        f"POST /ping HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\nab0\r\n\r\n{inner}",
        f"GET /ping HTTP/1.1\n{HEAD}\n{inner}",
    ]
    for form in forms:
        door.raw(form.encode())
        expect(door.ask("/exists/smuggled") == (200, {"result": 0}), form)
    hidden = f"POST /echo/x HTTP/1.1\r\n{HEAD}Content-Length: {len(inner)}\r\n\r\n{inner}"
    door.raw(hidden.encode())
    expect(door.ask("/exists/smuggled") == (200, {"result": 0}), "a body is a body")
    door.unharmed()


def bombs(door):
    """Headers, bodies and answers that are too large; compressed ones; a second protocol"""
    expect(b" 431 " in door.raw(f"GET / HTTP/1.1\r\n{HEAD}".encode() + b"X: y\r\n" * 20_000)[:20], "many headers")
    expect(b" 431 " in door.raw(b"GET /" + b"a" * 100_000)[:20], "a long path")
    expect(b" 413 " in door.raw(f"POST / HTTP/1.1\r\n{HEAD}Content-Length: 99999999999\r\n\r\n".encode())[:20], "an announced body")
    expect(b" 401 " in door.raw(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)[:20], "a stranger's body")
    squeezed = b"POST / HTTP/1.1\r\n" + HEAD.encode() + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"
    expect(b" 415 " in door.raw(squeezed)[:20], "a compressed body")
    expect(b" 405 " in door.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")[:20], "HTTP/2 without TLS")
    nested = json.dumps(["SET", "k"])[:-1] + "," + "[" * 100_000
    expect(door.ask("/", nested)[0] == 400, "deep JSON")
    status, said = door.ask("/", json.dumps(["SET", "k", "x" * (11 << 20)]), connection=http.client.HTTPConnection("127.0.0.1", door.http_port))
    expect(status == 413 and "max request size exceeded" in said["error"], "a long command")
    door.ask("/", json.dumps(["SETRANGE", "long", str(12 << 20), "x"]))
    status, said = door.ask("/get/long")
    expect(status == 200 and "max request size exceeded" in said["error"], "a long result")
    expect(door.ask("/strlen/long") == (200, {"result": (12 << 20) + 1}), "which goes on")
    for path in ("/get/../../etc/passwd", "/get/..%2f..%2fetc%2fpasswd", "//etc/passwd", "/get/%00"):
        expect(door.ask(path)[0] in (200, 400), f"{path} is words")
    door.unharmed()


def slow_loris(door):
    """Heads that come a byte at a time, bodies that never do"""
    door.config("http.request_timeout_s", 1)
    slow = []
    for _ in range(200):
        one = door.connect()
        one.sendall(b"GET /ping HTTP/1.1\r\nX: ")
        slow.append(one)
    never = door.connect()
    never.sendall(f"POST / HTTP/1.1\r\n{HEAD}Content-Length: 10\r\n\r\n[".encode())
    began = time.monotonic()
    while time.monotonic() - began < 1.2:
        for one in slow:
            with contextlib.suppress(OSError):
                one.sendall(b"a")
        door.unharmed()
    for one in [*slow, never]:
        expect(b" 408 " in received(one, SECONDS)[:20], "is told, and closed")
        one.close()
    door.unharmed()


def idle_connections(door):
    """Who says nothing is closed in the end, and not before"""
    door.config("http.idle_timeout_s", 1)
    silent = door.connect()
    expect(received(silent, SECONDS) == b"", "closed without a word")
    door.other.close()
    door.unharmed("it was idle for http.idle_timeout_s")


def half_open(door):
    """Workers who vanish without a word, or say that they send no more"""
    workers = [door.connect() for _ in range(50)]
    for worker in workers:
        worker.sendall(f"GET /brpop/jobs/0 HTTP/1.1\r\n{HEAD}\r\n".encode())
    wait_for(lambda: "blocked_clients:50" in door.ask("/info/clients")[1]["result"], "they wait")
    for worker in workers:
        worker.close()
    wait_for(lambda: "blocked_clients:0" in door.ask("/info/clients")[1]["result"], "they are gone")
    expect(door.ask("/lpush/jobs/a") == (200, {"result": 1}) and door.ask("/llen/jobs") == (200, {"result": 1}), "nothing was popped")
    door.unharmed()


def crowds(door):
    """Ten thousand connections one after the other, some with half a request"""
    began = time.monotonic()
    for i in range(10_000):
        with door.connect() as one:
            if i % 3 == 0:
                one.sendall(b"GET / HT")
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    took = time.monotonic() - began
    print(f"  {10_000 / took:.0f} connections a second")
    door.unharmed()
    wait_for(lambda: "connected_clients:1\r" in door.ask("/info/clients")[1]["result"], "none is left over")


def addresses(door):
    """http.allow, and so many connections of one address"""
    door.config("http.allow", "127.0.0.1/32")
    with door.connect("127.0.0.2") as stranger:
        told = received(stranger)
    expect(told.startswith(b"HTTP/1.1 403 ") and b"DENIED this address" in told, f"he is told in his own protocol: {told}")
    wait_for(lambda: "its address is not in 'allow'" in door.log(), "refused")
    door.unharmed()
    door.config("http.allow", "")
    door.config("limits.clients_per_address", 3)
    inside = [door.connect("127.0.0.3") for _ in range(3)]
    for one in inside:
        one.sendall(f"GET /ping HTTP/1.1\r\n{HEAD}\r\n".encode())
        expect(b"PONG" in one.recv(1000), "as many as may")
    with door.connect("127.0.0.3") as one_more:
        told = received(one_more)
        expect(told.startswith(b"HTTP/1.1 403 ") and b"max number of clients of this address" in told, f"and no more: {told}")
    door.unharmed("limits.clients_per_address clients already")
    for one in inside:
        one.close()


def streams_in_bounds(door):
    """http.streams, a reader who does not read, and one who leaves"""
    door.config("http.streams", 2)
    door.config("limits.pubsub_output_bytes", 1 << 20)
    ask = f"POST /subscribe/chat HTTP/1.1\r\n{HEAD}Accept: text/event-stream\r\n\r\n".encode()
    streams = [door.connect() for _ in range(2)]
    for one in streams:
        one.sendall(ask)
        said = b""
        while not said.endswith(b"data: subscribe,chat,1\n\n\r\n"):
            data = one.recv(1000)
            expect(data, f"the first event comes at once, not {said}")
            said += data
    expect(b" 503 " in door.raw(ask)[:20], "no more than that")
    message = "x" * 100_000
    for _ in range(100):
        door.ask("/", json.dumps(["PUBLISH", "chat", message]))
    wait_for(lambda: "it does not read its replies" in door.log(), "who does not read is closed")
    for one in streams:
        one.close()
    wait_for(lambda: door.ask("/publish/chat/x") == (200, {"result": 0}), "both are gone")
    door.unharmed("http.streams are open already")


def until(one, wanted):
    """What a stream says, up to that."""
    said = b""
    while wanted not in said:
        data = one.recv(65536)
        expect(data, f"{wanted} was to come behind {said}")
        said += data
    return said


def ended(one):
    """Nothing comes any more, not even a heartbeat."""
    one.settimeout(SECONDS)
    with contextlib.suppress(ConnectionResetError):
        while one.recv(65536):
            pass
    return True


def revoked(door):
    """whoever came by a token that is taken back: streams, long polls"""
    token = door.ask("/acl/gentoken/app")[1]["result"]
    expect(door.ask("/", json.dumps(["ACL", "SETUSER", "app", "on", f">{token}", "~*", "&*", "+@all"]))[0] == 200, "a user")
    door.ask("/xgroup/create/s/g/0/MKSTREAM")
    head = f"HTTP/1.1\r\nHost: leat\r\nAuthorization: Bearer {token}\r\n"
    asked = {"POST /subscribe/chat": b"subscribe,chat,1", "GET /consume/s?group=g&consumer=c": b"200 OK", "GET /brpop/jobs/60": None}
    streams = []
    for what, first in asked.items():
        streams.append(door.connect())
        streams[-1].sendall(f"{what} {head}Accept: text/event-stream\r\n\r\n".encode())
        if "consume" in what:
            door.ask("/xadd/s/1-1/f/v")
        if first:
            until(streams[-1], first)
    expect(door.ask("/acl/deluser/app") == (200, {"result": 1}), "it is taken back")
    expect(all(ended(one) for one in streams), "at once")
    expect(door.ask("/lpush/jobs/a") == (200, {"result": 1}), "and nobody waits there")
    door.unharmed()


def consume(door):
    """/consume: an entry that nobody acknowledges comes again, and not without end"""
    door.ask("/xgroup/create/s/g/0/MKSTREAM")
    expect(door.ask("/consume/s?group=g&consumer=c&claim=0")[0] == 400, "a second at least")
    with door.connect() as one:
        one.sendall(f"GET /consume/s?group=g&consumer=c&claim=1000 HTTP/1.1\r\n{HEAD}\r\n".encode())
        door.ask("/xadd/s/1-1/f/v")
        until(one, b"id: 1-1")
        began = time.monotonic()
        until(one, b"id: 1-1")
        expect(time.monotonic() - began > 0.9, "it was held for so long")
        expect(door.ask("/xack/s/g/1-1") == (200, {"result": 1}), "XACK")
        door.ask("/xadd/s/1-2/f/v")
        expect(b"id: 1-1" not in until(one, b"id: 1-2"), "what is acknowledged is done")
    door.unharmed()


def deaf(door):
    """limits.rest_output_bytes"""
    door.config("limits.rest_output_bytes", 1 << 20)
    door.ask("/set/large", "x" * 1_000_000)
    with door.connect() as one:
        for _ in range(40):
            one.sendall(f"GET /get/large HTTP/1.1\r\n{HEAD}\r\n".encode())
        wait_for(lambda: "limit=limits.rest_output_bytes" in door.log(), "who does not read is closed")
        expect(ended(one), "and hears no more")
    door.unharmed()


def health(door):
    """/health without a token, and with one; /metrics with one alone"""
    bare = http.client.HTTPConnection("127.0.0.1", door.http_port, timeout=SECONDS)
    bare.request("GET", "/health")
    answer = bare.getresponse()
    said = json.loads(answer.read())
    expect(answer.status == 200 and said["status"] == "ok" and "clients" not in said, f"{said}")
    known = door.ask("/health")[1]
    expect(known["status"] == "ok" and known["clients"] >= 1 and "hits" in known, f"{known}")
    bare.request("GET", "/metrics")
    answer = bare.getresponse()
    answer.read()
    expect(answer.status == 401, "figures are nobody's business")
    door.other.request("GET", "/metrics", headers=BEARER)
    answer = door.other.getresponse()
    text = answer.read().decode()
    expect(answer.status == 200 and "leat_" in text and text.endswith("\n"), "the figures")
    door.unharmed()


def guessing(door):
    """Tokens that are guessed: counted, logged, slowed down; who knows the token is not"""
    door.config("limits.auth_failures", 20)
    attacker = http.client.HTTPConnection("127.0.0.1", door.http_port, timeout=SECONDS, source_address=("127.0.0.9", 0))
    for i in range(100):
        attacker.request("GET", "/ping", headers={"Authorization": f"Bearer guess-{i}"})
        answer = attacker.getresponse()
        expect(answer.status == 401 and b"WRONGPASS" in answer.read(), "wrong")
    attacker.request("GET", "/ping", headers=BEARER)
    answer = attacker.getresponse()
    answer.read()
    expect(answer.status == 401, "from there nobody is listened to for a while")
    door.unharmed()
    door.config("limits.auth_failures", 0)


def sealed(door):
    """HTTPS: on the same port as HTTP, or alone"""
    authority = certificates.Authority(door.folder)
    certificate, key = authority.certify("leat")
    for name, value in (("tls-cert-file", certificate), ("tls-key-file", key), ("tls-auth-clients", "no"), ("tls", "optional")):
        door.config(name, value)
    secure = http.client.HTTPSConnection("localhost", door.http_port, timeout=SECONDS, context=authority.client())
    expect(door.ask("/set/k/v", connection=secure) == (200, {"result": "OK"}), "over TLS")
    expect(door.ask("/get/k") == (200, {"result": "v"}), "and plain, beside it")
    door.config("tls", "required")
    told = door.raw(f"GET /ping HTTP/1.1\r\n{HEAD}\r\n".encode())
    expect(told.startswith(b"HTTP/1.1 400 ") and b"only TLS is spoken here" in told, f"{told}")
    door.other = http.client.HTTPSConnection("localhost", door.http_port, timeout=SECONDS, context=authority.client())
    door.unharmed()


TESTS = [usage, survives_a_crash, not_taken_back, smuggling, bombs, slow_loris, idle_connections, half_open, crowds, addresses, streams_in_bounds,
         revoked, consume, deaf, health, guessing, sealed]


def prepare(binary, folder):
    def run(test):
        place = os.path.join(folder, test.__name__)
        os.mkdir(place)
        door = Door(binary, place)
        try:
            test(door)
        except BaseException:
            print(door.server.log_tail())
            raise
        finally:
            door.server.kill()
    return run


if __name__ == "__main__":
    sys.exit(run_tests("rest", __doc__, TESTS, prepare))
