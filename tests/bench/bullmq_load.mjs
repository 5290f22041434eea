// SPDX-License-Identifier: Apache-2.0
// bullmq_load.mjs: BullMQ as a load: adds in bulk, a worker that drains, adds awaited one by one.
//
// Used by: bench.py:  node tests/bench/bullmq_load.mjs PORT addBulk|drain|add COUNT
// Always:  - prints one line of JSON: seconds, and the latencies' p50 and p99 in ms where requests are awaited one by one;
//          - drain finds the jobs that addBulk left.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../examples/package.json', import.meta.url));
const { Queue, Worker } = require('bullmq');

const kBulk = 1000;
const kConcurrency = 50;

const [port, load, countText] = process.argv.slice(2);
const count = Number(countText);
const connection = { port: Number(port) };
const data = { text: 'x'.repeat(100) };
const queue = new Queue('bench', { connection });
await queue.waitUntilReady();

const loads = { addBulk, drain, add };
console.log(JSON.stringify(await loads[load]()));
await queue.close();

async function addBulk() {
  const began = performance.now();
  for (let first = 0; first < count; first += kBulk) {
    const jobs = Array.from({ length: Math.min(kBulk, count - first) }, () => ({ name: 'job', data }));
    await queue.addBulk(jobs);
  }
  return { seconds: (performance.now() - began) / 1000 };
}

async function drain() {
  let left = count;
  let finish;
  const finished = new Promise((resolve) => { finish = resolve; });
  const worker = new Worker('bench', async () => {}, { connection, concurrency: kConcurrency, autorun: false });
  await worker.waitUntilReady();
  worker.on('completed', () => {
    left -= 1;
    if (left === 0) finish();
  });
  const began = performance.now();
  worker.run();
  await finished;
  const seconds = (performance.now() - began) / 1000;
  await worker.close();
  return { seconds };
}

async function add() {
  const latencies = [];
  const began = performance.now();
  for (let i = 0; i < count; i += 1) {
    const asked = performance.now();
    await queue.add('job', data);
    latencies.push(performance.now() - asked);
  }
  const seconds = (performance.now() - began) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (part) => Number(latencies[Math.floor(latencies.length * part)].toFixed(3));
  return { seconds, p50: at(0.5), p99: at(0.99) };
}
