// SPDX-License-Identifier: GPL-3.0-or-later
// A cluster: servers in network namespaces of their own that share a Redis, Chromium at the far
// end, and what may happen to any of them: a bad line, a cut one, kill -9, Redis gone and back.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { Backend, startWithApps } from './lib/backend.mjs';
import { Browser } from './lib/browser.mjs';
import { list } from './lib/hls.mjs';
import { Network, enterHub } from './lib/netns.mjs';
import { SMALL, Viewer, gone, pulled, pulls, rest, startPull, streams } from './lib/nodes.mjs';
import { startPages } from './lib/pages.mjs';
import { Redis } from './lib/redis.mjs';
import { RtspClient } from './lib/rtsp.mjs';
import { offer } from './lib/sdp.mjs';
import { Server } from './lib/server.mjs';
import { pause, until } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

await enterHub();

const IDLE_MS = 1500;
const NODE_TIMEOUT_MS = 2000; // cluster_node_timeout_ms; by default 6 s of the 10 that are allowed
const CUT_MS = 60_000;
const PASSWORD = 'canary-of-redis';
const CAMERA = 'camera';

const servers = {};
let net, redis, browser, pages, publisher, longCut;

function startNode(name, options = {}) {
    return Server.start({ cluster_registry: redis.url, cluster_idle_ms: IDLE_MS,
        cluster_node_timeout_ms: NODE_TIMEOUT_MS, ...options }, { netns: net.node(name) })
        .then((server) => (servers[name] = server));
}

async function nodes(server) {
    const response = await fetch(`${server.http}/api/v1/nodes`);
    assert.equal(response.status, 200);
    return (await response.json()).nodes;
}
const registryOf = async (name) => redis.ask(`GET sluice:name:${name}`);
const announced = (name) => until(`${name} is announced`, async () =>
    /^\$\d+/m.test((await registryOf(name)).replace('+OK', '')));
const players = async (server, name) => (await streams(server, { name, published: false })).length;

// As a client without media: the answer to its offer, or the refusal.
async function tryPublish(server, name) {
    const client = await WcsClient.session(server.ws);
    const id = client.publish(name, offer());
    const refused = client.status(id, 'FAILED').then(({ info }) => info, () => null);
    const accepted = client.next('setRemoteSDP', (first) => first === id).then(() => 'accepted',
        () => null);
    const outcome = await Promise.race([refused, accepted]);
    return { client, id, outcome };
}
async function tryPlay(server, name) {
    const client = await WcsClient.session(server.ws);
    const id = client.play(name, offer({ direction: 'recvonly' }));
    const outcome = await Promise.race([
        client.status(id, 'FAILED', 20_000).then(({ info }) => info, () => null),
        client.next('setRemoteSDP', (first) => first === id, 20_000).then(() => 'accepted',
            () => null)]);
    return { client, id, outcome };
}

before(async () => {
    net = await Network.create(['a', 'b', 'c', 'far', 'asks', 'shows', 'rooms', 'phone']);
    redis = await Redis.start({ address: net.address('hub'), password: PASSWORD });
    [browser, pages] = await Promise.all([Browser.open(), startPages(),
        ...['a', 'b', 'c'].map((name) => startNode(name))]);
    // Not of the cluster: its pull and its line are the long test's.
    servers.far = await Server.start({}, { netns: net.node('far') });
    publisher = await Viewer.open(browser, pages, servers.a);
    await publisher.publish('camera', CAMERA);
    // The line is dead for a minute while the other tests run.
    longCut = { cable: await net.cable('a', 'far', { delay: 10 }) };
    await startPull(servers.far, servers.a, CAMERA, 'long');
    await pulled(servers.far, 'long');
    longCut.viewer = await Viewer.open(browser, pages, servers.far);
    await longCut.viewer.play('long', 'long');
    await longCut.viewer.plays();
    longCut.end = longCut.viewer.call('end', 'long');
    longCut.since = performance.now();
    await longCut.cable.set('cut');
});
after(async () => {
    await browser?.close();
    await pages?.close();
    for (const server of Object.values(servers))
        await server.stop();
    await redis?.stop();
    await net?.remove();
});

