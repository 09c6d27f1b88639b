// SPDX-License-Identifier: GPL-3.0-or-later
// Hooks as the official SDK's users meet them, with media: refusals, renamed streams, errors, mute
// events, and streams that the back end stops (rest-hooks.md sections 3 to 5, seed 003).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Backend, startWithApps } from './lib/backend.mjs';
import { Browser } from './lib/browser.mjs';
import { BARE, startPages } from './lib/pages.mjs';
import { slowness, until } from './lib/wait.mjs';

const METHODS = ['connect', 'ConnectionStatusEvent', 'publishStream', 'unPublishStream', 'playStream',
    'stopStream', 'StreamStatusEvent', 'StreamKeepAliveEvent', 'sendStreamEvent', 'StreamEvent',
    'OnDataEvent', 'DataStatusEvent', 'ErrorEvent'];
const APPS = 20;
const INTERVAL_MS = 1000;
const SMALL = { constraints: { audio: true, video: { width: 320, height: 240 } } };
// As the seed has it: from the answer to connect.
const KEEP_ALIVE = { StreamKeepAliveEvent: { clientExclude: '', restExclude: 'sdp',
    restOnError: 'FAIL', restPolicy: 'NOTIFY', restOverwrite: '' } };

let backend, server, browser, pages, page;
let taken = 0, number = 0;

// Calls window.sluice.<method> in the page.
function call(method, ...args) {
    return page.evaluate(([name, list]) => window.sluice[name](...list), [method, args]);
}

// An application of one's own, whose streams are asked of again and again, and a session of it
// under its key.
async function open({ config = {}, on = {}, quiet = false, session = {}, at = server } = {}) {
    const app = backend.endpoint(`${quiet ? 'quiet' : 'app'}${++taken}`);
    app.config(config);
    for (const [method, behaviour] of Object.entries(on))
        app.on(method, behaviour);
    app.status = await call('connect', at.ws, { appKey: app.key, ...session }, app.key);
    return app;
}

async function start(kind, app, name, expected) {
    const label = `${kind}-${++number}`;
    const event = await call(kind, label, name, { session: app.key, ...(kind === 'publish' && SMALL) });
    assert.equal(event.status, expected, event.info);
    return { label, name, ...event };
}
const publish = (app, expected = 'PUBLISHING', name = `hooks-${++number}`) =>
    start('publish', app, name, expected);
const play = (app, name, expected = 'PLAYING') => start('play', app, name, expected);

const stop = (stream) => call('stop', stream.label);
const sessionEvents = (app) => call('sessionEvents', app.key);
const warnings = async (app) => (await sessionEvents(app)).filter(({ status }) => status === 'WARN');

// The final event of a stream that somebody else ends.
async function ended(stream, expected) {
    const event = await until(`${stream.label} ends`, async () => (await call('events', stream.label))
        .find(({ status }) => ['FAILED', 'STOPPED', 'UNPUBLISHED'].includes(status)));
    assert.equal(event.status, expected, event.info);
    return event;
}

// More pictures are decoded (way in) or sent (out).
async function assertGoesOn(stream, way = 'in') {
    const field = way === 'in' ? 'framesDecoded' : 'framesSent';
    const count = async () => (await call('stats', stream.label))?.[way].video?.[field] ?? 0;
    const first = await count();
    await until(`${stream.label} goes on`, async () => (await count()) > first + 5);
}

// The next keep-alive of this stream.
const beat = (app, stream) => app.next('StreamKeepAliveEvent',
    ({ mediaSessionId }) => mediaSessionId === stream.id, 5 * INTERVAL_MS);

