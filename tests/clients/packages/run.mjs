// SPDX-License-Identifier: Apache-2.0
// run.mjs: packages that are built on Redis, each doing what people use it for, start to end.
//
// Used by: ctest:  node tests/clients/packages/run.mjs --broker PATH
// Always:  - the broker runs in a folder of its own, which is removed;
//          - waiting is for an event of the client's; a step that has not ended after a minute has failed.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import Queue from 'bee-queue';
import { RedisStore } from 'connect-redis';
import Redis from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { createClient } from 'redis';
import Redlock from 'redlock';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter';
import { runSteps } from './steps.mjs';

const kJobs = 100;
const kStepSeconds = 60;

async function nodeRedis(port, options) {
  return await createClient({ url: `redis://127.0.0.1:${port}`, ...options }).connect();
}

// Jobs at once, one that fails and is tried again, one for later; none is left over.
async function beeQueue(port) {
  const queue = new Queue('bee', { redis: { host: '127.0.0.1', port }, removeOnSuccess: false, activateDelayedJobs: true });
  const results = new Map();
  let failures = 0;
  queue.process(8, async ({ data }) => {
    if (data.fails && failures++ === 0) throw new Error('on purpose');
    return data.n * 2;
  });
  const all = new Promise((done) => {
    queue.on('succeeded', (job, result) => results.set(job.id, result).size === kJobs && done());
  });
  await Promise.all(Array.from({ length: kJobs }, (_, n) => queue.createJob({ n }).save()));
  await all;
  assert.deepEqual([...results.values()].sort((a, b) => a - b), Array.from({ length: kJobs }, (_, n) => n * 2));
  for (const job of [queue.createJob({ n: 21, fails: true }).retries(2), queue.createJob({ n: 21 }).delayUntil(Date.now() + 200)]) {
    const done = once(job, 'succeeded');
    await job.save();
    assert.deepEqual(await done, [42]);
  }
  const { succeeded, failed, waiting, active, delayed } = await queue.checkHealth();
  assert.deepEqual({ succeeded, failed, waiting, active, delayed }, { succeeded: kJobs + 2, failed: 0, waiting: 0, active: 0, delayed: 0 });
  await queue.close();
}

async function redlock(port) {
  const client = new Redis(port);
  const locks = new Redlock([client], { retryCount: 0 });
  const held = await locks.lock('resource', 60_000);
  await assert.rejects(locks.lock('resource', 1000));
  await (await held.extend(60_000)).unlock();
  await (await locks.lock('resource', 1000)).unlock();
  client.disconnect();
}

async function rateLimiter(port) {
  const client = new Redis(port);
  const limiter = new RateLimiterRedis({ storeClient: client, points: 5, duration: 600 });
  for (let left = 4; left >= 0; --left) assert.equal((await limiter.consume('user')).remainingPoints, left);
  await assert.rejects(limiter.consume('user'), (rejected) => rejected.msBeforeNext > 0);
  await limiter.delete('user');
  await limiter.penalty('user', 3);
  await limiter.reward('user', 1);
  assert.equal((await limiter.get('user')).consumedPoints, 2);
  client.disconnect();
  const other = await nodeRedis(port, { RESP: 3 });
  const strict = new RateLimiterRedis({ storeClient: other, points: 1, duration: 600, useRedisPackage: true });
  await strict.consume('other');
  await assert.rejects(strict.consume('other'));
  other.destroy();
}

async function sessions(port) {
  const client = await nodeRedis(port);
  const store = new RedisStore({ client, prefix: 'session:', ttl: 600 });
  const call = (name, ...words) =>
    new Promise((done, fail) => store[name](...words, (error, value) => (error ? fail(error) : done(value))));
  for (const user of [1, 2]) await call('set', `s${user}`, { cookie: {}, user });
  assert.equal((await call('get', 's1')).user, 1);
  await call('touch', 's1', { cookie: {} });
  assert.deepEqual((await call('ids')).sort(), ['s1', 's2']);
  assert.equal((await call('all')).length, 2);
  await call('destroy', 's1');
  assert.equal(await call('length'), 1);
  await call('clear');
  assert.equal(await call('length'), 0);
  client.destroy();
}

// Two servers share their rooms: what one says is heard by who is connected to the other.
async function sockets(port, makeAdapter) {
  const clients = Array.from({ length: 4 }, () => new Redis(port));
  const servers = await Promise.all([0, 1].map(async (i) => {
    const http = createServer().listen(0, '127.0.0.1');
    await once(http, 'listening');
    const server = new Server(http, { adapter: makeAdapter(clients[2 * i], clients[2 * i + 1]) });
    server.on('connection', (socket) => socket.join('room'));
    return { server, port: http.address().port };
  }));
  const ends = servers.map(({ port }) => io(`http://127.0.0.1:${port}`, { transports: ['websocket'] }));
  await Promise.all(ends.map((end) => once(end, 'connect')));
  while ((await servers[0].server.in('room').fetchSockets()).length < 2) continue; // each a round over the broker
  const heard = ends.map((end) => once(end, 'news'));
  servers[0].server.to('room').emit('news', 'hello');
  for (const one of heard) assert.deepEqual(await one, ['hello']);
  servers[1].server.on('ask', (reply) => reply(7));
  assert.deepEqual(await servers[0].server.serverSideEmitWithAck('ask'), [7]);
  for (const end of ends) end.close();
  for (const { server } of servers) await server.close();
  for (const client of clients) client.disconnect();
}

// node-redis keeps what it has read, and hears when it is stale.
async function clientSideCache(port) {
  const writer = await nodeRedis(port);
  const reader = await nodeRedis(port, { RESP: 3, clientSideCache: { ttl: 0, maxEntries: 100, evictPolicy: 'LRU' } });
  await writer.set('cached', '1');
  for (let i = 0; i < 3; ++i) assert.equal(await reader.get('cached'), '1');
  await writer.set('cached', '2');
  while ((await reader.get('cached')) !== '2') continue;
  for (const client of [reader, writer]) client.destroy();
}

async function keyspaceEvents(port) {
  const [client, listener] = [new Redis(port), new Redis(port)];
  await client.config('SET', 'notify-keyspace-events', 'Exh');
  await listener.subscribe('__keyevent@0__:expired', '__keyevent@0__:hexpired');
  const heard = [];
  const both = new Promise((done) => listener.on('message', (...words) => heard.push(words) === 2 && done()));
  await client.multi().set('gone', 1, 'PX', 30).hset('hash', 'kept', 1, 'gone', 2).hpexpire('hash', 60, 'FIELDS', 1, 'gone').exec();
  await both;
  assert.deepEqual(heard, [['__keyevent@0__:expired', 'gone'], ['__keyevent@0__:hexpired', 'hash']]);
  assert.deepEqual(await client.hgetall('hash'), { kept: '1' });
  for (const each of [client, listener]) each.disconnect();
}

const kSteps = {
  'bee-queue': beeQueue,
  redlock,
  'rate-limiter-flexible': rateLimiter,
  'connect-redis': sessions,
  '@socket.io/redis-adapter': (port) => sockets(port, createAdapter),
  '@socket.io/redis-adapter, sharded': (port) => sockets(port, createShardedAdapter),
  'node-redis with its cache': clientSideCache,
  'keyspace events in ioredis': keyspaceEvents,
};

await runSteps({ name: 'packages', steps: kSteps, seconds: kStepSeconds, run: (step, broker) => step(broker.port) });