describe('Nodes that share a Redis', () => {
    test('know one another and their load', async () => {
        for (const server of [servers.a, servers.b, servers.c]) {
            const list = await until('three nodes', async () => {
                const found = await nodes(server);
                return found.length === 3 && found;
            });
            assert.equal(list[0].self, true);
            assert.equal(list[0].uri, server.ws);
            assert.deepEqual(list.map(({ uri }) => uri).sort(),
                [servers.a, servers.b, servers.c].map(({ ws }) => ws).sort());
        }
        await until('its load', async () =>
            (await nodes(servers.b)).find(({ uri }) => uri === servers.a.ws).streams === 1);
        assert.deepEqual(await nodes(servers.far), []); // not of the cluster
    });

    test('play what another has, all viewers of a node by one pull', async () => {
        await announced(CAMERA);
        const viewers = await Promise.all([1, 2].map(() => Viewer.open(browser, pages, servers.b)));
        // at once: who comes while the pull is under way waits for it
        await Promise.all(viewers.flatMap((viewer) =>
            ['x', 'y', 'z'].map((label) => viewer.play(label, CAMERA))));
        await Promise.all(viewers.map((viewer) => viewer.goesOn('y')));
        const list = await pulls(servers.b);
        assert.equal(list.length, 1);
        assert.equal(list[0].uri, `${servers.a.ws}/websocket`);
        assert.equal(list[0].localStreamName, CAMERA);
        assert.equal(await players(servers.a, CAMERA), 2); // this pull and that of `far`
        assert.equal(await players(servers.b, CAMERA), 6);
        const { streams: told } = await (await fetch(`${servers.b.http}/api/v1/streams`)).json();
        assert.equal(told[0].origin.uri, `${servers.a.ws}/websocket`);
        assert.equal(told[0].kind, 'cluster');

        // and it goes when the last of them has gone for a while, not before
        await viewers[0].close();
        await pause(IDLE_MS + 500);
        await viewers[1].goesOn('z');
        await viewers[1].close();
        const left = performance.now();
        await gone(servers.b, CAMERA);
        assert.ok(performance.now() - left > IDLE_MS * 0.6, 'not at once');
        assert.equal(await players(servers.a, CAMERA), 1);
    });

    test('answer availableStream for another\'s streams, too', async () => {
        const client = await WcsClient.session(servers.c.ws);
        client.send('availableStream', { mediaSessionId: 'q1', name: CAMERA });
        assert.equal((await client.next('availableStream')).data[0].status, 'true');
        client.send('availableStream', { mediaSessionId: 'q2', name: 'nobody' });
        const { status, info } = (await client.next('availableStream')).data[0];
        assert.deepEqual([status, info], ['false', 'Stream not found']);
        await client.close();
    });

    test('do not know what none of them has: the answer comes at once', async () => {
        const asked = performance.now();
        const { client, outcome } = await tryPlay(servers.b, 'nobody');
        assert.equal(outcome, 'Stream not found');
        assert.ok(performance.now() - asked < 1000, 'within 1 s (WS-49)');
        await client.close();
    });

    test('have each name once', async () => {
        const { client, outcome } = await tryPublish(servers.b, CAMERA);
        assert.equal(outcome, 'Stream name is already in use');
        await client.close();
        const { status } = await rest(servers.c, '/pull/pull', { uri: servers.a.ws,
            remoteStreamName: CAMERA, localStreamName: CAMERA });
        assert.equal(status, 409);
        for (let round = 0; round < 5; round++) {
            const tries = await Promise.all([servers.a, servers.b, servers.c].map((server) =>
                tryPublish(server, `race${round}`)));
            assert.deepEqual(tries.map(({ outcome: o }) => o).sort(), ['Stream name is already in use',
                'Stream name is already in use', 'accepted'], `round ${round}`);
            for (const { client: c } of tries)
                await c.close();
        }
    });

    test('MIX-25 mixers take part: a name is one node\'s, and others play what it mixes', async () => {
        const start = (server, uri, localStreamName) =>
            rest(server, '/mixer/startup', { uri, localStreamName }).then(({ status }) => status);
        assert.equal(await start(servers.b, 'mixer://m', CAMERA), 409);
        assert.equal(await start(servers.a, 'mixer://m', 'mixed'), 200);
        assert.equal(await start(servers.b, 'mixer://m', 'mixed'), 409);
        assert.equal(await start(servers.b, 'mixer://m', 'mixed2'), 200); // of a node's own, its URI
        await announced('mixed');
        const { client, outcome } = await tryPlay(servers.b, 'mixed');
        assert.equal(outcome, 'accepted');
        assert.ok((await pulls(servers.b)).some(({ localStreamName }) => localStreamName === 'mixed'));
        await client.close();
        for (const server of [servers.a, servers.b])
            assert.equal((await rest(server, '/mixer/terminate', { uri: 'mixer://m' })).status, 200);
        assert.equal(await until('the name is free', async () =>
            await start(servers.b, 'mixer://m', 'mixed') === 200), true);
        assert.equal((await rest(servers.b, '/mixer/terminate', { uri: 'mixer://m' })).status, 200);
    });

    test('free a name at once when its publication ends', async () => {
        for (const server of [servers.a, servers.b, servers.c, servers.a]) {
            const { client, id, outcome } = await tryPublish(server, 'wanders');
            assert.equal(outcome, 'accepted');
            client.unpublish(id, 'wanders');
            await client.status(id, 'UNPUBLISHED');
            await client.close();
        }
    });

    test('show an outside server\'s stream to all, pulled by one', async () => {
        const outside = await Viewer.open(browser, pages, servers.far);
        await outside.publish('outside', 'outside');
        await startPull(servers.b, servers.far, 'outside', 'shared');
        await pulled(servers.b, 'shared');
        await announced('shared');
        const viewer = await Viewer.open(browser, pages, servers.c);
        await viewer.play('shared', 'shared');
        await viewer.plays();
        assert.equal((await pulls(servers.c))[0].uri, `${servers.b.ws}/websocket`);
        const ended = viewer.call('end', 'shared');
        await outside.close();
        assert.deepEqual(await ended, { status: 'FAILED', info: 'Stopped by publisher stop' });
        await viewer.close();
    });
});

