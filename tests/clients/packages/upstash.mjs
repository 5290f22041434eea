// SPDX-License-Identifier: Apache-2.0
// upstash.mjs: @upstash/redis and @upstash/ratelimit as they are published, against the REST door: what people use them for.
//
// Used by: ctest:  node tests/clients/packages/upstash.mjs --broker PATH
// Always:  - auto-pipelining and base64 are on, as they are by default;
//          - each command that the SDK wraps and leat has is called at least once, and its answer looked at;
//          - the broker runs in a folder of its own, which is removed; a step that has not ended after a minute has failed.
import assert from 'node:assert/strict';
import { Analytics, Ratelimit, MultiRegionRatelimit } from '@upstash/ratelimit';
import { Redis } from '@upstash/redis';
import { Redis as CloudflareRedis } from '@upstash/redis/cloudflare';
import { freePort } from '../../../examples/broker.mjs';
import { runSteps } from './steps.mjs';

const kToken = 'a-token-of-these-tests';
const kStepSeconds = 60;
const same = assert.deepEqual;

async function strings({ redis }) {
  same(await redis.set('s', 'hello'), 'OK');
  same(await redis.get('s'), 'hello');
  same(await redis.set('s', 'x', { nx: true }), null);
  same(await redis.set('s', 'x', { get: true, ex: 100 }), 'hello');
  same(await redis.append('s', 'yz'), 3);
  same(await redis.strlen('s'), 3);
  same(await redis.getrange('s', 1, 2), 'yz');
  same(await redis.setrange('s', 0, 'abc'), 3);
  same(await redis.getset('s', 'new'), 'abc');
  same(await redis.getdel('s'), 'new');
  same(await redis.setnx('s', 'v'), 1);
  same(await redis.setex('s', 10, 'v'), 'OK');
  same(await redis.psetex('s', 10_000, 'v'), 'OK');
  same(await redis.getex('s', { persist: true }), 'v');
  same(await redis.ttl('s'), -1);
  same(await redis.mset({ a: 1, b: { deep: [1, 'x'] } }), 'OK');
  same(await redis.mget('a', 'b', 'none'), [1, { deep: [1, 'x'] }, null]);
  same(await redis.msetnx({ a: 1, z: 2 }), 0);
  same([await redis.incr('n'), await redis.incrby('n', 4), await redis.decr('n'), await redis.decrby('n', 2)], [1, 5, 4, 2]);
  same(await redis.incrbyfloat('n', 0.5), 2.5);
  same(await redis.set('wide', '9007199254740993'), 'OK');
  same(await redis.get('wide'), '9007199254740993', 'an integer that JavaScript cannot hold stays a string');
  same(await redis.setbit('bits', 7, 1), 0);
  same([await redis.getbit('bits', 7), await redis.bitcount('bits', 0, -1), await redis.bitpos('bits', 1)], [1, 1, 7]);
  same(await redis.bitop('not', 'inverse', 'bits'), 1);
  same(await redis.exec(['BITFIELD', 'field', 'SET', 'u8', 0, 200, 'INCRBY', 'u8', 0, 10, 'GET', 'u8', 0]), [0, 210, 210]);
  same(await redis.bitop('diff', 'out', 'bits', 'inverse'), 1);
}

