# SPDX-License-Identifier: Apache-2.0
"""celery_jobs.py: Celery's application, of the worker and of who asks it. Used by: python_workers.py."""
import os

from celery import Celery

URL = f"redis://127.0.0.1:{os.environ['LEAT_PORT']}/"
app = Celery("jobs", broker=URL + "0", backend=URL + "1")
app.conf.task_acks_late = True


@app.task
def add(a, b):
    return a + b


@app.task
def total(numbers):
    return sum(numbers)


@app.task
def echo(what):
    return what


@app.task(bind=True, max_retries=5)
def third_time(self):
    if self.request.retries < 2:
        raise self.retry(countdown=0.05)
    return self.request.retries + 1


@app.task
def fail():
    raise ValueError("on purpose")
