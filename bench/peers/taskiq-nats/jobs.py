"""taskiq on NATS JetStream: a work queue in files, pulled by one worker that runs 100 jobs at once.

BENCH_PROFILE: `latency` fetches jobs one by one, everything else a hundred at a time, which waits for the hundred.
"""

import os
import sys

from nats.js.api import RetentionPolicy, StorageType, StreamConfig
from taskiq_nats import PullBasedJetStreamBroker

from rounds import stamp

IN_FLIGHT, PRODUCERS, BACKLOG = 64, 1, 15_000

broker = PullBasedJetStreamBroker(
    os.environ["BENCH_URL"],
    stream_config=StreamConfig(retention=RetentionPolicy.WORK_QUEUE, storage=StorageType.FILE),
    pull_consume_batch=1 if os.environ["BENCH_PROFILE"] == "latency" else 100,
)


@broker.task(task_name="noop")
async def noop(index: int, _body: str) -> None:
    stamp(index)


async def open():
    await broker.startup()


async def submit(index, body):
    await noop.kiq(index, body)


def worker():
    options = ["--workers", "1", "--max-async-tasks", "100", "--log-level", "ERROR"]
    return [sys.executable, "-m", "taskiq", "worker", *options, "jobs:broker"]
