# SPDX-License-Identifier: Apache-2.0
"""rq_jobs.py: what RQ's worker runs. Used by: python_workers.py."""


def square(number):
    return number * number


def fail():
    raise ValueError("on purpose")
