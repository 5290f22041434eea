// SPDX-License-Identifier: Apache-2.0
// api_cache.mjs: a cache of API answers: by tag, by pattern, with a copy in each process, and one fetch for a stampede.
//
// Used by: quickstart.mjs; also alone: node examples/api_cache.mjs --port 6379
// Class:   cache, durability = "never", policy = "allkeys-lru" and a quota: what a crash takes is fetched anew. A crash may also
//          take an invalidation back; where the time to live is too long for that, "interval".
// Always:  - every invalidation is an entry of a stream; each process follows it and drops its own copies;
//          - what was fetched before an invalidation is never kept after it, however late it comes (fill compares the stream's end);
//          - patterns are looked for with SCAN, a page at a time: KEYS would make everybody wait.
import { randomUUID } from 'node:crypto';
import { claim, connect, entries, newer, options, Script, sweep, table } from './clients.mjs';

const kTtlMs = 60_000;
const [kCopies, kCopyMs] = [1000, 5000]; // of a process's own: few, and short-lived also when nothing is heard
const kFetchMs = 10_000;       // of a fetch that takes longer, or a process that dies, somebody else takes over
const kLogEntries = 1000;      // more than are said while a copy lives: who hears of nothing for so long has no copies any more

const kEnd = `local function log_end(key)
  local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  return last and last[1] or '0-0'
end `;
// → 'hit', value; or 'wait', who fetches; or 'fetch', where the log ends.
const look = new Script(`${kEnd}
  local value = redis.call('GET', KEYS[1])
  if value then return {'hit', value} end
  local holder = redis.call('SET', KEYS[2], ARGV[1], 'NX', 'GET', 'PX', ARGV[2])
  if holder then return {'wait', holder} end
  return {'fetch', log_end(KEYS[3])}`);
// Whoever waits is given the value in any case; it stays only if nothing was invalidated since.
const fill = new Script(`${kEnd}
  local holds = redis.call('GET', KEYS[2]) == ARGV[1]
  if holds and log_end(KEYS[3]) == ARGV[2] then
    redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
    for i = 5, #ARGV do
      redis.call('SADD', ARGV[i], KEYS[1])
      redis.call('PEXPIRE', ARGV[i], ARGV[4])
    end
  end
  if holds then redis.call('UNLINK', KEYS[2]) end
  redis.call('XADD', KEYS[4], '*', 'value', ARGV[3])
  redis.call('PEXPIRE', KEYS[4], 1000)`);
const dropTag = new Script(`
  local keys = redis.call('SMEMBERS', KEYS[1])
  for _, key in ipairs(keys) do redis.call('UNLINK', key) end
  redis.call('UNLINK', KEYS[1])
  return redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[1], '*', 'why', KEYS[1], 'keys', #keys > 0 and cjson.encode(keys) or '[]')`);

class ApiCache {
  #copies = new Map();         // path → { value, until }: nothing is asked of the broker for these
  #flights = new Map();        // path → promise: this process asks once at a time
  #seen = '0-0';               // the last invalidation that was heard of
  #heard = [];                 // who waits for one: { id, resolve }

  static async open(given, prefix, origin) {
    const cache = new ApiCache();
    Object.assign(cache, { prefix, origin, given, log: `${prefix}:log` });
    [cache.connection, cache.follower] = await Promise.all([connect(given), connect(given)]);
    cache.#follow().catch((error) => claim(cache.closed, `the log can be followed (${error.message})`));
    return cache;
  }

  get(path) {
    const copy = this.#copies.get(path);
    if (copy && performance.now() < copy.until) return copy.value;
    if (!this.#flights.has(path)) {
      this.#flights.set(path, this.#ask(path).finally(() => this.#flights.delete(path)));
    }
    return this.#flights.get(path);
  }

