// SPDX-License-Identifier: Apache-2.0
// priority_queue.mjs: ZADD puts a job in with its priority, BZPOPMIN takes the most urgent one, or waits for it.
//
// Used by: quickstart.mjs; also alone: node examples/priority_queue.mjs --port 6379
// Always:  - jobs that wait come out by priority, and by name within one priority;
//          - a worker that waits gets the next job at once.
import { claim, connect, options, Progress, table } from './clients.mjs';

const kPriorities = 100;

const given = await options({ jobs: 2000 });
const queue = `priority-queue-${process.pid}`;
const producer = await connect(given);
const worker = await connect(given);
const progress = new Progress('jobs', given.jobs);
const take = async () => {
  const [, job, priority] = await worker.bzpopmin(queue, 0);
  return { job, priority: Number(priority) };
};

// Names of one width, so that their order as text is the order they were numbered in.
const name = (number) => `job-${String(number).padStart(8, '0')}`;
const urgent = (a, b) => a.priority - b.priority || (a.job < b.job ? -1 : 1);

const sent = [];
for (let number = 0; number < given.jobs; number += 1) {
  sent.push({ job: name(number), priority: (number * 7919) % kPriorities });
}
await Promise.all(sent.map(({ job, priority }) => producer.zadd(queue, priority, job)));

const began = performance.now();
const taken = [];
while (taken.length < given.jobs) {
  taken.push(await take());
  progress.show(taken.length);
}
const seconds = (performance.now() - began) / 1000;

const waiting = take();        // parks on the empty queue before the job is sent: one connection each, so we ask
while (!(await producer.client('LIST')).includes('cmd=bzpopmin')) { /* asking is the waiting */ }
const late = performance.now();
await producer.zadd(queue, 1, 'late');
const woken = await waiting;
const wakeMs = performance.now() - late;

const expected = [...sent].sort(urgent);
const wrong = taken.findIndex(({ job, priority }, i) => job !== expected[i].job || priority !== expected[i].priority);
table([
  ['jobs taken', taken.length],
  ['out of order', wrong === -1 ? 0 : `from ${wrong}`],
  ['jobs/s', Math.round(taken.length / seconds), 'one worker, one job at a time'],
  ['ms to wake', wakeMs.toFixed(1), 'a worker that waited'],
]);
const left = await producer.exists(queue);
await Promise.all([producer.quit(), worker.quit()]);
claim(wrong === -1, `jobs come out in order, but number ${wrong} was ${taken[wrong]?.job} instead of ${expected[wrong]?.job}`);
claim(woken.job === 'late' && woken.priority === 1, 'the waiting worker got the late job');
claim(left === 0, 'the queue is empty at the end');