// Text of all planes, and bytes that are no text: what is written comes back.
async function values({ redis, url }) {
  const text = 'ä€🐘\u0000\n"\\ </script>\u2028';
  same(await redis.set('text', text), 'OK');
  same(await redis.get('text'), text);
  for (const value of [0, -1.5, true, null, [1, [2, 'x']], { a: { b: null } }, '', 'null', '1e3']) {
    await redis.set('value', value);
    const back = await redis.get('value');
    same(back, value === 'null' ? null : value); // the SDK reads what looks like JSON as JSON
  }
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  const set = await fetch(`${url}/set/binary`, { method: 'POST', body: bytes, headers: { authorization: `Bearer ${kToken}` } });
  same(await set.json(), { result: 'OK' });
  const got = await fetch(url, { method: 'POST', body: '["GET","binary"]', headers: { authorization: `Bearer ${kToken}`, 'upstash-encoding': 'base64' } });
  same(Buffer.from((await got.json()).result, 'base64'), bytes);
  const packed = Buffer.from([0x82, 0xa1, 0x61, 0x01, 0xa1, 0x62, 0xc4, 0x02, 0x00, 0xff]); // MessagePack: {a: 1, b: bytes}
  await fetch(`${url}/hset/packed/m`, { method: 'POST', body: packed, headers: { authorization: `Bearer ${kToken}` } });
  const raw = await fetch(`${url}/hget/packed/m`, { headers: { authorization: `Bearer ${kToken}`, 'upstash-response-format': 'resp2' } });
  same(Buffer.from(await raw.arrayBuffer()), Buffer.concat([Buffer.from('$10\r\n'), packed, Buffer.from('\r\n')]));
}

async function keys({ redis }) {
  await redis.mset({ k1: 1, k2: 2 });
  same(await redis.exists('k1', 'k2', 'none'), 2);
  same(await redis.expire('k1', 100), 1);
  same(await redis.expireat('k1', 4_000_000_000), 1);
  same(await redis.pexpire('k1', 100_000), 1);
  same(await redis.pexpireat('k1', 4_000_000_000_000), 1);
  assert((await redis.pttl('k1')) > 0);
  same(await redis.persist('k1'), 1);
  same(await redis.rename('k1', 'k3'), 'OK');
  same(await redis.renamenx('k3', 'k2'), 0);
  same(await redis.copy('k3', 'k4'), 'COPIED');
  same(await redis.copy('k3', 'k3'), 'NOT_COPIED');
  same(await redis.touch('k3', 'k4'), 2);
  same(await redis.type('k3'), 'string');
  same(await redis.del('k3'), 1);
  same(await redis.unlink('k4'), 1);
  assert((await redis.keys('k*')).includes('k2'));
  assert(await redis.randomkey());
  assert((await redis.dbsize()) > 0);
  same(await redis.ping(), 'PONG');
  same(await redis.echo('hello'), 'hello');
  same((await redis.time()).length, 2);
  await redis.flushdb();
  for (let i = 0; i < 40; ++i) await redis.set(`scan:${i}`, i);
  same((await redis.scan(0, { match: 'scan:*' }))[0], '0', 'forty keys come in one page');
  const [, typed] = await redis.scan(0, { withType: true, count: 1000 });
  same(typed.length, 40);
  same(typed.every(({ type }) => type === 'string'), true);
  same(await redis.flushall(), 'OK');
}

async function hashes({ redis }) {
  same(await redis.hset('h', { a: 1, b: 'x', c: { d: 1 } }), 3);
  same(await redis.hget('h', 'c'), { d: 1 });
  same(await redis.hgetall('h'), { a: 1, b: 'x', c: { d: 1 } });
  same(await redis.hgetall('none'), null);
  same(await redis.hmget('h', 'a', 'none'), { a: 1, none: null });
  same(await redis.hmset('h', { e: 2 }), 'OK');
  same([await redis.hincrby('h', 'a', 2), await redis.hincrbyfloat('h', 'a', 0.5)], [3, 3.5]);
  same([await redis.hexists('h', 'b'), await redis.hlen('h'), await redis.hstrlen('h', 'b')], [1, 4, 1]);
  same((await redis.hkeys('h')).sort(), ['a', 'b', 'c', 'e']);
  same((await redis.hvals('h')).length, 4);
  same(await redis.hsetnx('h', 'b', 'y'), 0);
  same((await redis.hrandfield('h', 2)).length, 2);
  same((await redis.hscan('h', 0))[0], '0');
  same(await redis.hdel('h', 'e'), 1);
  same(await redis.hexpire('h', 'a', 100), [1]);
  same(await redis.hpexpire('h', 'a', 100_000), [1]);
  same(await redis.hexpireat('h', 'a', 4_000_000_000), [1]);
  same(await redis.hpexpireat('h', 'a', 4_000_000_000_000), [1]);
  same(await redis.hexpiretime('h', 'a'), [4_000_000_000]);
  same(await redis.hpexpiretime('h', 'a'), [4_000_000_000_000]);
  assert((await redis.httl('h', 'a'))[0] > 0 && (await redis.hpttl('h', 'a'))[0] > 0);
  same(await redis.hpersist('h', 'a'), [1]);
  same(await redis.hsetex('h', { expiration: { ex: 100 } }, { f: 1, g: { two: 2 } }), 1);
  same(await redis.hgetex('h', { ex: 200 }, 'f', 'g'), { f: 1, g: { two: 2 } });
  assert((await redis.httl('h', 'g'))[0] > 100);
  same(await redis.hgetdel('h', 'f', 'g'), { f: 1, g: { two: 2 } });
  same(await redis.hexists('h', 'f'), 0);
}

