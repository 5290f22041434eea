// SPDX-License-Identifier: Apache-2.0
// telemetry_buffer.mjs: the latest 1,000 values in a list, about 10,000 in a stream, and three groups that read at their own pace.
//
// Used by: quickstart.mjs; also alone: node examples/telemetry_buffer.mjs --port 6379
// Class:   telemetry, durability = "interval": a sensor measures again. Where an entry is money, "always".
// Always:  - nobody ever sees the list above its cap: push and trim are one transaction;
//          - the stream drops what is old, so the producer looks how far the slowest group is behind before it goes on;
//          - each group processes each entry once, also what a consumer had in its hands when it died.
import { claim, connect, entries, options, sweep, table } from './clients.mjs';

const [kLatest, kBuffer] = [1000, 10_000];
const kAheadMax = 3000;        // well below the cap: a group that stops for a moment loses nothing
const kBatch = 250;            // entries sent at once
const kGroups = {              // entries per read, milliseconds that it works on them, consumers
  live: { count: 500, ms: 0, consumers: 1 },
  alerts: { count: 200, ms: 2, consumers: 2 },
  archive: { count: 100, ms: 10, consumers: 2 },
};

const given = await options({ jobs: 14_000, seconds: 120 });
const total = given.jobs;
const prefix = `telemetry:${process.pid}`;
const [latest, stream] = [`${prefix}:latest`, `${prefix}:stream`];
const processed = Object.fromEntries(Object.keys(kGroups).map((group) => [group, new Map()]));
const behind = Object.fromEntries(Object.keys(kGroups).map((group) => [group, 0]));
const work = (ms) => (ms === 0 ? null : new Promise((resolve) => setTimeout(resolve, ms)));
const producer = await connect(given);
for (const group of Object.keys(kGroups)) await producer.xgroup('CREATE', stream, group, '$', 'MKSTREAM');

function send(number) {
  const value = JSON.stringify({ sensor: number % 16, celsius: (20 + Math.sin(number) * 5).toFixed(2), number });
  return Promise.all([
    producer.multi().lpush(latest, value).ltrim(latest, 0, kLatest - 1).exec(),
    producer.xadd(stream, 'MAXLEN', '~', kBuffer, '*', 'number', number, 'value', value),
  ]);
}

// Waits while a group has too much to read: trimming would take it away unread.
async function room() {
  for (;;) {
    const groups = (await producer.xinfo('GROUPS', stream)).map(fields);
    for (const { name, lag } of groups) behind[name] = Math.max(behind[name], lag);
    if (groups.every(({ lag }) => lag <= kAheadMax)) return;
    await work(5);
  }
}

async function done(connection, group, got) {
  await work(kGroups[group].ms);
  for (const [, [, number]] of got) processed[group].set(number, (processed[group].get(number) ?? 0) + 1);
  if (got.length > 0) await connection.xack(stream, group, ...got.map(([id]) => id));
}

async function consume(group, name) {
  const connection = await connect(given);
  while (processed[group].size < total) {
    await done(connection, group, entries(await connection.xreadgroup(
      'GROUP', group, name, 'COUNT', kGroups[group].count, 'BLOCK', 50, 'STREAMS', stream, '>')));
  }
  connection.disconnect();
}

// Dies with what it has read in its hands.
async function die(group, name) {
  const connection = await connect(given);
  const got = entries(await connection.xreadgroup('GROUP', group, name, 'COUNT', 70, 'BLOCK', 0, 'STREAMS', stream, '>'));
  connection.disconnect();
  return got.length;
}

// Who is known to be dead can be asked for by name. Where nobody knows, XAUTOCLAIM goes by idle time, and a slow consumer may find
// that another has its entries too: then processing them twice must be harmless.
async function inherit(group, dead, heir) {
  const connection = await connect(given);
  let taken = 0;
  for (;;) {
    const held = await connection.xpending(stream, group, '-', '+', 25, dead);
    if (held.length === 0) break;
    const got = await connection.xclaim(stream, group, heir, 0, ...held.map(([id]) => id));
    await done(connection, group, got);
    taken += got.length;
  }
  await connection.xgroup('DELCONSUMER', stream, group, dead);
  connection.disconnect();
  return taken;
}

// RESP2 gives names and values in one list, RESP3 a map or an object.
function fields(reply) {
  if (reply instanceof Map) return Object.fromEntries(reply);
  if (!Array.isArray(reply)) return reply;
  return Object.fromEntries(reply.flatMap((name, i) => (i % 2 === 0 ? [[name, reply[i + 1]]] : [])));
}

const began = performance.now();
const mortal = die('archive', 'mortal');
const watcher = await connect(given);
let [longest, watching] = [0, true];
const watch = (async () => { while (watching) longest = Math.max(longest, await watcher.llen(latest)); })();

await Promise.all(Array.from({ length: 100 }, (_, number) => send(number)));
const held = await mortal;
const consumers = Object.entries(kGroups).flatMap(([group, { consumers: many }]) =>
  Array.from({ length: many }, (_, each) => consume(group, `${group}-${each}`)));
const inherited = inherit('archive', 'mortal', 'archive-0');
for (let number = 100; number < total; number += kBatch) {
  await room();
  await Promise.all(Array.from({ length: Math.min(kBatch, total - number) }, (_, i) => send(number + i)));
}
const taken = await inherited;
await Promise.all(consumers);
const seconds = (performance.now() - began) / 1000;
watching = false;
await watch;

const newest = (await producer.lrange(latest, 0, -1)).map((value) => JSON.parse(value).number);
const length = await producer.xlen(stream);
const pending = await Promise.all(Object.keys(kGroups).map(async (group) => (await producer.xpending(stream, group))[0]));
await sweep(producer, prefix);
await Promise.all([producer.quit(), watcher.quit()]);
table([
  ['in the list', newest.length, `never more than ${longest}`],
  ['in the stream', length, `of ${total}`],
  ...Object.keys(kGroups).map((group) => [`processed by ${group}`, processed[group].size, `at most ${behind[group]} behind`]),
  ['inherited', taken, 'from the consumer that died'],
  ['entries/s', Math.round(total / seconds), 'added to both, and read by all groups'],
]);
claim(longest <= kLatest, `the list is never longer than ${kLatest}, but it was ${longest}`);
claim(newest.length === Math.min(total, kLatest) && newest.every((number, i) => number === total - 1 - i), 'the list has the newest values, newest first');
claim(length >= Math.min(total, kBuffer) && length < kBuffer * 1.05, `the stream has about ${kBuffer} entries, not ${length}`);
claim(Object.values(behind).every((most) => most <= kAheadMax + kBatch), 'the producer waits for the slowest group');
claim(held > 0 && taken === held, `the ${held} entries of the consumer that died are inherited, not ${taken}`);
for (const [group, numbers] of Object.entries(processed)) {
  claim(numbers.size === total && [...numbers.values()].every((times) => times === 1), `${group} processed each entry once`);
}
claim(pending.every((each) => each === 0), 'nothing is pending at the end');
