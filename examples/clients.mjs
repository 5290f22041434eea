// SPDX-License-Identifier: Apache-2.0
// clients.mjs: the three client libraries under one roof, and the command line that the examples share.
//
// Used by: every example:  node examples/NAME.mjs [--port 6379 | --url redis://… | --broker PATH] [--client ioredis|ioredis5|redis] [--jobs N]
// Always:  - ioredis is version 6 (RESP3), ioredis5 version 5 (RESP2), redis node-redis 6 (RESP3);
//          - an example that finds its own claim broken ends with status 1 and says what broke.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';

// defaults: jobs, and how many seconds the example may take, if it is known.
export async function options(defaults) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: process.env.LEAT_PORT ?? '6379' },
      url: { type: 'string' },
      broker: { type: 'string' },
      client: { type: 'string', default: 'ioredis' },
      jobs: { type: 'string', default: String(defaults.jobs) },
    },
  });
  if (values.broker) await runOn(values);
  if (defaults.seconds) setTimeout(() => claim(false, `it takes less than ${defaults.seconds} s`), defaults.seconds * 1000).unref();
  const url = new URL(values.url ?? `redis://127.0.0.1:${values.port}`);
  await listening(url);
  return { url: url.href, host: url.hostname, port: Number(url.port || 6379), client: values.client, jobs: Number(values.jobs) };
}

// Clients ask again for as long as nobody answers, and say nothing: so look once whether there is anybody.
async function listening({ hostname, port }) {
  const socket = createConnection({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379) });
  const failed = await once(socket, 'connect').then(() => null, (error) => error);
  socket.destroy();
  claim(!failed, `a broker listens at ${hostname}:${port || 6379} (${failed?.code}); start one, or give the path of leat with --broker`);
}

// quickstart.mjs starts that broker, runs this example on it in a process of its own, and ends both; so does this process.
async function runOn({ broker, client, jobs }) {
  const name = basename(process.argv[1], '.mjs');
  process.argv.splice(2, Infinity, name, '--broker', broker, '--client', client, '--jobs', jobs);
  await import('./quickstart.mjs');
  process.exit();
}

// An ioredis connection of the version asked for; both have one interface.
export async function connect({ client, url }, settings = {}) {
  const { Redis } = await import(client);
  const connection = new Redis(url, { maxRetriesPerRequest: null, ...settings });
  connection.on('error', () => {}); // it reconnects by itself; what matters fails at the call
  return connection;
}

export function claim(holds, what) {
  if (holds) return;
  console.error(`${basename(process.argv[1])}: this does not hold: ${what}.`);
  process.exit(1);
}

// A Lua script, called by its hash; a broker that does not know it (yet, or after a restart) is given the text.
export class Script {
  constructor(lua) {
    Object.assign(this, { lua, sha: createHash('sha1').update(lua).digest('hex') });
  }

  async call(connection, keys, ...values) {
    try {
      return await connection.evalsha(this.sha, keys.length, ...keys, ...values);
    } catch (error) {
      if (!error.message.startsWith('NOSCRIPT')) throw error;
      return connection.eval(this.lua, keys.length, ...keys, ...values);
    }
  }
}

// The entries of the one stream that was read: RESP2 gives pairs of a key and its entries, RESP3 a map.
export function entries(reply) {
  if (reply === null) return [];
  if (reply instanceof Map) return [...reply.values()][0];
  return Array.isArray(reply) ? reply[0][1] : Object.values(reply)[0];
}

export function newer(id, than) { // of a stream's entries
  const [[ms, seq], [thanMs, thanSeq]] = [id, than].map((each) => each.split('-').map(BigInt));
  return ms > thanMs || (ms === thanMs && seq > thanSeq);
}

// The broker's time in milliseconds, and a wait until it is reached: time-outs are the broker's, and so is their clock.
export async function clock(connection) {
  const [seconds, micros] = await connection.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

export async function until(connection, ms) {
  for (let left; (left = ms - await clock(connection)) > 0;) await new Promise((resolve) => setTimeout(resolve, left));
}

// Deletes the keys that begin with the prefix and a colon: an example leaves nothing on somebody's broker.
export async function sweep(connection, prefix) {
  let cursor = '0';
  do {
    const [next, keys] = await connection.scan(cursor, 'MATCH', `${prefix}:*`, 'COUNT', 1000);
    if (keys.length > 0) await connection.unlink(...keys);
    cursor = String(next);
  } while (cursor !== '0');
}

// A bar on a terminal, a line every tenth elsewhere.
export class Progress {
  #tenth = -1;

  constructor(title, total) {
    Object.assign(this, { title, total });
  }

  show(done, note = '') {
    const part = this.total === 0 ? 1 : done / this.total;
    const bar = '#'.repeat(Math.floor(part * 40)).padEnd(40, '.');
    const line = `  ${this.title} [${bar}] ${String(done).padStart(String(this.total).length)}/${this.total} ${note}`;
    if (process.stdout.isTTY) {
      process.stdout.write(`\r${line}\x1b[K${done === this.total ? '\n' : ''}`);
    } else if (Math.floor(part * 10) > this.#tenth) {
      this.#tenth = Math.floor(part * 10);
      console.log(line.trimEnd());
    }
  }

  say(text) {
    process.stdout.write(process.stdout.isTTY ? `\r\x1b[K  ${text}\n` : `  ${text}\n`);
  }
}

export function table(rows) {
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value, note] of rows) {
    console.log(`  ${name.padEnd(width)}  ${String(value).padStart(8)}${note ? `  ${note}` : ''}`);
  }
}
