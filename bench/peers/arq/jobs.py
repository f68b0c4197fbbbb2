"""arq on Redis: 100 jobs at once, asks every 10 ms, keeps no results."""

import os
import sys

from arq import create_pool
from arq.connections import RedisSettings

from rounds import stamp

IN_FLIGHT, PRODUCERS, BACKLOG = 64, 1, 10_000

_redis = RedisSettings.from_dsn(os.environ["BENCH_URL"])
_pool = None


async def noop(_context, index, _body):
    stamp(index)


class WorkerSettings:
    functions = [noop]
    redis_settings = _redis
    max_jobs = 100
    poll_delay = 0.01
    keep_result = 0
    log_results = False


async def open():
    global _pool
    _pool = await create_pool(_redis)


async def submit(index, body):
    await _pool.enqueue_job("noop", index, body)


def worker():
    # Its own command logs two lines a job; this starts the same worker without.
    return [sys.executable, "-c", "import arq, jobs; arq.run_worker(jobs.WorkerSettings)"]