describe('A line between two nodes', () => {
    let cable, viewer;
    before(async () => {
        cable = await net.cable('a', 'c', { delay: 20, loss: 2, seed: 1 });
        viewer = await Viewer.open(browser, pages, servers.c);
    });
    after(() => viewer?.close());

    test('that is slow and loses packets carries a stream', async () => {
        await viewer.play('line', CAMERA);
        await viewer.plays({ frames: 60 });
        await until('a loss is asked for upstream', async () =>
            (await servers.c.metrics())['sluice_nack_total{dir="out"}'] > 0, { timeout: 20_000 });
    });

    test('that is cut for 5 s: the stream goes on afterwards', async () => {
        await cable.set('cut');
        await pause(5000);
        await cable.set('join');
        await viewer.goesOn('line', 30);
        assert.equal((await pulls(servers.c)).length, 1);
    });

    test('carries a chain of two hops', async () => {
        const second = await net.cable('b', 'c', { delay: 20 });
        await startPull(servers.b, servers.c, CAMERA, 'chain');
        await pulled(servers.b, 'chain');
        const end = await Viewer.open(browser, pages, servers.b);
        await end.play('chain', 'chain');
        await end.plays();
        await end.close();
        await rest(servers.b, '/pull/terminate', { localStreamName: 'chain' });
        assert.deepEqual(await second.stop(), { code: 0, signal: null });
    });

    test('is taken away', async () => {
        assert.deepEqual(await cable.stop(), { code: 0, signal: null });
    });
});

describe('Redis', () => {
    test('killed: what runs goes on, new names are taken unchecked, others\' are unknown',
        async () => {
            const viewer = await Viewer.open(browser, pages, servers.b);
            await viewer.play('runs', CAMERA);
            await redis.kill();
            await servers.b.waitForLog(/cluster.*(away|lost|gone)/i);
            await viewer.goesOn('runs');
            const other = await Viewer.open(browser, pages, servers.c);
            await other.publish('alone', 'alone');
            await other.play('alone-here', 'alone');
            const { client, outcome } = await tryPlay(servers.b, 'alone');
            assert.equal(outcome, 'Stream not found');
            await client.close();
            // unchecked, but not what this node has from another
            const thief = await tryPublish(servers.b, CAMERA);
            assert.equal(thief.outcome, 'Stream name is already in use');
            await thief.client.close();
            await viewer.goesOn('runs');

            // back, and empty: everything is laid down again
            await redis.restart();
            await announced('alone');
            await announced(CAMERA);
            await viewer.play('alone', 'alone');
            await viewer.goesOn('alone');
            await until('three nodes', async () => (await nodes(servers.c)).length === 3);
            await viewer.close();
            await other.close();
        });

    test('hung: clients are answered all the same', async () => {
        redis.signal('SIGSTOP');
        try {
            const { client, outcome } = await tryPublish(servers.a, 'while-hung');
            assert.equal(outcome, 'accepted');
            const asked = await tryPlay(servers.a, 'nobody');
            assert.equal(asked.outcome, 'Stream not found');
            await asked.client.close();
            await client.close();
        } finally {
            redis.signal('SIGCONT');
        }
        await announced(CAMERA);
    });

    test('two nodes that took one name while it was away: both streams go on, one is announced',
        async () => {
            await redis.kill();
            await servers.a.waitForLog(/cluster.*(away|lost|gone)/i);
            const [one, two] = await Promise.all([servers.b, servers.c].map((server) =>
                Viewer.open(browser, pages, server)));
            await one.publish('twice', 'twice');
            await two.publish('twice', 'twice');
            await redis.restart();
            await announced('twice');
            await Promise.any([servers.b, servers.c].map((server) =>
                server.waitForLog(/twice.*(another node|announced)/)));
            for (const server of [servers.b, servers.c])
                assert.equal((await streams(server, { name: 'twice', published: true })).length, 1);
            await one.close();
            await two.close();
        });

    test('its password stands in no log', () => {
        for (const server of Object.values(servers))
            assert.ok(!server.log.includes(PASSWORD), server.address);
    });
});