async function listsAndSets({ redis }) {
  same(await redis.rpush('l', 1, 'two', { three: 3 }), 3);
  same([await redis.lpush('l', 0), await redis.lpushx('l', -1), await redis.rpushx('l', 4)], [4, 5, 6]);
  same(await redis.lrange('l', 0, -1), [-1, 0, 1, 'two', { three: 3 }, 4]);
  same([await redis.llen('l'), await redis.lindex('l', 3), await redis.lpos('l', 'two')], [6, 'two', 3]);
  same(await redis.linsert('l', 'before', 'two', 'x'), 7);
  same(await redis.lset('l', 0, 'first'), 'OK');
  same(await redis.lrem('l', 1, 'x'), 1);
  same(await redis.lmove('l', 'm', 'left', 'right'), 'first');
  same(await redis.lmpop(1, ['m'], 'LEFT', 1), ['m', ['first']]);
  same([await redis.lpop('l'), await redis.rpop('l')], [0, 4]);
  same(await redis.ltrim('l', 0, 0), 'OK');
  same(await redis.sadd('a', 1, 2, 'x'), 3);
  same(await redis.sadd('b', 2, 'x', 'y'), 3);
  same((await redis.smembers('a')).length, 3);
  same([await redis.scard('a'), await redis.sismember('a', 1), await redis.smismember('a', [1, 9])], [3, 1, [1, 0]]);
  same((await redis.sinter('a', 'b')).length, 2);
  same([await redis.sintercard(['a', 'b']), await redis.sintercard(['a', 'b'], { limit: 1 })], [2, 1]);
  same((await redis.sunion('a', 'b')).length, 4);
  same(await redis.sdiff('a', 'b'), [1]);
  same([await redis.sinterstore('c', 'a', 'b'), await redis.sunionstore('c', 'a', 'b'), await redis.sdiffstore('c', 'a', 'b')], [2, 4, 1]);
  same(await redis.smove('a', 'b', 1), 1);
  same(await redis.srem('b', 1), 1);
  assert(await redis.srandmember('b'));
  assert(await redis.spop('b'));
  same((await redis.sscan('a', 0))[0], '0');
}

