// SPDX-License-Identifier: Apache-2.0
// locks.mjs: a lock that one holds until a time: released by its holder only, extended, with a fence for who comes late.
//
// Used by: quickstart.mjs, which kills the broker when this says 'kill'; also alone, without the crash: node examples/locks.mjs --port 6379
// Class:   lock, durability = "always" (the default): a lock that a crash forgets is held by two.
// Always:  - only who knows the random value releases or extends: compare and act are one script;
//          - each holder gets a higher fence; a resource that has seen it refuses all lower ones, and so a holder that slept too long;
//          - who waits is parked at the broker, and woken by the release or by the end of the lock's time.
import { randomUUID } from 'node:crypto';
import { claim, clock, connect, options, Script, sweep, table, until } from './clients.mjs';

// → fence, or minus the ms for which somebody else has it. Asking again with one's own value changes nothing: a client that lost
// the connection may repeat what it sent.
const take = new Script(`
  local holder = redis.call('GET', KEYS[1])
  if holder == ARGV[1] then return tonumber(redis.call('GET', KEYS[2])) end
  if holder then return -math.max(1, redis.call('PTTL', KEYS[1])) end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return redis.call('INCR', KEYS[2])`);
// One wake-up is enough, and it does not outlive the wish for it by much.
const release = new Script(`
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  redis.call('UNLINK', KEYS[1], KEYS[2])
  redis.call('RPUSH', KEYS[2], 'free')
  redis.call('PEXPIRE', KEYS[2], 1000)
  return 1`);
const extend = new Script(`
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  return redis.call('PEXPIRE', KEYS[1], ARGV[2])`);
// What a lock protects: it takes a write only with the highest fence that it has seen.
const write = new Script(`
  if tonumber(ARGV[1]) < tonumber(redis.call('HGET', KEYS[1], 'fence') or 0) then return 0 end
  redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'value', ARGV[2])
  return 1`);

class Lock {
  constructor(connection, prefix, name, ttlMs) {
    const held = `${prefix}:${name}`;
    Object.assign(this, { connection, ttlMs, held, fences: `${held}:fence`, wake: `${held}:wake` });
  }

  // Null: somebody else has it.
  async tryAcquire() {
    return (await this.#take()).hold ?? null;
  }

  async acquire() {
    for (;;) {
      const { hold, busyMs } = await this.#take();
      if (hold) return hold;
      await this.connection.blpop(this.wake, busyMs / 1000);
    }
  }

  async #take() {
    const value = randomUUID();
    const answer = Number(await take.call(this.connection, [this.held, this.fences], value, this.ttlMs));
    return answer > 0 ? { hold: { value, fence: answer } } : { busyMs: -answer };
  }

  async release({ value }) {
    return await release.call(this.connection, [this.held, this.wake], value) === 1;
  }

  async extend({ value }, ttlMs = this.ttlMs) {
    return await extend.call(this.connection, [this.held], value, ttlMs) === 1;
  }
}

const given = await options({ jobs: 100, seconds: 120 });
const prefix = `lock:${process.pid}`;
const connection = await connect(given);
const resource = (name) => `${prefix}:${name}:resource`; // a fence is of one lock
const store = async (name, { fence }, value) => await write.call(connection, [resource(name)], fence, value) === 1;
const stored = (name) => connection.hget(resource(name), 'value');
const people = await Promise.all([1, 2, 3, 4].map(() => connect(given))); // one connection each: who waits, waits in it

// Many want it, one has it: without the lock, reading and writing the count in two steps would lose some.
let inside = 0;
let crowded = 0;
const fences = [];
const began = performance.now();
await Promise.all(people.map(async (person) => {
  const lock = new Lock(person, prefix, 'count', 60_000);
  for (let times = 0; times < given.jobs / people.length; times += 1) {
    const hold = await lock.acquire();
    inside += 1;
    if (inside > 1) crowded += 1;
    fences.push(hold.fence);
    const count = Number(await stored('count'));
    claim(await store('count', hold, count + 1), 'who has the lock may write');
    inside -= 1;
    claim(await lock.release(hold), 'who has the lock can release it');
  }
}));
const rounds = fences.length;
const seconds = (performance.now() - began) / 1000;
claim(crowded === 0 && Number(await stored('count')) === rounds, 'one at a time counts, and no count is lost');
claim(fences.every((fence, i) => i === 0 || fence > fences[i - 1]), 'fences rise');

// A holder that slept past its time.
const [ada, bob] = people.map((person) => new Lock(person, prefix, 'sleepy', 60_000));
ada.ttlMs = 10_000;
const late = await ada.acquire();
claim(await ada.extend(late, 60_000) && Number(await connection.pttl(ada.held)) > 10_000, 'a holder extends');
claim(await bob.tryAcquire() === null, 'and has it for longer');
await ada.extend(late, 50);    // sleeps from here on
await until(connection, await clock(connection) + 51);
const now = await bob.tryAcquire();
claim(now?.fence > late.fence, 'after its time another may have it');
claim(await store('sleepy', now, 'by bob'), 'who writes');
claim(!await ada.release(late) && !await ada.extend(late), 'who is late cannot release or extend what is another\'s');
claim(!await store('sleepy', late, 'by ada') && await stored('sleepy') === 'by bob', 'and its late write is refused');
claim(await connection.get(bob.held) === now.value && await ada.tryAcquire() === null, 'the other still has it');
claim(await bob.release(now) && !await bob.release(now), 'until it releases, once');

// A crash of the broker while one has it and three wait for it.
const firm = people.map((person) => new Lock(person, prefix, 'firm', 60_000));
const held = await firm[0].acquire();
const ends = Number(await connection.pexpiretime(firm[0].held));
const turns = [];
const waiting = firm.slice(1).map(async (lock) => {
  const hold = await lock.acquire();
  turns.push(hold.fence);
  claim(await lock.release(hold), 'who waited has it in its turn');
});
while ((await connection.client('LIST')).split('cmd=blpop').length <= 3) { /* asking is the waiting */ }
const away = await crash();
claim(await connection.get(firm[0].held) === held.value, 'who was told that it has the lock has it after the crash');
claim(Number(await connection.pexpiretime(firm[0].held)) === ends, 'until the same time as before');
claim(await new Lock(connection, prefix, 'firm', 1000).tryAcquire() === null && turns.length === 0, 'and nobody else has');
claim(await firm[0].extend(held) && await firm[0].release(held), 'it can be extended, and released');
await Promise.all(waiting);
claim(turns.length === 3 && turns.every((fence, i) => fence > (turns[i - 1] ?? held.fence)), 'who waited gets it, one after the other, with higher fences');

table([
  ['held', rounds, `times by ${people.length}, never by two`],
  ['locks/s', Math.round(rounds / seconds)],
  ['seconds away', away?.toFixed(2) ?? '-', away === null ? 'nobody here to kill the broker' : 'killed while one had a lock and three waited'],
]);
await sweep(connection, prefix);
for (const each of [connection, ...people]) each.disconnect();
if (process.connected) process.disconnect();

// Returns for how many seconds it was away. Null: this was started alone, on somebody's broker.
async function crash() {
  if (!process.send) return null;
  process.send('kill');
  for (;;) {
    const message = await new Promise((resolve) => process.once('message', resolve));
    if (message.away !== undefined) return message.away;
  }
}
