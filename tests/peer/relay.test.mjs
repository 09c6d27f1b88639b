// SPDX-License-Identifier: GPL-3.0-or-later
// The relay that spoils the network for the other tests: does it spoil what it was asked to?
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Relay } from './lib/relay.mjs';
import { pause, until } from './lib/wait.mjs';

const COUNT = 2000;

let target; // answers every datagram to whoever sent it
let relay;
let sockets;

async function bound() {
    const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
    sockets.push(socket);
    return socket;
}

// Sends numbered datagrams of `size` bytes and collects the echoes as {number, at (ms)}.
async function echoes(count, { size = 100, perTick = 50 } = {}) {
    const client = await bound();
    const got = [];
    client.on('message', (bytes) => got.push({ number: bytes.readUInt32BE(0), at: performance.now() -
        bytes.readDoubleBE(4) }));
    for (let i = 0; i < count; i++) {
        const bytes = Buffer.alloc(size);
        bytes.writeUInt32BE(i, 0);
        bytes.writeDoubleBE(performance.now(), 4);
        client.send(bytes, relay.port, '127.0.0.1');
        if (i % perTick === perTick - 1)
            await pause(1);
    }
    return got;
}

async function settled() {
    return until('all that was sent has passed the relay', async () => {
        const { held, up, down } = await relay.stats();
        const passed = up.received - up.lost - up.overflowed + up.duplicated;
        return held === 0 && up.received > 0 && up.sent === passed && down.received === up.sent &&
            { up, down };
    });
}

const average = (list) => list.reduce((sum, x) => sum + x, 0) / list.length;

describe('UDP relay', () => {
    before(() => {
        sockets = [];
    });
    beforeEach(async () => {
        target = await bound();
        target.on('message', (bytes, from) => target.send(bytes, from.port, from.address));
        relay = await Relay.start(target.address().port, 'seed 7');
    });
    afterEach(async () => {
        assert.deepEqual(await relay.stop(), { code: 0, signal: null });
    });
    after(() => sockets.forEach((socket) => socket.close()));

    test('passes everything, in order, when nothing is asked', async () => {
        const got = await echoes(COUNT);
        await until('all echoes', () => got.length === COUNT || Promise.reject(new Error(got.length)));
        assert.deepEqual(got.map((g) => g.number), Array.from({ length: COUNT }, (_, i) => i));
    });

    test('loses the share that was asked, in one direction only', async () => {
        await relay.set('up.loss 10');
        await echoes(COUNT);
        const { up, down } = await settled();
        assert.equal(up.received, COUNT);
        assert.ok(Math.abs(up.lost / COUNT - 0.1) < 0.03, `${up.lost} lost`);
        assert.equal(down.lost, 0);
    });

    test('delays each direction, and keeps the order with jitter', async () => {
        await relay.set('delay 25', 'jitter 20');
        const got = await echoes(200, { perTick: 10 });
        await until('all echoes', () => got.length === 200 || Promise.reject(new Error(got.length)));
        assert.deepEqual(got.map((g) => g.number), Array.from({ length: 200 }, (_, i) => i));
        const delay = average(got.map((g) => g.at));
        assert.ok(Math.min(...got.map((g) => g.at)) >= 50, 'never early');
        assert.ok(delay > 55 && delay < 110, `${delay} ms`);
    });

    test('reorders and duplicates', async () => {
        await relay.set('up.reorder 5', 'up.duplicate 2', 'late 10');
        const got = await echoes(COUNT);
        const { up } = await settled();
        assert.ok(Math.abs(up.reordered / COUNT - 0.05) < 0.02, `${up.reordered} reordered`);
        assert.ok(Math.abs(up.duplicated / COUNT - 0.02) < 0.01, `${up.duplicated} duplicated`);
        await until('all echoes', () => got.length === COUNT + up.duplicated);
        const backwards = got.filter((g, i) => i > 0 && g.number < got[i - 1].number).length;
        // a busy machine's sender sends in lumps, with gaps in which the late ones come in their place
        assert.ok(backwards > 0, 'none came late');
    });

    test('limits the bandwidth, and drops what its queue cannot hold', async () => {
        await relay.set('up.rate 800', 'up.queue 100'); // 100 bytes a millisecond
        const got = await echoes(300, { size: 1000 });
        const { up } = await settled();
        assert.ok(up.overflowed > 150, `${up.overflowed} overflowed`);
        assert.ok(got.every((g) => g.at < 300), 'no longer than the queue');
    });

    test('a black hole passes nothing until it is opened again', async () => {
        await relay.set('drop on');
        await echoes(100);
        await until('all are lost', async () => (await relay.stats()).up.lost === 100);
        await relay.set('drop off');
        const got = await echoes(10);
        await until('echoes', () => got.length === 10);
    });

    test('tells clients apart', async () => {
        const all = await Promise.all([echoes(50), echoes(50), echoes(50)]);
        await until('all echoes', () => all.every((got) => got.length === 50));
        assert.equal((await relay.stats()).clients, 3);
    });

    test('the same seed loses the same datagrams', async () => {
        const passed = [];
        for (let run = 0; run < 2; run++) {
            await relay.set('seed 42', 'up.loss 20');
            const before = (await relay.stats()).down.sent;
            const got = await echoes(200);
            const { down } = await settled();
            await until('the echoes', () => got.length === down.sent - before);
            passed.push(got.map((g) => g.number).join());
        }
        assert.equal(passed[0], passed[1]);
    });

    test('refuses what is no command', async () => {
        for (const bad of ['loss', 'loss x', 'loss -1', 'loss 101', 'drop maybe', 'side.loss 5', 'x 1'])
            await assert.rejects(relay.set(bad), /error/, bad);
    });
});
