# SPDX-License-Identifier: Apache-2.0
"""doctored_bullmq.py: every way in which BullMQ's queue could be wrong after a kill, done to a state that is right.

Used by: self_test.py.
Always:  - each changes what one check looks at, and no entry of the ledger;
         - a state that gives no chance to do so raises IndexError, KeyError or StopIteration.
"""
import client


def first_in(state, place, prefix=""):
    return [job for job in state["states"][place] if job.startswith(prefix)][0]


def any_of(state, *kinds):
    return next(job for job in state["jobs"] if job.startswith(kinds))


def move(state, job, to):
    for jobs in state["states"].values():
        if job in jobs:
            jobs.remove(job)
    if to is not None:
        state["states"][to].append(job)


def lose(load, state):
    job = any_of(state, "one-", "bulk-")
    move(state, job, None)
    del state["jobs"][job]


def back_to_wait(load, state):
    job = next(each.arguments[1] for each in load.client.ledger if each.arguments[0] == "started")
    move(state, job, "wait")
    for field in ("finishedOn", "returnvalue"):
        state["jobs"][job].pop(field, None)


def half_flow(load, state):
    """One that nobody acknowledged: of three jobs the parent alone."""
    request = client.Request("add", "flow-900000", "child-900001", "child-900002")
    load.client.ledger.append(request)
    state["jobs"]["flow-900000"] = {"data": '{"number":900000,"text":""}'}
    state["states"]["wait"].append("flow-900000")


def stranger(load, state):
    state["jobs"]["one-900000"] = {"data": '{"number":900000,"text":""}'}
    state["states"]["wait"].append("one-900000")


def wrong_answer(load, state):
    request = client.Request("completed", first_in(state, "completed"))
    request.reply = -1
    load.client.ledger.append(request)  # a new one: the ledger's own entries are shared by all that are doctored


def children_done(load, state):
    state["waiting"][first_in(state, "waiting-children")].pop()


def parent_runs(load, state):
    move(state, first_in(state, "waiting-children"), "wait")


DOCTORED = [
    ("an acknowledged job is lost", lose),
    ("a job is in two states", lambda load, state: state["states"]["wait"].append(first_in(state, "completed"))),
    ("a job is in no state", lambda load, state: move(state, any_of(state, "one-"), None)),
    ("a state names a job that is not there", lambda load, state: state["jobs"].pop(first_in(state, "completed"))),
    ("a job was never sent", stranger),
    ("a job's data changed", lambda load, state: state["jobs"][any_of(state, "bulk-")].update(data="{}")),
    ("a job in the worker's hands waits again", back_to_wait),
    ("a finished job is active again", lambda load, state: move(state, next(
        each.arguments[1] for each in load.client.ledger if each.arguments[0] == "completed"), "active")),
    ("a completed job has no result", lambda load, state: state["jobs"][first_in(state, "completed")].pop("returnvalue")),
    ("a result is wrong", wrong_answer),
    ("a waiting job has a result", lambda load, state: state["jobs"][first_in(state, "wait")].update(finishedOn="1")),
    ("a lock outlives its job", lambda load, state: state["locks"].append(first_in(state, "completed"))),
    ("a priority changed", lambda load, state: state["jobs"][first_in(state, "prioritized")].update(priority="9")),
    ("a plain job is delayed", lambda load, state: move(state, first_in(state, "wait", "child-"), "delayed")),
    ("a plain job is prioritized", lambda load, state: move(state, first_in(state, "wait", "child-"), "prioritized")),
    ("a job waits for children it never had", lambda load, state: move(state, first_in(state, "wait", "child-"), "waiting-children")),
    ("a flow is half there", half_flow),
    ("a parent forgot a child", children_done),
    ("a parent does not wait for its children", parent_runs),
    ("a job is never completed", lambda load, state: state.update(before=[first_in(state, "wait")], left="{}")),
]
