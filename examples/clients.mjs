// SPDX-License-Identifier: Apache-2.0
// clients.mjs: the three client libraries under one roof, and the command line that the examples share.
//
// Used by: every example:  node examples/NAME.mjs --port 6379 [--client ioredis|ioredis5|redis] [--jobs N]
// Always:  - ioredis is version 6 (RESP3), ioredis5 version 5 (RESP2), redis node-redis 6 (RESP3);
//          - an example that finds its own claim broken ends with status 1 and says what broke.
import { basename } from 'node:path';
import { parseArgs } from 'node:util';

export function options(defaults) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: process.env.LEAT_PORT ?? '6379' },
      client: { type: 'string', default: 'ioredis' },
      jobs: { type: 'string', default: String(defaults.jobs) },
    },
  });
  return { port: Number(values.port), client: values.client, jobs: Number(values.jobs) };
}

// An ioredis connection of the version asked for; both have one interface.
export async function connect({ client, port }, settings = {}) {
  const { Redis } = await import(client);
  const connection = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: null, ...settings });
  connection.on('error', () => {}); // it reconnects by itself; what matters fails at the call
  return connection;
}

export function claim(holds, what) {
  if (holds) return;
  console.error(`${basename(process.argv[1])}: this does not hold: ${what}.`);
  process.exit(1);
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
