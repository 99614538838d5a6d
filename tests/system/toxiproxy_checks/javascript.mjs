// Uses the npm package toxiproxy-node-client, as it is published, against a server, and expects of it what Toxiproxy does.
// Prints a line for each check, and how many failed.
//
//     node javascript.mjs FOLDER-OF-THE-PACKAGE http://127.0.0.1:8474
import assert from 'node:assert/strict';
import {createRequire} from 'node:module';

const [folder, url] = process.argv.slice(2);
const require = createRequire(`${folder}/`);
const client = require('toxiproxy-node-client');
const Toxiproxy = client.Toxiproxy ?? client.default;
const toxiproxy = new Toxiproxy(url);

const make = (name, listen = 'localhost:0') => toxiproxy.createProxy({name, listen, upstream: 'localhost:6379'});
const fails = (promise, status) => assert.rejects(promise, {message: `Request failed with status code ${status}`});

const checks = {
  'a proxy is made, found and removed': async () => {
    const proxy = await make('found');
    assert.equal(proxy.name, 'found');
    assert.equal(proxy.upstream, 'localhost:6379');
    assert.equal(proxy.enabled, true);
    assert.match(proxy.listen, /^127\.0\.0\.1:[1-9]\d*$/);
    const again = await toxiproxy.get('found');
    assert.deepEqual(again.toJson(), proxy.toJson());
    await proxy.remove();
    await fails(toxiproxy.get('found'), 404);
    await fails(proxy.remove(), 404);
  },
  'a name is free for one proxy': async () => {
    const proxy = await make('twice');
    await fails(make('twice'), 409);
    await proxy.remove();
  },
  'a proxy is disabled, enabled and led elsewhere': async () => {
    const proxy = await make('changed');
    const {listen, upstream} = proxy;
    const closed = await proxy.update({enabled: false, listen, upstream});
    assert.equal(closed.enabled, false);
    const open = await proxy.update({enabled: true, listen, upstream: 'somehost:12345'});
    assert.equal(open.enabled, true);
    assert.equal(open.upstream, 'somehost:12345');
    assert.equal(open.listen, listen);
    await proxy.remove();
  },
  'proxies are made together and listed': async () => {
    const wanted = [1, 2].map((i) => ({name: `together${i}`, listen: `localhost:0`, upstream: `localhost:${6378 + i}`}));
    const made = await toxiproxy.populate(wanted);
    assert.deepEqual(Object.keys(made), ['together1', 'together2']);
    const all = await toxiproxy.getAll();
    assert.equal(Object.keys(all).length, 2);
    for (const {name, upstream} of wanted) {
      assert.equal(all[name].upstream, upstream);
      assert.equal(all[name].listen, made[name].listen);
      await all[name].remove();
    }
  },
  'the version is said': async () => {
    const version = JSON.parse(await toxiproxy.getVersion()).version;
    assert.match(version, /^2\.\d+\.\d+$/);
  },
  'a toxic is made, found, changed and removed': async () => {
    const proxy = await make('toxics');
    const toxic = await proxy.addToxic({type: 'latency', attributes: {latency: 1000, jitter: 100}});
    assert.deepEqual(toxic.toJson(), {
      attributes: {latency: 1000, jitter: 100},
      name: 'latency_downstream',
      stream: 'downstream',
      toxicity: 1,
      type: 'latency',
    });
    assert.deepEqual((await proxy.getToxic(toxic.name)).toJson(), toxic.toJson());
    const changed = await toxic.update({attributes: {latency: 12345, jitter: 42}});
    assert.deepEqual(changed.attributes, {latency: 12345, jitter: 42});
    await toxic.remove();
    await fails(proxy.getToxic(toxic.name), 404);
    await proxy.remove();
  },
  'a name is free for one toxic': async () => {
    const proxy = await make('same-toxics');
    const body = {type: 'latency', attributes: {latency: 1000, jitter: 100}};
    await proxy.addToxic(body);
    await fails(proxy.addToxic(body), 409);
    await proxy.remove();
  },
  'a reset leaves proxies, but no toxic': async () => {
    const proxy = await make('reset');
    await proxy.addToxic({type: 'timeout', attributes: {timeout: 5000}});
    await proxy.update({enabled: false, listen: proxy.listen, upstream: proxy.upstream});
    await toxiproxy.reset();
    assert.equal((await toxiproxy.get('reset')).enabled, true);
    await fails(proxy.getToxic('timeout_downstream'), 404);
    await proxy.remove();
  },
};

const attributes = {
  latency: {latency: 1000, jitter: 100},
  bandwidth: {rate: 1000},
  slow_close: {delay: 1000},
  timeout: {timeout: 5000},
  slicer: {average_size: 1000, delay: 1000, size_variation: 1000},
  reset_peer: {timeout: 1000},
  limit_data: {bytes: 42},
};
for (const [type, wanted] of Object.entries(attributes)) {
  checks[`there is the toxic ${type}`] = async () => {
    const proxy = await make(`type-${type}`);
    const toxic = await proxy.addToxic({type, stream: 'upstream', attributes: wanted});
    assert.equal(toxic.name, `${type}_upstream`);
    assert.deepEqual(toxic.attributes, wanted);
    await proxy.remove();
  };
}

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok: ${name}`);
  } catch (error) {
    ++failed;
    console.log(`FAILED: ${name}: ${error.stack}`);
  }
}
console.log(`javascript: ${Object.keys(checks).length - failed} ok, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
