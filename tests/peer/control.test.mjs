// SPDX-License-Identifier: GPL-3.0-or-later
// Console, REST API and hooks together, as the operator and the application's owner use them, with
// the official SDK in Chromium at the other end: seed 003 from `show apps` to the stream resumed.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Backend } from './lib/backend.mjs';
import { Browser } from './lib/browser.mjs';
import { BARE, startPages } from './lib/pages.mjs';
import { freePorts } from './lib/ports.mjs';
import { Server } from './lib/server.mjs';
import { SshUser } from './lib/ssh.mjs';
import { until } from './lib/wait.mjs';

const INTERVAL_MS = 500;
const SMALL = { constraints: { audio: true, video: { width: 320, height: 240 } } };
// As the seed has it, in the answer to `connect`.
const REST_CLIENT_CONFIG = { StreamKeepAliveEvent: { clientExclude: '', restExclude: 'sdp',
    restOnError: 'FAIL', restPolicy: 'NOTIFY', restOverwrite: '' } };

let backend, myApi, server, admin, browser, pages, page;

before(async () => {
    const port = await freePorts(1);
    [backend, browser, pages, server] = await Promise.all([Backend.start(), Browser.open(),
        startPages(), Server.start({
            'cli.port': port,
            keep_alive_streaming_sessions_enabled: true,
            streaming_sessions_keep_alive_interval: INTERVAL_MS,
            streaming_sessions_keep_alive_app_keys: 'defaultApp',
        })]);
    const password = fs.readFileSync(path.join(server.stateDir, 'admin-password'), 'utf8').trim();
    admin = new SshUser({ port, password });
    myApi = backend.endpoint('MyAPI');
    page = await browser.page(pages.url + BARE, server);
});
after(async () => {
    await browser?.close();
    await pages?.close();
    await server?.stop();
    await backend?.stop();
});

