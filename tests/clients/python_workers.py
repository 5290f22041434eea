# SPDX-License-Identifier: Apache-2.0
"""python_workers.py: Debian's redis-py, RQ and Celery, each doing what people use it for, start to end.

Used by: ctest, with Debian's own python3, which has the packages.
Always:  - a worker is a process of its own, ended by its pid; jobs are counted, none may be missing or done twice;
         - waiting is a blocking call of the client's with an end to it.
"""
import argparse
import gc
import os
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support")]
from server import Server  # noqa: E402

JOBS = 100
SECONDS = 60


def expect(wanted, got, what):
    if wanted != got:
        sys.exit(f"{what}: expected {wanted!r}, got {got!r}")


def redis_py(port, _):
    import redis
    client = redis.Redis(port=port, decode_responses=True)
    with client.pipeline(transaction=True) as pipe:
        pipe.set("a", 1).incrby("a", 41).hset("h", mapping={"x": "1", "y": "2"}).hgetall("h")
        expect([True, 42, 2, {"x": "1", "y": "2"}], pipe.execute(), "a transaction")
    with client.pipeline() as pipe:
        pipe.watch("a")
        client.set("a", "meanwhile")
        pipe.multi()
        pipe.set("a", "lost")
        try:
            pipe.execute()
            sys.exit("a transaction over a key that has changed went through")
        except redis.WatchError:
            pass
    listener = client.pubsub()
    listener.subscribe("news")
    listener.psubscribe("n?ws")
    kinds = [listener.get_message(timeout=SECONDS)["type"] for _ in range(2)]
    client.publish("news", "hello")
    kinds += [listener.get_message(timeout=SECONDS)["type"] for _ in range(2)]
    expect(["message", "pmessage", "psubscribe", "subscribe"], sorted(kinds), "a subscription")
    add = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    expect(7, add(keys=["n"], args=[7]), "a script")
    with client.lock("lock", timeout=10, blocking_timeout=1):
        expect(False, client.lock("lock").acquire(blocking=False), "a lock that is taken")
    expect(None, client.get("lock"), "a lock that was released")
    client.xgroup_create("s", "g", mkstream=True)
    ids = [client.xadd("s", {"n": i}) for i in range(JOBS)]
    read = [entry for entry, _ in client.xreadgroup("g", "c", {"s": ">"}, count=JOBS, block=1000)[0][1]]
    expect(ids, read, "a consumer group")
    expect(JOBS, client.xack("s", "g", *read), "what was acknowledged")
    client.sadd("set", *range(1000))
    expect(1000, len(list(client.sscan_iter("set", count=50))), "a scan")
    client.zadd("z", {f"m{i}": i / 8 for i in range(JOBS)})
    expect([("m0", 0.0), ("m1", 0.125)], client.zrange("z", 0, 1, withscores=True), "a sorted set")
    expect({"ok"}, {client.setex(f"k{i}", 100, i) and "ok" for i in range(10)}, "keys that expire")
    client.rpush("l", "x")
    expect(("l", "x"), client.blpop("l", timeout=1), "a blocking pop")


def rq(port, folder):
    import rq_jobs
    from redis import Redis
    from rq import Queue
    from rq.registry import FailedJobRegistry
    connection = Redis(port=port)
    high, low = Queue("high", connection=connection), Queue("low", connection=connection)
    jobs = [queue.enqueue(rq_jobs.square, number) for number in range(JOBS // 2) for queue in (low, high)]
    later = low.enqueue(rq_jobs.square, 7, depends_on=jobs[0])
    failing = low.enqueue(rq_jobs.fail)
    worker = ["/usr/bin/python3", "-c", f"import sys; sys.path.insert(0, {HERE!r})\nfrom rq import Queue, SimpleWorker\nfrom redis import Redis\n"
              f"c = Redis(port={port})\nSimpleWorker([Queue(n, connection=c) for n in ('high', 'low')], connection=c).work(burst=True)"]
    subprocess.run(worker, check=True, timeout=SECONDS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    expect([number ** 2 for number in range(JOBS // 2) for _ in range(2)], [job.result for job in jobs], "RQ's results")
    expect(49, later.result, "a job that waited for another")
    expect("failed", failing.get_status(), "a job that raises")
    expect([failing.id], FailedJobRegistry(queue=low).get_job_ids(), "the registry of failed jobs")


def celery(port, folder):
    environment = {**os.environ, "LEAT_PORT": str(port), "PYTHONPATH": HERE}
    os.environ["LEAT_PORT"] = str(port)
    worker = subprocess.Popen(["/usr/bin/python3", "-m", "celery", "-A", "celery_jobs", "worker", "--pool", "threads", "--concurrency", "4",
                               "--loglevel", "WARNING", "--without-gossip", "--without-mingle"],
                              cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        import celery_jobs
        from celery import chain, chord, group
        results = [celery_jobs.add.delay(number, number) for number in range(JOBS)]
        expect([2 * number for number in range(JOBS)], [result.get(timeout=SECONDS) for result in results], "Celery's results")
        expect([0, 2, 4], group(celery_jobs.add.s(i, i) for i in range(3))().get(timeout=SECONDS), "a group")
        expect(16, chain(celery_jobs.add.s(2, 2), celery_jobs.add.s(4), celery_jobs.add.s(8))().get(timeout=SECONDS), "a chain")
        expect(90, chord((celery_jobs.add.s(i, i) for i in range(10)), celery_jobs.total.s())().get(timeout=SECONDS), "a chord")
        expect(9, celery_jobs.add.apply_async((4, 5), countdown=0.5).get(timeout=SECONDS), "a task for later")
        expect(3, celery_jobs.third_time.delay().get(timeout=SECONDS), "a task that is tried again")
        expect("high", celery_jobs.echo.apply_async(("high",), priority=9).get(timeout=SECONDS), "a task with a priority")
        try:
            celery_jobs.fail.delay().get(timeout=SECONDS)
            sys.exit("a task that raises did not")
        except ValueError as error:
            expect("on purpose", str(error), "a task that raises")
        answers = celery_jobs.app.control.broadcast("ping", reply=True, timeout=SECONDS, limit=1)
        expect([{"ok": "pong"}], [answer for one in answers for answer in one.values()], "a broadcast to the workers")
    finally:
        results = None
        gc.collect()  # results tell the server when they go
        worker.send_signal(signal.SIGTERM)
        try:
            worker.wait(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def main():
    clients = {"redis_py": redis_py, "rq": rq, "celery": celery}
    parser = argparse.ArgumentParser(description="redis-py, RQ and Celery against leat.")
    parser.add_argument("clients", nargs="*", default=list(clients))
    parser.add_argument("--broker", default="build/release/leat")
    arguments = parser.parse_args()
    for name in arguments.clients:
        folder = tempfile.mkdtemp(prefix="leat-python-")
        server = Server(arguments.broker, folder)
        server.start()
        try:
            clients[name](server.port, folder)
            print(f"{name}: done", flush=True)
        finally:
            server.kill()
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
