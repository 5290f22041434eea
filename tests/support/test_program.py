# SPDX-License-Identifier: Apache-2.0
"""test_program.py: what a program of tests is: a command line, a folder that goes at the end, one test after the other.

Used by: the tests of the binary that have several parts (doors, limits, rest, tls):  python3 tests/X.py --broker PATH [NAME…]
Always:  - a test that fails ends the program with its name and a traceback.
"""
import argparse
import os
import shutil
import tempfile
import time


def run_tests(name, about, tests, prepare):
    """prepare(broker, folder) returns what runs a test, once for all of them."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--broker", required=True)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix=f"leat-{name}-")
    try:
        run = prepare(os.path.abspath(options.broker), folder)
        for test in tests:
            if options.names and test.__name__ not in options.names:
                continue
            began = time.monotonic()
            try:
                run(test)
            except BaseException:
                print(f"{name}: {test.__name__} failed")
                raise
            print(f"{name}: {test.__name__}: as said ({time.monotonic() - began:.1f} s)", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0
