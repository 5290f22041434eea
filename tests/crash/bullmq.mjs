// SPDX-License-Identifier: Apache-2.0
// bullmq.mjs: BullMQ as a client of the crash test: adds one by one, in bulk and as flows, and a worker. One process, many rounds.
//
// Used by: bullmq.py, which writes  open PORT QUEUE | cut | drain PORT QUEUE  a line and reads what happened.
// Always:  - a line says that something was sent before it is, and that it was acknowledged only when its promise has resolved;
//          - what a job is follows from its number alone, so that bullmq.py knows it too;
//          - a connection that breaks stays broken: nothing of one round reaches the broker of the next.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(new URL('../../examples/package.json', import.meta.url));
const { FlowProducer, Queue, Worker } = require('bullmq');
const { Redis } = require('ioredis');

const kConcurrency = 10;
const kBulk = 5;
const kLockMs = 500;       // after this a job whose worker is dead may be given to another
const kStalledMs = 100;
const kDrainSeconds = 30;  // far more than it takes

const say = (...words) => process.stdout.write(`${words.join(' ')}\n`);
const later = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

class Round {
  constructor(port, name) {
    Object.assign(this, { port, name, over: false, silent: false, number: 0, connections: [] });
  }

  // What a worker is left with when its connection breaks it may try again 15 s later: that is nobody's any more.
  say(...words) {
    if (!this.silent) say(...words);
  }

  connection() {
    const made = new Redis({ port: this.port, host: '127.0.0.1', maxRetriesPerRequest: null, retryStrategy: () => null });
    made.on('error', () => {}); // the broker is killed, which is the test
    this.connections.push(made);
    return made;
  }

  make(Kind, ...rest) {
    const settings = rest.pop() ?? {};
    const made = new Kind(...rest, { connection: this.connection(), ...settings });
    made.on('error', () => {});
    return made;
  }

  async open() {
    this.queue = this.make(Queue, this.name, {});
    this.flows = this.make(FlowProducer, {});
    this.worker = this.make(Worker, this.name, (job) => this.work(job), {
      concurrency: kConcurrency, lockDuration: kLockMs, skipStalledCheck: true,
    });
    this.worker.on('completed', (job, value) => this.say('completed', job.id, value));
    await Promise.all([this.queue, this.flows, this.worker].map((each) => each.waitUntilReady()));
    this.adders = [this.repeat(() => this.addOne()), this.repeat(() => this.addBulk()), this.repeat(() => this.addFlow())];
  }

  async work(job) {
    this.say('started', job.id);
    await later(job.data.number % 8);
    return job.data.number * 2;
  }

  async repeat(add) {
    while (!this.over) await add().catch(() => later(1)); // what failed stays unacknowledged
  }

  job(prefix) {
    this.number += 1;
    const number = this.number;
    const jobId = `${prefix}-${number}`;
    const kinds = [{}, { delay: 20 + (number % 200) }, { priority: 1 + (number % 3) }, {}, { lifo: true }];
    return { name: 'job', data: { number, text: 'x'.repeat(number % 300) }, opts: { jobId, ...kinds[number % kinds.length] } };
  }

  async addOne() {
    const { name, data, opts } = this.job('one');
    this.say('sent', opts.jobId);
    await this.queue.add(name, data, opts);
    this.say('added', opts.jobId);
  }

  async addBulk() {
    const jobs = Array.from({ length: kBulk }, () => this.job('bulk'));
    jobs.forEach((each) => this.say('sent', each.opts.jobId));
    await this.queue.addBulk(jobs);
    jobs.forEach((each) => this.say('added', each.opts.jobId));
  }

  // A parent and two children, which BullMQ adds in one transaction.
  async addFlow() {
    const [parent, ...children] = ['flow', 'child', 'child'].map((prefix) => this.plain(this.job(prefix)));
    const ids = [parent, ...children].map((each) => each.opts.jobId);
    this.say('sent', ...ids);
    await this.flows.add({ ...parent, children });
    this.say('added', ...ids);
  }

  plain({ name, data, opts }) {
    return { name, data, queueName: this.name, opts: { jobId: opts.jobId } };
  }

  // The broker is dead: nothing more can be acknowledged.
  async cut() {
    this.over = true;
    this.connections.forEach((each) => each.disconnect());
    await Promise.race([Promise.all(this.adders), later(2000)]);
    await this.close();
    this.silent = true;
  }

  async close() {
    const closing = [this.worker?.close(true), this.queue?.close(), this.flows?.close()];
    await Promise.race([Promise.allSettled(closing), later(1000)]);
    this.connections.forEach((each) => each.disconnect());
  }

  // Whatever waits, is delayed, or was in a dead worker's hands.
  async drain() {
    this.queue = this.make(Queue, this.name, {});
    this.worker = this.make(Worker, this.name, (job) => job.data.number * 2, {
      concurrency: 50, lockDuration: 5000, stalledInterval: kStalledMs, maxStalledCount: 1000,
    });
    const until = performance.now() + kDrainSeconds * 1000;
    let left;
    do {
      await later(20); // no event tells of jobs that nobody knows to be stalled
      left = await this.queue.getJobCounts('wait', 'active', 'delayed', 'prioritized', 'waiting-children', 'failed');
    } while (Object.values(left).some((count) => count > 0) && performance.now() < until);
    await this.close();
    say('drained', JSON.stringify(left));
  }
}

let round = null;
const commands = {
  async open(port, name) { round = new Round(Number(port), name); await round.open(); say('ready'); },
  async cut() { await round.cut(); say('cut'); },
  async drain(port, name) { await new Round(Number(port), name).drain(); },
};
process.on('unhandledRejection', () => {}); // promises that BullMQ left behind when its connection broke
for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...rest] = line.split(' ');
  await commands[command](...rest).catch((error) => say('failed', error.message.replaceAll('\n', ' ')));
}
process.exit(0);
