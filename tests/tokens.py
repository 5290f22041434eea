# SPDX-License-Identifier: Apache-2.0
"""tokens.py: `leat init`, the tokens of a first start, where else tokens come from, and somebody who guesses: the binary itself.

Used by: ctest:  python3 tests/tokens.py --broker build/release/leat [NAME…]
Always:  - loopback only, ports picked free, the folder removed, every process ended by its pid;
         - no secret is found in what the broker wrote: neither in its log of events nor in its folder.
"""
import argparse
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import resp  # noqa: E402
from checks import expect  # noqa: E402
from server import Server, free_port  # noqa: E402

WRONG = "WRONGPASS invalid username-password pair or user is disabled."


def connect(port, *auth):
    connection = resp.Connection(socket.create_connection(("127.0.0.1", port), 20))
    if auth:
        answer = connection.call("AUTH", *auth)
        expect(answer == "OK", f"AUTH {auth[0]}: {answer}")
    return connection


def whoami(port, *auth):
    return connect(port, *auth).call("ACL", "WHOAMI")


def lines_of_env(text):
    return dict(line.split("=", 1) for line in text.splitlines() if re.match(r"[A-Z_]+=", line))


def run(broker, folder, *words):
    return subprocess.run([broker, *words], cwd=folder, capture_output=True, text=True, timeout=20)


class Served:
    """A broker in its folder: what it says on standard output goes where its events go."""

    def __init__(self, broker, folder, *settings, environment=None):
        extra = [word for setting in settings for word in ("--set", setting)]
        self.server = Server(broker, folder, extra=extra, environment=environment)

    def __enter__(self):
        self.server.start()
        return self.server

    def __exit__(self, *_):
        self.server.stop()


def said(folder):
    with open(os.path.join(folder, "server.log"), errors="replace") as log:
        return log.read()


def holds(folder, secret):
    """Whether any file below the folder has it."""
    for place, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(place, name), "rb") as file:
                if secret.encode() in file.read():
                    return True
    return False


