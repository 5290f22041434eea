// SPDX-License-Identifier: Apache-2.0
// telemetry.mjs: one stream, two consumer groups, and a consumer that is killed with entries in its hands.
//
// Used by: quickstart.mjs; also alone: node examples/telemetry.mjs --port 6379
// Always:  - every entry is acknowledged exactly once per group;
//          - what the killed consumer held is taken over with XAUTOCLAIM.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { claim, connect, entries, newer, options, Progress, table } from './clients.mjs';

const kCount = 20;             // entries per read
const kIdleMs = 100;           // an entry held longer than this without an acknowledgement may be taken over
const kGroups = ['alerts', 'archive'];

// The consumer that dies is a process of its own: it reads, never acknowledges, says so and waits for its end.
if (process.env.TELEMETRY_MORTAL) {
  const { stream, group, given } = JSON.parse(process.env.TELEMETRY_MORTAL);
  const connection = await connect(given);
  const held = entries(await read(connection, stream, group, 'mortal'));
  process.send(held.map(([id]) => id));
  await once(process, 'disconnect');
  process.exit(1);
}

const given = await options({ jobs: 5000 });
const stream = `telemetry-${process.pid}`;
const total = given.jobs;
const progress = new Progress('acknowledged', total * kGroups.length);
const acknowledged = Object.fromEntries(kGroups.map((group) => [group, new Map()]));

function read(connection, key, group, consumer) {
  return connection.xreadgroup('GROUP', group, consumer, 'COUNT', kCount, 'BLOCK', 100, 'STREAMS', key, '>');
}

async function acknowledge(connection, group, ids) {
  if (ids.length === 0) return;
  const accepted = await connection.xack(stream, group, ...ids);
  claim(accepted === ids.length, `${group} acknowledges ${ids.length} entries for the first time, not ${accepted}`);
  for (const id of ids) acknowledged[group].set(id, (acknowledged[group].get(id) ?? 0) + 1);
  progress.show(kGroups.reduce((sum, each) => sum + acknowledged[each].size, 0));
}

// Reads until the whole group is done; what the mortal consumer holds is not for these.
async function consume(group, consumer) {
  const connection = await connect(given);
  while (acknowledged[group].size < total) {
    const got = entries(await read(connection, stream, group, consumer));
    await acknowledge(connection, group, got.map(([id]) => id));
  }
  connection.disconnect();
}

async function takeOver(group, consumer) {
  const connection = await connect(given);
  let [cursor, taken] = ['0-0', 0];
  while (acknowledged[group].size < total) {
    const [next, got] = await connection.xautoclaim(stream, group, consumer, kIdleMs, cursor, 'COUNT', kCount);
    cursor = next;
    taken += got.length;
    await acknowledge(connection, group, got.map(([id]) => id));
    if (got.length === 0) await connection.blpop(`${stream}:never`, 0.02); // not idle for long enough yet
  }
  connection.disconnect();
  return taken;
}

const producer = await connect(given);
for (const group of kGroups) await producer.xgroup('CREATE', stream, group, '$', 'MKSTREAM');
const produced = [];
const send = async (number) => produced.push(await producer.xadd(
  stream, 'MAXLEN', '~', 1_000_000, '*', 'sensor', number % 16, 'celsius', (20 + Math.sin(number) * 5).toFixed(2)));

const began = performance.now();
await Promise.all(Array.from({ length: kCount }, (_, number) => send(number))); // something for the mortal one to hold
const mortal = fork(fileURLToPath(import.meta.url), {
  env: { ...process.env, TELEMETRY_MORTAL: JSON.stringify({ stream, group: 'archive', given }) },
});
const end = () => mortal.kill('SIGKILL');
process.on('exit', end);
const [held] = await once(mortal, 'message');
mortal.kill('SIGKILL');
await once(mortal, 'exit');
process.off('exit', end);

const consumers = ['alerts', 'archive'].flatMap((group) => [1, 2].map((each) => consume(group, `${group}-${each}`)));
for (let number = kCount; number < total; number += 100) {
  await Promise.all(Array.from({ length: Math.min(100, total - number) }, (_, i) => send(number + i)));
}
const taken = await takeOver('archive', 'archive-1');
await Promise.all(consumers);
const seconds = (performance.now() - began) / 1000;

const pending = await Promise.all(kGroups.map(async (group) => (await producer.xpending(stream, group))[0]));
const rising = produced.every((id, i) => i === 0 || newer(id, produced[i - 1]));
table([
  ['entries', produced.length],
  ...kGroups.map((group, i) => [`acknowledged by ${group}`, acknowledged[group].size, `${pending[i]} pending`]),
  ['taken over', taken, 'from the consumer that was killed'],
  ['entries/s', Math.round(total / seconds), 'added, and read by both groups'],
]);
await producer.del(stream);
await producer.quit();

claim(rising, 'ids strictly rise');
claim(taken === held.length && held.length > 0, `the ${held.length} entries that the killed consumer held are taken over, not ${taken}`);
claim(pending.every((each) => each === 0), 'nothing is pending at the end');
for (const group of kGroups) {
  claim(produced.every((id) => acknowledged[group].get(id) === 1), `${group} acknowledged each entry once`);
}