  async #ask(path) {
    const [entry, lock, token] = [this.#entry(path), `${this.prefix}:lock:${path}`, randomUUID()];
    const [seen, done] = [this.#seen, (holder) => `${this.prefix}:done:${holder}`];
    for (;;) {
      const [what, found] = await look.call(this.connection, [entry, lock, this.log], token, kFetchMs);
      if (what === 'hit') return this.#keep(path, found, seen);
      if (what === 'fetch') {
        const { body, tags } = await this.origin(path);
        await fill.call(this.connection, [entry, lock, this.log, done(token)], token, found, body, kTtlMs, ...tags.map((tag) => this.#tag(tag)));
        return body;           // no copy yet: the next one who asks learns whether it was kept
      }
      const left = Number(await this.connection.pttl(lock)); // of a fetcher that dies, its lock ends
      const reader = await connect(this.given);              // it waits, others of this process must not
      const told = entries(await reader.xread('BLOCK', Math.max(1, left), 'STREAMS', done(found), '0'));
      reader.disconnect();
      if (told.length > 0) return told[0][1][1];
    }
  }

  async dropTag(tag) {
    return dropTag.call(this.connection, [this.#tag(tag), this.log], kLogEntries);
  }

  // The first entry refuses what is being fetched now; then page by page.
  async dropPattern(pattern) {
    let id = await this.#say(this.connection, pattern, []);
    let cursor = '0';
    do {
      const [next, keys] = await this.connection.scan(cursor, 'MATCH', this.#entry(pattern), 'COUNT', 100);
      if (keys.length > 0) {
        const results = await this.#say(this.connection.multi().unlink(...keys), pattern, keys).exec();
        id = results[1][1];
      }
      cursor = String(next);
    } while (cursor !== '0');
    return id;
  }

  // Resolves when this process has dropped what the invalidation names.
  hearsOf(id) {
    return new Promise((resolve) => { this.#heard.push({ id, resolve }); this.#tell(); });
  }

  async close() {
    this.closed = true;
    this.follower.disconnect();
    await this.connection.quit();
  }

  async #follow() {
    for (;;) {
      for (const [id, [, , , keys]] of entries(await this.follower.xread('BLOCK', 0, 'STREAMS', this.log, this.#seen))) {
        for (const key of JSON.parse(keys)) this.#copies.delete(key.slice(this.#entry('').length));
        this.#seen = id;
      }
      this.#tell();
    }
  }

  #keep(path, value, seen) {
    if (seen !== this.#seen) return value; // something was invalidated while the answer was on its way
    if (this.#copies.size >= kCopies) this.#copies.delete(this.#copies.keys().next().value); // the oldest
    this.#copies.set(path, { value, until: performance.now() + kCopyMs });
    return value;
  }

  #tell() {
    this.#heard.filter(({ id }) => !newer(id, this.#seen)).forEach(({ resolve }) => resolve());
    this.#heard = this.#heard.filter(({ id }) => newer(id, this.#seen));
  }

  #say(to, why, keys) {
    return to.xadd(this.log, 'MAXLEN', '~', kLogEntries, '*', 'why', why, 'keys', JSON.stringify(keys));
  }

  #entry(path) { return `${this.prefix}:is:${path}`; }
  #tag(tag) { return `${this.prefix}:tag:${tag}`; }
}

// The API behind the cache: it counts what it is asked, and can be held up.
const given = await options({ jobs: 8, seconds: 120 });
const prefix = `cache:${process.pid}`;
const asked = new Map();
let [version, gate] = [1, null];
async function origin(path) {
  asked.set(path, (asked.get(path) ?? 0) + 1);
  const body = `${path} at ${version}`;
  await (gate ?? new Promise((resolve) => setTimeout(resolve, 20)));
  return { body, tags: path.match(/[a-z]+\/\d+/g) ?? [] };
}
const caches = await Promise.all(Array.from({ length: given.jobs }, () => ApiCache.open(given, prefix, origin)));
const everybody = (path) => Promise.all(caches.map((cache) => cache.get(path)));
const heard = (id) => Promise.all(caches.map((cache) => cache.hearsOf(id)));
const all = async (path, body) => (await everybody(path)).every((got) => got === body);

// A stampede: everybody asks for the same page at once, 25 times each.
const crowd = await Promise.all(caches.flatMap((cache) => Array.from({ length: 25 }, () => cache.get('/users/1'))));
claim(crowd.every((body) => body === '/users/1 at 1'), 'the crowd is served');
const stampede = asked.get('/users/1');
claim(stampede === 1, `a stampede is one fetch, not ${stampede}`);

// A tag: the pages about user 1 go, in the broker and in every process; others stay.
for (const path of ['/users/1/posts', '/users/2', '/posts/7', '/users/1', '/users/2', '/posts/7']) await everybody(path);
version = 2;
await heard(await caches[0].dropTag('users/1'));
claim(await all('/users/1', '/users/1 at 2') && await all('/users/1/posts', '/users/1/posts at 2'), 'what the tag is on is fetched anew');
claim(await all('/users/2', '/users/2 at 1') && await all('/posts/7', '/posts/7 at 1'), 'everything else stays');

// A pattern, among many others.
await Promise.all(Array.from({ length: 300 }, (_, number) => caches[0].get(`/items/${number}`)));
version = 3;
await heard(await caches.at(-1).dropPattern('/users/*'));
claim(await all('/users/1', '/users/1 at 3') && await all('/users/2', '/users/2 at 3'), 'what the pattern fits is fetched anew');
claim(await all('/posts/7', '/posts/7 at 1') && await all('/items/7', '/items/7 at 2'), 'everything else stays');

// An answer that was fetched before an invalidation, and comes after it.
let open;
gate = new Promise((resolve) => { open = resolve; });
const late = caches[0].get('/slow/9');
while (!asked.has('/slow/9')) await caches[1].connection.ping();
version = 4;
await heard(await caches[1].dropTag('slow/9'));
open();
gate = null;
claim(await late === '/slow/9 at 3', 'who asked before is told what was true then');
claim(await all('/slow/9', '/slow/9 at 4'), 'and nobody after');

// A process that dies while it fetches.
await caches[0].connection.set(`${prefix}:lock:/orphans/1`, 'of a process that died', 'PX', 50);
claim(await all('/orphans/1', '/orphans/1 at 4') && asked.get('/orphans/1') === 1, 'the fetch of a dead process is done by one other');

const before = [...asked.values()].reduce((sum, times) => sum + times, 0);
for (let round = 0; round < 100; round += 1) await everybody('/posts/7');
claim([...asked.values()].reduce((sum, times) => sum + times, 0) === before, 'settled pages are never fetched');
table([
  ['fetches for a stampede', stampede, `for ${crowd.length} who asked at once`],
  ['invalidations', await caches[0].connection.xlen(`${prefix}:log`), `heard by ${caches.length} processes' caches`],
  ['fetches', before, `for ${asked.size} pages`],
]);
await sweep(caches[0].connection, prefix);
await Promise.all(caches.map((cache) => cache.close()));
