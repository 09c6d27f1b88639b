// SPDX-License-Identifier: GPL-3.0-or-later
// Memory that runs out, anywhere: each run fails one allocation of the process, its own or a
// library's, while clients, operators and other servers use it. What may come of it is a refusal of
// the one who asked, or the orderly end: a line in the log, and SIGABRT. Answers stay whole, and so
// do the files it leaves.
//
// MEMORY_EVERY=1 tries every allocation, 10 every tenth; the default is a sample.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePorts } from './lib/ports.mjs';
import { RtmpServer } from './lib/rtmp.mjs';
import * as sdp from './lib/sdp.mjs';
import { buildDir, Server } from './lib/server.mjs';
import { SshUser } from './lib/ssh.mjs';
import { pause, slowness, within } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

const PRELOAD = path.join(buildDir, 'tests/tools/fail_alloc.so');
const EVERY = Number(process.env.MEMORY_EVERY ?? 0);
const FROM = Number(process.env.MEMORY_FROM ?? 1);
const SAMPLE = 24; // single allocations of a run in `make test`
const STEP_MS = 2_000;
const END_MS = 400 * slowness;
const LAST_WORDS = /Z error out of memory$/m;

let scratch, state, rtmp, cliPort;

before(async () => {
    scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-memory-'));
    state = path.join(scratch, 'state');
    [rtmp, cliPort] = await Promise.all([RtmpServer.start(), freePorts(1)]);
    fs.mkdirSync(state);
    const server = await start(state); // keys, password: made once
    await server.stop();
});
after(async () => {
    await rtmp?.stop();
    fs.rmSync(scratch, { recursive: true, force: true });
});

function start(stateDir, env) {
    return Server.start({ state_dir: stateDir, demo_stream: true, 'cli.port': cliPort,
        log_level: 'INFO' }, { env });
}

// ---- The file shared with the preloaded library ----

class Allocations {
    constructor(file) {
        this.file = file;
        fs.writeFileSync(file, Buffer.alloc(24));
    }
    get env() {
        return { LD_PRELOAD: PRELOAD, FAIL_ALLOC_FILE: this.file };
    }
    #word(index) {
        return Number(fs.readFileSync(this.file).readBigInt64LE(8 * index));
    }
    failAt(n) {
        const word = Buffer.alloc(8);
        word.writeBigInt64LE(BigInt(n));
        const fd = fs.openSync(this.file, 'r+');
        fs.writeSync(fd, word, 0, 8, 0);
        fs.closeSync(fd);
    }
    get count() {
        return this.#word(1);
    }
    get failed() {
        return this.#word(2);
    }
}

// ---- The scenario ----

async function rest(server, where, body) {
    const response = await fetch(`${server.http}/rest-api${where}`, { method: 'POST',
        headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body ?? {}),
        signal: AbortSignal.timeout(STEP_MS) });
    return { status: response.status, text: await response.text() };
}

async function get(server, where) {
    const response = await fetch(server.http + where, { signal: AbortSignal.timeout(STEP_MS),
        headers: { 'Accept-Encoding': 'identity' } });
    return { status: response.status, text: await response.text() };
}

