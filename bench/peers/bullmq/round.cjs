// One round of BullMQ: round.cjs MEASURE. Its worker is a process of its own: this file again, called `worker COUNT`.
const { fork } = require("node:child_process");
const { createRequire } = require("node:module");
const { join } = require("node:path");

const { Queue, Worker } = createRequire(join(process.env.PEER_HOME, "/"))("bullmq");

const connection = { url: process.env.BENCH_URL, maxRetriesPerRequest: null };
const body = "x".repeat(1024);
const inFlight = 64;
const [bulkSize, bulkInFlight] = [500, 4];
const [warmS, windowS] = [0.5, 3];
const backlog = 40_000;
const [rate, warmJobs, pickupJobs] = [200, 200, 1000];
const options = { removeOnComplete: true };

// Seconds on the clock that all processes of the machine share.
const now = () => Number(process.hrtime.bigint()) / 1e9;

/** Runs `submit` from `callers` callers at once and returns what it accepted a second, after the warm-up. */
async function throughput(callers, submit) {
  const start = now();
  const end = start + warmS + windowS;
  let accepted = 0;
  const caller = async () => {
    for (let at = now(); at < end; at = now()) {
      const count = await submit();
      if (at >= start + warmS) accepted += count;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return accepted / windowS;
}

const bulk = (first, count) =>
  Array.from({ length: count }, (_, at) => ({ name: "noop", data: { index: first + at, body }, opts: options }));

async function enqueue(queue) {
  const add = () => queue.add("noop", { index: -1, body }, options).then(() => 1);
  return { enqueue_per_s: await throughput(inFlight, add) };
}

async function addBulk(queue) {
  const add = () => queue.addBulk(bulk(0, bulkSize)).then((jobs) => jobs.length);
  return { bulk_per_s: await throughput(bulkInFlight, add) };
}

/** Starts the worker and answers with the moments at which it picked up the jobs 0 to `count`. */
function worker(count) {
  const child = fork(__filename, ["worker", String(count)], { serialization: "advanced" });
  process.once("exit", () => child.kill());
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`the worker ended with ${code}`)));
  });
}

async function drain(queue) {
  for (let first = 0; first < backlog; first += bulkSize) await queue.addBulk(bulk(first, bulkSize));
  const stamps = (await worker(backlog)).sort();
  const skipped = backlog / 10;
  return { drain_per_s: (backlog - skipped) / (stamps[backlog - 1] - stamps[skipped]) };
}

async function pickup(queue) {
  const count = warmJobs + pickupJobs;
  const ran = worker(count);
  // The first jobs wait for the worker's start and are not counted.
  await queue.waitUntilReady();
  await new Promise((resolve) => setTimeout(resolve, 500));
  const start = now() + 0.01;
  const meant = Array.from({ length: count }, (_, index) => start + index / rate);
  const added = [];
  for (const [index, at] of meant.entries()) {
    const wait = at - now();
    // A timer is good to a millisecond; the rest is waited out.
    if (wait > 0.002) await new Promise((resolve) => setTimeout(resolve, (wait - 0.001) * 1000));
    while (now() < at) await new Promise(setImmediate);
    added.push(queue.add("noop", { index, body }, options));
  }
  await Promise.all(added);
  const stamps = await ran;
  const waits = meant.map((at, index) => (stamps[index] - at) * 1000).slice(warmJobs);
  waits.sort((a, b) => a - b);
  return { pickup_p50_ms: waits[pickupJobs / 2], pickup_p99_ms: waits[(pickupJobs * 99) / 100] };
}

function work(count) {
  const stamps = new Float64Array(count);
  let seen = 0;
  const run = async (job) => {
    stamps[job.data.index] = now();
    if (++seen === count) process.send(stamps);
  };
  new Worker("jobs", run, { connection, concurrency: 100 });
}

async function main() {
  const [measure, count] = process.argv.slice(2);
  process.once("SIGTERM", () => process.exit(143));
  if (measure === "worker") return work(Number(count));
  const queue = new Queue("jobs", { connection });
  await queue.waitUntilReady();
  const figures = await { enqueue, bulk: addBulk, drain, pickup }[measure](queue);
  console.log(JSON.stringify(figures));
  process.exit(0);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
