// SPDX-License-Identifier: GPL-3.0-or-later
// Descriptors and threads run out under a running server: it refuses whoever needs one, with a
// reason, and nobody else notices; with descriptors and threads everything works again.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Backend } from './lib/backend.mjs';
import { Browser } from './lib/browser.mjs';
import { SMALL, Viewer, gone, pullBody, pulled, startPull } from './lib/nodes.mjs';
import { startPages } from './lib/pages.mjs';
import { freePorts } from './lib/ports.mjs';
import { RtmpServer } from './lib/rtmp.mjs';
import { offer } from './lib/sdp.mjs';
import { Server } from './lib/server.mjs';
import { SshUser } from './lib/ssh.mjs';
import { pause, slowness, until, within } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

const TOO_MANY = /too many open files/i;
const BELOW_ALL = 3; // descriptors: what is closed gives nothing back

let browser, pages, backend, rtmp, server;
let viewer; // publishes `camera`, and plays it as `watch`, all the time
const clients = {}; // of the applications with a back end
let admin, shell;
let idle; // descriptors
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

before(async () => {
    const port = await freePorts(1);
    [browser, pages, backend, rtmp] = await Promise.all([Browser.open(), startPages(),
        Backend.start(), RtmpServer.start()]);
    server = await Server.start({ 'cli.port': port, demo_stream: true, rest_request_timeout: 1,
        client_push_allow: '127.0.0.0/8' }, { ordinary: true });
    const file = path.join(server.stateDir, 'admin-password');
    admin = new SshUser({ port, password: fs.readFileSync(file, 'utf8').trim() });
    shell = await admin.terminal();
    // the name of the second is looked up each time, by a thread
    for (const [app, url] of [['app', backend.endpoint('app').url], ['named', 'http://x.invalid/']]) {
        await says(`add app ${app} ${app} ${url}`, /^$/);
        await says(`add app-rest-method ${app} playStream`, /^$/);
        clients[app] = await WcsClient.session(server.ws, { appKey: app });
    }
    viewer = await Viewer.open(browser, pages, server);
    await viewer.publish('camera', 'camera');
    await viewer.play('watch', 'camera');
    await shortMedia(); // libuv keeps a descriptor from the first one on
    await kept('GET', '/');
    idle = server.usage().fds;
});
after(async () => {
    agent.destroy();
    shell?.kill();
    await browser?.close();
    await pages?.close();
    await Promise.all(Object.values(clients).map((client) => client.close()));
    await server?.stop();
    await rtmp?.stop();
    await backend?.stop();
});

// One request on the connection that is kept: {status, text}.
function kept(method, target, body) {
    const bytes = body === undefined ? '' : JSON.stringify(body);
    return within(10_000 * slowness, `${method} ${target}`, new Promise((resolve, reject) => {
        const request = http.request(server.http + target, { method, agent,
            headers: { 'content-type': 'application/json', 'content-length': bytes.length } });
        request.once('error', reject);
        request.once('response', async (response) => {
            let text = '';
            for await (const chunk of response)
                text += chunk;
            resolve({ status: response.statusCode, text });
        });
        request.end(bytes);
    }));
}

// Whether TLS or not, with an answer of the server's: true.
function answers(url) {
    return new Promise((resolve, reject) => {
        const request = (url.startsWith('https') ? https : http).get(`${url}/healthz`,
            { agent: false, rejectUnauthorized: false });
        request.once('error', reject);
        request.once('response', (response) => resolve(response.resume().statusCode === 200));
    });
}

// A TCP connection to a media worker that says nothing, and goes.
function shortMedia() {
    return new Promise((resolve, reject) => {
        const socket = net.connect(server.mediaPort, '127.0.0.1', () => socket.end());
        socket.once('error', reject);
        socket.once('close', resolve);
    });
}

const taken = []; // connections that the server did not turn away

// Whether the server closes it without a word; if it does not, it stays open.
function isClosed(port) {
    return new Promise((resolve, reject) => {
        const socket = net.connect(port, '127.0.0.1');
        const patience = setTimeout(() => {
            taken.push(socket);
            resolve(false);
        }, 1_000 * slowness);
        socket.once('data', () => reject(new Error('it talks')));
        socket.once('error', () => {});
        socket.once('close', () => {
            clearTimeout(patience);
            resolve(true);
        });
    });
}