async function sortedSets({ redis }) {
  same(await redis.zadd('z', { score: 1, member: 'a' }, { score: 2, member: 'b' }, { score: 3, member: 'c' }), 3);
  same(await redis.zadd('z', { nx: true }, { score: 9, member: 'a' }), 0);
  same([await redis.zcard('z'), await redis.zscore('z', 'b'), await redis.zrank('z', 'b'), await redis.zrevrank('z', 'b')], [3, 2, 1, 1]);
  same(await redis.zcount('z', 1, 2), 2);
  same(await redis.zlexcount('z', '-', '+'), 3);
  same(await redis.zincrby('z', 1.5, 'a'), 2.5);
  same(await redis.zmscore('z', ['a', 'none']), [2.5, null]);
  same(await redis.zrange('z', 0, -1, { withScores: true }), ['b', 2, 'a', 2.5, 'c', 3]);
  same(await redis.zrange('z', 2, 3, { byScore: true, offset: 1, count: 1 }), ['a']);
  same(await redis.zrange('z', 0, -1, { rev: true }), ['c', 'a', 'b']);
  same(await redis.zadd('y', { score: 10, member: 'a' }), 1);
  same([await redis.zunionstore('u', 2, ['z', 'y']), await redis.zinterstore('u', 2, ['z', 'y'])], [3, 1]);
  same(await redis.zdiffstore('u', 2, 'z', 'y'), 2);
  same(await redis.zunion(2, ['z', 'y'], { withScores: true }), ['b', 2, 'c', 3, 'a', 12.5]);
  same(await redis.zpopmin('z'), ['b', 2]);
  same(await redis.zpopmax('z'), ['c', 3]);
  same((await redis.zscan('z', 0))[1], ['a', 2.5]);
  same(await redis.zrem('z', 'a'), 1);
  await redis.zadd('z', { score: 0, member: 'a' }, { score: 0, member: 'b' }, { score: 5, member: 'c' });
  same([await redis.zremrangebylex('z', '[a', '[a'), await redis.zremrangebyscore('z', 5, 5), await redis.zremrangebyrank('z', 0, 0)], [1, 1, 1]);
}

async function places({ redis }) {
  same(await redis.geoadd('g', { longitude: 13.361389, latitude: 38.115556, member: 'Palermo' }, { longitude: 15.087269, latitude: 37.502669, member: 'Catania' }), 2);
  same(await redis.geodist('g', 'Palermo', 'Catania', 'KM'), 166.2742);
  same(await redis.geohash('g', 'Palermo'), ['sqc8b49rny0']);
  same((await redis.geopos('g', 'Palermo')).length, 1);
  const near = await redis.geosearch('g', { type: 'FROMLONLAT', coordinate: { lon: 15, lat: 37 } }, { type: 'BYRADIUS', radius: 200, radiusType: 'KM' }, 'ASC');
  same(near.map(({ member }) => member), ['Catania', 'Palermo']);
  same(await redis.geosearchstore('near', 'g', { type: 'FROMMEMBER', member: 'Palermo' }, { type: 'BYBOX', rect: { width: 400, height: 400 }, rectType: 'KM' }, 'ASC'), 2);
  same([await redis.pfadd('p', 'a', 'b'), await redis.pfcount('p'), await redis.pfmerge('q', 'p')], [1, 2, 'OK']);
}

async function streams({ redis }) {
  same(await redis.xadd('x', '1-1', { temperature: 21, unit: 'C' }), '1-1');
  same(await redis.xadd('x', '1-2', { temperature: 22 }, { trim: { type: 'MAXLEN', threshold: 10, comparison: '=' } }), '1-2');
  same([await redis.xlen('x'), Object.keys(await redis.xrange('x', '-', '+'))], [2, ['1-1', '1-2']]);
  same(Object.keys(await redis.xrevrange('x', '+', '-', 1)), ['1-2']);
  same(await redis.xread('x', '1-1'), [['x', [['1-2', ['temperature', 22]]]]]);
  same(await redis.xgroup('x', { type: 'CREATE', group: 'g', id: '0' }), 'OK');
  same(await redis.xgroup('x', { type: 'CREATECONSUMER', group: 'g', consumer: 'c' }), 1);
  same((await redis.xreadgroup('g', 'c', 'x', '>', { count: 1 }))[0][1][0][0], '1-1');
  same((await redis.xpending('x', 'g', '-', '+', 10)).length, 1);
  same((await redis.xclaim('x', 'g', 'd', 0, '1-1')).length, 1);
  same((await redis.xautoclaim('x', 'g', 'c', 0, '0')).length, 3);
  same((await redis.xinfo('x', { type: 'GROUPS' })).length, 1);
  same(await redis.xinfo('x', { type: 'CONSUMERS', group: 'none' }), []);
  same(await redis.xack('x', 'g', '1-1'), 1);
  same(await redis.xgroup('x', { type: 'SETID', group: 'g', id: '0' }), 'OK');
  const noAck = await redis.xreadgroup('g', 'nobody', 'x', '>', { NOACK: true });
  same(noAck[0][1].length, 2);
  same((await redis.xinfo('x', { type: 'CONSUMERS', group: 'g' })).some((one) => one.includes('nobody')), false);
  same(await redis.xdel('x', '1-1'), 1);
  for (const id of ['2-1', '2-2', '2-3']) await redis.xadd('x', id, { f: 1 });
  await redis.xreadgroup('g', 'c', 'x', '>');
  same(await redis.xackdel('x', 'g', 'DELREF', '2-1', '9-9'), [1, -1]);
  same(await redis.xdelex('x', 'ACKED', '2-2'), [2], 'it is pending still');
  same(await redis.xdelex('x', 'KEEPREF', '2-3'), [1]);
  for (let i = 0; i < 60; ++i) await redis.xadd('long', '*', { i });
  await redis.xtrim('long', { strategy: 'MAXLEN', threshold: 30, exactness: '~' });
  const left = await redis.xlen('long');
  assert(left >= 29 && left <= 31, `${left} are left`);
  same(await redis.xgroup('x', { type: 'DESTROY', group: 'g' }), 1);
}

