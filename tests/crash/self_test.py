# SPDX-License-Identifier: Apache-2.0
"""self_test.py: one true round, whose state and ledger are then doctored in every way that a check should notice.

Used by: run.py --self-test.
Always:  - the true state passes, each doctored one fails;
         - a doctoring that finds nothing to change fails the self-test too.
"""
import copy
import random
import shutil
import tempfile

import client
import doctored_bullmq
import run
from server import Server

LOAD_SECONDS = 0.4
ATTEMPTS = 5  # a round may leave a list empty, which gives nothing to doctor


def swap(items, i=0):
    items[i], items[i + 1] = items[i + 1], items[i]


def forge(client_list, *arguments, reply):
    """A ledger entry for something that never happened."""
    request = client.Request(*arguments)
    request.reply = reply
    client_list[0].ledger.append(request)


def taken_member(pool):
    return next(member for one in pool.clients for request in one.ledger
                if request.arguments[0] not in ("LPUSH", "ZADD", "SADD") and request.answered
                for member in [pool._taken(request)] if member is not None)


def acknowledged_entry(load):
    return next(entry for one in load.consumers for request in one.ledger
                if request.arguments[0] == "XACK" and request.answered for entry in request.arguments[3:])


def half_acknowledged(load, state):
    """An unanswered XACK of two entries that nobody else acknowledged, one of which is still pending."""
    asked = {entry for one in [*load.consumers, load.claimer] for request in one.ledger if request.arguments[0] == "XACK"
             for entry in request.arguments[3:]}
    free = [entry for entry in state["pending"] if entry not in asked]
    one, other = free[0], free[1]
    forge(load.consumers, "XACK", load.key, "group", one, other, reply=client.UNANSWERED)
    del state["pending"][one]
    state["pending_count"] -= 1


def removed_job(load):
    return next(request.arguments[3] for worker in load.workers for request in worker.ledger
                if request.arguments[0] == "LREM" and request.answered)


def popped(load, kind):
    return next(request.reply[1] for request in load.takers[kind].ledger if request.answered)


def many_lost(load, state):
    del state[-20:]  # the oldest of a list; more than the takes that can be unanswered