describe('A node that dies', () => {
    test('and says nothing is noticed by the registry, before its line is', async () => {
        const frozen = await Viewer.open(browser, pages, servers.c);
        await frozen.publish('frozen', 'frozen');
        await announced('frozen');
        const viewer = await Viewer.open(browser, pages, servers.b);
        await viewer.play('frozen', 'frozen');
        const ended = viewer.call('end', 'frozen');
        servers.c.signal('SIGSTOP');
        const since = performance.now();
        try {
            assert.deepEqual(await ended,
                { status: 'FAILED', info: 'Stopped by publisher stop' });
            assert.ok(performance.now() - since < NODE_TIMEOUT_MS + 4000);
            const { client, outcome } = await tryPublish(servers.b, 'frozen');
            assert.equal(outcome, 'accepted'); // its name is free
            await client.close();
        } finally {
            servers.c.signal('SIGCONT');
        }
        await until('it is back', async () => (await nodes(servers.b)).length === 3);
        await announced('frozen');
        await frozen.close();
        await viewer.close();
    });

    test('takes its names with it, and its viewers elsewhere are told', async () => {
        const doomed = await Viewer.open(browser, pages, servers.c);
        await doomed.publish('doomed', 'doomed');
        await announced('doomed');
        const viewer = await Viewer.open(browser, pages, servers.b);
        await viewer.play('doomed', 'doomed');
        const ended = viewer.call('end', 'doomed');
        servers.c.kill();
        assert.deepEqual(await ended, { status: 'FAILED', info: 'Stopped by publisher stop' });
        const died = performance.now();
        delete servers.c;
        await until('the name is free', async () => {
            const { client, outcome } = await tryPublish(servers.b, 'doomed');
            await client.close();
            if (outcome === 'accepted')
                return true;
            throw new Error(outcome);
        }, { timeout: 10_000 });
        assert.ok(performance.now() - died < NODE_TIMEOUT_MS + 2000);
        await until('two nodes', async () => (await nodes(servers.a)).length === 2);
        await doomed.close();
        await viewer.close();
    });

    test('and comes back under its own URL', async () => {
        await startNode('c');
        await until('three nodes', async () => (await nodes(servers.a)).length === 3);
        const viewer = await Viewer.open(browser, pages, servers.c);
        await viewer.play('again', CAMERA);
        await viewer.goesOn('again');
        await viewer.close();
    });

    test('one that leaves in order frees its names at once', async () => {
        const leaver = await Viewer.open(browser, pages, servers.c);
        await leaver.publish('leaves', 'leaves');
        await announced('leaves');
        await leaver.close();
        await servers.c.stop();
        delete servers.c;
        assert.ok(!/\$\d/.test((await registryOf('leaves')).replace(/\+OK/g, '')));
        assert.equal((await nodes(servers.b)).length <= 3, true);
    });
});