// blockMS arrives as a row of /pipeline; it waits, and delays nobody else.
async function waiting({ redis, url }) {
  const other = new Redis({ url, token: kToken });
  const waits = redis.xread('later', '$', { blockMS: 30_000 });
  const job = fetch(url, { method: 'POST', body: '["BRPOP","jobs",30]', headers: { authorization: `Bearer ${kToken}` } });
  same(await other.ping(), 'PONG');
  for (let tries = 0; (await other.exec(['CLIENT', 'SETINFO', 'LIB-NAME', 'x'])) !== 'OK' && tries < 9; ++tries);
  let entries = null;
  const added = setInterval(() => { other.xadd('later', '*', { f: 'v' }); }, 20); // until somebody waits there
  entries = await waits;
  clearInterval(added);
  same(entries[0][1][0][1], ['f', 'v']);
  await other.lpush('jobs', 'work');
  same((await (await job).json()).result, ['jobs', 'work']);
}

async function scripts({ redis }) {
  same(await redis.eval('return {KEYS[1], ARGV[1], 3.9}', ['k'], ['v']), ['k', 'v', 3]);
  const sha = await redis.scriptLoad('return 7');
  same([await redis.evalsha(sha, [], []), await redis.scriptExists(sha, 'f'.repeat(40))], [7, [1, 0]]);
  same(await redis.evalRo('return redis.call("GET", KEYS[1])', ['none'], []), null);
  same(await redis.evalshaRo(sha, [], []), 7);
  await assert.rejects(redis.evalRo('return redis.call("SET", KEYS[1], 1)', ['k'], []), /commands are not allowed from read-only/);
  await assert.rejects(redis.evalsha('f'.repeat(40), [], []), /NOSCRIPT No matching script. Please use EVAL\./);
  same(await redis.createScript('return ARGV[1]').exec([], ['x']), 'x');
  same(await redis.scriptFlush(), 'OK');
  same(await redis.functions.load({ code: '#!lua name=lib\nredis.register_function("reads", function(k) return redis.call("GET", k[1]) end)\n' +
    'redis.register_function("writes", function(k) return redis.call("SET", k[1], 1) end)', replace: true }), 'lib');
  same(await redis.functions.call('writes', ['fk'], []), 'OK');
  same(await redis.functions.callRo('reads', ['fk'], []), 1, 'a function that only reads needs no flag over REST');
  await assert.rejects(redis.functions.callRo('writes', ['fk'], []), /commands are not allowed from read-only/);
  same((await redis.functions.list()).length, 1);
  assert((await redis.functions.stats()).engines.LUA.librariesCount === 1);
  same(await redis.functions.delete('lib'), 'OK');
  same(await redis.functions.flush(), 'OK');
  same(await redis.clientSetinfo('LIB-NAME', 'mine'), 'OK');
}

