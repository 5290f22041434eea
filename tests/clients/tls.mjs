// SPDX-License-Identifier: Apache-2.0
// tls.mjs: ioredis 6 and 5, and node-redis, with rediss:// URLs: requests, pipelines, blocking pops, pub/sub, a certificate.
//
// Used by: ctest:  node tests/clients/tls.mjs --broker PATH
// Always:  - the certificates are made here, by the openssl program; the broker runs in a folder that is removed after success.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Broker } from '../../examples/broker.mjs';

const require = createRequire(new URL('../../examples/package.json', import.meta.url));
const { createClient } = require('redis');
const kSubject = '/CN=queue.example';

const { values } = parseArgs({ options: { broker: { type: 'string', default: 'build/release/leat' } } });
const dir = mkdtempSync(join(tmpdir(), 'leat-tls-'));
const at = (name) => join(dir, name);
execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', kSubject,
                         '-addext', 'subjectAltName=DNS:localhost', '-keyout', at('leat.key'), '-out', at('leat.crt')], { stdio: 'ignore' });
const settings = { tls: 'optional', tls_cert_file: at('leat.crt'), tls_key_file: at('leat.key'), tls_ca_cert_file: at('leat.crt'),
                   tls_auth_clients: 'optional' };
const broker = new Broker({ binary: values.broker, dir, settings });
await broker.start();

const url = `rediss://localhost:${broker.port}`;
const ca = readFileSync(at('leat.crt'));
const certified = { ca, cert: ca, key: readFileSync(at('leat.key')) };

for (const [name, Redis] of [['ioredis 6', require('ioredis')], ['ioredis 5', require('ioredis5')]]) {
  const client = new Redis(url, { tls: certified });
  const other = new Redis(url, { tls: { ca } });
  await client.flushall();
  const replies = await Promise.all(Array.from({ length: 5000 }, (_, i) => client.rpush('list', `value ${i}`)));
  assert.equal(replies.at(-1), 5000);
  const large = Buffer.alloc(2_000_000, 'x');
  await client.set('large', large);
  assert.ok((await other.getBuffer('large')).equals(large));
  const waiting = client.blpop('jobs', 0);
  await other.rpush('jobs', 'a');
  assert.deepEqual(await waiting, ['jobs', 'a']);
  await client.subscribe('news');
  const heard = new Promise((done) => { client.on('message', (channel, message) => done(message)); });
  await other.publish('news', 'hello');
  assert.equal(await heard, 'hello');
  const untrusting = new Redis(url, { lazyConnect: true, retryStrategy: null });
  untrusting.on('error', () => {});
  await assert.rejects(untrusting.connect());
  client.disconnect();
  other.disconnect();
  console.log(`ok: ${name}`);
}

const client = await createClient({ url, socket: { ca, cert: certified.cert, key: certified.key } }).connect();
const other = await createClient({ url, socket: { ca }, RESP: 3 }).connect();
await client.flushAll();
assert.equal((await Promise.all(Array.from({ length: 5000 }, (_, i) => client.rPush('list', `value ${i}`)))).at(-1), 5000);
const waiting = client.blPop('jobs', 0);
await other.rPush('jobs', 'a');
assert.deepEqual({ ...await waiting }, { key: 'jobs', element: 'a' });
const subscriber = await other.duplicate().connect();
const heard = new Promise((done) => { subscriber.subscribe('news', (message) => done(message)); });
while ((await client.publish('news', 'hello')) === 0) { /* the subscription is on its way */ }
assert.equal(await heard, 'hello');
await Promise.all([client.quit(), other.quit(), subscriber.quit()]);
console.log('ok: node-redis');
await broker.stop();
rmSync(dir, { recursive: true });
