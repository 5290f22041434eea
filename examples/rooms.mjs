// SPDX-License-Identifier: Apache-2.0
// rooms.mjs: rooms where people see who is there, notifications that wait for who is away, and tasks by priority.
//
// Used by: quickstart.mjs; also alone: node examples/rooms.mjs --port 6379
// Class:   room, "never": presence is renewed by itself, and pub/sub is kept nowhere. note, "interval". task, "always".
// Always:  - who is in a room stays in it only as long as he says so: a program that dies leaves by itself;
//          - everybody in a room hears the same messages in the same order;
//          - a notification is seen once: the mark of a user goes forward only, whichever of his devices is quicker;
//          - a task is taken once, the most urgent one first. BZPOPMIN takes it for good: where a worker may die, see list_worker.mjs.
import { claim, clock, connect, entries, newer, options, Script, sweep, table, until } from './clients.mjs';

const kPresentMs = 30_000;     // to be renewed in half of it
const kNotes = 100;            // kept for each user

const given = await options({ jobs: 500, seconds: 120 });
const prefix = process.pid;
const connection = await connect(given);

// Rooms: a sorted set of who is there and until when, by the broker's clock; and a channel.
const present = new Script(`
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)
  for _, user in ipairs(gone) do redis.call('PUBLISH', KEYS[2], cjson.encode({gone = user})) end
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
  if ARGV[1] then
    if redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1]) == 1 then redis.call('PUBLISH', KEYS[2], cjson.encode({come = ARGV[1]})) end
    local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
    redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last))
  end
  return redis.call('ZRANGE', KEYS[1], 0, -1)`);

const depart = new Script(`
  local left = redis.call('ZREM', KEYS[1], ARGV[1])
  if left == 1 then redis.call('PUBLISH', KEYS[2], cjson.encode({gone = ARGV[1]})) end
  return left`);

const keys = (room) => [`room:${prefix}:${room}:present`, `room:${prefix}:${room}`];
const whoIsIn = async (room) => (await present.call(connection, keys(room))).sort();
const stay = (room, user, ms = kPresentMs) => present.call(connection, keys(room), user, ms);
const leave = async (room, user) => await depart.call(connection, keys(room), user) === 1;
const say = (room, from, text) => connection.publish(keys(room)[1], JSON.stringify({ from, text }));

// First the channel, then the set: who comes in between is heard of twice rather than not at all.
async function enter(room, user, ms) {
  const ear = await connect(given);
  const heard = [];
  ear.on('message', (_, message) => { heard.push(JSON.parse(message)); });
  await ear.subscribe(keys(room)[1]);
  await stay(room, user, ms);
  return { heard, close: () => ear.disconnect(), settled: () => ear.ping() }; // the answer comes after what was published before
}

const guests = Object.fromEntries(await Promise.all(['ada', 'bob', 'cy'].map(async (user) => [user, await enter('tea', user)])));
claim((await whoIsIn('tea')).join() === 'ada,bob,cy', 'everybody is in the room');
await Promise.all(Array.from({ length: 60 }, (_, number) => say('tea', Object.keys(guests)[number % 3], `word ${number}`)));
claim(await leave('tea', 'bob') && !await leave('tea', 'bob'), 'one leaves, once');
await stay('tea', 'dee', 50);  // a program that dies: nothing more is heard from it
await until(connection, await clock(connection) + 51);
claim((await whoIsIn('tea')).join() === 'ada,cy', 'who is silent is no longer there');
await Promise.all(Object.values(guests).map(({ settled }) => settled()));
const said = Object.values(guests).map(({ heard }) => heard.filter(({ text }) => text));
claim(said.every((words) => words.length === 60), 'everybody hears every word');
claim(said.every((words) => JSON.stringify(words) === JSON.stringify(said[0])), 'in one order');
const news = guests.ada.heard.filter(({ text }) => !text).map((each) => Object.entries(each)[0].join(' '));
claim(news.slice(-3).join() === 'gone bob,come dee,gone dee', `comings and goings are heard of, not ${news}`);
Object.values(guests).forEach(({ close }) => close());

// Notifications: a stream for each user, and a stream of one entry as the mark. An id that is not greater is refused by XADD itself.
const [notes, mark] = [(user) => `note:${prefix}:${user}`, (user) => `note:${prefix}:${user}:seen`];
const notify = (user, text) => connection.xadd(notes(user), 'MAXLEN', '~', kNotes, '*', 'text', text);
const seen = async (user) => (await connection.xrevrange(mark(user), '+', '-', 'COUNT', 1))[0]?.[0] ?? '0-0';
const unseen = async (user) => connection.xrange(notes(user), `(${await seen(user)}`, '+');

async function see(user, id) {
  try {
    return await connection.xadd(mark(user), 'MAXLEN', 1, id, 'seen', '') === id;
  } catch (error) {
    if (/equal or smaller/.test(error.message)) return false; // another device was quicker
    throw error;
  }
}

const ids = [];
for (let number = 0; number < 10; number += 1) ids.push(await notify('ada', `note ${number}`)); // while she is away
claim((await unseen('ada')).length === 10, 'notifications wait');
claim((await Promise.all([6, 3, 6].map((upTo) => see('ada', ids[upTo])))).filter(Boolean).length >= 1, 'one device or another says what was seen');
claim(!await see('ada', ids[3]) && await seen('ada') === ids[6], 'the slower one takes nothing back');
claim((await unseen('ada')).map(([id]) => id).join() === ids.slice(7).join(), 'what was not seen is still there');
const device = await connect(given);
const waiting = device.xread('BLOCK', 0, 'STREAMS', notes('ada'), ids.at(-1));
const latest = await notify('ada', 'now');
const got = entries(await waiting);
claim(got.length === 1 && got[0][0] === latest && newer(latest, ids.at(-1)), 'who is there hears at once');
claim(await see('ada', latest) && (await unseen('ada')).length === 0, 'and nothing is left');
device.disconnect();

// Tasks: the lower the number, the more urgent. The hands of several workers, each task in one of them.
const queue = `task:${prefix}`;
const taken = new Map();
let misplaced = 0;

async function work() {
  const hands = await connect(given);
  for (let last = -Infinity, tasks = 0; ; tasks += 1) {
    const [, task, priority] = await hands.bzpopmin(queue, 0);
    if (task.startsWith('stop')) { hands.disconnect(); return tasks; }
    if (Number(priority) < last) misplaced += 1;
    last = Number(priority);
    taken.set(task, (taken.get(task) ?? 0) + 1);
  }
}

const began = performance.now();
const tasks = Array.from({ length: given.jobs }, (_, number) => [(number * 7919) % 10, `task-${number}`]);
await connection.zadd(queue, ...tasks.flat(), ...[1, 2, 3, 4].flatMap((each) => [100, `stop-${each}`]));
const shares = await Promise.all([1, 2, 3, 4].map(work));
const seconds = (performance.now() - began) / 1000;
claim(taken.size === given.jobs && [...taken.values()].every((times) => times === 1), 'each task is taken once');
claim(misplaced === 0, 'no worker is given a task that is more urgent than the one before');
claim(await connection.exists(queue) === 0, 'nothing is left in the queue');

table([
  ['words heard', said.flat().length, 'by three, in one order'],
  ['notifications seen', ids.length + 1, 'once each, by several devices'],
  ['tasks done', taken.size, `by four workers: ${shares.join(', ')}`],
  ['tasks/s', Math.round(taken.size / seconds)],
]);
for (const kind of ['room', 'note', 'task']) await sweep(connection, `${kind}:${prefix}`);
await connection.quit();
