// SPDX-License-Identifier: GPL-3.0-or-later
// Hooks against a real web back end, as far as they need no media: statements of rest-hooks.md
// section 6, and back ends that hang, die, lie and flood (hardening.md, "Faults to survive").
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Backend, startWithApps } from './lib/backend.mjs';
import { freePorts } from './lib/ports.mjs';
import * as sdp from './lib/sdp.mjs';
import { slowness, until, within } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

const METHODS = ['connect', 'ConnectionStatusEvent', 'publishStream', 'unPublishStream', 'playStream',
    'stopStream', 'StreamStatusEvent', 'sendStreamEvent', 'StreamEvent', 'OnDataEvent',
    'DataStatusEvent', 'ErrorEvent'];
const APPS = 60;
// Of the server that is to give up, and of the one that is not to while a slow machine works.
const TIMEOUT_S = 1;
const PATIENT_S = 30;
const CANARY = 'canary-that-no-log-may-show';

let backend; // http
let server; // PATIENT_S, applications app1..app60, and some with what their names say
let hasty; // TIMEOUT_S, app1..app60
let taken = 0;
let names = 0;
const newName = () => `hooked-${++names}`;

// An application of one's own: {key, url, on(), next(), ...}.
const takeApp = () => backend.endpoint(`app${++taken}`);

function appList(methods = METHODS) {
    return Object.fromEntries(Array.from({ length: APPS }, (_, i) => [`app${i + 1}`,
        { url: backend.endpoint(`app${i + 1}`).url, methods }]));
}

// A session of this application, for one test.
async function withSession(app, run, { fields, on = server, ...options } = {}) {
    const client = await WcsClient.session(on.ws, { appKey: app.key, ...fields }, options);
    try {
        return await run(client);
    } finally {
        await client.close();
    }
}

// The answer to `connection` when it is a refusal; the socket is closed afterwards.
async function refusal(app, { on = server, timeout = 8_000 } = {}) {
    const client = await WcsClient.open(on.ws);
    client.send('connection', { appKey: app.key, mediaProviders: ['WebRTC'] });
    await within(timeout * slowness, 'the connection is closed', client.closed);
    assert.equal(client.received.length, 1, JSON.stringify(client.received));
    const [{ message, data: [data] }] = client.received;
    assert.equal(message, 'fail');
    assert.equal(data.apiMethod, 'ConnectionStatusEvent');
    assert.equal(data.status, 'FAILED');
    return data.info;
}

async function assertConnects(app, on = server) {
    await withSession(app, async () => {}, { on });
}