// JSON is whole whatever the status; other text ends as it should when it is a success.
function assertWhole({ status, text }, { expected = 200, end = /^/ } = {}) {
    if (/^\s*[[{]/.test(text))
        JSON.parse(text);
    else if (status === 200)
        assert.match(text, end);
    if (status !== expected)
        throw new Error(`${status} ${text.slice(0, 200)}`);
}

const STEPS = {
    session: async (c) => { c.client = await WcsClient.session(c.server.ws); },
    available: async ({ client }) => {
        client.send('availableStream', { mediaSessionId: 'a', name: 'demo' });
        await client.settle();
    },
    publish: async (c) => {
        c.published = c.client.publish('mine', sdp.offer());
        await c.client.next('setRemoteSDP', (id) => id === c.published, STEP_MS);
    },
    play: async ({ client }) => {
        const id = client.play('demo', sdp.offer({ direction: 'recvonly' }));
        await client.next('setRemoteSDP', (name) => name === id, STEP_MS);
    },
    'data between clients': async ({ client }) => {
        client.send('sendData', { operationId: 'o', payload: { a: 'b', c: ['d', { e: 1 }] } });
        await client.settle();
    },
    'no message': async ({ client }) => {
        client.sendRaw('{"message":"ping","data":[{"a":[1,2,{"b":"c"}]}');
        client.sendRaw('[1,2,3]');
    },
    'list of connections': async ({ server }) =>
        assertWhole(await rest(server, '/connection/find_all')),
    'list of streams': async ({ server }) => assertWhole(await rest(server, '/stream/find_all')),
    'one stream': async ({ server }) =>
        assertWhole(await rest(server, '/stream/find', { name: 'demo' })),
    'data to a client': async ({ server }) => assertWhole(
        await rest(server, '/data/send', { sessionId: 'none', operationId: 'y', payload: { a: 1 } }),
        { expected: 404 }),
    'push starts': async ({ server, round }) => assertWhole(await rest(server, '/push/startup',
        { streamName: 'demo', rtmpUrl: `${rtmp.url}/live-${round}` })),
    'pushes': async ({ server }) => assertWhole(await rest(server, '/push/find_all')),
    'pull from nowhere': async ({ server }) => assertWhole(await rest(server, '/pull/pull',
        { uri: 'ws://127.0.0.1:9', remoteStreamName: 'a', localStreamName: 'b' })),
    'metrics': async ({ server }) => assertWhole(await get(server, '/metrics'),
        { end: /\nprocess_start_time_seconds \S+\n$/ }),
    'statistics': async ({ server }) => assertWhole(await get(server, '/?action=stat')),
    'description': async ({ server }) => assertWhole(await get(server, '/rest-api/openapi.json')),
    'page': async ({ server }) => assertWhole(await get(server, '/'),
        { end: /<\/html>\s*$/ }),
    'TLS': async ({ server }) => {
        const client = await WcsClient.session(server.wss);
        await client.close();
    },
    'console': async ({ admin, round }) => {
        const { code, out, err } = await admin.run(`add app app-${round} app-${round} ` +
            'http://127.0.0.1:9/x');
        if (code !== 0)
            throw new Error(`${code} ${out} ${err}`);
    },
    'unpublish': async ({ client, published }) => {
        client.unpublish(published, 'mine');
        await client.settle();
        await client.close();
    },
};

// All steps; one that fails, because it was refused or the server is gone, does not end the others.
// Only answers that are not whole are faults.
async function scenario(server, round) {
    const password = fs.readFileSync(path.join(state, 'admin-password'), 'utf8').trim();
    const context = { server, round, admin: new SshUser({ port: cliPort, password }) };
    const refused = [];
    for (const [name, step] of Object.entries(STEPS)) {
        if (server.exited)
            break;
        await Promise.race([step(context), server.end]).catch((error) => {
            if (error instanceof SyntaxError || error instanceof assert.AssertionError)
                throw new Error(`${name}: ${error.message}\n${server.log}`);
            refused.push(`${name}: ${error.message} ${error.cause?.message ?? ''}`);
        });
    }
    context.client?.abort();
    return refused;
}

// ---- What comes of it ----

function assertStateIsWhole(where) {
    const { apps, users } = JSON.parse(fs.readFileSync(path.join(where, 'apps.json'), 'utf8'));
    assert.ok(apps.length >= 2 && users.length === 1, 'what was there is there');
    for (const app of apps)
        assert.ok(app.name && app.appKey && app.url && Array.isArray(app.methods), app);
}

// Once around with the n-th allocation failing: 'ended' in order, or 'refused'.
async function round(server, allocations, n) {
    const before = allocations.failed;
    allocations.failAt(n);
    await scenario(server, n);
    allocations.failAt(0);
    const failed = allocations.failed > before;
    // abort() gives the last lines 200 ms to leave, in which other threads still answer.
    const end = server.exited ?? (failed && await Promise.race([server.end, pause(END_MS)]));
    assertStateIsWhole(state);
    if (!end)
        return failed ? 'refused' : 'not reached';
    assert.deepEqual(end, { code: null, signal: 'SIGABRT' }, `allocation ${n}\n${server.log}`);
    assert.match(server.log, LAST_WORDS, `allocation ${n}`);
    return 'ended';
}

describe('memory that runs out', () => {
    test('ends in order or refuses, whichever allocation it is', async (t) => {
        const allocations = new Allocations(path.join(scratch, 'allocations'));
        let server = await start(state, allocations.env);
        const begun = allocations.count;
        assert.deepEqual(await scenario(server, 'whole'), [], 'every step works with memory');
        const count = allocations.count - begun;
        assert.ok(count > 1000, `${count} allocations in all`);
        const every = EVERY || Math.ceil(count / SAMPLE);
        const outcomes = { ended: 0, refused: 0, 'not reached': 0 };
        for (let n = FROM; n <= count; n += every) {
            if (server.exited)
                server = await start(state, allocations.env);
            outcomes[await round(server, allocations, n)]++;
        }
        t.diagnostic(`${count} allocations: ${JSON.stringify(outcomes)}`);
        assert.ok(outcomes.ended > 0);
        if (!server.exited) {
            assert.deepEqual(await scenario(server, 'last'), [], 'what was refused left no trace');
            await within(15_000, 'the end', server.stop());
        }
    });
});
