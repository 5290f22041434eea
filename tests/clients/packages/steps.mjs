// SPDX-License-Identifier: Apache-2.0
// steps.mjs: the frame of the tests in this folder: a broker, one step after the other, each bounded in time, and an exit status.
//
// Used by: run.mjs, upstash.mjs:  node tests/clients/packages/run.mjs [--broker PATH]
// Always:  - the broker is killed and its folder removed, whatever a step has thrown.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Broker } from '../../../examples/broker.mjs';

// steps: {name: step}; `run(step, broker)` is one of them. settings: of the broker.
export async function runSteps({ name: test, steps, seconds, settings = {}, run }) {
  const { values } = parseArgs({ options: { broker: { type: 'string', default: 'build/release/leat' } } });
  const dir = mkdtempSync(join(tmpdir(), `leat-${test}-`));
  const broker = new Broker({ binary: values.broker, dir, settings });
  let failed = false;
  try {
    await broker.start();
    for (const [name, step] of Object.entries(steps)) {
      const late = new Promise((_, fail) => setTimeout(() => fail(new Error(`${name} has not ended`)), seconds * 1000).unref());
      await Promise.race([run(step, broker), late]);
      console.log(`${name}: done`);
    }
  } catch (error) {
    failed = true;
    console.error(error);
  } finally {
    await broker.kill();
    rmSync(dir, { recursive: true });
  }
  process.exit(failed ? 1 : 0);
}
