// SPDX-License-Identifier: Apache-2.0
// list_worker.mjs: the reliable queue: a job moves into the worker's own list while it works, and is removed when it is done.
//
// Used by: quickstart.mjs; also alone: node examples/list_worker.mjs --port 6379
// Always:  - a job is in the queue, in one worker's list, or done: also when a worker dies with it in hand;
//          - mail, beside it, is the plain queue: BRPOP takes a message away for good.
import { claim, connect, options, Progress, table } from './clients.mjs';

const given = await options({ jobs: 2000 });
const prefix = `list-worker-${process.pid}`;
const [jobs, mail] = [`${prefix}:jobs`, `${prefix}:mail`];
const inHand = (worker) => `${prefix}:in-hand:${worker}`;

const done = new Map();        // job → how often it was done
const letters = [];
const progress = new Progress('jobs', given.jobs);
const began = performance.now();

// Takes jobs one at a time, oldest first, until it is told to stop, or until it dies with a job in hand.
async function work(worker, jobsToLive = Infinity) {
  const connection = await connect(given);
  for (let taken = 0; ; taken += 1) {
    const job = await connection.blmove(jobs, inHand(worker), 'RIGHT', 'LEFT', 0);
    if (taken === jobsToLive) break;
    if (job !== 'stop') {
      done.set(job, (done.get(job) ?? 0) + 1);
      progress.show(done.size);
    }
    claim(await connection.lrem(inHand(worker), 1, job) === 1, `${job} was in the hands of ${worker}`);
    if (job === 'stop') break;
  }
  connection.disconnect();
}

// A dead worker's jobs go back to the end where workers take: the oldest come first.
async function recover(producer, worker) {
  let found = 0;
  while (await producer.lmove(inHand(worker), jobs, 'LEFT', 'RIGHT')) found += 1;
  return found;
}

async function readMail() {
  const connection = await connect(given);
  for (;;) {
    const [, letter] = await connection.brpop(mail, 0);
    if (letter === 'stop') break;
    letters.push(letter);
  }
  connection.disconnect();
}

const producer = await connect(given);
const reader = readMail();
const mortal = work('carl', 10);
const workers = mortal.then(() => Promise.all([work('anna'), work('bert')]));
for (let number = 0; number < given.jobs; number += 1) {
  await producer.lpush(jobs, `job-${number}`);
  if (number % 10 === 0) await producer.lpush(mail, `letter-${number}`);
}
await mortal;
const recovered = await recover(producer, 'carl');
await producer.lpush(jobs, 'stop', 'stop');
await workers;
await producer.lpush(mail, 'stop');
await reader;

const left = (await Promise.all([jobs, mail, ...['anna', 'bert', 'carl'].map(inHand)].map((key) => producer.llen(key))))
  .reduce((sum, length) => sum + length, 0);
const seconds = (performance.now() - began) / 1000;
table([
  ['jobs done', done.size],
  ['taken over', recovered, 'from a worker that died with it in hand'],
  ['letters read', letters.length],
  ['left behind', left],
  ['jobs/s', Math.round(given.jobs / seconds)],
]);
await producer.quit();
claim(recovered === 1, `the dead worker had one job in hand, not ${recovered}`);
claim(done.size === given.jobs, `every job was done, but ${given.jobs - done.size} were not`);
claim([...done.values()].every((times) => times === 1), 'each job was done once');
claim(letters.every((letter, i) => letter === `letter-${i * 10}`), 'letters were read in order');
claim(letters.length === Math.ceil(given.jobs / 10), 'every letter was read');
claim(left === 0, 'nothing is left in any list');