test('A pull whose line is dead for a minute ends here, and works again afterwards', async () => {
    const status = await longCut.end;
    assert.deepEqual(status, { status: 'FAILED', info: 'Stopped by publisher stop' });
    await gone(servers.far, 'long');
    await servers.far.waitForLog(/stream="long".*FAILED/);
    await pause(Math.max(0, CUT_MS - (performance.now() - longCut.since)));
    await longCut.cable.set('join');
    await until('the origin has let go', async () => {
        const left = await streams(servers.a, { name: CAMERA, published: false });
        if (left.length === 0)
            return true;
        throw new Error(JSON.stringify(left.map(({ sessionId, status }) => [sessionId, status])));
    });
    await startPull(servers.far, servers.a, CAMERA, 'long');
    await pulled(servers.far, 'long');
    await longCut.viewer.play('long2', 'long');
    await longCut.viewer.goesOn('long2');
    assert.equal((await streams(servers.a, { name: CAMERA, published: true })).length, 1);
});

test('HLS-16 RTSP-10 no node shows unasked what another node\'s publisher guards', async () => {
    const backend = await Backend.start({ address: net.address('hub') });
    const app = backend.endpoint('app');
    const common = { cluster_registry: redis.url, cluster_idle_ms: IDLE_MS, 'rtsp.port': 8554 };
    const origin = await startWithApps({ defaultApp: { url: app.url,
        methods: ['connect', 'publishStream', 'playStream'] } }, common,
    { netns: net.node('asks') });
    const edge = await startNode('shows', common);
    try {
        const anybodys = await Viewer.open(browser, pages, origin);
        await anybodys.publish('anybodys', 'anybodys');
        app.config({ playStream: { restOnError: 'FAIL' } });
        const guarded = await Viewer.open(browser, pages, origin);
        await guarded.publish('guarded', 'guarded');
        await Promise.all([announced('anybodys'), announced('guarded')]);
        const describeAt = async (name) => {
            const client = await RtspClient.open(8554, { host: edge.address });
            const { status } = await client.request('DESCRIBE',
                `rtsp://${edge.address}:8554/${name}`);
            client.close();
            return status;
        };
        // The first time it is not here yet, the second time it is.
        for (let i = 0; i < 2; i++) {
            assert.equal((await list(edge.hls, 'guarded')).status, 401);
            assert.equal(await describeAt('guarded'), 403);
        }
        assert.equal((await list(edge.hls, 'anybodys')).status, 200);
        assert.equal(await describeAt('anybodys'), 200);
        const viewer = await Viewer.open(browser, pages, edge); // whom the hooks ask about
        await viewer.play('guarded', 'guarded');
        assert.equal((await list(edge.hls, 'guarded')).status, 401);
        await Promise.all([anybodys, guarded, viewer].map((page) => page.close()));
    } finally {
        await origin.stop();
        await backend.stop();
    }
});

// A way through another machine: TCP to the target, until it is killed.
async function way(node, port, target) {
    const [program, ...args] = [...net.spawnPrefix(node), process.execPath, '-e', `
        const net = require('node:net');
        net.createServer((from) => {
            const to = net.connect(${target.port}, '${target.host}');
            for (const one of [from, to])
                one.on('error', () => {});
            from.pipe(to).pipe(from);
        }).listen(${port}, () => console.log('listening'));`];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    return child;
}

test('ROOM-12 a member whose network is cut is told to have left, and may come again', async () => {
    const server = await Server.start({ 'keep_alive.server_interval': 1000 },
        { netns: net.node('rooms') });
    const { hostname: host, port } = new URL(server.ws);
    const through = await way('phone', 8080, { host, port });
    const cable = await net.cable('phone', 'rooms');
    const join = async (url, login) => {
        const client = await WcsClient.session(url, { appKey: 'roomApp', custom: { login } });
        client.send('sendData', { operationId: login, payload: { command: 'join',
            options: { name: 'cut' } } });
        const { data: [{ status, info }] } = await client.next('DataStatusEvent');
        return { client, status, info };
    };
    const event = (client, name, info) => client.next('OnDataEvent', ({ payload }) =>
        payload.name === name && payload.info === info, 30_000);
    const anna = await join(server.ws, 'anna');
    const carl = await join(`ws://${net.address('phone')}:8080`, 'carl');
    assert.deepEqual([anna.status, carl.status], ['ACCEPTED', 'ACCEPTED']);
    await event(anna.client, 'JOINED', 'carl');
    await cable.set('cut');
    await event(anna.client, 'LEFT', 'carl'); // nothing said so but the silence
    const again = await join(server.ws, 'carl');
    assert.equal(again.status, 'ACCEPTED', again.info);
    await event(anna.client, 'JOINED', 'carl');
    for (const { client } of [anna, again])
        await client.close();
    carl.client.abort();
    through.kill('SIGKILL');
    await cable.stop();
    await server.stop();
});