// What the server has let go of since, the first newcomers have.
async function turnedAway(port) {
    for (let tries = 0; tries < 4; tries++)
        if (await isClosed(port))
            return;
    assert.fail(`port ${port} takes newcomers`);
}

async function says(command, what) {
    shell.write(`${command}\r`);
    await shell.expect(`${command}\n`);
    const { between } = await shell.expect('% ');
    assert.match(between, what);
}

async function refusedPush(words) {
    const answer = await kept('POST', '/rest-api/push/startup',
        { streamName: 'camera', rtmpUrl: `${rtmp.url}/live` });
    assert.equal(answer.status, 500, answer.text);
    assert.match(JSON.parse(answer.text).message, words);
}

// A client's push is refused, its stream is not.
async function refusedClientPush(name, words) {
    await viewer.publish(name, name, { ...SMALL, rtmpUrl: `${rtmp.url}/live` });
    await server.waitForLog(new RegExp(`push: stream "${name}" is not pushed: .*${words}`));
    assert.equal((await viewer.call('stop', name)).status, 'UNPUBLISHED');
}

// The next hook needs a socket.
function forgetBackend() {
    for (const { socket } of backend.endpoint('app').requests)
        socket.destroy();
}

// A question that cannot be asked is answered by the policy, and the log has the reason.
async function refusedHook(app, why) {
    const at = server.lines.length;
    clients[app].play('demo', offer({ direction: 'recvonly' }));
    await until(`a failed hook of ${app}`, () => {
        const line = server.lines.slice(at).find((line) => / warn .*hook playStream/.test(line));
        return line && why.test(line);
    });
}

// Nobody has told the two that anything was wrong, and pictures come.
async function nobodyElseNotices() {
    await viewer.goesOn('watch');
    for (const label of ['camera', 'watch']) {
        const ends = (await viewer.call('events', label))
            .filter(({ status }) => ['FAILED', 'STOPPED', 'UNPUBLISHED'].includes(status));
        assert.deepEqual(ends, [], label);
    }
    server.assertAlive();
}