describe('hooks and the official SDK', () => {
    before(async () => {
        [backend, browser, pages] = await Promise.all([Backend.start(), Browser.open(), startPages()]);
        const keys = Array.from({ length: 2 * APPS }, (_, i) =>
            (i < APPS ? `app${i + 1}` : `quiet${i + 1 - APPS}`));
        server = await startWithApps(Object.fromEntries(keys.map((key) =>
            [key, { url: backend.endpoint(key).url, methods: METHODS }])), {
            rest_request_timeout: 2, // longer than the interval
            keep_alive_streaming_sessions_enabled: true,
            streaming_sessions_keep_alive_interval: INTERVAL_MS,
            streaming_sessions_keep_alive_app_keys: keys.slice(0, APPS).join(', '),
        });
        page = await browser.page(pages.url + BARE, server);
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
        await server?.stop();
        await backend?.stop();
    });

    test('HOOK-8 a refused connect: WARN with the back end\'s words, then DISCONNECTED', async () => {
        const app = await open({ quiet: true, on: { connect: { status: 403, body: { info: 'who?' } } } });
        assert.equal(app.status, 'DISCONNECTED');
        const events = await sessionEvents(app);
        assert.deepEqual(events.map(({ status }) => status), ['WARN', 'DISCONNECTED']);
        assert.equal(events[0].info.info, 'who?');
    });

    test('HOOK-12 HOOK-14 WS-65 a refused stream is FAILED with the words, the session stays', async () => {
        const app = await open({ quiet: true,
            config: { publishStream: { restOnError: 'FAIL' }, playStream: { restOnError: 'FAIL' } },
            on: { publishStream: { status: 403, body: { info: 'not today' } }, playStream: 'refuse' } });
        const publication = await publish(app, 'FAILED');
        assert.equal(publication.info, 'not today');
        const playback = await play(app, publication.name, 'FAILED');
        assert.equal(playback.info, 'Application refused (403)');
        assert.equal(await call('sessionStatus', app.key), 'ESTABLISHED');
        app.on('publishStream', 'echo').on('playStream', 'echo');
        const again = await publish(app);
        await play(app, again.name);
        assert.equal((await stop(again)).status, 'UNPUBLISHED');
    });

    test('HOOK-15 a stream is published and played under the names that the back end gives', async () => {
        const overwrite = { restPolicy: 'OVERWRITE', restOverwrite: 'name' };
        const rename = (from, to) => ({ body }) => ({ body: { ...body, name: body.name.replace(from, to) } });
        const app = await open({ quiet: true,
            config: { publishStream: overwrite, playStream: overwrite },
            on: { publishStream: rename('hooks', 'secret'), playStream: rename('public', 'secret') } });
        const publication = await publish(app);
        const secret = publication.name.replace('hooks', 'secret');
        const playback = await play(app, secret.replace('secret', 'public'));
        await assertGoesOn(playback);
        await play(app, publication.name, 'FAILED');
        const told = await app.next('StreamStatusEvent', ({ status }) => status === 'PUBLISHING');
        assert.equal(told.body.name, secret);
        await stop(publication);
    });

    test('HOOK-19 PUBLISHING, PLAYING, STOPPED, UNPUBLISHED: each once, with all that it tells', async () => {
        const app = await open({ quiet: true });
        const publication = await publish(app);
        const playback = await play(app, publication.name);
        await stop(playback);
        await stop(publication);
        await app.next('StreamStatusEvent', ({ status }) => status === 'UNPUBLISHED');
        const events = app.of('StreamStatusEvent').map(({ body }) => body);
        assert.deepEqual(events.map(({ status }) => status),
            ['PUBLISHING', 'PLAYING', 'STOPPED', 'UNPUBLISHED']);
        events.forEach((event, i) => {
            const stream = i === 0 || i === 3 ? publication : playback;
            assert.equal(event.mediaSessionId, stream.id);
            assert.equal(event.name, publication.name);
            assert.equal(event.published, stream === publication);
            assert.equal(typeof event.custom, 'object');
            assert.equal(event.mediaProvider, 'WebRTC');
        });
    });

    test('HOOK-20 a failed event with FAIL: WARN, and the stream goes on', async () => {
        const app = await open({ quiet: true, config: { StreamStatusEvent: { restOnError: 'FAIL' } },
            on: { StreamStatusEvent: { status: 500, body: { info: 'disk full' } } } });
        const publication = await publish(app);
        const [warning] = await until('a WARN', async () => {
            const found = await warnings(app);
            return found.length > 0 && found;
        });
        assert.equal(warning.info.info, 'disk full');
        await assertGoesOn(publication, 'out');
        assert.equal((await stop(publication)).status, 'UNPUBLISHED');
    });

    test('HOOK-36 WS-62 session.sendData() resolves, or rejects when the back end refuses', async () => {
        const app = await open({ quiet: true, config: { OnDataEvent: { restOnError: 'FAIL' } } });
        assert.equal(await call('sendSessionData', { hello: [1, null] }, app.key), 'ACCEPTED');
        assert.deepEqual((await app.next('OnDataEvent')).body.payload, { hello: [1, null] });
        app.on('OnDataEvent', 'refuse');
        assert.match(await call('sendSessionData', {}, app.key), /^FAILED/);
    });

    test('HOOK-39 the publisher mutes: each player\'s StreamEvent has the player\'s id', async () => {
        const app = await open({ quiet: true });
        const publication = await publish(app);
        const players = [await play(app, publication.name), await play(app, publication.name)];
        await call('call', publication.label, 'muteAudio');
        const { body } = await app.next('sendStreamEvent');
        assert.deepEqual([body.type, body.mediaSessionId], ['audioMuted', publication.id]);
        for (const player of players) {
            await until('the player hears of it', async () => (await call('events', player.label))
                .find(({ status, type }) => status === 'EVENT' && type === 'audioMuted'));
            await app.next('StreamEvent', ({ mediaSessionId, type }) =>
                mediaSessionId === player.id && type === 'audioMuted');
        }
        await stop(publication);
    });

    // ---- Keep-alives (section 4) ----

    test('HOOK-22 HOOK-23 each publisher and player is asked of in every interval', async () => {
        const app = await open({ config: KEEP_ALIVE });
        const publication = await publish(app);
        const playback = await play(app, publication.name);
        for (const [stream, status] of [[publication, 'PUBLISHING'], [playback, 'PLAYING']]) {
            const since = (await app.next('StreamStatusEvent',
                ({ mediaSessionId }) => mediaSessionId === stream.id)).at;
            const beats = [await beat(app, stream), await beat(app, stream), await beat(app, stream)];
            beats.reduce((before, { at }) => {
                assert.ok(Math.abs(at - before - INTERVAL_MS) <= INTERVAL_MS * 0.1 * slowness,
                    `${at - before} ms`);
                return at;
            }, since);
            for (const { body } of beats) {
                assert.equal(body.published, stream === publication);
                assert.equal(body.status, status);
                assert.equal(body.mediaProvider, 'WebRTC');
                assert.ok(!('sdp' in body), 'HOOK-17');
            }
        }
        await stop(publication);
    });

    test('HOOK-24 HOOK-27 403 ends a publication and its players; it may begin again', async () => {
        const app = await open({ config: KEEP_ALIVE });
        const publication = await publish(app);
        const players = [await play(app, publication.name), await play(app, publication.name)];
        app.on('StreamKeepAliveEvent', ({ body }) => (body.published ? 'refuse' : 'echo'));
        const asked = performance.now();
        await ended(publication, 'UNPUBLISHED');
        for (const player of players)
            await ended(player, 'FAILED');
        assert.ok(performance.now() - asked < (INTERVAL_MS + 1000) * slowness);
        const told = await app.next('StreamStatusEvent', ({ status }) => status === 'UNPUBLISHED');
        assert.equal(told.body.info, 'Terminated by keep-alive');
        assert.deepEqual(await warnings(app), [], 'a 403 is an order, not an error');
        app.on('StreamKeepAliveEvent', 'echo');
        const again = await publish(app, 'PUBLISHING', publication.name);
        await beat(app, again);
        await assertGoesOn(again, 'out');
        await stop(again);
    });

    test('HOOK-25 403 for one player ends that player alone', async () => {
        const app = await open({ config: KEEP_ALIVE });
        const publication = await publish(app);
        const [unwanted, other] = [await play(app, publication.name), await play(app, publication.name)];
        app.on('StreamKeepAliveEvent', ({ body }) =>
            (body.mediaSessionId === unwanted.id ? 'refuse' : 'echo'));
        await ended(unwanted, 'FAILED');
        await beat(app, other);
        await beat(app, publication);
        await assertGoesOn(other);
        await stop(publication);
    });

    test('HOOK-26 no other answer, and no answer, ends a stream', async () => {
        const app = await open({ config: KEEP_ALIVE });
        const publication = await publish(app);
        for (const behaviour of [{ status: 200, body: 'garbage' }, { status: 404, body: '' },
            { status: 500, body: '' }, 'die', 'hang']) {
            app.on('StreamKeepAliveEvent', behaviour);
            app.requests.length = 0;
            await until(`${JSON.stringify(behaviour)} was given twice`,
                () => app.of('StreamKeepAliveEvent').length >= 2);
        }
        await assertGoesOn(publication, 'out');
        assert.ok((await warnings(app)).length >= 3, 'section 4, item 5: with FAIL the client is told');
        assert.equal((await stop(publication)).status, 'UNPUBLISHED');
    });

    test('a stream is not asked of again while the answer is outstanding', async () => {
        const app = await open({ config: KEEP_ALIVE });
        const publication = await publish(app);
        app.on('StreamKeepAliveEvent', 'hang');
        const first = await beat(app, publication);
        const second = await beat(app, publication);
        assert.ok(second.at - first.at > INTERVAL_MS * 1.5, `${second.at - first.at} ms`);
        await stop(publication);
    });

    test('HOOK-28 applications that are not in the list are not asked', async () => {
        const [loud, quiet] = [await open(), await open({ quiet: true })];
        const [one, other] = [await publish(loud), await publish(quiet)];
        for (let i = 0; i < 3; i++)
            await beat(loud, one);
        assert.equal(quiet.of('StreamKeepAliveEvent').length, 0);
        await stop(one);
        await stop(other);
    });

    test('HOOK-21 nobody is asked until keep_alive_streaming_sessions_enabled says so', async () => {
        const app = backend.endpoint('app1');
        const still = await startWithApps({ app1: { url: app.url, methods: METHODS } },
            { streaming_sessions_keep_alive_interval: 200,
                streaming_sessions_keep_alive_app_keys: 'app1' });
        try {
            app.config({}).requests.length = 0;
            assert.equal(await call('connect', still.ws, { appKey: 'app1' }, 'still'), 'ESTABLISHED');
            const publication = await start('publish', { key: 'still' }, 'still', 'PUBLISHING');
            await assertGoesOn(publication, 'out');
            for (let i = 0; i < 3; i++)
                await assertGoesOn(publication, 'out');
            assert.equal(app.of('StreamKeepAliveEvent').length, 0);
            await stop(publication);
            await call('disconnect', 'still');
        } finally {
            await still.stop();
        }
    });
});
