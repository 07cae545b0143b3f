// node-redis, in the protocol version given. Arguments: the folder with node_modules, the port, 2
// or 3. Prints a line for each part that held; fails on the first that did not.
'use strict';
const assert = require('node:assert/strict');
const {createRequire} = require('node:module');
const [folder, port, resp] = process.argv.slice(2);
const {createClient, createClientPool, defineScript, WatchError} =
  createRequire(folder + '/')('redis');

const options = {
  socket: {host: '127.0.0.1', port: Number(port)},
  RESP: Number(resp),
  scripts: {
    addTo: defineScript({
      NUMBER_OF_KEYS: 1,
      SCRIPT: "return redis.call('INCRBY', KEYS[1], ARGV[1])",
      parseCommand(parser, key, amount) {
        parser.pushKey(key);
        parser.push(String(amount));
      },
      transformReply: undefined,
    }),
  },
};
const connect = async () => createClient(options).on('error', () => {}).connect();

const parts = {
  async values(client) {
    assert.equal(await client.set('k', 'v', {EX: 100}), 'OK');
    assert.equal(await client.get('k'), 'v');
    await client.hSet('h', {a: '1', b: 'two'});
    assert.deepEqual({...await client.hGetAll('h')}, {a: '1', b: 'two'});
    await client.zAdd('z', [{score: 1.5, value: 'x'}, {score: 2, value: 'y'}]);
    assert.deepEqual(await client.zRangeWithScores('z', 0, -1),
      [{value: 'x', score: 1.5}, {value: 'y', score: 2}]);
    assert.deepEqual(await client.sMembers('nothing'), []);
    await client.geoAdd('g', {longitude: 13.361389, latitude: 38.115556, member: 'Palermo'});
    assert.deepEqual(await client.geoSearch('g', {longitude: 13, latitude: 38},
      {radius: 100, unit: 'km'}), ['Palermo']);
    assert.equal(await client.pfAdd('hll', ['a', 'b']), 1);
    assert.equal(await client.pfCount('hll'), 2);
    await assert.rejects(client.lPush('k', '1'), /WRONGTYPE/);
  },

  async transactions(client) {
    assert.deepEqual(await client.multi().set('n', '1').incr('n').exec(), ['OK', 2]);
    const other = await connect();
    await client.watch('n');
    await other.set('n', '10');
    await assert.rejects(client.multi().incr('n').exec(), WatchError);
    other.destroy();
  },

  async pipelines(client) {
    const values = await Promise.all(Array.from({length: 500}, () => client.incr('count')));
    assert.equal(Math.max(...values), 500);
  },

  async scripts(client) {
    assert.equal(await client.addTo('sum', 5), 5);
    await client.scriptFlush();
    assert.equal(await client.addTo('sum', 5), 10);
    const words = {keys: ['k'], arguments: ['a']};
    assert.deepEqual(await client.eval('return {KEYS[1], ARGV[1]}', words), ['k', 'a']);
  },

  async blocking(client) {
    const pool = await createClientPool(options).connect();
    const popped = pool.blPop('queue', 0);
    await client.rPush('queue', 'job');
    assert.deepEqual({...await popped}, {key: 'queue', element: 'job'});
    await pool.close();
  },

  async scans(client) {
    await client.mSet(Object.fromEntries(Array.from({length: 300}, (_, i) => ['scan:' + i, '1'])));
    const seen = new Set();
    for await (const keys of client.scanIterator({MATCH: 'scan:*', COUNT: 50})) {
      keys.forEach(key => seen.add(key));
    }
    assert.equal(seen.size, 300);
  },

  async subscriptions(client) {
    const subscriber = await connect();
    let heard;
    const message = new Promise(resolve => { heard = resolve; });
    await subscriber.subscribe('news', (text, channel) => heard([channel, text]));
    assert.equal(await client.publish('news', 'hello'), 1);
    assert.deepEqual(await message, ['news', 'hello']);
    await subscriber.unsubscribe('news');
    subscriber.destroy();
  },

  async streams(client) {
    const id = await client.xAdd('s', '*', {field: 'value'});
    await client.xGroupCreate('s', 'group', '0');
    const read = await client.xReadGroup('group', 'me', {key: 's', id: '>'});
    // In RESP3 node-redis hands on what came: a map from streams to entries.
    assert.equal(resp === '3' ? read.s[0][0] : read[0].messages[0].id, id);
    if (resp !== '3') assert.deepEqual({...read[0].messages[0].message}, {field: 'value'});
    assert.equal(await client.xAck('s', 'group', id), 1);
  },
};

(async () => {
  const client = await connect();
  for (const [name, part] of Object.entries(parts)) {
    await client.flushAll();
    await part(client);
    console.log(name);
  }
  await client.close();
})().catch(error => {
  console.error(error);
  process.exit(1);
});
