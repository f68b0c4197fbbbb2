"""Celery on Redis: acks late, ignores results, two processes that prefetch 64 each, a Redis that is asked one at a time."""

import os
import sys

from celery import Celery

from rounds import stamp

# `apply_async` blocks, so a second process submits too; together they fill the two cores.
IN_FLIGHT, PRODUCERS, BACKLOG = 1, 2, 5_000

app = Celery("jobs", broker=os.environ["BENCH_URL"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=64,
)


@app.task(name="noop")
def noop(index, _body):
    stamp(index)


async def open():
    app.connection_for_write().ensure_connection(timeout=5)


async def submit(index, body):
    noop.apply_async((index, body))


def worker():
    options = ["--pool", "prefork", "--concurrency", "2", "--loglevel", "ERROR"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return [sys.executable, "-m", "celery", "--app", "jobs", "worker", *options, *quiet]
