// SPDX-License-Identifier: Apache-2.0
// quickstart.mjs: a broker in a temporary folder, the examples run on it one after the other, the first through a crash.
//
// Used by: quickstart.sh, and ctest at small size:
//          node examples/quickstart.mjs [NAME…] [--broker PATH] [--jobs N] [--client C] [--keep]
// Always:  - exit status 0 means that each example verified its own claim;
//          - no process stays behind, unless --keep asked for the broker;
//          - after success a test run (--jobs) removes its folder, a failure never does.
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Broker, freePort } from './broker.mjs';

const kExamples = {
  bullmq: 'BullMQ: a producer, a worker with concurrency 50, and a crash',
  list_worker: 'List worker: LPUSH, BLMOVE, LREM, and BRPOP beside it',
  telemetry: 'Telemetry: a stream, two consumer groups, one consumer killed',
  priority_queue: 'Priority queue: ZADD and BZPOPMIN',
  sessions: 'Sessions: log-in, sliding expiry, log-out everywhere',
  api_cache: 'API cache: tags, patterns, an invalidation log, and one fetch for a stampede',
  telemetry_buffer: 'Telemetry buffer: a capped list, and a capped stream with three groups of different pace',
  rate_limits: 'Rate limits: fixed window, sliding window and token bucket, to the border',
  rooms: 'Rooms with presence, notifications with a mark, tasks by priority',
  rest: 'REST: curl, @upstash/redis, and a worker that waits over HTTP',
  locks: 'Locks: safe release, extension, fencing, and a crash while one is held',
};

const here = fileURLToPath(new URL('.', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    broker: { type: 'string', default: join(here, '../build/release/leat') },
    jobs: { type: 'string' },
    client: { type: 'string', default: 'ioredis' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const names = positionals.length > 0 ? positionals : Object.keys(kExamples);
const unknown = names.filter((name) => !(name in kExamples));
if (values.help || unknown.length > 0) {
  console.error(`usage: node quickstart.mjs [${Object.keys(kExamples).join('|')}]… [--broker PATH] [--jobs N] [--client C] [--keep]`);
  process.exit(2);
}

const dir = mkdtempSync(join(tmpdir(), 'leat-quickstart-'));
const httpPort = await freePort(), token = randomBytes(24).toString('base64url');
const broker = new Broker({ binary: values.broker, dir, settings: { 'http.port': httpPort, 'http.token': token } });
const door = { UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${httpPort}`, UPSTASH_REDIS_REST_TOKEN: token };
try {
  await broker.start();
  for (const name of names) {
    console.log(`\n${kExamples[name]}`);
    await run(name);
  }
} catch (error) {
  console.error(`quickstart: ${error.message}`);
  console.error(`quickstart: the broker's log is ${broker.log}, its data ${join(dir, 'data')}.`);
  process.exit(1);
}
await finish();

async function run(name) {
  const args = ['--port', String(broker.port), '--client', values.client];
  if (values.jobs) args.push('--jobs', values.jobs);
  const child = fork(join(here, `${name}.mjs`), args, { env: { ...process.env, ...door } });
  const end = () => child.kill('SIGKILL');
  process.on('exit', end);
  child.on('message', (message) => {
    if (message === 'kill') crash(child).catch((error) => { console.error(`quickstart: ${error.message}`); end(); });
  });
  let died;
  broker.onDeath = (how) => { died = how; end(); }; // its clients would try again for ever
  const [status, signal] = await once(child, 'exit');
  broker.onDeath = undefined;
  process.off('exit', end);
  if (died !== undefined) throw new Error(`the broker ended by itself (${died}) under ${name}.mjs.`);
  if (status !== 0) throw new Error(`${name}.mjs failed (${signal ?? `status ${status}`}).`);
}

async function crash(child) {
  const began = performance.now();
  await broker.kill();
  child.send({ killed: true });
  await broker.start();
  child.send({ away: (performance.now() - began) / 1000 });
}

async function finish() {
  if (values.keep) {
    broker.release();
    console.log(`\nThe broker is still running, process ${broker.process.pid}, on port ${broker.port}.`);
    console.log(`  connect:  redis-cli -p ${broker.port}`);
    console.log(`  or:       curl -H 'Authorization: Bearer ${token}' ${door.UPSTASH_REDIS_REST_URL}/ping`);
    console.log(`  stop it:  kill ${broker.process.pid}`);
  } else {
    await broker.stop();
  }
  if (values.jobs && !values.keep) {
    rmSync(dir, { recursive: true });
    return;
  }
  console.log(`\n  data: ${join(dir, 'data')}\n  log:  ${broker.log}`);
  if (existsSync(values.broker) && !values.keep && values.broker.endsWith('leat')) {
    console.log(`  look: ${values.broker} check ${join(dir, 'data')}`);
  }
}
