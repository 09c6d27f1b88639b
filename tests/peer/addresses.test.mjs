// SPDX-License-Identifier: GPL-3.0-or-later
// A server's addresses, in network namespaces: several of them, of either family, some that come
// and go; and GStreamer, whose ICE uses no loopback address.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Network, enterHub } from './lib/netns.mjs';
import { offer, parse } from './lib/sdp.mjs';
import { Server } from './lib/server.mjs';
import { until } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';
import { WebRtcBin } from './lib/webrtcbin.mjs';

await enterHub();

// Of the node 'many'. The alias is in the first address's network, so that it is the kernel's choice
// for nothing.
const ALIAS = '10.66.0.50';
const V6 = ['fd66::3', 'fd66::33'];

const servers = {};
let net;

// iproute2 in a node.
function ip(name, ...args) {
    const [command, ...rest] = [...net.spawnPrefix(name), 'ip', ...args];
    execFileSync(command, rest);
}

async function flows(server, name) {
    const { streams } = await (await fetch(`${server.http}/api/v1/streams`)).json();
    return streams.some((stream) => stream.name === name && stream.bitrate > 0);
}

// The addresses in the candidates for a client that comes to `url`.
async function announced(url, fields = {}) {
    const client = await WcsClient.session(url);
    const id = client.publish(`asks-${randomUUID()}`, offer(), fields);
    const { data } = await client.next('setRemoteSDP', (first) => first === id);
    client.abort();
    return [...data[1].matchAll(/^a=candidate:\d+ 1 \S+ \d+ (\S+) /gm)]
        .map((match) => match[1]).filter((address, i, all) => all.indexOf(address) === i);
}

// A publisher that sends sound, until its stop(). only: it hears of this address alone.
async function publish(server, name, { only, ...options }) {
    const peer = WebRtcBin.start(options);
    const client = await WcsClient.session(server.ws);
    const stop = async () => {
        client.abort();
        await peer.stop();
    };
    try {
        const id = client.publish(name, await peer.offer());
        const { data } = await client.next('setRemoteSDP');
        await peer.answer(data[1].split('\r\n').filter((line) =>
            !only || !line.startsWith('a=candidate:') || line.includes(` ${only} `)).join('\r\n'));
        await client.status(id, 'PUBLISHING', 10_000);
        await until('its sound arrives', () => flows(server, name));
        return { answer: data[1], stop };
    } catch (error) {
        await stop();
        throw error;
    }
}

before(async () => {
    net = await Network.create(['server', 'many', 'late']);
    ip('hub', 'addr', 'add', 'fd66::1/64', 'dev', 'hub', 'nodad');
    ip('many', 'addr', 'add', `${ALIAS}/24`, 'dev', 'eth0');
    for (const address of V6)
        ip('many', 'addr', 'add', `${address}/64`, 'dev', 'eth0', 'nodad');
    ip('late', 'addr', 'flush', 'dev', 'eth0');
    const own = { ip: '', ip_local: '0.0.0.0,::' };
    await Promise.all([['server', {}], ['many', own], ['late', own]].map(async ([name, options]) => {
        servers[name] = await Server.start(options, { netns: net.node(name) });
    }));
});
after(async () => {
    for (const server of Object.values(servers))
        await server.stop();
    await net?.remove();
});

// The server has no VP9. ports: whether the sections of the answer have one.
describe('GStreamer publishes its sound although the picture is refused', { concurrency: 3 }, () => {
    for (const [bundle, first, ports] of [['none', 'picture', [true, true]],
        ['max-bundle', 'picture', [true, true]], ['max-bundle', 'sound', [true, false]]]) {
        test(`bundle ${bundle}, ${first} first`, async () => {
            const { answer, stop } = await publish(servers.server, `gst-${bundle}-${first}`,
                { bundle, video: 'vp9', first });
            const { sections } = parse(answer);
            await stop();
            assert.deepEqual(sections.map(({ port }) => port > 0), ports);
            assert.ok(sections.find(({ kind }) => kind === 'video').lines.includes('a=inactive'));
        });
    }
});

describe('A server with several addresses', () => {
    const ws = (address) => `ws://${address.includes(':') ? `[${address}]` : address}:8080`;
    const all = () => [net.address('many'), ALIAS, ...V6];

    test('announces all of them, first the one that the client came by', async () => {
        for (const address of all()) {
            const [first, ...others] = await announced(ws(address));
            assert.equal(first, address);
            assert.deepEqual([first, ...others].sort(), all().sort());
        }
        assert.deepEqual((await announced(ws(ALIAS), { transport: 'TCP' }))[0], ALIAS);
    });

    for (const address of [ALIAS, V6[1]]) {
        test(`answers by the address that was asked: ${address}`, async () => {
            const { stop } = await publish(servers.many, `by-${address}`, { only: address });
            await stop();
        });
    }

    test('announces those of now; what runs is not disturbed', async () => {
        const server = servers.many;
        const { stop } = await publish(server, 'runs', { only: net.address('many') });
        const before = server.lines.length;
        ip('many', 'addr', 'del', `${ALIAS}/24`, 'dev', 'eth0');
        ip('many', 'addr', 'add', '10.66.0.51/24', 'dev', 'eth0');
        ip('many', 'addr', 'change', `${V6[1]}/64`, 'dev', 'eth0', 'preferred_lft', '0');
        const now = [net.address('many'), '10.66.0.51', V6[0]];
        await until('the new ones are announced', async () => assert.deepEqual(
            (await announced(server.ws)).sort(), now.sort()) ?? true);
        await until('the log says so', () => server.lines.slice(before)
            .filter((line) => /info webrtc: announcing .*10\.66\.0\.51/.test(line)).length === 1);
        assert.deepEqual(server.lines.slice(before).filter((line) => /warn/.test(line)), []);
        assert.ok(await flows(server, 'runs'));
        await stop();
    });
});

test('A server that is there before its network says so, and announces it when it comes', async () => {
    const server = servers.late;
    const warnings = () => server.lines.filter((line) => /warn webrtc: .*no address but/.test(line));
    assert.equal(warnings().length, 1, server.log);
    ip('late', 'addr', 'add', `${net.address('late')}/24`, 'dev', 'eth0');
    await server.waitForLog(new RegExp(`announcing ${net.address('late')}$`));
    assert.deepEqual(await announced(server.ws), [net.address('late')]);
    ip('late', 'addr', 'flush', 'dev', 'eth0', 'scope', 'global');
    await until('it says so again when the network goes', () => warnings().length === 2);
});
