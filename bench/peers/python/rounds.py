"""One round of a Python peer: rounds.py MEASURE, with the peer's folder on PYTHONPATH.

The peer is a module `jobs` with
    IN_FLIGHT, PRODUCERS, BACKLOG   submits awaited at once, processes that submit, jobs to drain
    async open()                    connects
    async submit(index, body)       returns once the peer has accepted the job
    worker()                        the command line of its worker
and a job's handler does nothing but `stamp(index)`.

Stamps are doubles in a file that all processes map, so that a handler costs no call to anything.
"""

import array
import asyncio
import itertools
import json
import mmap
import multiprocessing
import os
import signal
import struct
import subprocess
import sys
import time

BODY = "x" * 1024
WARM_S, ENQUEUE_S = 0.5, 3.0
RATE, PICKUP_S, WARM_JOBS = 200, 5.0, 200
SLOTS = 100_000

_stamps = None


def stamp(index):
    """Notes when the job `index` was picked up, on the clock that all processes of the machine share."""
    global _stamps
    if _stamps is None:
        with open(os.environ["BENCH_STAMPS"], "r+b") as file:
            _stamps = mmap.mmap(file.fileno(), 8 * SLOTS)
    if index >= 0:
        struct.pack_into("d", _stamps, 8 * index, time.monotonic())


def read_stamps(count):
    with open(os.environ["BENCH_STAMPS"], "rb") as file:
        return array.array("d", file.read(8 * count))


def clear_stamps():
    with open(os.environ["BENCH_STAMPS"], "wb") as file:
        file.truncate(8 * SLOTS)


def wait_for_stamps(count, patience_s):
    """The stamps of the first `count` jobs, once all have run."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        stamps = read_stamps(count)
        if 0.0 not in stamps:
            return stamps
        time.sleep(0.05)
    raise SystemExit(f"{read_stamps(count).count(0.0)} of {count} jobs did not run in {patience_s} s")


async def _fill(jobs, first, count):
    """Submits `count` jobs, as many at once as the peer takes."""
    await jobs.open()
    indexes = iter(range(first, first + count))

    async def submit():
        for index in indexes:
            await jobs.submit(index, BODY)

    await asyncio.gather(*(submit() for _ in range(jobs.IN_FLIGHT)))


async def _enqueue(jobs, start):
    """Jobs accepted within the window that all producers share."""
    await jobs.open()
    count, end = 0, start + WARM_S + ENQUEUE_S

    async def submit():
        nonlocal count
        while (now := time.monotonic()) < end:
            await jobs.submit(-1, BODY)
            count += now >= start + WARM_S

    await asyncio.gather(*(submit() for _ in range(jobs.IN_FLIGHT)))
    return count


def _in_process(work, results):
    # The module is loaded here, so that no two processes share a connection.
    import jobs

    results.put(asyncio.run(work[0](jobs, *work[1:])))


def on_producers(works):
    """Runs each of the works in a process of its own and returns what they return."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=_in_process, args=(work, results), daemon=True) for work in works]
    for process in processes:
        process.start()
    answers = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    return answers


class Worker:
    """The peer's own worker, in processes of its own."""

    def __init__(self, jobs):
        self.command = jobs.worker()

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=sys.stderr, start_new_session=True)

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def enqueue(jobs):
    start = time.monotonic() + 1.5
    counts = on_producers([(_enqueue, start)] * jobs.PRODUCERS)
    return {"enqueue_per_s": sum(counts) / ENQUEUE_S}


def drain(jobs):
    """Jobs per second from a backlog, without the first tenth, while which the worker warms up."""
    clear_stamps()
    share = jobs.BACKLOG // jobs.PRODUCERS
    count = share * jobs.PRODUCERS
    on_producers([(_fill, first, share) for first in range(0, count, share)])
    with Worker(jobs):
        stamps = sorted(wait_for_stamps(count, 30))
    return {"drain_per_s": (count - count // 10) / (stamps[-1] - stamps[count // 10])}


async def _pace(jobs, indexes):
    """Submits at a steady rate whatever the answers take; returns when each job was meant to be submitted."""
    start = time.monotonic()
    meant, running = [], set()
    for count, index in enumerate(indexes):
        meant.append(start + count / RATE)
        if (wait := meant[-1] - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        task = asyncio.create_task(jobs.submit(index, BODY))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    return meant


def _until_ran(count):
    """Jobs that do not count, until those that count have run or 20 s are over: who fetches jobs by the hundred
    would keep the last of them waiting for a full hundred."""
    for tick in range(20 * RATE):
        if tick % RATE == 0 and 0.0 not in read_stamps(count):
            return
        yield -1


async def _pickup(jobs):
    await jobs.open()
    await _pace(jobs, range(WARM_JOBS))
    await asyncio.to_thread(wait_for_stamps, WARM_JOBS, 30)
    count = WARM_JOBS + int(RATE * PICKUP_S)
    meant = await _pace(jobs, itertools.chain(range(WARM_JOBS, count), _until_ran(count)))
    return meant[: count - WARM_JOBS]


def pickup(jobs):
    """From the moment a job was meant to be submitted until its handler runs, on an idle queue."""
    clear_stamps()
    with Worker(jobs):
        meant = on_producers([(_pickup,)])[0]
        stamps = wait_for_stamps(WARM_JOBS + len(meant), 30)[WARM_JOBS:]
    waits = sorted((ran - at) * 1000 for ran, at in zip(stamps, meant))
    return {"pickup_p50_ms": waits[len(waits) // 2], "pickup_p99_ms": waits[len(waits) * 99 // 100]}


def main():
    import jobs

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(json.dumps({"enqueue": enqueue, "drain": drain, "pickup": pickup}[sys.argv[1]](jobs)))


if __name__ == "__main__":
    main()
