// SPDX-License-Identifier: Apache-2.0
// bullmq.mjs: a BullMQ producer and a worker with concurrency 50; nothing is lost when the broker dies half-way.
//
// Used by: quickstart.mjs, which kills the broker when this says 'halfway'; also alone: node examples/bullmq.mjs --port 6379
// Always:  - a job counts as added only when the broker acknowledged it;
//          - a job may run twice only if it was in the worker's hands when the broker died;
//          - the producer gives up a request after three retries, as many have it, and asks again.
import { Queue, Worker } from 'bullmq';
import { claim, options, Progress, table } from './clients.mjs';

const kConcurrency = 50;
const kBatch = 50;             // adds in flight at once
const kAheadMax = 2000;        // the producer keeps this near to the worker, so that the crash meets both
const kPatienceMs = 60_000;    // no progress for so long is a failure

const { host, port, client, jobs: total } = await options({ jobs: 10_000 });
const name = `quickstart-${process.pid}`;

// What users write: plain options for ioredis 6, a client object for the others.
async function connection(settings) {
  if (client === 'ioredis') return { host, port, ...settings };
  if (client === 'ioredis5') return new (await import('ioredis5')).Redis({ host, port, ...settings });
  const { createClient } = await import('redis');
  return createClient({ socket: { port, host, reconnectStrategy: (times) => Math.min(times * 50, 1000) } });
}

const queue = new Queue(name, { connection: await connection({ maxRetriesPerRequest: 3 }) });
const progress = new Progress('jobs', total);
const acknowledged = new Set();
const runs = new Map();        // job id → how often it ran
const inHands = new Set();     // started here, not yet known to be completed
const handsAtCrash = new Set();
let completed = 0;
let halfway = false;
let away = null;               // seconds, told by quickstart.mjs
let refused = 0;               // adds that failed and were asked for again
let moved = performance.now(); // when something last happened

let step;                      // resolves whenever a job completes
let stepped = new Promise((resolve) => { step = resolve; });

const worker = new Worker(name, async (job) => {
  inHands.add(job.id);
  runs.set(job.id, (runs.get(job.id) ?? 0) + 1);
  if (crashing()) handsAtCrash.add(job.id); // it came out of the socket after the crash
  return job.data.number * 2;
}, {
  connection: await connection({ maxRetriesPerRequest: null }),
  concurrency: kConcurrency,
  lockDuration: 5000,          // a job whose hand-over got lost in the crash is found again after this
  stalledInterval: 1000,
});

const finished = new Set();
worker.on('completed', (job) => {
  inHands.delete(job.id);
  finished.add(job.id);
  completed = finished.size;
  moved = performance.now();
  progress.show(completed, crashing() ? '(the broker is dead)' : '');
  if (!halfway && completed >= total / 2) atHalfway();
  step();
  stepped = new Promise((resolve) => { step = resolve; });
});
for (const each of [queue, worker]) each.on('error', () => {}); // they reconnect by themselves

function crashing() {
  return halfway && process.send !== undefined && away === null;
}

function atHalfway() {
  halfway = true;
  if (!process.send) return;
  inHands.forEach((id) => handsAtCrash.add(id));
  progress.say(`half-way: the broker is killed with SIGKILL, with ${inHands.size} jobs in the worker's hands`);
  process.send('kill');
}
process.on('message', (message) => {
  if (message.killed) inHands.forEach((id) => handsAtCrash.add(id));
  if (message.away !== undefined) {
    away = message.away;
    progress.say(`the broker is back on the same data after ${away.toFixed(2)} s`);
  }
});

// Asks until the broker has acknowledged the job. The id makes asking twice harmless. A second attempt is allowed because
// with node-redis, which gives up what is in flight when the socket closes, BullMQ takes that for a failure of the job.
async function add(number) {
  const jobId = `job-${number}`;
  for (;;) {
    try {
      await queue.add('double', { number }, { jobId, attempts: 3 });
      acknowledged.add(jobId);
      moved = performance.now();
      return;
    } catch {
      refused += 1;
      await new Promise((resolve) => setTimeout(resolve, 100)); // a client without a broker has no event to wait for
    }
  }
}

async function produce() {
  for (let first = 0; first < total; first += kBatch) {
    while (first - completed > kAheadMax) await stepped;
    const last = Math.min(first + kBatch, total);
    await Promise.all(Array.from({ length: last - first }, (_, i) => add(first + i)));
  }
}

// What the broker itself holds at the end decides, not what the worker heard of.
async function settled() {
  for (;;) {
    const ids = new Set(await queue.getRanges(['completed'], 0, -1).catch(() => []));
    if (ids.size >= total) return ids;
    if (performance.now() - moved > kPatienceMs) return ids;
    await Promise.race([stepped, new Promise((resolve) => setTimeout(resolve, 200))]);
  }
}

const began = performance.now();
const watchdog = setInterval(() => {
  if (performance.now() - moved < kPatienceMs + 10_000) return;
  console.error(`bullmq.mjs: nothing moved for ${kPatienceMs / 1000} s at ${acknowledged.size} added, ${completed} completed.`);
  process.exit(1);
}, 1000);
await produce();
const kept = await settled();
const seconds = (performance.now() - began) / 1000;
progress.show(total);

const lost = [...acknowledged].filter((id) => !kept.has(id));
const twice = [...runs].filter(([, times]) => times > 1).map(([id]) => id);
const unexplained = twice.filter((id) => !handsAtCrash.has(id));
table([
  ['added (acknowledged)', acknowledged.size],
  ['completed', kept.size],
  ['lost', lost.length],
  ['run twice', twice.length, `of ${handsAtCrash.size} that were in the worker's hands`],
  ['asked for again', refused, 'adds that the client gave up while the broker was away'],
  ['jobs/s', Math.round(total / seconds)],
  ['seconds away', away === null ? '-' : away.toFixed(2)],
]);

clearInterval(watchdog);
await worker.close();
if (process.send === undefined) await queue.obliterate({ force: true }); // alone, on somebody's broker: leave nothing
await queue.close();
claim(lost.length === 0, `no acknowledged job is lost, but ${lost.slice(0, 5)} is`);
claim(kept.size === total, `every job completed, but ${kept.size} of ${total} did`);
claim(unexplained.length === 0, `only jobs in the worker's hands ran twice, but ${unexplained.slice(0, 5)} did`);
process.exit(0); // client objects that were passed in stay ours, and would keep the process alive