async function batches({ redis, url }) {
  const alone = new Redis({ url, token: kToken, enableAutoPipelining: false }); // which does not know bitfield's chain
  same(await alone.bitfield('bits').set('u8', 0, 7).incrby('u8', '#1', 2).get('u8', 0).exec(), [0, 2, 7]);
  const pipeline = redis.pipeline();
  pipeline.set('pa', 1);
  pipeline.incr('pa');
  pipeline.get('pa');
  same(await pipeline.exec(), ['OK', 2, 2]);
  same(await redis.multi().set('ma', 'x').get('ma').exec(), ['OK', 'x']);
  await assert.rejects(redis.multi().incr('ma').set('mb', 1).exec(), /value is not an integer/);
  same(await redis.get('mb'), 1, 'what follows an error runs');
  await redis.set('ma', 'x');
  const kept = await redis.multi().set('mb', 2).incr('ma').exec({ keepErrors: true });
  same([kept[0].result, /value is not an integer/.test(kept[1].error), await redis.get('mb')], ['OK', true, 2], 'an error at the end, too');
  const apart = await Promise.allSettled([redis.set('a', undefined), redis.set('b', 1)]);
  same(apart.map((one) => one.status), ['rejected', 'fulfilled'], 'who asks beside has done nothing wrong');
  same(await redis.get('b'), 1);
  await redis.set('ma', 'x');
  const many = await Promise.all(Array.from({ length: 500 }, (_, i) => (i % 2 ? redis.get('pa') : redis.set(`auto:${i}`, i))));
  same(many[1], 2);
  await assert.rejects(redis.lpush('pa', 1), /WRONGTYPE.*Command failed|Command failed.*WRONGTYPE/s);
}

async function readYourWrites({ url }) {
  const redis = new Redis({ url, token: kToken, readYourWrites: true });
  const tokens = new Set();
  for (const write of [() => redis.set('t', 1), () => redis.set('t', 2), () => redis.pipeline().incr('t').exec(), () => redis.eval('return redis.call("INCR", KEYS[1])', ['t'], [])]) {
    await write();
    tokens.add(redis.client.upstashSyncToken);
  }
  same(tokens.size, 4);
  await Promise.all([redis.set('t', 1), redis.set('t', 2), redis.set('t', 3)]);
  assert(!tokens.has(redis.client.upstashSyncToken));
}

async function messages({ redis }) {
  const heard = [];
  let done;
  const both = new Promise((resolve) => { done = resolve; });
  const channel = redis.subscribe(['chat']), pattern = redis.psubscribe(['user:*']);
  channel.on('message', ({ channel: from, message }) => { heard.push([from, message]); if (heard.length === 2) done(); });
  pattern.on('pmessage', ({ channel: from, message, pattern: of }) => { heard.push([of, from, message]); if (heard.length === 2) done(); });
  await Promise.all([new Promise((resolve) => channel.on('subscribe', resolve)), new Promise((resolve) => pattern.on('psubscribe', resolve))]);
  same(await redis.publish('chat', { hello: 'world' }), 1);
  same(await redis.publish('user:7', ['a', 'b']), 1, 'the SDK reads JSON alone behind a pattern');
  await both;
  same(heard.sort((a, b) => a.length - b.length), [['chat', { hello: 'world' }], ['user:*', 'user:7', ['a', 'b']]]);
  await channel.unsubscribe();
  await pattern.unsubscribe();
  for (let tries = 0; (await redis.publish('chat', 'x')) > 0; ++tries) assert(tries < 500, 'who has left is still counted');
}

async function cloudflare({ url }) {
  const redis = new CloudflareRedis({ url, token: kToken });
  same(await redis.set('cf', [1, 2]), 'OK');
  same(await redis.get('cf'), [1, 2]);
  const fromEnvironment = CloudflareRedis.fromEnv({ UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: kToken });
  same(await fromEnvironment.get('cf'), [1, 2]);
}

async function wrongToken({ url }) {
  const redis = new Redis({ url, token: 'b'.repeat(30), retry: false });
  await assert.rejects(redis.get('x'), /WRONGPASS invalid or missing auth token/);
}

