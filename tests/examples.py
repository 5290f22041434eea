# SPDX-License-Identifier: Apache-2.0
"""examples.py: the examples in Python, on a broker of their own; those in JavaScript have quickstart.mjs.

Used by: ctest, with Debian's own python3, which has redis-py.
Always:  - an example that finds its own claim broken ends with a status other than 0, and so does this;
         - it leaves no key behind: people run it on a broker of theirs.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "support"))
import resp  # noqa: E402
from server import Server  # noqa: E402

SECONDS = 60


def main():
    parser = argparse.ArgumentParser(description="The Python examples against leat.")
    parser.add_argument("names", nargs="*", default=["sessions", "rate_limits"])
    parser.add_argument("--broker", default="build/release/leat")
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="leat-examples-")
    server = Server(arguments.broker, folder)
    server.start()
    try:
        for name in arguments.names:
            print(f"{name}.py", flush=True)
            program = os.path.join(HERE, "..", "examples", f"{name}.py")
            subprocess.run(["/usr/bin/python3", program, f"redis://127.0.0.1:{server.port}"], check=True, timeout=SECONDS)
            left = resp.Connection(server.connect(SECONDS)).call("KEYS", "*")
            if left:
                sys.exit(f"{name}.py left {len(left)} keys behind, of them {left[:5]}")
    except subprocess.SubprocessError as error:
        sys.exit(f"examples.py: {error}; the log: {server.log_tail()}")
    finally:
        server.kill()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
