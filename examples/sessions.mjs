// SPDX-License-Identifier: Apache-2.0
// sessions.mjs: web sessions that live as long as they are used: log-in, touch, log-out, log-out everywhere.
//
// Used by: quickstart.mjs; also alone: node examples/sessions.mjs --port 6379. In Python: sessions.py
// Class:   session, durability = "interval": a power cut may cost a second of log-ins, and no page view waits for the disk.
// Always:  - each use puts the end off by the whole time to live (GETEX), and never brings back a session that has ended;
//          - the broker holds a hash of the cookie: who reads its data can be nobody's user;
//          - a session is in the list of its user's, so that all of them can be ended at once.
import { createHash, randomBytes } from 'node:crypto';
import { claim, clock, connect, options, Script, sweep, table, until } from './clients.mjs';

const kTtlMs = 30 * 60_000;    // what an application might choose; the checks of the end use a shorter one

class Sessions {
  // The list forgets what ended by its time, or it would grow for ever with a user who always comes back.
  static #begin = new Script(`
    for _, key in ipairs(redis.call('SMEMBERS', KEYS[2])) do
      if redis.call('EXISTS', key) == 0 then redis.call('SREM', KEYS[2], key) end
    end
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
    redis.call('SADD', KEYS[2], KEYS[1])
    redis.call('PEXPIRE', KEYS[2], ARGV[2])`);
  // Both keys live equally long, so the list is there as long as its youngest session, and not longer.
  static #touch = new Script(`
    local found = redis.call('GETEX', KEYS[1], 'PX', ARGV[2])
    if found then redis.call('PEXPIRE', ARGV[1] .. cjson.decode(found).user, ARGV[2]) end
    return found`);
  // One script, so that a log-in is either before it, and ended, or after it, and stays.
  static #end = new Script(`
    local ended = 0
    for _, key in ipairs(redis.call('SMEMBERS', KEYS[1])) do ended = ended + redis.call('UNLINK', key) end
    redis.call('UNLINK', KEYS[1])
    return ended`);

  constructor(connection, prefix, ttlMs = kTtlMs) {
    Object.assign(this, { connection, prefix, ttlMs });
  }

  async logIn(user, data = {}) {
    const cookie = randomBytes(32).toString('base64url');
    await Sessions.#begin.call(this.connection, [this.key(cookie), this.of(user)], JSON.stringify({ user, ...data }), this.ttlMs);
    return cookie;
  }

  // Who sends this cookie? Null: nobody.
  async touch(cookie) {
    const found = await Sessions.#touch.call(this.connection, [this.key(cookie)], this.of(''), this.ttlMs);
    return found && JSON.parse(found);
  }

  // XX: not for a session that ended meanwhile.
  async change(cookie, session) {
    return await this.connection.set(this.key(cookie), JSON.stringify(session), 'KEEPTTL', 'XX') === 'OK';
  }

  async logOut(cookie) {
    const found = await this.connection.getdel(this.key(cookie));
    if (found) await this.connection.srem(this.of(JSON.parse(found).user), this.key(cookie));
  }

  // Returns how many there were.
  logOutEverywhere(user) {
    return Sessions.#end.call(this.connection, [this.of(user)]);
  }

  key(cookie) {
    return `${this.prefix}:is:${createHash('sha256').update(cookie).digest('base64url')}`;
  }

  of(user) {
    return `${this.prefix}:of:${user}`;
  }
}

const given = await options({ jobs: 200, seconds: 120 });
const prefix = `session:${process.pid}`;
const connection = await connect(given);
const sessions = new Sessions(connection, prefix);

// Log-in, and who is who. Three devices each.
const users = Array.from({ length: given.jobs }, (_, number) => `user-${number}`);
const cookies = new Map(await Promise.all(users.map(async (user) =>
  [user, await Promise.all(['phone', 'desk', 'couch'].map((device) => sessions.logIn(user, { device })))])));
const known = await Promise.all([...cookies].map(async ([user, [phone]]) => (await sessions.touch(phone))?.user === user));
claim(known.every(Boolean), 'a cookie says whose session it is');
for (const unknown of ['', 'guessed', '*', 'x'.repeat(5000)]) claim(await sessions.touch(unknown) === null, `the cookie '${unknown}' is nobody's`);

// One device leaves, then all.
const [user, [phone, desk]] = cookies.entries().next().value;
await sessions.logOut(phone);
claim(await sessions.touch(phone) === null && (await sessions.touch(desk)).device === 'desk', 'a log-out ends one session');
claim(!await sessions.change(phone, { user }) && await sessions.touch(phone) === null, 'a late write brings no session back');
claim(await sessions.change(desk, { user, device: 'desk', cart: [7] }) && (await sessions.touch(desk)).cart[0] === 7, 'a session carries data');
claim(await sessions.logOutEverywhere(user) === 2 && await sessions.touch(desk) === null, 'both that are left end at once');
claim(await sessions.logOutEverywhere('nobody') === 0, 'who is not there has no sessions');

// Everything at once: whoever came in before the last end is out.
const racing = await Promise.all(Array.from({ length: 50 }, async (_, number) => {
  const cookie = await sessions.logIn('racer');
  if (number % 10 === 0) await sessions.logOutEverywhere('racer');
  await sessions.touch(cookie);
  return cookie;
}));
await sessions.logOutEverywhere('racer');
claim((await Promise.all(racing.map((cookie) => sessions.touch(cookie)))).every((who) => who === null), 'no session escapes its end');
claim(await connection.exists(sessions.of('racer')) === 0, 'and no list stays behind');

// Sliding expiry, by the broker's clock: used, a session outlives its time; unused, it ends when it should and not before.
const short = new Sessions(connection, prefix, 400);
async function used(tries = 10) {
  const cookie = await short.logIn('slider');
  for (const began = await clock(connection); ;) {
    const ends = Number(await connection.pexpiretime(short.key(cookie)));
    await until(connection, Math.min(ends - 300, began + 600));
    const who = await short.touch(cookie);
    const now = await clock(connection);
    claim(who !== null || now >= ends, 'a session does not end before its time');
    claim(who !== null || tries > 0, 'a session that is used lives on');
    if (who === null) return used(tries - 1); // this program was held up for longer than the session lives: once more
    if (now - began >= 600) return { cookie, lived: now - began };
  }
}
const { cookie, lived } = await used();
const ends = Number(await connection.pexpiretime(short.key(cookie)));
claim(Number(await connection.pexpiretime(short.of('slider'))) >= ends, 'the list lives as long as its sessions');
await until(connection, ends + 1);
claim(await short.touch(cookie) === null, 'an unused session ends');
claim(await connection.exists(short.key(cookie), short.of('slider')) === 0, 'with nothing left behind');
await short.logIn('slider');
await connection.sadd(short.of('slider'), 'ended long ago');
await short.logIn('slider');
claim(await connection.sismember(short.of('slider'), 'ended long ago') === 0, 'a log-in clears the list of what ended');

table([
  ['log-ins', users.length * 3 + racing.length],
  ['ms that a session lived', lived, `of ${short.ttlMs} without the touches`],
]);
await sweep(connection, prefix);
await connection.quit();
