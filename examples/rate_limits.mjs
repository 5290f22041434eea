// SPDX-License-Identifier: Apache-2.0
// rate_limits.mjs: 1,000 an hour, 10 in 15 minutes, 10,000 a minute; as fixed window, sliding window and token bucket.
//
// Used by: quickstart.mjs; also alone: node examples/rate_limits.mjs --port 6379. In Python: rate_limits.py; both read rate_limits/*.lua
// Class:   limit, durability = "never": a crash forgives a few requests. For log-ins (10 in 15 minutes) "interval": a kill forgives none.
// Always:  - one script decides, by the broker's clock: programs whose clocks differ share a limit;
//          - scripts are called by their hash, and sent again to a broker that has forgotten them;
//          - a refusal says when to come again, to the millisecond; refusals count for nothing.
import { readFileSync } from 'node:fs';
import { claim, connect, options, Script, sweep, table } from './clients.mjs';

const kWays = ['fixed_window', 'sliding_window', 'token_bucket'];
const kLimits = {
  api: { limit: 1000, windowMs: 3_600_000, ways: kWays },
  log_in: { limit: 10, windowMs: 900_000, ways: kWays },
  ingest: { limit: 10_000, windowMs: 60_000, ways: ['fixed_window'] }, // a sliding one would hold 10,000 members for each who asks
};
const kScripts = Object.fromEntries(kWays.map((way) =>
  [way, new Script(readFileSync(new URL(`rate_limits/${way}.lua`, import.meta.url), 'utf8'))]));

const given = await options({ jobs: 3, seconds: 120 });
const prefix = `limit:${process.pid}`;
const connections = await Promise.all(Array.from({ length: 4 }, () => connect(given)));
let requests = 0;

async function ask(way, name, { limit, windowMs }, connection = connections[0]) {
  requests += 1;
  const reply = await kScripts[way].call(connection, [`${prefix}:${way}:${name}`], limit, windowMs, `${process.pid}-${requests}`);
  const [admitted, left, retryMs, now] = reply.map(Number);
  return { admitted: admitted === 1, left, retryMs, now };
}

// More than the limit at once, over four connections: how many come through?
async function flood(way, name, preset) {
  const asked = Array.from({ length: preset.limit + 100 }, (_, i) => ask(way, name, preset, connections[i % connections.length]));
  const answers = await Promise.all(asked);
  const admitted = answers.filter((answer) => answer.admitted);
  const times = answers.map(({ now }) => now);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  let most = preset.limit;     // or more, because time goes on
  if (way === 'fixed_window' && windowOf(first, preset) !== windowOf(last, preset)) most = Infinity; // an hour just struck
  if (way === 'token_bucket') most += Math.floor((last - first) * preset.limit / preset.windowMs);
  claim(admitted.length >= preset.limit && admitted.length <= most, `${way} admits ${preset.limit} of a flood on ${name}, not ${admitted.length}`);
  if (most === preset.limit) claim(new Set(admitted.map(({ left }) => left)).size === preset.limit, `${way} counts down one by one`);
  const refused = answers.find((answer) => !answer.admitted);
  claim(most > preset.limit || refused.retryMs > 0 && refused.retryMs <= preset.windowMs, `${way} says when to come again`);
  return admitted.length;
}

// Asks without a pause until borders were crossed `given.jobs` times: what is said holds to the millisecond of the broker's clock.
async function borders(way) {
  const preset = { limit: 5, windowMs: 122 };
  const admitted = [];
  let [crossed, again, refusals] = [0, null, 0]; // again: when somebody was told to come
  while (crossed < given.jobs || refusals === 0) {
    const answer = await ask(way, 'border', preset);
    claim(again === null || answer.admitted === (answer.now >= again), `${way} keeps its word at ${answer.now}, ${again - answer.now} ms early`);
    if (answer.admitted) {
      if (again !== null) crossed += 1;
      again = null;
      admitted.push(answer.now);
    } else {
      again = answer.now + answer.retryMs;
      refusals += 1;
    }
  }
  claim(within(way, preset, admitted), `${way} never admits more than its limit`);
  return refusals;
}

// The limit itself, looked at from outside: no window has more than it may.
function within(way, { limit, windowMs }, times) {
  return times.every((time) => {
    if (way === 'fixed_window') return times.filter((each) => windowOf(each, { windowMs }) === windowOf(time, { windowMs })).length <= limit;
    if (way === 'sliding_window') return times.filter((each) => each > time - windowMs && each <= time).length <= limit;
    return times.every((first) => first > time // between any two moments: a full bucket, and what has come in
      || times.filter((each) => each >= first && each <= time).length <= limit + (time - first) * limit / windowMs);
  });
}

function windowOf(ms, { windowMs }) {
  return Math.floor(ms / windowMs);
}

const began = performance.now();
const passed = {};
for (const [name, preset] of Object.entries(kLimits)) {
  passed[name] = await Promise.all(preset.ways.map((way) => flood(way, name, preset)));
}
const seconds = (performance.now() - began) / 1000;
const floods = requests;
await connections[0].script('FLUSH'); // as after a restart
const refusals = await Promise.all(kWays.map(borders));

table([
  ...Object.entries(kLimits).map(([name, { limit, ways }]) => [`${name} lets through`, passed[name].join(' '), `of ${limit + 100} at once (${ways.join(', ')})`]),
  ['refused at borders', refusals.join(' '), 'and each was told the millisecond'],
  ['requests/s', Math.round(floods / seconds)],
]);
await sweep(connections[0], prefix);
await Promise.all(connections.map((connection) => connection.quit()));