def init(broker, folder):
    port, http_port = free_port(), free_port()
    made = run(broker, folder, "init", "here", "--port", str(port), "--http-port", str(http_port))
    expect(made.returncode == 0, f"init: {made.stderr}")
    env = lines_of_env(made.stdout)
    path = os.path.join(folder, "here", "leat.toml")
    expect(stat.S_IMODE(os.stat(path).st_mode) == 0o600, "the file is its owner's alone")
    expect(env["UPSTASH_REDIS_REST_URL"] == f"http://127.0.0.1:{http_port}", f"the URL: {env}")
    user, password, address = re.fullmatch(r"redis://(\w+):([\w-]+)@(.*)", env["REDIS_URL"]).groups()
    expect(user == "default" and address == f"127.0.0.1:{port}", f"the URL: {env}")
    tokens = env["UPSTASH_REDIS_REST_TOKEN"], env["UPSTASH_REDIS_REST_READONLY_TOKEN"]
    expect(all(re.fullmatch(r"leat_[\w-]{43}", token) for token in tokens) and tokens[0] != tokens[1], f"tokens: {env}")
    expect(not any(holds(folder, secret) for secret in (password, *tokens)), "the file has digests only")
    again = run(broker, folder, "init", "here")
    expect(again.returncode == 1 and "is there already" in again.stderr and not again.stdout, "it replaces nothing")
    with open(os.path.join(folder, "server.log"), "ab") as log:  # from another folder than the file's
        process = subprocess.Popen([broker, "serve", "--config", path], cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        while "event=serving" not in said(folder):
            expect(process.poll() is None, f"it does not start: {said(folder)}")
            time.sleep(0.01)  # nothing tells
        expect("UPSTASH" not in said(folder), "the tokens of the file are enough: none are made")
        refused = connect(port).call("GET", "k")
        expect(isinstance(refused, resp.Error) and refused.startswith("NOAUTH"), "a password is asked for")
        expect(whoami(port, "default", password) == b"default", "the password")
        expect(whoami(port, "rest", tokens[0]) == b"rest", "the token")
        expect(whoami(port, "default_ro", tokens[1]) == b"default_ro", "the token that only reads")
    finally:
        process.terminate()
        process.wait(20)
    expect(os.path.isdir(os.path.join(folder, "here", "data")), "the data is beside the file")


def init_refuses(broker, folder):
    for words, why in ((["--port", "x"], "port"), (["--port", "7", "--http-port", "7"], "cannot be the same"), (["--port", "0"], "must be known"),
                       (["--host", "foo.bar"], "is no address"), (["a", "--config", "b"], "cannot both be"), (["--nonsense"], "not an option")):
        refused = run(broker, folder, "init", *words)
        expect(refused.returncode == 1 and why in refused.stderr, f"{words}: {refused}")
    expect(os.listdir(folder) == [], "and leaves nothing behind")
    for words, url in ((["--host", "0.0.0.0"], "127.0.0.1:6379"), (["--host", "::1"], "[::1]:6379")):
        made = run(broker, folder, "init", "--config", f"{len(words[1])}/x.toml", *words)
        expect(made.returncode == 0 and lines_of_env(made.stdout)["REDIS_URL"].endswith("@" + url), f"{words}: {made}")


def first_start(broker, folder):
    setting = f"http.port={free_port()}"
    with Served(broker, folder, setting) as server:
        tokens = lines_of_env(said(folder))
        rest, reader = tokens["UPSTASH_REDIS_REST_TOKEN"], tokens["UPSTASH_REDIS_REST_READONLY_TOKEN"]
        expect(whoami(server.port, "rest", rest) == b"rest", "the token")
        answer = connect(server.port, "default_ro", reader).call("SET", "k", "v")
        expect(isinstance(answer, resp.Error) and answer.startswith("NOPERM"), f"the other only reads: {answer}")
    expect(not holds(os.path.join(folder, "data"), rest), "it is in the log as a digest only")
    os.truncate(os.path.join(folder, "server.log"), 0)
    with Served(broker, folder, setting) as server:
        expect("UPSTASH" not in said(folder), "they are told once")
        expect(whoami(server.port, "rest", rest) == b"rest", "and stay")
        expect(whoami(server.port, "default_ro", reader) == b"default_ro", "and stay")


def sources(broker, folder):
    file = os.path.join(folder, "tokens")
    with open(file, "w") as secrets:
        secrets.write("one-secret-of-a-file\nanother-one-of-the-file\n")
    both = {"LEAT_HTTP_TOKEN": "a-secret-of-the-environment", "LEAT_HTTP_READONLY_TOKEN": "another-one-of-the-environment"}
    with Served(broker, folder, f"http.token_file={file}", environment=both) as server:
        for secret in ("one-secret-of-a-file", "another-one-of-the-file"):
            expect(whoami(server.port, "rest", secret) == b"rest", "of the file")
        expect(connect(server.port).call("AUTH", "rest", both["LEAT_HTTP_TOKEN"]) == WRONG, "the file wins over the environment")
        expect(whoami(server.port, "default_ro", both["LEAT_HTTP_READONLY_TOKEN"]) == b"default_ro", "of the environment")
    with Served(broker, folder, f"http.token_file={file}", "http.token=a-secret-of-the-settings") as server:
        expect(whoami(server.port, "rest", "a-secret-of-the-settings") == b"rest", "of the settings")
        expect(connect(server.port).call("AUTH", "rest", "one-secret-of-a-file") == WRONG, "they win over the file")
        expect(connect(server.port).call("AUTH", "default_ro", both["LEAT_HTTP_READONLY_TOKEN"]) == WRONG, "and it needs its token at each start")
    expect("secret" not in said(folder) and "another" not in said(folder), "no secret is in the log of events")
    for words in (["http.token=short-secret"], [f"http.token_file={folder}/nosuch"], ["http.token=leat_short-secret"]):
        refused = run(broker, folder, "serve", *[word for one in words for word in ("--set", one)])
        expect(refused.returncode == 1 and "short-secret" not in refused.stderr, f"{words}: {refused.stderr}")
    refused = subprocess.run([broker, "serve"], cwd=folder, env={**os.environ, "LEAT_HTTP_TOKEN": "short"}, capture_output=True, text=True, timeout=20)
    expect(refused.returncode == 1 and "LEAT_HTTP_TOKEN: a token has at least 16 bytes" in refused.stderr, f"a short one: {refused.stderr}")


def guessing(broker, folder):
    with Served(broker, folder, "http.token=the-token-of-this-test", "limits.auth_failures=20", "limits.auth_window_s=2") as server:
        def attempt(secret, source="127.0.0.1"):
            connected = socket.create_connection(("127.0.0.1", server.port), 20, (source, 0))
            return resp.Connection(connected).call("AUTH", "rest", secret)
        answers = {attempt(f"guess {i}") for i in range(60)}
        expect(answers == {WRONG}, f"guesses: {answers}")
        expect(attempt("the-token-of-this-test") == WRONG, "nobody from there is listened to, and is not told so")
        expect(attempt("the-token-of-this-test", "127.0.0.2") == "OK", "others are")
        expect(connect(server.port).call("SET", "k", "v") == "OK", "who asks for nothing secret is served, from there too")
        log = said(folder)
        expect(log.count("event=guessing_stopped") == 1, "the log says so")
        expect(log.count("event=authentication_failed") <= 20, "with a bounded number of lines")
        while attempt("the-token-of-this-test") == WRONG:
            time.sleep(0.05)  # until the two seconds are over
        expect(attempt("the-token-of-this-test") == "OK", "then he is heard again")


TESTS = [init, init_refuses, first_start, sources, guessing]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    for test in TESTS:
        if given.names and test.__name__ not in given.names:
            continue
        folder = tempfile.mkdtemp(prefix="leat-tokens-")
        try:
            test(os.path.abspath(given.broker), folder)
        finally:
            shutil.rmtree(folder)
        print(f"tokens: {test.__name__}: as it should be", flush=True)


if __name__ == "__main__":
    main()
