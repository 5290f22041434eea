// SPDX-License-Identifier: Apache-2.0
// broker.mjs: one broker process on a data folder: started, killed, started again, stopped.
//
// Used by: quickstart.mjs, tests/clients and tests/bench. The other examples only connect.
// Always:  - started means that keys can be asked for: nothing is being loaded any more;
//          - the process is ended by its own pid, also when this program dies by a signal;
//          - redis-server can stand in for leat, which is how a test of the tests is made.
import { spawn } from 'node:child_process';
import { createConnection, createServer } from 'node:net';
import { mkdirSync, openSync, closeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { once } from 'node:events';

const kStartSeconds = 60; // a large log takes time to replay

// A signal ends this program through 'exit', where every broker that it started is killed.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

export class Broker {
  // onDeath(how) is called when the process ends and nobody asked it to.
  onDeath;

  constructor({ binary, dir, port, settings = {} }) { // settings: of leat, beside the usual ones
    Object.assign(this, { binary, dir, port, settings, log: join(dir, 'broker.log') });
  }

  // Returns the milliseconds it took until keys could be asked for.
  async start() {
    const began = performance.now();
    mkdirSync(join(this.dir, 'data'), { recursive: true });
    this.port ??= await freePort();
    const log = openSync(this.log, 'a');
    this.process = spawn(this.binary, this.#arguments(), { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    this.exited = once(this.process, 'exit');
    this.exited.catch(() => {}); // a binary that cannot be started is reported by #ready
    this.asked = false; // for its end
    this.exited.then(([status, signal]) => { if (!this.asked) this.onDeath?.(signal ?? `status ${status}`); }, () => {});
    process.on('exit', this.#killed);
    await this.#ready(began + kStartSeconds * 1000);
    return performance.now() - began;
  }

  async kill() {
    this.asked = true;
    this.process.kill('SIGKILL');
    await this.exited;
    process.off('exit', this.#killed);
  }

  // A clean stop: the exit status must be 0.
  async stop() {
    this.asked = true;
    this.process.kill('SIGTERM');
    const [status, signal] = await this.exited;
    process.off('exit', this.#killed);
    if (status !== 0) throw new Error(`${this.binary} ended with ${signal ?? `status ${status}`} on SIGTERM; see ${this.log}`);
  }

  // The process goes on living when this program ends.
  release() {
    process.off('exit', this.#killed);
    this.process.unref();
  }

  #killed = () => this.process.kill('SIGKILL');

  #arguments() {
    const data = join(this.dir, 'data');
    if (basename(this.binary).startsWith('redis-server')) {
      return ['--port', this.port, '--bind', '127.0.0.1', '--dir', data, '--save', '', '--appendonly', 'yes',
              '--appendfsync', 'always'].map(String);
    }
    const settings = { port: this.port, data_dir: data, ...this.settings };
    return ['serve', ...Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`])];
  }

  async #ready(deadline) {
    let gone;
    this.process.once('error', (error) => { gone = error.message; });
    this.process.once('exit', (status, signal) => { gone = signal ?? `status ${status}`; });
    while (performance.now() < deadline) {
      if (gone !== undefined) throw new Error(`${this.binary} ended at its start (${gone}); see ${this.log}`);
      if (await ping(this.port)) return;
      await new Promise((resolve) => setTimeout(resolve, 5)); // nothing can be waited for: the port is not there yet
    }
    throw new Error(`${this.binary} did not answer within ${kStartSeconds} s; see ${this.log}`);
  }
}

// True when something on the port answers EXISTS with a number (-LOADING is not it, and PING is answered while loading).
function ping(port) {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' }, () => socket.write('EXISTS started\r\n'));
    const done = (answer) => { socket.destroy(); resolve(answer); };
    socket.setTimeout(1000, () => done(false));
    socket.once('data', (data) => done(data.toString().startsWith(':')));
    socket.once('error', () => done(false));
    socket.once('end', () => done(false));
  });
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