const kAllowed = 5;
async function limiters({ redis }) {
  const kinds = {
    fixed: Ratelimit.fixedWindow(kAllowed, '60 s'),
    sliding: Ratelimit.slidingWindow(kAllowed, '60 s'),
    bucket: Ratelimit.tokenBucket(kAllowed, '60 s', kAllowed),
    cached: Ratelimit.cachedFixedWindow(kAllowed, '60 s'),
  };
  for (const [prefix, limiter] of Object.entries(kinds)) {
    const limit = new Ratelimit({ redis, limiter, prefix, analytics: prefix === 'sliding', ephemeralCache: prefix === 'cached' ? new Map() : false });
    const answers = [];
    for (let i = 0; i < kAllowed + 2; ++i) {
      const { success, pending } = await limit.limit('someone');
      await pending;
      answers.push(success);
    }
    same(answers, [...Array(kAllowed).fill(true), false, false], prefix);
    same((await limit.getRemaining('someone')).remaining <= 0, true, prefix);
    same((await limit.limit('another')).success, true, prefix);
    if (prefix === 'sliding') await readAnalytics(redis, prefix);
    if (prefix === 'bucket') same((await limit.blockUntilReady('third', 1000)).success, true);
    await limit.resetUsedTokens('someone');
    if (prefix !== 'cached') same((await limit.limit('someone')).success, true, prefix);
  }
  const denied = new Ratelimit({ redis, limiter: kinds.fixed, prefix: 'deny', enableProtection: true });
  await redis.sadd('deny:denyList:all', 'bad');
  await redis.set('deny:ipDenyListStatus', 'valid', { ex: 600 }); // else the package would ask a public address for a list
  same((await denied.limit('good', { ip: 'bad' })).success, false);
  same((await denied.limit('good')).success, true);
  const dynamic = new Ratelimit({ redis, limiter: kinds.fixed, prefix: 'dynamic', dynamicLimits: true });
  await dynamic.setDynamicLimit({ limit: 1 });
  same([(await dynamic.limit('x')).success, (await dynamic.limit('x')).success], [true, false]);
}

// What the console of the package shows.
async function readAnalytics(redis, prefix) {
  const analytics = new Analytics({ redis, prefix });
  const seen = await analytics.getUsage(Date.now() - 3_600_000);
  same([seen.someone.success, seen.someone.blocked], [kAllowed, 2]);
  const top = await analytics.getMostAllowedBlocked(1, 5);
  same(top.allowed[0], { identifier: 'someone', count: kAllowed });
  same((await analytics.getUsageOverTime(1, 'identifier')).length, 1);
}

async function regions({ redis, url }) {
  const other = new Redis({ url, token: kToken });
  for (const limiter of [MultiRegionRatelimit.fixedWindow(3, '60 s'), MultiRegionRatelimit.slidingWindow(3, '60 s')]) {
    const limit = new MultiRegionRatelimit({ redis: [redis, other], limiter, prefix: `regions:${limiter.length}:${Math.random()}`, ephemeralCache: false });
    const answers = [];
    for (let i = 0; i < 5; ++i) {
      const { success, pending } = await limit.limit('someone');
      await pending;
      answers.push(success);
    }
    same(answers.at(-1), false);
    same(answers[0], true);
  }
}

const kSteps = {
  strings, values, keys, hashes, 'lists and sets': listsAndSets, 'sorted sets': sortedSets, places, streams, waiting, scripts, batches,
  'read your writes': readYourWrites, messages, cloudflare, 'a wrong token': wrongToken, '@upstash/ratelimit': limiters, regions,
};

const httpPort = await freePort();
const url = `http://127.0.0.1:${httpPort}`;
const redis = new Redis({ url, token: kToken });
await runSteps({
  name: 'upstash', steps: kSteps, seconds: kStepSeconds, settings: { 'http.port': httpPort, 'http.token': kToken },
  run: async (step) => { await step({ redis, url }); await redis.flushall(); },
});