function call(method, ...args) {
    return page.evaluate(([name, list]) => window.sluice[name](...list), [method, args]);
}
async function console_(command) {
    const { code, out, err } = await admin.run(command);
    assert.deepEqual({ code, err }, { code: 0, err: '' }, command);
    return out;
}
async function rest(where, body, headers = {}) {
    const response = await fetch(`${server.http}/rest-api${where}`, { method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text && JSON.parse(text) };
}
async function publish(label, name, session) {
    const event = await call('publish', label, name, { session, ...SMALL });
    assert.equal(event.status, 'PUBLISHING', event.info);
    return event.id;
}
async function play(label, name, session) {
    const event = await call('play', label, name, { session });
    assert.equal(event.status, 'PLAYING', event.info);
    return event.id;
}
async function assertGoesOn(label) {
    const count = async () => (await call('stats', label))?.in.video?.framesDecoded ?? 0;
    const first = await count();
    await until(`${label} goes on`, async () => (await count()) > first + 5);
}
const beat = (id) => myApi.next('StreamKeepAliveEvent', ({ mediaSessionId }) => mediaSessionId === id,
    4 * INTERVAL_MS);

describe('seed 003, whole: streams are stopped by the server and resumed', () => {
    const stopped = new Set(); // mediaSessionIds for which the back end says 403

    test('the administrator\'s steps, as printed (CLI-3, CLI-4, CLI-5, CLI-19)', async () => {
        const { code, out } = await admin.run('', 'show apps\n' +
            'add app-rest-method defaultApp StreamKeepAliveEvent\n' +
            'show app-rest-methods defaultApp\n' +
            `update app defaultApp ${myApi.url}\n` +
            'show apps\n');
        assert.equal(code, 0);
        assert.match(out, /^defaultApp +defaultApp +http:\/\/localhost:\d+\/apps\/EchoApp/m);
        assert.match(out, /^StreamKeepAliveEvent$/m);
        assert.match(out, new RegExp(`^defaultApp +defaultApp +${myApi.url}`, 'm'));
    });

    test('the next hook goes to the new address without a restart (HOOK-5, CLI-7)', async () => {
        myApi.config(REST_CLIENT_CONFIG);
        myApi.on('StreamKeepAliveEvent', ({ body }) =>
            ({ status: stopped.has(body.mediaSessionId) ? 403 : 200 }));
        assert.equal(await call('connect', server.ws, {}, 'publisher'), 'ESTABLISHED');
        assert.equal(await call('connect', server.ws, {}, 'player'), 'ESTABLISHED');
        assert.equal(await call('connect', server.ws, {}, 'second'), 'ESTABLISHED');
        assert.equal(myApi.of('connect').length, 3);
    });

    test('keep-alives tell publisher and players apart, without sdp (HOOK-17, 22, 23)', async () => {
        const pub = await publish('pub', 'streamName', 'publisher');
        const ids = [pub, await play('play', 'streamName', 'player'),
            await play('play2', 'streamName', 'second')];
        for (const id of ids) {
            const { body, path: where } = await beat(id);
            assert.equal(where, '/MyAPI/StreamKeepAliveEvent');
            assert.equal(body.published, id === pub);
            assert.equal(body.status, id === pub ? 'PUBLISHING' : 'PLAYING');
            assert.equal(body.name, 'streamName');
            assert.equal('sdp' in body, false);
        }
    });

    test('403 for the second player stops it alone; it is resumed (HOOK-25, HOOK-27)', async () => {
        const id = (await call('events', 'play2')).length && myApi.of('StreamKeepAliveEvent')
            .findLast(({ body }) => !body.published).body.mediaSessionId;
        const label = await labelOf(id);
        stopped.add(id);
        const end = await call('end', label);
        assert.deepEqual([end.status, end.info], ['FAILED', 'Terminated by keep-alive']);
        await assertGoesOn(label === 'play' ? 'play2' : 'play');
        const again = await play('resumed', 'streamName', label === 'play' ? 'player' : 'second');
        await beat(again);
        await assertGoesOn('resumed');
    });

    async function labelOf(id) {
        const ids = await page.evaluate(() => ['play', 'play2'].map((label) =>
            window.sluice.call(label, 'id')));
        return ['play', 'play2'][(await Promise.all(ids)).indexOf(id)];
    }

    test('403 for the publisher stops it and every player; all are resumed (HOOK-24)', async () => {
        const pub = myApi.of('StreamKeepAliveEvent').findLast(({ body }) => body.published);
        stopped.add(pub.body.mediaSessionId);
        assert.equal((await call('end', 'pub')).status, 'UNPUBLISHED');
        const end = await call('end', 'resumed');
        assert.deepEqual([end.status, end.info], ['FAILED', 'Stopped by publisher stop']);
        await publish('pub2', 'streamName', 'publisher');
        await play('first2', 'streamName', 'player');
        await play('second2', 'streamName', 'second');
        await assertGoesOn('second2');
    });

    test('/stream/terminate by name and status, then resumed once more (REST-40, REST-43)', async () => {
        const filter = { name: 'streamName', status: 'PUBLISHING' };
        assert.deepEqual(await rest('/stream/terminate', filter), { status: 200, body: '' });
        assert.equal((await call('end', 'pub2')).status, 'UNPUBLISHED');
        for (const label of ['first2', 'second2']) {
            const end = await call('end', label);
            assert.deepEqual([end.status, end.info], ['FAILED', 'Stopped by publisher stop']);
        }
        assert.equal((await rest('/stream/terminate', filter)).status, 404);
        await publish('pub3', 'streamName', 'publisher');
        await play('first3', 'streamName', 'player');
        const second = await play('second3', 'streamName', 'second');
        assert.equal((await rest('/stream/terminate', { mediaSessionId: second })).status, 200);
        assert.equal((await call('end', 'second3')).info, 'Stopped by rest /terminate');
        await assertGoesOn('first3');
        await play('second4', 'streamName', 'second');
        await assertGoesOn('second4');
    });

    test('every player of the server, and none of the publishers (REST-38)', async () => {
        assert.equal((await rest('/stream/terminate', { published: false })).status, 200);
        for (const label of ['first3', 'second4'])
            assert.equal((await call('end', label)).status, 'FAILED');
        const found = await rest('/stream/find', { published: true });
        assert.deepEqual(found.body.map(({ name }) => name), ['streamName']);
        assert.equal((await call('stop', 'pub3')).status, 'UNPUBLISHED');
    });
});

describe('console, hooks and REST agree', () => {
    test('a new application is told only what was added, and no longer once removed (CLI-8, CLI-10)',
        async () => {
            const app = backend.endpoint('second');
            await console_(`add app Second second-key "${app.url}"`);
            assert.equal(await call('connect', server.ws, { appKey: 'second-key' }, 's1'),
                'ESTABLISHED');
            assert.equal(app.requests.length, 0);
            await console_('add app-rest-method second-key connect');
            assert.equal(await call('connect', server.ws, { appKey: 'second-key' }, 's2'),
                'ESTABLISHED');
            const { body } = await app.next('connect');
            assert.equal(body.appKey, 'second-key');
            await console_('remove app-rest-method second-key connect');
            assert.equal(await call('connect', server.ws, { appKey: 'second-key' }, 's3'),
                'ESTABLISHED');
            assert.equal(app.requests.length, 1);
            await console_('remove app Second');
            assert.equal(await call('connect', server.ws, { appKey: 'second-key' }, 's4'),
                'DISCONNECTED');
        });

    test('users of the console are those of HTTP Basic, at once (CLI-12, CLI-13)', async () => {
        const as = (user, password) => ({ Authorization:
            `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` });
        const status = async (headers) => {
            // addressed by a name that is not loopback's: credentials are needed
            const http = await import('node:http');
            return new Promise((resolve, reject) => http.request({ host: '127.0.0.1',
                port: server.options['http.port'], path: '/rest-api/connection/find_all',
                method: 'POST', headers: { Host: 'media.example', ...headers } }, (response) => {
                response.resume();
                resolve(response.statusCode);
            }).on('error', reject).end());
        };
        assert.equal(await status({}), 401);
        await console_('add user operator first-Canary');
        assert.equal(await status(as('operator', 'first-Canary')), 200);
        await console_('update user -a false operator');
        assert.equal(await status(as('operator', 'first-Canary')), 401);
        await console_('update user -a true operator');
        assert.equal(await status(as('operator', 'first-Canary')), 200);
        assert.equal((await admin.run('passwd operator', 'second-Canary\nsecond-Canary\n')).code, 0);
        assert.equal(await status(as('operator', 'first-Canary')), 401);
        assert.equal(await status(as('operator', 'second-Canary')), 200);
        assert.doesNotMatch(server.log, /Canary/); // CLI-17, CFG-21
    });

    test('what the console shows is what is there, and it can end it', async () => {
        const id = await publish('shown', 'shown-stream', 'publisher');
        assert.match(await console_('show streams'), new RegExp(`^${id} +shown-stream`, 'm'));
        const rows = (await console_('show connections')).split('\n')
            .filter((row) => row.startsWith('/127.'));
        const streams = await rest('/stream/find', { name: 'shown-stream' });
        const session = streams.body[0].sessionId;
        assert.ok(rows.some((row) => row.startsWith(`${session} `)), rows.join('\n'));
        assert.match(await console_('show stat'), /^streams_webrtc_in=1$/m);
        await console_(`kill connection ${session}`);
        assert.match((await call('end', 'shown')).status, /FAILED|UNPUBLISHED/);
        await until('the session is over', async () =>
            await call('sessionStatus', 'publisher') === 'DISCONNECTED');
    });

    test('/data/send reaches APP_DATA of the SDK (WS-63)', async () => {
        const [{ sessionId }] = (await rest('/connection/find_all', {})).body;
        const sent = await rest('/data/send', { operationId: 'op-1', sessionId,
            payload: { any: ['thing', 1] } });
        assert.deepEqual(sent, { status: 200, body: '' });
        await until('APP_DATA', async () => {
            const all = await Promise.all(['player', 'second', 's1', 's2', 's3'].map((label) =>
                call('sessionEvents', label)));
            return all.flat().find(({ status, info }) => status === 'APP_DATA' &&
                JSON.stringify(info).includes('"any":["thing",1]'));
        });
    });

    test('reload by the console names what was applied', async () => {
        assert.equal(await console_('reload'), '');
        assert.match(await console_('show node-settings | grep port'), /^http\.port=\d+$/m);
    });
});
