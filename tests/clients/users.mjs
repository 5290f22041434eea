// SPDX-License-Identifier: Apache-2.0
// users.mjs: ioredis, node-redis and BullMQ as users with a name, a password and rules.
//
// Used by: ctest:  node tests/clients/users.mjs --broker PATH
// Always:  - the broker runs in a folder of its own, which is removed after success;
//          - a user that was made is there after a SIGKILL, and what it may not do stays undone.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Broker } from '../../examples/broker.mjs';

const require = createRequire(new URL('../../examples/package.json', import.meta.url));
const { createClient } = require('redis');
const { Queue, Worker } = require('bullmq');

const { values } = parseArgs({ options: { broker: { type: 'string', default: 'build/release/leat' } } });
const dir = mkdtempSync(join(tmpdir(), 'leat-users-'));
const broker = new Broker({ binary: values.broker, dir });
await broker.start();
const host = '127.0.0.1', port = broker.port;

async function made(name, settings) {
  const { Redis } = require(name);
  const client = new Redis({ port, host, lazyConnect: true, maxRetriesPerRequest: 1, retryStrategy: null, ...settings });
  client.on('error', () => {});
  await client.connect();
  return client;
}

const admin = await made('ioredis');
await admin.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~app:*', '&app:*', '+@all', '-@admin', '-@dangerous', '+info');
await admin.call('ACL', 'SETUSER', 'worker', 'on', '>work', '~bull:*', '+@all', '-@admin', '-@dangerous', '+info');

for (const name of ['ioredis', 'ioredis5']) {
  const app = await made(name, { username: 'app', password: 'secret' });
  assert.equal(await app.set('app:k', '1'), 'OK');
  await assert.rejects(app.set('other', '1'), /^.*NOPERM No permissions to access a key$/);
  await assert.rejects(app.flushall(), /NOPERM User app has no permissions to run the 'flushall' command/);
  await assert.rejects(app.publish('news', 'x'), /NOPERM No permissions to access a channel/);
  await assert.rejects(app.eval("return redis.call('GET', 'other')", 0), /NOPERM ACL failure in script/);
  await assert.rejects(made(name, { username: 'app', password: 'wrong' }));
  app.disconnect();
  console.log(`ok: ${name}`);
}

for (const version of [2, 3]) {
  const client = createClient({ socket: { port, host, reconnectStrategy: false }, RESP: version, username: 'app', password: 'secret' });
  client.on('error', () => {});
  await client.connect();
  assert.equal(await client.aclWhoAmI(), 'app');
  assert.equal(await client.get('app:k'), '1');
  await assert.rejects(client.get('other'), /NOPERM/);
  await client.quit();
  const refused = createClient({ socket: { port, host, reconnectStrategy: false }, RESP: version, username: 'app', password: 'wrong' });
  refused.on('error', () => {});
  await assert.rejects(refused.connect(), /WRONGPASS/);
  console.log(`ok: node-redis in RESP${version}`);
}

// BullMQ with a user of its own, through a crash.
admin.disconnect();
await broker.kill();
await broker.start();
const connection = { port, host, username: 'worker', password: 'work' };
const queue = new Queue('mail', { connection });
const jobs = 200;
await queue.addBulk(Array.from({ length: jobs }, (_, n) => ({ name: 'send', data: { n }, opts: { delay: n % 10 === 0 ? 20 : 0 } })));
let done = 0;
await new Promise((resolve, reject) => {
  const worker = new Worker('mail', async (job) => job.data.n, { connection: { ...connection, maxRetriesPerRequest: null }, concurrency: 20 });
  worker.on('completed', () => { if (++done === jobs) worker.close().then(resolve); });
  worker.on('failed', (job, error) => reject(error));
  worker.on('error', reject);
});
const stranger = new Queue('mail', { connection, prefix: 'other' });
stranger.on('error', () => {});
await assert.rejects(stranger.add('send', {}), /NOPERM/);
await Promise.all([queue.close(), stranger.close()]);
console.log(`ok: BullMQ, ${done} jobs`);

await broker.stop();
rmSync(dir, { recursive: true });