describe('hooks', { concurrency: 8 }, () => {
    before(async () => {
        backend = await Backend.start();
        const closed = `http://127.0.0.1:${await freePorts(1)}/closed`;
        const starting = startWithApps(appList(), { rest_request_timeout: TIMEOUT_S });
        server = await startWithApps({
            ...appList(),
            closed: { url: closed, methods: ['connect'] },
            few: { url: backend.endpoint('few').url, methods: ['connect'] },
            basic: { url: backend.endpoint('basic').url, methods: METHODS, restUsername: 'user',
                restPassword: CANARY },
            defaultApp: { url: 'http://localhost:8081/apps/EchoApp', methods: METHODS },
        }, { rest_request_timeout: PATIENT_S });
        hasty = await starting;
    });
    after(async () => {
        const log = server.log + hasty.log;
        await Promise.all([server.stop(), hasty.stop()]);
        await backend.stop();
        assert.ok(!log.includes(CANARY), 'CFG-21: a secret in the log');
        assert.deepEqual(backend.strays, [], 'HOOK-1: requests to other URLs');
    });

    // ---- What is sent ----

    test('HOOK-1 a hook is a POST of JSON to the URL, a slash and the method', () => {
        const app = takeApp();
        return withSession(app, async () => {
            const { verb, path, headers, body } = await app.next('connect');
            assert.equal(verb, 'POST');
            assert.equal(path, `/${app.key}/connect`);
            assert.match(headers['content-type'], /^application\/json(; ?charset=utf-8)?$/i);
            for (const name of ['expect', 'cookie', 'authorization', 'transfer-encoding'])
                assert.equal(headers[name], undefined, name);
            assert.equal(typeof body, 'object');
        });
    });

    test('HOOK-2 HOOK-3 each body tells node, session and application', async () => {
        const app = takeApp();
        for (let i = 0; i < 2; i++)
            await withSession(app, async (client) => {
                const id = client.publish(newName(), sdp.offer());
                client.send('sendData', { operationId: randomUUID(), payload: {} });
                client.unpublish(id, 'x');
                await app.next('unPublishStream');
                await app.next('OnDataEvent');
            });
        await app.next('ConnectionStatusEvent', ({ status }) => status === 'DISCONNECTED');
        await app.next('ConnectionStatusEvent', ({ status }) => status === 'DISCONNECTED');
        const bodies = app.requests.map((request) => request.body);
        assert.ok(bodies.length >= 12, `${bodies.length} hooks`);
        for (const body of bodies) {
            assert.match(body.nodeId, /^\w{32}/);
            assert.match(body.sessionId, /^\/127\.0\.0\.1:\d+\/127\.0\.0\.1:\d+$/);
            assert.equal(body.appKey, app.key);
        }
        assert.equal(new Set(bodies.map((body) => body.nodeId)).size, 1, 'one node');
        assert.equal(new Set(bodies.map((body) => body.sessionId)).size, 2, 'two sessions');
    });

    test('HOOK-4 a method that is not enabled is not sent', () => {
        const few = backend.endpoint('few');
        return withSession(few, async (client) => {
            client.send('sendData', { operationId: 'a', payload: {} });
            await client.next('DataStatusEvent');
            client.publish(newName(), 'v=0');
            await client.settle();
            assert.deepEqual(few.requests.map((request) => request.method), ['connect']);
        });
    });

    test('HOOK-6 each application has its own URL', async () => {
        const [one, other] = [takeApp(), takeApp()];
        await assertConnects(one);
        await assertConnects(other);
        assert.deepEqual([one, other].map((app) => app.of('connect').length), [1, 1]);
    });

    test('HOOK-7 EchoApp mirrors the body, and defaultApp connects', async () => {
        const body = '{"nodeId":"x", "custom":{"a":[1,null,"\\u00e9"]}}';
        const answer = await fetch(`${server.http}/apps/EchoApp/connect`, { method: 'POST', body,
            headers: { 'Content-Type': 'application/json' } });
        assert.equal(answer.status, 200);
        assert.equal(await answer.text(), body);
        await assertConnects({ key: 'defaultApp' });
    });

    test('HOOK-9 connect tells custom and origin, and what the client says of itself', async () => {
        const app = takeApp();
        const custom = { user: 'Zoë', roles: ['a', 'b'], deep: { x: null } };
        await withSession(app, async () => {
            const { body } = await app.next('connect');
            assert.deepEqual(body.custom, custom);
            assert.equal(body.origin, 'https://example.com:8888');
            assert.deepEqual(body.mediaProviders, ['WebRTC']);
            assert.equal(body.clientVersion, '2.0');
            const event = (await app.next('ConnectionStatusEvent')).body;
            assert.equal(event.status, 'ESTABLISHED');
            assert.deepEqual(event.custom, custom);
        }, { fields: { custom }, headers: { Origin: 'https://example.com:8888' } });
    });

    test('HOOK-17 restExclude takes sdp out of the body', () => {
        const app = takeApp();
        app.config({ publishStream: { restExclude: ' sdp , nodeId' } });
        return withSession(app, async (client) => {
            client.publish(newName(), sdp.offer());
            const { body } = await app.next('publishStream');
            assert.ok(!('sdp' in body));
            assert.ok(body.nodeId, 'HOOK-2: the context stays');
            client.play(newName(), sdp.offer({ direction: 'recvonly' }));
            assert.match((await app.next('playStream')).body.sdp, /^v=0/);
        });
    });

    test('HOOK-16 DISABLE and DISABLED suppress the hook', () => {
        const app = takeApp();
        app.config({ publishStream: { restPolicy: 'DISABLE' }, playStream: { restPolicy: 'DISABLED' } });
        return withSession(app, async (client) => {
            client.publish(newName(), 'v=0');
            client.play(newName(), sdp.offer({ direction: 'recvonly' }));
            await app.next('StreamStatusEvent', ({ published }) => published);
            await app.next('StreamStatusEvent', ({ published }) => !published);
            assert.equal(app.of('publishStream').length + app.of('playStream').length, 0);
        });
    });

    // ---- connect ----

    const refusals = [
        ['403', 'refuse', 'Application refused (403)'],
        ['403 with a reason', { status: 403, body: { info: 'no money\r\nleft' } }, /^no money +left$/],
        ['500', { status: 500, body: { message: 'broken' } }, 'broken'],
        ['a redirect', 'redirect', 'Application refused (302)'],
        ['silence', 'hang', 'Application did not answer in time'],
        ['a trickle', 'trickle', 'Application did not answer in time'],
        ['death', 'die', 'Application gave no proper answer'],
        ['death in the answer', 'dieInAnswer', 'Application gave no proper answer'],
        ['10 MB', 'huge', 'Application gave no proper answer'],
    ];
    for (const [what, behaviour, info] of refusals)
        test(`HOOK-8 connect is refused on ${what}`, async () => {
            const app = takeApp();
            app.on('connect', behaviour);
            const slow = ['hang', 'trickle'].includes(behaviour);
            const told = await refusal(app, { on: slow ? hasty : server });
            if (typeof info === 'string')
                assert.equal(told, info);
            else
                assert.match(told.replaceAll('?', ' '), info);
            const { body } = await app.next('ConnectionStatusEvent');
            assert.equal(body.status, 'FAILED');
            assert.equal(body.info, told);
            assert.equal(app.of('connect').length, 1, 'a hook is not sent twice');
        });

    for (const behaviour of ['echo', 'empty'])
        test(`HOOK-8 connect is allowed on 200 with ${behaviour}`, async () => {
            const app = takeApp();
            app.on('connect', behaviour);
            await assertConnects(app);
            const { body } = await app.next('ConnectionStatusEvent');
            assert.equal(body.status, 'ESTABLISHED');
        });

    // As programs write it that mean well: HOOK-11 and HOOK-12 hold all the same.
    for (const [what, headers] of [['application/json', {}], ['text/html', { 'Content-Type': 'text/html' }]])
        test(`a policy behind a byte order mark is read; ${what}`, () => {
            const app = takeApp();
            app.on('connect', ({ body }) => ({ headers, body: `\uFEFF${JSON.stringify({ ...body,
                restClientConfig: { publishStream: { restOnError: 'FAIL' } } })}` }));
            app.on('publishStream', { status: 403, body: '\uFEFF{"info":"not you"}' });
            return withSession(app, async (client) => {
                const id = client.publish(newName(), sdp.offer());
                const { data: [fail] } = await client.next('fail');
                assert.deepEqual([fail.apiMethod, fail.id, fail.info], ['StreamStatusEvent', id,
                    'not you']);
            });
        });

    for (const [what, body, reason] of [
        ['a page', '<!DOCTYPE html>', 'it is a page, not JSON'],
        ['broken off', '{"restClientConfig":{"publishStream":{"restOnErr', 'broken off'],
        ['no object', '[]', 'no object'],
        ['UTF-16', Buffer.from('\uFEFF{}', 'utf16le'), 'UTF-16'],
        ['something behind it', '{}<br/>', 'not JSON alone'],
    ]) {
        test(`an answer that cannot be read is an error, and who gave it is named: ${what}`, async () => {
            const app = takeApp();
            app.on('connect', { body });
            assert.equal(await refusal(app), 'Application gave no proper answer');
            await server.waitForLog(new RegExp(` warn .*hook connect of application "${app.key}" at ` +
                `"${app.url}" failed: status 200, but the answer cannot be read: .*${reason}.*; refused`));
        });
    }

    test('HOOK-8 connect is refused when nobody listens, after some tries', async () => {
        // long before PATIENT_S: refusal() waits less
        assert.equal(await refusal({ key: 'closed' }), 'Application is not reachable');
    });

    test('HOOK-10 fields of the connect answer replace the client\'s', () => {
        const app = takeApp();
        app.on('connect', ({ body }) => ({ body: { ...body, sipLogin: 'rewritten', appKey: 'other',
            sessionId: '/other', custom: { from: 'back end' } } }));
        return withSession(app, async (client) => {
            assert.equal(client.userData.sipLogin, 'rewritten');
            assert.deepEqual(client.userData.custom, { from: 'back end' });
            const { body } = await app.next('ConnectionStatusEvent');
            assert.equal(body.sipLogin, 'rewritten');
            assert.equal(body.appKey, app.key);
            assert.equal(body.sessionId, app.of('connect')[0].body.sessionId);
        }, { fields: { sipLogin: 'client', custom: { from: 'client' } } });
    });

    test('HOOK-11 restClientConfig governs the session it was given to, and nobody sets it himself',
        async () => {
            const app = takeApp();
            const restClientConfig = { publishStream: { restOnError: 'FAIL' } };
            app.on('publishStream', 'refuse');
            app.on('connect', ({ body }) => ({ body: body.custom.strict
                ? { ...body, restClientConfig } : { ...body } }));
            await withSession(app, async (strict) => withSession(app, async (lax) => {
                const [refused, allowed] = [strict, lax].map((client) =>
                    client.publish(newName(), sdp.offer()));
                await strict.next('fail', ({ id }) => id === refused);
                await lax.next('setRemoteSDP', (data) => data === allowed);
            }, { fields: { custom: {}, restClientConfig } }), { fields: { custom: { strict: true } } });
        });

    test('HOOK-18 clientExclude keeps fields from the client', () => {
        const app = takeApp();
        app.config({ connect: { clientExclude: 'custom' },
            StreamStatusEvent: { clientExclude: 'quality, createDate' } });
        return withSession(app, async (client) => {
            assert.ok(!('custom' in client.userData));
            const id = client.publish(newName(), 'v=0');
            const event = await client.status(id, 'FAILED');
            assert.ok(!('quality' in event) && !('createDate' in event));
            assert.ok('bitrate' in event);
            assert.ok('quality' in (await app.next('StreamStatusEvent')).body);
        }, { fields: { custom: { secret: 1 } } });
    });

    // ---- Questions ----

    for (const [hook, statement] of [['publishStream', 'HOOK-12 WS-65'], ['playStream', 'HOOK-14']])
        test(`${statement} ${hook} 403 with FAIL: refused, the session stays`, () => {
            const app = takeApp();
            app.config({ [hook]: { restOnError: 'FAIL' } });
            app.on(hook, { status: 403, body: { info: 'not you' } });
            return withSession(app, async (client) => {
                const id = client.request(hook, newName(), sdp.offer());
                const { data: [fail] } = await client.next('fail');
                assert.deepEqual(fail, { apiMethod: 'StreamStatusEvent', id, status: 'FAILED',
                    info: 'not you' });
                const { body } = await app.next('StreamStatusEvent');
                assert.deepEqual([body.mediaSessionId, body.status, body.info], [id, 'FAILED', 'not you']);
                await client.settle();
                assert.equal(client.about(id).length, 1, 'WS-65: nothing else about it');
            });
        });

    test('HOOK-13 publishStream 403 by default: logged, the publication proceeds', () => {
        const app = takeApp();
        app.on('publishStream', 'refuse');
        return withSession(app, async (client) => {
            const id = client.publish(newName(), sdp.offer());
            await client.next('setRemoteSDP', (data) => data === id);
            await server.waitForLog(new RegExp(
                `warn session="/127[^ ]+ hook publishStream of application "${app.key}" at "http[^ ]+ failed`));
        });
    });

    for (const [what, config, answer, becomes] of [
        ['OVERWRITE renames', { restPolicy: 'OVERWRITE', restOverwrite: 'name' }, { name: 'other' },
            'other'],
        ['NOTIFY does not', { restPolicy: 'NOTIFY', restOverwrite: 'name' }, { name: 'other' }],
        ['OVERWRITE of other fields does not', { restPolicy: 'OVERWRITE', restOverwrite: 'custom' },
            { name: 'other' }],
        ['OVERWRITE with a name that is none refuses', { restPolicy: 'OVERWRITE', restOverwrite: 'name' },
            { name: 'a\r\nb' }, 'a\r\nb'],
    ])
        test(`HOOK-15 ${what}`, () => {
            const app = takeApp();
            const name = newName();
            app.config({ publishStream: config });
            app.on('publishStream', ({ body }) => ({ body: { ...body,
                ...Object.fromEntries(Object.entries(answer).map(([k, v]) => [k, v + name])) } }));
            return withSession(app, async (client) => {
                const id = client.publish(name, sdp.offer());
                const hostile = what.endsWith('refuses');
                if (!hostile) {
                    await client.next('setRemoteSDP', (data) => data === id);
                    client.unpublish(id, name);
                }
                const { body } = await app.next('StreamStatusEvent');
                assert.equal(body.status, hostile ? 'FAILED' : 'UNPUBLISHED');
                assert.equal(body.name, (becomes ?? '') + name);
                assert.equal((await client.status(id)).status, body.status);
            });
        });

    for (const [what, behaviour, config, status] of [
        ['200: ACCEPTED', 'echo', {}, 'ACCEPTED'],
        ['403: ACCEPTED all the same', 'refuse', {}, 'ACCEPTED'],
        ['403 with FAIL: FAILED', 'refuse', { OnDataEvent: { restOnError: 'FAIL' } }, 'FAILED'],
        ['403 with FAIL for the other name: FAILED', 'refuse', { sendData: { restOnError: 'FAIL' } },
            'FAILED'],
    ])
        test(`HOOK-36 WS-62 data is told with operationId and payload; ${what}`, () => {
            const app = takeApp();
            app.config(config).on('OnDataEvent', behaviour);
            return withSession(app, async (client) => {
                const operationId = randomUUID();
                const payload = { count: 23, text: '“é”', list: [true, null] };
                client.send('sendData', { operationId, payload });
                const { data: [event] } = await client.next('DataStatusEvent');
                assert.equal(event.operationId, operationId);
                assert.equal(event.status, status);
                const { body } = await app.next('OnDataEvent');
                assert.equal(body.operationId, operationId);
                assert.deepEqual(body.payload, payload);
                assert.equal((await app.next('DataStatusEvent')).body.status, status);
            });
        });

    test('HOOK-29 CFG-13 a silent back end is given up after rest_request_timeout', () => {
        const app = takeApp();
        app.config({ playStream: { restOnError: 'FAIL' } }).on('playStream', 'hang');
        return withSession(app, async (client) => {
            const sent = performance.now();
            client.play(newName(), sdp.offer({ direction: 'recvonly' }));
            const { at, data: [fail] } = await client.next('fail');
            assert.equal(fail.info, 'Application did not answer in time');
            const waited = (at - sent) / 1000;
            assert.ok(waited > TIMEOUT_S - 0.1 && waited < PATIENT_S, `${waited} s`);
            assert.equal(app.of('playStream').length, 1, 'not sent again');
        }, { on: hasty });
    });

    // ---- Events ----

    test('HOOK-20 a failed event with FAIL is told by ErrorEvent, and the session goes on', () => {
        const app = takeApp();
        app.config({ ConnectionStatusEvent: { restOnError: 'FAIL' },
            ErrorEvent: { restOnError: 'FAIL' } });
        app.on('ConnectionStatusEvent', { status: 500, body: { info: 'out of order' } });
        app.on('ErrorEvent', { status: 500, body: '' });
        return withSession(app, async (client) => {
            const { data: [fail] } = await client.next('fail');
            assert.deepEqual(fail, { info: 'out of order' });
            await client.settle();
            assert.equal(client.received.filter(({ message }) => message === 'fail').length, 1);
        });
    });

    test('HOOK-20 a failed event without FAIL is told to nobody', () => {
        const app = takeApp();
        app.on('ConnectionStatusEvent', 'refuse');
        return withSession(app, async (client) => {
            await app.next('ConnectionStatusEvent');
            await server.waitForLog(new RegExp(
                `hook ConnectionStatusEvent of application "${app.key}" at "http[^ ]+ failed`));
            await client.settle();
            assert.ok(!client.received.some(({ message }) => message === 'fail'));
        });
    });

    test('HOOK-37 a lost socket: the ends of the streams first, then DISCONNECTED', async () => {
        const app = takeApp();
        let release;
        app.on('StreamStatusEvent', { hold: new Promise((resolve) => (release = resolve)) });
        const client = await WcsClient.session(server.ws, { appKey: app.key, custom: { who: 'me' } });
        const ids = [client.publish(newName(), sdp.offer()), client.publish(newName(), sdp.offer())];
        await Promise.all(ids.map((id) => client.next('setRemoteSDP', (data) => data === id)));
        await app.next('ConnectionStatusEvent', ({ status }) => status === 'ESTABLISHED');
        client.abort();
        const ends = [await app.next('StreamStatusEvent'), await app.next('StreamStatusEvent')];
        assert.deepEqual(ends.map(({ body }) => body.mediaSessionId).sort(), [...ids].sort());
        for (const { body } of ends)
            assert.deepEqual([body.status, body.info], ['FAILED', 'Stopped by session disconnect']);
        assert.equal(app.of('ConnectionStatusEvent').length, 1, 'it waits for their answers');
        release();
        const { body } = await app.next('ConnectionStatusEvent');
        assert.equal(body.status, 'DISCONNECTED');
        assert.deepEqual(body.custom, { who: 'me' });
        assert.equal(app.of('StreamStatusEvent').length, 2, 'HOOK-19: each once');
    });

    test('the order of publishing: publishStream, unPublishStream, StreamStatusEvent', () => {
        const app = takeApp();
        return withSession(app, async (client) => {
            const name = newName();
            const id = client.publish(name, sdp.offer(), { custom: { ticket: 7 } });
            client.unpublish(id, name);
            await app.next('StreamStatusEvent');
            const about = app.requests.filter(({ body }) => body.mediaSessionId === id);
            assert.deepEqual(about.map(({ method }) => method),
                ['publishStream', 'unPublishStream', 'StreamStatusEvent']);
            for (const { body } of about) {
                assert.equal(body.published, true);
                assert.equal(body.name, name);
                assert.deepEqual(body.custom, { ticket: 7 });
            }
            assert.equal(about[2].body.status, 'UNPUBLISHED');
        });
    });

    // ---- Others are not harmed ----

    test('HOOK-38 a session whose back end hangs delays no other, nor its own other streams', () => {
        const app = takeApp();
        const hang = new Promise(() => {});
        app.on('publishStream', ({ body }) => (body.name.startsWith('slow') ? { hold: hang } : 'echo'));
        return withSession(app, (slow) => withSession(app, async (quick) => {
            const held = slow.publish(`slow-${newName()}`, sdp.offer());
            await app.next('publishStream', ({ mediaSessionId }) => mediaSessionId === held);
            const start = performance.now();
            const ids = [[quick, quick.publish(newName(), sdp.offer())],
                [slow, slow.publish(newName(), sdp.offer())]];
            for (const [client, id] of ids)
                await client.next('setRemoteSDP', (data) => data === id);
            assert.ok(performance.now() - start < PATIENT_S * 1000 / 2);
            assert.ok(!slow.received.some(({ data }) => data[0] === held));
        }));
    });

    test('HOOK-38 a hundred silent connects delay nobody', async () => {
        const [silent, healthy] = [takeApp(), takeApp()];
        silent.on('hang');
        const clients = await Promise.all(Array.from({ length: 100 }, async () => {
            const client = await WcsClient.open(server.ws);
            client.send('connection', { appKey: silent.key, mediaProviders: ['WebRTC'] });
            return client;
        }));
        await until('all are asked', () => silent.of('connect').length === 100);
        const start = performance.now();
        await assertConnects(healthy);
        assert.ok(performance.now() - start < PATIENT_S * 1000 / 2);
        clients.forEach((client) => client.abort());
    });

    test('hooks of a session keep their order through many reconnects', async () => {
        const app = takeApp();
        // answers late and later, so that disorder would show
        app.on(() => ({ hold: new Promise((resolve) => setTimeout(resolve, Math.random() * 20)) }));
        const rounds = Array.from({ length: 150 }, (_, i) => i);
        const work = async () => {
            while (rounds.length > 0) {
                const custom = { round: rounds.pop() };
                const client = await WcsClient.session(server.ws, { appKey: app.key, custom });
                const id = client.publish(newName(), sdp.offer(), { custom });
                await client.next('setRemoteSDP', (data) => data === id);
                client.abort();
            }
        };
        await Promise.all(Array.from({ length: 10 }, work));
        const last = () => app.requests.filter(({ body }) => body.status === 'DISCONNECTED').length;
        await until('all have gone', () => last() === 150);
        const byRound = new Map(); // not by sessionId: a port may come again soon
        for (const request of app.requests) {
            const { round } = request.body.custom;
            byRound.set(round, [...(byRound.get(round) ?? []), request]);
        }
        assert.equal(byRound.size, 150);
        for (const requests of byRound.values()) {
            const order = requests.map(({ method, body }) => `${method} ${body.status}`);
            assert.equal(order[0], 'connect PENDING');
            assert.equal(order.at(-1), 'ConnectionStatusEvent DISCONNECTED');
            const stream = order.filter((line) => /tream/.test(line));
            assert.deepEqual(stream, ['publishStream PENDING', 'StreamStatusEvent FAILED']);
        }
    });

    test('HOOK-40 what the operator does is not stopped by a refusing back end', () => {
        const app = takeApp();
        app.config(Object.fromEntries(METHODS.map((method) => [method, { restOnError: 'FAIL' }])));
        return withSession(app, async (client) => {
            const id = client.publish(newName(), sdp.offer());
            await client.next('setRemoteSDP', (data) => data === id);
            app.on('refuse');
            const answer = await fetch(`${server.http}/rest-api/stream/terminate`, { method: 'POST',
                headers: { 'Content-Type': 'application/json' },
                body: JSON.stringify({ mediaSessionId: id }) });
            assert.equal(answer.status, 200);
            await client.status(id, 'UNPUBLISHED');
            assert.equal((await app.next('StreamStatusEvent')).body.status, 'UNPUBLISHED');
        });
    });

    // ---- Credentials ----

    test('HOOK-31 user and password of the application are sent without being asked for', async () => {
        const basic = backend.endpoint('basic');
        await assertConnects(basic);
        assert.equal(basic.of('connect')[0].headers.authorization,
            `Basic ${Buffer.from(`user:${CANARY}`).toString('base64')}`);
        assert.equal(basic.of('connect').length, 1);
    });

    test('passwords, tokens and stream keys are not in the log', async () => {
        const app = takeApp();
        await withSession(app, async (client) => {
            client.publish(newName(), sdp.offer(), { rtmpUrl: `rtmp://u:${CANARY}@host/live`,
                custom: { token: CANARY } });
            await app.next('publishStream');
        }, { fields: { sipPassword: CANARY, custom: { nested: { Password: CANARY } } } });
        assert.equal(app.of('connect')[0].body.sipPassword, CANARY);
        await server.waitForLog(new RegExp(`hook connect: POST "${app.url}/connect" .*\\*\\*\\*`));
    });

    test('HOOK-30 CFG-20 hooks are signed: exact body, and the time in the better signature', async () => {
        const app = takeApp();
        const signing = await startWithApps({ [app.key]: { url: app.url, methods: METHODS,
            restUsername: 'user', restPassword: 'password' } },
            { rest_hook_send_hash: true, rest_hook_secret_key: CANARY });
        try {
            await withSession(app, async () => {}, { on: signing, fields: { custom: { é: '“”' } } });
            await app.next('ConnectionStatusEvent', ({ status }) => status === 'DISCONNECTED');
            for (const { headers, raw } of app.requests) {
                assert.equal(headers.authorization,
                    `WCS ${createHmac('md5', CANARY).update(raw).digest('hex')}`);
                const [, t, v1] = /^t=(\d+), v1=([0-9a-f]{64})$/.exec(headers['x-sluice-signature']);
                assert.ok(Math.abs(Date.now() / 1000 - t) < 60);
                assert.equal(v1, createHmac('sha256', CANARY).update(`${t}.`).update(raw).digest('hex'));
            }
            assert.ok(!signing.log.includes(CANARY));
            assert.ok(!signing.log.includes(app.requests[0].headers.authorization));
        } finally {
            await signing.stop();
        }
    });

    test('HOOK-32 CFG-15 disable_rest_requests sends nothing and allows everything', async () => {
        const app = takeApp();
        const quiet = await startWithApps({ [app.key]: { url: app.url, methods: METHODS } },
            { disable_rest_requests: true });
        try {
            app.on('refuse');
            await withSession(app, async (client) => {
                const id = client.publish(newName(), sdp.offer());
                await client.next('setRemoteSDP', (data) => data === id);
                client.send('sendData', { operationId: 'x', payload: {} });
                const { data: [event] } = await client.next('DataStatusEvent');
                assert.equal(event.status, 'ACCEPTED');
            }, { on: quiet });
        } finally {
            await quiet.stop();
        }
        assert.equal(app.requests.length, 0);
    });

    // ---- The end ----

    test('when the server ends, the back end still hears of every end', async () => {
        const app = takeApp();
        const ending = await startWithApps({ [app.key]: { url: app.url, methods: METHODS } },
            { drain_timeout: 0 });
        app.on('StreamStatusEvent', () => ({ hold: new Promise((resolve) => setTimeout(resolve, 100)) }));
        const client = await WcsClient.session(ending.ws, { appKey: app.key });
        const id = client.publish(newName(), sdp.offer());
        await client.next('setRemoteSDP', (data) => data === id);
        await ending.stop();
        assert.deepEqual(app.requests.slice(-2).map(({ method, body }) => [method, body.status]),
            [['StreamStatusEvent', 'UNPUBLISHED'], ['ConnectionStatusEvent', 'DISCONNECTED']]);
    });
});

// One after the other: they set the environment of the server that they start.
describe('hooks over TLS', () => {
    for (const trusted of [true, false])
        test(`an https back end whose certificate is ${trusted ? '' : 'not '}trusted`, async () => {
            // The server's own certificate serves as the back end's too: for localhost, self-signed.
            const maker = await startWithApps({});
            const cert = `${maker.options.state_dir}/cert.pem`;
            const secure = await Backend.start({ tls: { cert: readFileSync(cert),
                key: readFileSync(`${maker.options.state_dir}/key.pem`) } });
            const app = secure.endpoint('secure');
            const url = app.url.replace('127.0.0.1', 'localhost');
            const caller = await startWithApps({ secure: { url, methods: ['connect'] } }, {},
                trusted ? { env: { SSL_CERT_FILE: cert } } : {});
            try {
                if (trusted)
                    await assertConnects(app, caller);
                else
                    assert.equal(await refusal(app, { on: caller }), 'Application is not reachable');
                assert.equal(app.of('connect').length, trusted ? 1 : 0);
            } finally {
                await caller.stop();
                await secure.stop();
                await maker.stop();
            }
        });
});