# Workload (its place in the list), what is doctored, and how. A state is changed in place.
DOCTORED = [
    (0, "acknowledged members are lost", many_lost),
    (0, "a member is there twice", lambda load, state: state.append(state[0])),
    (0, "a member was never sent", lambda load, state: state.append((b"9-9", None))),
    (0, "a taken member is back", lambda load, state: state.append((taken_member(load), None))),
    (0, "the order changed", lambda load, state: state.reverse()),
    (1, "acknowledged members are lost", many_lost),
    (1, "a score changed", lambda load, state: state.__setitem__(0, (state[0][0], state[0][1] + 1))),
    (1, "a taken member is back", lambda load, state: state.append((taken_member(load), 0.0))),
    (2, "acknowledged members are lost", many_lost),
    (2, "a taken member is back", lambda load, state: state.append((taken_member(load), None))),
    (2, "an answer was made up", lambda load, state: forge(load.clients, "SADD", load.key, b"7-7", reply=1) or
     forge(load.clients, "SADD", load.key, b"7-8", reply=1) or forge(load.clients, "SADD", load.key, b"7-9", reply=1)),
    (3, "a job is lost", lambda load, state: state["queue"].pop()),
    (3, "a job is in two lists", lambda load, state: state["hands"][0].append(state["queue"][0])),
    (3, "a job was never sent", lambda load, state: state["queue"].append(b"9-9")),
    (3, "a removed job is back", lambda load, state: state["queue"].append(removed_job(load))),
    (3, "a worker holds what it never asked for",
     lambda load, state: [state["hands"][1].append(state["queue"].pop()) for _ in range(2)]),
    (3, "a push is half done", lambda load, state: state["queue"].append(b"8-1") or
     forge(load.producers, "LPUSH", load.key, b"8-1", b"8-2", reply=client.UNANSWERED)),
    (4, "an entry is lost", lambda load, state: state["entries"].pop(len(state["entries"]) // 2)),
    (4, "an entry was never sent", lambda load, state: state["entries"].append((b"99999999999999-0", b"9-9"))),
    (4, "two entries changed places", lambda load, state: swap(state["entries"])),
    (4, "an entry's payload changed", lambda load, state: state["entries"].__setitem__(
        0, (state["entries"][0][0], state["entries"][1][1]))),
    (4, "the length is wrong", lambda load, state: state.update(length=state["length"] + 1)),
    (4, "a pending entry is forgotten", lambda load, state: state["pending"].popitem()),
    (4, "an acknowledged entry is pending again",
     lambda load, state: state["pending"].update({acknowledged_entry(load): b"consumer-0"})),
    (4, "the group went back", lambda load, state: state.update(last_delivered=b"0-1")),
    (4, "the group ran ahead", lambda load, state: state.update(last_delivered=b"99999999999999-0")),
    (4, "a stranger holds an entry",
     lambda load, state: state["pending"].update({next(iter(state["pending"])): b"stranger"})),
    (4, "an acknowledgement is half done", half_acknowledged),
    (5, "one key of a script's batch is missing", lambda load, state: state["writers"][0]["hash"].pop()),
    (5, "one key of a transaction is missing", lambda load, state: state["writers"][2]["stream"].pop()),
    (5, "a whole batch is missing", lambda load, state: [state["writers"][0][kind].pop() for kind in
                                                         ("list", "hash", "zset", "stream")] and
     state["writers"][0].update(count=state["writers"][0]["count"] - 4) or state.update(total=state["total"] - 4)),
    (5, "the shared total is behind", lambda load, state: state.update(total=state["total"] - 1)),
    (5, "a reader saw more than there is", lambda load, state: forge(
        [load.reader], "GET", "total", reply=b"%d" % (state["total"] + 1))),
    (6, "members that a transaction fed are lost", lambda load, state: [state["list"].pop() for _ in range(3)]),
    (6, "a member of the sorted set is there twice", lambda load, state: state["zset"].append(state["zset"][0])),
    (6, "a taken member is back", lambda load, state: state["list"].append(popped(load, "list"))),
    (6, "a batch is half there", lambda load, state: state["zset"].append(b"1-99999999")),
    (6, "batches are missing as a whole", lambda load, state: state["counts"].__setitem__(0, state["counts"][0] - 3)),
    *[(7, name, change) for name, change in doctored_bullmq.DOCTORED],
]


def play(arguments):
    for attempt in range(ATTEMPTS):
        findings, loads, states = true_round(arguments.broker, arguments.seed + attempt)
        if findings:
            print("crash: the true state already fails: " + "; ".join(findings[:5]))
            return 1
        unnoticed, barren = doctor(loads, states)
        if unnoticed or not barren:
            break
    for each in unnoticed + barren:
        print(f"crash: this went unnoticed: {each}")
    print(f"crash: {len(DOCTORED) - len(unnoticed) - len(barren)} of {len(DOCTORED)} doctored states were noticed")
    return 1 if unnoticed or barren else 0


def true_round(broker, seed):
    folder = tempfile.mkdtemp(prefix="leat-crash-")
    server = Server(broker, folder)
    try:
        server.start()
        loads = run.all_workloads("self", random.Random(seed), broker)
        findings = run.load(server, loads, random.Random(seed), (LOAD_SECONDS, LOAD_SECONDS))
        server.start()
        call = run.caller(server)
        states = [each.observe(call) for each in loads]
        for each, state in zip(loads, states):
            findings += [*client.errors(each.clients), *each.check(state)]
        return findings, loads, states
    finally:
        server.kill()
        shutil.rmtree(folder)


def doctor(loads, states):
    """What no check noticed, and what this round gave no chance to doctor (an empty list, say)."""
    unnoticed, barren = [], []
    for place, name, change in DOCTORED:
        ledgers = [(one, list(one.ledger)) for one in loads[place].clients]
        state = copy.deepcopy(states[place])
        try:
            change(loads[place], state)
            if not list(loads[place].check(state)):
                unnoticed.append(f"{loads[place].key}: {name}")
        except (IndexError, KeyError, StopIteration) as error:
            barren.append(f"{loads[place].key}: {name} ({error!r})")
        for one, ledger in ledgers:
            one.ledger = ledger
    return unnoticed, barren
