// SPDX-License-Identifier: Apache-2.0
// bullmq_load.mjs: BullMQ as a load: adds in bulk, a worker that drains, adds awaited one by one, or both at once.
//
// Used by: bullmq.py, memory.py:  node tests/bench/bullmq_load.mjs PORT addBulk|drain|add|both COUNT
// Always:  - prints one line of JSON: seconds, and the latencies' p50 and p99 in ms where requests are awaited one by one;
//          - drain finds the jobs that addBulk left;
//          - both is one of several processes: it says {"ready"}, begins when it reads a line, tells each 20 ms how many jobs
//            it has processed (of anyone's), and ends with its input.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../examples/package.json', import.meta.url));
const { Queue, Worker } = require('bullmq');

const kBulk = 1000;
const kConcurrency = 50;
const kAdders = 10; // awaited adds in flight, of a process that adds and works
const kTellMs = 20;

const [port, load, countText] = process.argv.slice(2);
const count = Number(countText);
const connection = { port: Number(port) };
const data = { text: 'x'.repeat(100) };
const queue = new Queue('bench', { connection });
await queue.waitUntilReady();

const loads = { addBulk, drain, add, both };
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

async function both() {
  let done = 0;
  const worker = new Worker('bench', async () => {}, { connection, concurrency: kConcurrency, autorun: false });
  worker.on('completed', () => { done += 1; });
  await worker.waitUntilReady();
  console.log(JSON.stringify({ ready: true }));
  await new Promise((resolve) => { process.stdin.once('data', resolve); });
  const began = performance.now();
  const telling = setInterval(() => console.log(JSON.stringify({ done })), kTellMs);
  const ended = new Promise((resolve) => { process.stdin.once('end', resolve); });
  worker.run();
  await Promise.all(Array.from({ length: kAdders }, async (_, adder) => {
    for (let i = adder; i < count; i += kAdders) await queue.add('job', data);
  }));
  await ended;
  clearInterval(telling);
  await worker.close();
  return { seconds: (performance.now() - began) / 1000 };
}
