// ioredis, as web applications and job queues use it. Arguments: the folder with node_modules, the
// port. Prints a line for each part that held; fails on the first that did not.
'use strict';
const assert = require('node:assert/strict');
const {createRequire} = require('node:module');
const [folder, port] = process.argv.slice(2);
const Redis = createRequire(folder + '/')('ioredis');

const connect = (options = {}) =>
  new Redis({host: '127.0.0.1', port: Number(port), lazyConnect: false, ...options});

const parts = {
  async values(redis) {
    assert.equal(await redis.set('k', 'v', 'EX', 100), 'OK');
    assert.equal(await redis.get('k'), 'v');
    assert.ok(await redis.ttl('k') > 90);
    await redis.hset('h', {a: 1, b: 'two'});
    assert.deepEqual(await redis.hgetall('h'), {a: '1', b: 'two'});
    assert.deepEqual(await redis.getBuffer('k'), Buffer.from('v'));
    const large = Buffer.alloc(300000, 'x');
    await redis.set('large', large);
    assert.deepEqual(await redis.getBuffer('large'), large);
    await assert.rejects(redis.lpush('k', 1), /WRONGTYPE/);
  },

  async pipelines(redis) {
    const results = await redis.pipeline().incr('n').lpush('n', 1).incr('n').exec();
    assert.deepEqual(results.map(([, value]) => value), [1, undefined, 2]);
    assert.match(results[1][0].message, /WRONGTYPE/);
    const automatic = connect({enableAutoPipelining: true});
    const values = await Promise.all(
      Array.from({length: 500}, (_, i) => automatic.incrby('sum', i)));
    assert.equal(Math.max(...values), 499 * 500 / 2);
    automatic.disconnect();
  },

  async transactions(redis) {
    assert.deepEqual(await redis.multi().set('t', 1).incr('t').exec(), [[null, 'OK'], [null, 2]]);
    const other = connect();
    await redis.watch('t');
    await other.set('t', 10);
    assert.equal(await redis.multi().incr('t').exec(), null);
    assert.equal(await redis.get('t'), '10');
    other.disconnect();
  },

  async scripts(redis) {
    redis.defineCommand('addAll', {
      numberOfKeys: 1,
      lua: "for i = 1, #ARGV do redis.call('ZADD', KEYS[1], i, ARGV[i]) end " +
        "return redis.call('ZCARD', KEYS[1])"});
    assert.equal(await redis.addAll('scored', 'a', 'b'), 2);
    await redis.script('FLUSH');
    assert.equal(await redis.addAll('scored', 'c'), 3);
    assert.deepEqual(await redis.pipeline().addAll('scored', 'd').zcard('scored').exec(),
      [[null, 4], [null, 4]]);
  },

  async blocking(redis) {
    const worker = connect();
    const popped = worker.brpop('queue', 0);
    const moved = connect();
    const next = moved.blmove('wait', 'active', 'RIGHT', 'LEFT', 0);
    await redis.lpush('queue', 'job');
    await redis.lpush('wait', 'other');
    assert.deepEqual(await popped, ['queue', 'job']);
    assert.equal(await next, 'other');
    assert.equal(await worker.blpop('queue', 0.05), null);
    const marker = worker.bzpopmin('marker', 0);
    await redis.zadd('marker', 0, '0');
    assert.deepEqual(await marker, ['marker', '0', '0']);
    worker.disconnect();
    moved.disconnect();
  },

  async scans(redis) {
    await redis.mset(...Array.from({length: 300}, (_, i) => ['scan:' + i, i]).flat());
    const seen = new Set();
    for await (const keys of redis.scanStream({match: 'scan:*', count: 50})) {
      keys.forEach(key => seen.add(key));
    }
    assert.equal(seen.size, 300);
  },

  async subscriptions(redis) {
    const subscriber = connect();
    const message = new Promise(resolve =>
      subscriber.on('message', (channel, text) => resolve([channel, text])));
    const matched = new Promise(resolve =>
      subscriber.on('pmessage', (...words) => resolve(words)));
    assert.equal(await subscriber.subscribe('news'), 1);
    assert.equal(await subscriber.psubscribe('n*'), 2);
    assert.equal(await redis.publish('news', 'hello'), 2);
    assert.deepEqual(await message, ['news', 'hello']);
    assert.deepEqual(await matched, ['n*', 'news', 'hello']);
    await subscriber.unsubscribe('news');
    await subscriber.punsubscribe('n*');
    assert.equal(await subscriber.ping(), 'PONG');
    subscriber.disconnect();
  },

  async streams(redis) {
    const id = await redis.xadd('events', 'MAXLEN', '~', 1000, '*', 'event', 'added');
    const reader = connect();
    const next = reader.xread('BLOCK', 0, 'STREAMS', 'events', '$');
    await redis.call('WAIT', 0, 0);
    let added;
    while ((await redis.info('clients')).includes('blocked_clients:0')) {}
    added = await redis.xadd('events', '*', 'event', 'completed');
    assert.deepEqual(await next, [['events', [[added, ['event', 'completed']]]]]);
    await redis.xgroup('CREATE', 'events', 'workers', '0');
    const read = await redis.xreadgroup('GROUP', 'workers', 'w1', 'COUNT', 10, 'STREAMS', 'events',
      '>');
    assert.deepEqual(read[0][1].map(([entry]) => entry), [id, added]);
    assert.equal(await redis.xack('events', 'workers', id, added), 2);
    reader.disconnect();
  },

  // A job queue as BullMQ keeps one: jobs are hashes, states are lists and sorted sets, every step
  // is a script, and what happened goes to a stream.
  async queue(redis) {
    redis.defineCommand('addJob', {numberOfKeys: 4, lua: `
      local id = redis.call('INCR', KEYS[1])
      redis.call('HMSET', KEYS[2] .. id, 'name', ARGV[1], 'data', ARGV[2])
      redis.call('LPUSH', KEYS[3], id)
      redis.call('XADD', KEYS[4], 'MAXLEN', '~', 100, '*', 'event', 'waiting', 'jobId', id)
      return id .. ''`});
    redis.defineCommand('finishJob', {numberOfKeys: 4, lua: `
      if redis.call('LREM', KEYS[1], -1, ARGV[1]) == 0 then return -1 end
      redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
      redis.call('HSET', KEYS[3] .. ARGV[1], 'returnvalue', ARGV[3])
      redis.call('XADD', KEYS[4], 'MAXLEN', '~', 100, '*', 'event', 'completed', 'jobId', ARGV[1])
      return 0`});
    const worker = connect();
    const jobs = 50;
    const work = (async () => {
      for (let i = 0; i < jobs; ++i) {
        const id = await worker.blmove('q:wait', 'q:active', 'RIGHT', 'LEFT', 0);
        const {data} = await redis.hgetall('q:' + id);
        assert.equal(await redis.finishJob('q:active', 'q:completed', 'q:', 'q:events', id, i,
          JSON.stringify(JSON.parse(data).n * 2)), 0);
      }
    })();
    for (let i = 0; i < jobs; ++i) {
      await redis.addJob('q:id', 'q:', 'q:wait', 'q:events', 'double', JSON.stringify({n: i}));
    }
    await work;
    assert.equal(await redis.zcard('q:completed'), jobs);
    assert.equal(await redis.llen('q:active'), 0);
    assert.equal(await redis.hget('q:50', 'returnvalue'), '98');
    assert.equal(await redis.finishJob('q:active', 'q:completed', 'q:', 'q:events', 1, 0, ''), -1);
    assert.ok((await redis.xrange('q:events', '-', '+')).length >= 100);
    worker.disconnect();
  },
};

(async () => {
  const redis = connect();
  for (const [name, part] of Object.entries(parts)) {
    await redis.flushall();
    await part(redis);
    console.log(name);
  }
  await redis.quit();
})().catch(error => {
  console.error(error);
  process.exit(1);
});
