# SPDX-License-Identifier: Apache-2.0
"""checks.py: what a test of the binary expects, and how long it waits for what nothing tells.

Used by: the tests beside tests/support that end with a traceback when leat does not do as said.
Always:  - a failure says what was expected, in words.
"""
import time

SECONDS = 20  # for anything that a machine with two busy cores does in one


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def wait_for(condition, text):
    until = time.monotonic() + SECONDS
    while not condition():
        expect(time.monotonic() < until, text)
        time.sleep(0.01)  # nothing tells