describe('Without a descriptor', () => {
    before(async () => {
        forgetBackend();
        await until('what is closed is closed by the server, too', async () => {
            const { fds } = server.usage();
            await pause(300);
            return server.usage().fds === fds;
        });
        server.setLimits({ nofile: server.freeDescriptor });
    });

    after(() => taken.forEach((socket) => socket.destroy()));

    test('newcomers are turned away at every port', async () => {
        const ports = ['ws.port', 'wss.port', 'http.port', 'https.port'];
        await Promise.all([...ports.map((name) => server.options[name]), server.mediaPort]
            .map(turnedAway));
        assert.doesNotMatch(server.log, /newcomers wait/);
    });
    test('who is there publishes and plays, the demo too', async () => {
        await viewer.publish('second', 'second');
        await viewer.play('demo', 'demo');
        await viewer.goesOn('demo');
        assert.equal((await viewer.call('stop', 'demo')).status, 'STOPPED');
        assert.equal((await viewer.call('stop', 'second')).status, 'UNPUBLISHED');
    });
    test('a push is refused and says why, for an operator and for a client', async () => {
        await refusedPush(/no descriptors are left/);
        await refusedClientPush('pushed', 'no descriptors are left');
    });
    test('a pull ends and says why', async () => {
        await kept('POST', '/rest-api/pull/pull', pullBody(server, 'demo', 'copy'));
        await server.waitForLog(/stream="copy".* pull: FAILED ".*too many open files/i);
    });
    test('a hook that finds no socket says so', async () => {
        await refusedHook('app', /no socket: Too many open files/);
    });
    test('the console goes on; what it cannot write down it does not claim', async () => {
        await says('show apps', /app/);
        await says('add app short short http://127.0.0.1/', TOO_MANY);
    });
    test('pages that were shown are shown, others are not said to be missing', async () => {
        assert.equal((await kept('GET', '/')).status, 200);
        assert.equal((await kept('GET', '/republish.html')).status, 503);
        assert.equal((await kept('GET', '/metrics')).status, 200);
        assert.equal((await kept('GET', '/?action=stat')).status, 200);
    });
    test('a reload keeps the certificates', async () => {
        const line = server.waitForLog(/reload: certificate kept as it was: .*too many open files/i);
        server.signal('SIGHUP');
        await line;
    });
    test('nobody else notices', nobodyElseNotices);
});

describe('With the limit below all that is open', () => {
    test('newcomers wait, the rest goes on, and they get their turn', async () => {
        server.setLimits({ nofile: BELOW_ALL });
        const media = net.connect(server.mediaPort, '127.0.0.1');
        const waiting = [answers(server.http), answers(server.https),
            WcsClient.session(server.ws), WcsClient.session(server.wss),
            admin.run('show version')];
        let served = 0;
        waiting.forEach((one) => one.then(() => served++, () => {}));
        await server.waitForLog(/: newcomers wait/);
        const before = server.usage().cpu;
        await nobodyElseNotices();
        await refusedPush(/no descriptors are left/);
        const used = server.usage().cpu - before;
        assert.equal(served, 0);
        assert.equal(media.readyState, 'open');
        server.setLimits();
        const [plain, tls, ws, wss, ssh] = await Promise.all(waiting);
        assert.deepEqual([plain, tls, ssh.code], [true, true, 0], ssh.err);
        assert.match(ssh.out, /Sluice/);
        await Promise.all([ws.close(), wss.close()]);
        media.destroy();
        assert.ok(used < 1 * slowness, `${used} s of the processor`);
    });
});

describe('Without a thread', () => {
    before(() => {
        forgetBackend();
        server.setLimits({ nproc: 1 });
    });

    test('a push needs none', async () => {
        const from = rtmp.connections.length;
        const answer = await kept('POST', '/rest-api/push/startup',
            { streamName: 'camera', rtmpUrl: `${rtmp.url}/live` });
        assert.equal(answer.status, 200, answer.text);
        await rtmp.publication(from);
        const { mediaSessionId } = JSON.parse(answer.text);
        assert.equal((await kept('POST', '/rest-api/push/terminate', { mediaSessionId })).status, 200);
    });
    test('a hook whose name cannot be looked up says so', async () => {
        await refusedHook('named', /thread/);
    });
    test('what needs no new thread works: clients, TLS, pulls by name, files, console', async () => {
        assert.ok(await answers(server.https));
        const other = await WcsClient.session(server.wss);
        await other.close();
        await startPull(server, { uri: server.ws.replace('127.0.0.1', 'localhost') }, 'demo', 'copy');
        await pulled(server, 'copy');
        assert.equal((await kept('POST', '/rest-api/pull/terminate',
            pullBody({ uri: server.ws.replace('127.0.0.1', 'localhost') }, 'demo', 'copy'))).status,
        200);
        await gone(server, 'copy');
        await says('add app threads threads http://127.0.0.1/', /^$/);
        assert.equal((await admin.run('show version')).code, 0);
    });
    test('nobody else notices', nobodyElseNotices);
});

describe('With both again', () => {
    before(() => server.setLimits());

    test('pushes, pulls and hooks work', async () => {
        const from = rtmp.connections.length;
        const answer = await kept('POST', '/rest-api/push/startup',
            { streamName: 'camera', rtmpUrl: `${rtmp.url}/live` });
        assert.equal(answer.status, 200, answer.text);
        await rtmp.publication(from);
        const { mediaSessionId } = JSON.parse(answer.text);
        const asked = backend.endpoint('app').next('playStream');
        clients.app.play('demo', offer({ direction: 'recvonly' }));
        await asked;
        await startPull(server, server, 'demo', 'copy');
        await pulled(server, 'copy');
        await kept('POST', '/rest-api/pull/terminate', pullBody(server, 'demo', 'copy'));
        assert.equal((await kept('POST', '/rest-api/push/terminate', { mediaSessionId })).status, 200);
        await says('add app after after http://127.0.0.1/', /^$/);
        assert.equal((await kept('GET', '/republish.html')).status, 200);
    });
    test('nobody else has noticed', nobodyElseNotices);
    test('no refusal has kept a descriptor', async () => {
        forgetBackend();
        await until('the descriptors are closed', () => {
            const { fds } = server.usage();
            if (fds <= idle)
                return true;
            throw new Error(`${fds}, ${idle} before`);
        });
    });
});
