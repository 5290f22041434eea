// SPDX-License-Identifier: Apache-2.0
// rest.mjs: the REST door: curl, @upstash/redis as it is published, a worker that waits over HTTP, and the same keys over RESP.
//
// Used by: quickstart.mjs; also alone:
//          UPSTASH_REDIS_REST_URL=http://127.0.0.1:8079 UPSTASH_REDIS_REST_TOKEN=… node examples/rest.mjs --port 6379
// Class:   as for what is kept; the door makes no difference: an answer is sent when its record is on disk.
// Always:  - what one door writes the other reads;
//          - each job is done once, and none is lost: a worker that waits costs nothing, and gets the job the moment it is there.
import { execFileSync } from 'node:child_process';
import { Redis } from '@upstash/redis';
import { claim, connect, options } from './clients.mjs';

const given = await options({ jobs: 200, seconds: 60 });
const url = process.env.UPSTASH_REDIS_REST_URL, token = process.env.UPSTASH_REDIS_REST_TOKEN;
claim(url && token, 'UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN say where the door is');
const redis = new Redis({ url, token });
const resp = await connect(given);
await redis.del('rest:greeting', 'rest:jobs', 'rest:session', 'rest:counter');

// curl: words of the command are segments of the path.
const curl = (path, ...more) => execFileSync('curl', ['-sS', '-H', `Authorization: Bearer ${token}`, ...more, `${url}/${path}`], { encoding: 'utf8' });
claim(curl('set/rest:greeting/hello?EX=60') === '{"result":"OK"}', 'curl writes');
claim(await resp.get('rest:greeting') === 'hello', 'RESP reads what curl wrote');
claim(curl('pipeline', '-d', '[["INCR","rest:counter"],["INCR","rest:counter"]]') === '[{"result":1},{"result":2}]', 'curl pipelines');

// @upstash/redis: what is awaited together goes out as one pipeline.
const [, session, hits] = await Promise.all([
  redis.set('rest:session', { user: 7, cart: ['ä', '🐘'] }, { ex: 1800 }),
  redis.get('rest:session'),
  redis.incr('rest:counter'),
]);
claim(session.user === 7 && session.cart[1] === '🐘' && hits === 3, 'values come back as they were');
claim((await redis.multi().set('rest:counter', 10).incr('rest:counter').exec())[1] === 11, 'transactions are whole');

// A worker: BRPOP over HTTP waits as it does over RESP.
const done = [];
const worker = (async () => {
  while (done.length < given.jobs) done.push(Number((await redis.exec(['BRPOP', 'rest:jobs', 30]))[1]));
})();
for (let job = 0; job < given.jobs; ++job) await resp.lpush('rest:jobs', job);
await worker;
claim(done.every((job, place) => job === place), 'each job is done once, in order');

await redis.del('rest:greeting', 'rest:session', 'rest:counter');
resp.disconnect();
console.log(`  curl and @upstash/redis wrote and read what RESP sees; ${given.jobs} jobs were waited for over HTTP, each done once.`);
process.exit();
