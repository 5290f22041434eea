// SPDX-License-Identifier: Apache-2.0
// node_redis.mjs: node-redis as its users write it, over queues, streams, sorted sets, transactions, scripts and pub/sub.
//
// Used by: ctest:  node tests/clients/node_redis.mjs --broker PATH
// Always:  - the broker runs in a folder of its own, which is removed after success;
//          - what was acknowledged before a SIGKILL is there after it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Broker } from '../../examples/broker.mjs';

const require = createRequire(new URL('../../examples/package.json', import.meta.url));
const { WatchError, createClient, defineScript } = require('redis');

const { values } = parseArgs({ options: { broker: { type: 'string', default: 'build/release/leat' } } });
const dir = mkdtempSync(join(tmpdir(), 'leat-node-redis-'));
const broker = new Broker({ binary: values.broker, dir });
await broker.start();

const scripts = {
  moveAll: defineScript({
    NUMBER_OF_KEYS: 2,
    SCRIPT: "local n = 0 while redis.call('RPOPLPUSH', KEYS[1], KEYS[2]) do n = n + 1 end return n",
    parseCommand(parser, from, to) { parser.pushKey(from); parser.pushKey(to); },
    transformReply: (reply) => reply,
  }),
};

async function connect(version) {
  const client = createClient({ socket: { port: broker.port, host: '127.0.0.1' }, RESP: version, scripts });
  client.on('error', () => {}); // it reconnects by itself
  return client.connect();
}

const tests = {
  async lists(client, other) {
    await client.lPush('jobs', ['a', 'b', 'c']);
    assert.equal(await client.blMove('jobs', 'hands', 'RIGHT', 'LEFT', 0), 'a');
    assert.equal(await client.lRem('hands', 1, 'a'), 1);
    assert.deepEqual(await client.brPop('jobs', 0), { key: 'jobs', element: 'b' });
    await client.del('jobs');
    const waiting = other.blPop('jobs', 5);
    await client.rPush('jobs', 'late');
    assert.equal((await waiting).element, 'late');
    assert.equal(await other.blPop('jobs', 0.01), null);
  },
  async sortedSets(client, other) {
    await client.zAdd('queue', [{ score: 2, value: 'later' }, { score: 1.5, value: 'soon' }]);
    assert.deepEqual(await other.bzPopMin('queue', 0), { key: 'queue', value: 'soon', score: 1.5 });
    assert.deepEqual(await client.zRangeWithScores('queue', 0, -1), [{ value: 'later', score: 2 }]);
  },
  async streams(client, other) {
    await client.xGroupCreate('events', 'group', '$', { MKSTREAM: true });
    const ids = [await client.xAdd('events', '*', { n: '1' }), await client.xAdd('events', '*', { n: '2' })];
    const read = await other.xReadGroup('group', 'me', { key: 'events', id: '>' }, { COUNT: 10, BLOCK: 1000 });
    assert.deepEqual(read[0].messages.map((each) => each.id), ids);
    assert.equal(await client.xAck('events', 'group', ids[0]), 1);
    const claimed = await client.xAutoClaim('events', 'group', 'you', 0, '0-0');
    assert.deepEqual(claimed.messages.map((each) => each.id), [ids[1]]);
    assert.equal((await client.xPending('events', 'group')).pending, 1);
  },
  async hashesAndStrings(client) {
    await client.hSet('user', { name: 'Ada', age: '36' });
    assert.deepEqual({ ...await client.hGetAll('user') }, { name: 'Ada', age: '36' });
    assert.equal(await client.set('lock', 'mine', { condition: 'NX', expiration: { type: 'PX', value: 100000 } }), 'OK');
    assert.equal(await client.set('lock', 'yours', { condition: 'NX' }), null);
    assert.equal(await client.incr('counter'), 1);
  },
  async transactions(client, other) {
    assert.deepEqual(await client.multi().set('x', '1').incr('x').get('x').exec(), ['OK', 2, '2']);
    await client.watch('x');
    await other.set('x', 'changed');
    await assert.rejects(client.multi().set('x', 'mine').exec(), WatchError);
  },
  async scripts(client) {
    await client.rPush('from', ['1', '2', '3']);
    assert.equal(await client.moveAll('from', 'to'), 3);
    await client.scriptFlush();
    assert.equal(await client.moveAll('from', 'to'), 0); // NOSCRIPT, and EVAL in its place
  },
  async publishAndSubscribe(client, other) {
    const subscriber = await other.duplicate().connect();
    const heard = new Promise((resolve) => { subscriber.pSubscribe('news.*', (message, channel) => resolve([channel, message])); });
    while ((await client.publish('news.today', 'hello')) === 0) { /* the subscription is on its way */ }
    assert.deepEqual(await heard, ['news.today', 'hello']);
    await subscriber.quit();
  },
};

for (const version of [2, 3]) {
  const [client, other] = [await connect(version), await connect(version)];
  for (const [name, test] of Object.entries(tests)) {
    await client.flushAll();
    await test(client, other);
    console.log(`ok: ${name} in RESP${version}`);
  }
  await client.flushAll();
  await Promise.all(Array.from({ length: 500 }, (_, i) => client.rPush('kept', String(i))));
  await broker.kill();
  await broker.start();
  for (const each of [client, other]) assert.equal(await each.lLen('kept'), 500); // they have reconnected by themselves
  console.log(`ok: a crash in RESP${version}`);
  await Promise.all([client.quit(), other.quit()]);
}
await broker.stop();
rmSync(dir, { recursive: true });
