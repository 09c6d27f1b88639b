// SPDX-License-Identifier: GPL-3.0-or-later
// The control side of the REST API against the real program: statements of rest-api.md section 11,
// with streams of real browsers, and what a caller may do wrong (hardening.md classes 7, 14, 17-19,
// 24).
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Browser } from './lib/browser.mjs';
import { BARE, startPages } from './lib/pages.mjs';
import { Server } from './lib/server.mjs';
import { slowness, until, within } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

const SMALL = { audio: true, video: { width: 320, height: 240 } };
const BY_REST = 'Stopped by rest /terminate';
const BY_PUBLISHER = 'Stopped by publisher stop';
const STREAM_FIELDS = ['mediaSessionId', 'name', 'published', 'hasVideo', 'hasAudio', 'status',
    'audioCodec', 'videoCodec', 'record', 'width', 'height', 'mediaProvider', 'createDate', 'appKey',
    'sessionId'];
const METRICS = ['VIDEO_WIDTH', 'VIDEO_HEIGHT', 'VIDEO_RATE', 'VIDEO_FPS', 'VIDEO_NACK',
    'VIDEO_LOST', 'VIDEO_LINK_LIMIT', 'VIDEO_LINK_VARIANT', 'VIDEO_LINK_LAYER',
    'VIDEO_B_FRAMES'];
const MIB = 1024 * 1024;

// One request as it is given: no path is tidied, no header added but Host. A body that is no Buffer
// and no string is sent as JSON. {status, headers, body (a Buffer), text, json}
function request(base, method, target, { body, headers = {} } = {}) {
    const { protocol, hostname, port, host } = new URL(base);
    const bytes = body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
        ? body : JSON.stringify(body);
    const sent = { host, ...headers };
    if (bytes !== undefined)
        sent['content-length'] = Buffer.byteLength(bytes);
    return within(10_000 * slowness, `${method} ${target}`, new Promise((resolve, reject) => {
        const call = (protocol === 'https:' ? https : http).request({ hostname, port, method,
            path: target, headers: sent, setHost: false, agent: false, rejectUnauthorized: false });
        call.once('error', reject);
        call.once('response', (response) => {
            const chunks = [];
            response.on('data', (chunk) => chunks.push(chunk));
            response.once('error', reject);
            response.once('end', () => {
                const whole = Buffer.concat(chunks);
                resolve({ status: response.statusCode, headers: response.headers, body: whole,
                    text: whole.toString(), get json() {
                        return JSON.parse(whole);
                    } });
            });
        });
        call.end(bytes);
    }));
}

// POST of the API on the HTTP port.
function api(server, call, body, options = {}) {
    return request(server.http, 'POST', `/rest-api/${call}`, { body, ...options,
        headers: { 'content-type': 'application/json', ...options.headers } });
}

// A void call: 200, and nothing else (REST-5).
async function done(server, call, body) {
    const answer = await api(server, call, body);
    assert.deepEqual([answer.status, answer.text], [200, ''], `${call}: ${answer.text}`);
    assert.equal(answer.headers['content-length'], '0');
}

// An error with its body (REST-6).
async function refused(status, answer, words) {
    const given = await answer;
    assert.equal(given.status, status, given.text);
    assert.match(given.headers['content-type'], /^application\/json/);
    const { json } = given;
    assert.equal(json.status, status);
    for (const field of ['exception', 'reason', 'path', 'error', 'message'])
        assert.equal(typeof json[field], 'string', field);
    assert.ok(Math.abs(json.timestamp - Date.now()) < 60_000);
    if (words)
        assert.match(json.message, words);
}

// The bytes that come back for these, until the server closes or an answer with a length is whole.
function raw(server, bytes) {
    return within(10_000 * slowness, 'an answer', new Promise((resolve, reject) => {
        const socket = net.connect(server.options['http.port'], '127.0.0.1');
        let got = '';
        socket.setEncoding('latin1');
        socket.once('error', reject);
        socket.on('data', (text) => {
            got += text;
            const [head, body] = got.split('\r\n\r\n');
            const length = /^content-length: (\d+)/im.exec(head)?.[1];
            if (length !== undefined && body?.length >= Number(length))
                socket.destroy();
        });
        socket.once('close', () => resolve(got));
        socket.write(bytes);
    }));
}

function statusOf(answer) {
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
}

describe('REST API without streams', () => {
    let server, open;
    before(async () => {
        [server, open] = await Promise.all([
            Server.start(),
            Server.start({ http_header_timeout_ms: 1000, rest_access_control_allow_origin: '*' }),
        ]);
    });
    after(() => Promise.all([server?.stop(), open?.stop()]));

    for (const kind of ['http', 'https']) {
        test(`REST-1 ${kind} answers below /rest-api`, async () => {
            for (const [method, call] of [['POST', 'stream/find_all'], ['GET', 'connection/find_all']])
                await refused(404, request(server[kind], method, `/rest-api/${call}`), /not found/);
        });
    }

    test('REST-2 POST works with JSON, with no body, and whatever its type is called', async () => {
        for (const headers of [{}, { 'content-type': 'application/json' },
            { 'content-type': 'application/json;charset=utf-8' }, { 'content-type': 'text/plain' }]) {
            for (const body of [undefined, '', '{}', '{"mediaSessionId":null}'])
                await refused(404, request(server.http, 'POST', '/rest-api/stream/find',
                    { body, headers }));
        }
    });

    test('REST-3 OPTIONS is answered for any path, without credentials', async () => {
        for (const target of ['stream/terminate', 'not/there', '']) {
            const answer = await request(server.http, 'OPTIONS', `/rest-api/${target}`,
                { headers: { origin: 'http://localhost:3000', host: 'localhost' } });
            assert.deepEqual([answer.status, answer.text], [200, ''], target);
            assert.equal(answer.headers['access-control-allow-origin'], 'http://localhost:3000');
            assert.equal(answer.headers['access-control-allow-headers'],
                'content-type,x-requested-with');
            assert.equal(answer.headers['access-control-allow-methods'], 'POST');
        }
    });

    test('REST-3 with rest_access_control_allow_origin=* every origin may call', async () => {
        for (const method of ['OPTIONS', 'POST']) {
            const answer = await request(open.http, method, '/rest-api/stream/find_all',
                { headers: { origin: 'http://elsewhere.example' } });
            assert.equal(answer.status, method === 'POST' ? 404 : 200);
            assert.equal(answer.headers['access-control-allow-origin'], '*');
        }
    });

    test('decision 2: a page of another origin is refused otherwise', async () => {
        for (const origin of ['http://elsewhere.example', 'null', 'http://localhost.evil.example'])
            await refused(403, api(server, 'stream/terminate', { published: true },
                { headers: { origin } }), /origin/);
    });

    test('decision 1: a name that was rebound to 127.0.0.1 gets nothing', async () => {
        for (const host of ['evil.example', 'evil.example:8081', '2130706433', '0177.0.0.1', '0.0.0.0'])
            await refused(401, api(server, 'stream/find_all', {}, { headers: { host } }));
        for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1', '[::1]:8081'])
            await refused(404, api(server, 'stream/find_all', {}, { headers: { host } }));
    });

    test('REST-7 400: no JSON, no object, no UTF-8, a NUL, too deep', async () => {
        const deep = (n) => `{"name":${'['.repeat(n)}${']'.repeat(n)}}`;
        for (const [body, words] of [['{', /JSON/], ['[]', /object/], ['"x"', /object/],
            ['null', /object/], ['{} {}', /JSON/], ['{name:1}', /JSON/],
            [Buffer.from('{"name":"\xff"}', 'latin1'), /JSON/],
            [Buffer.from('{"name":"\xc0\x80"}', 'latin1'), /JSON/],
            [Buffer.from('{"name":"\xed\xa0\x80"}', 'latin1'), /JSON/],
            ['{"name":"\\u0000"}', /JSON/], ['{"name":"\\ud800"}', /JSON/],
            [Buffer.from('{"name":"a\0b"}'), /JSON/], [deep(32), /deep/], [deep(500_000), /deep/]]) {
            for (const call of ['stream/terminate', 'stream/find', 'connection/find', 'data/send'])
                await refused(400, api(server, call, body), words);
        }
    });

    test('REST-7 400 names the field whose type is wrong or that is missing', async () => {
        for (const [call, body, words] of [
            ['stream/terminate', { published: 1 }, /^published: /],
            ['stream/terminate', { mediaSessionId: 5 }, /^mediaSessionId: /],
            ['stream/terminate', { mediaSessionIds: ['a', 5] }, /^mediaSessionIds\[1\]: /],
            ['stream/terminate', { name: 'a\r\nSet-Cookie: b' }, /^name: /],
            ['stream/terminate', { name: 'x'.repeat(2000) }, /^name: /],
            ['stream/find', { status: 'publishing' }, /^status: /],
            ['connection/terminate', {}, /^sessionId: /],
            ['data/send', { sessionId: 'x', payload: 1 }, /^operationId: /],
            ['stream/event/send', { payload: 1 }, /^streamName: /],
        ])
            await refused(400, api(server, call, body), words);
    });

    test('REST-7 404 for an unknown path, 405 with Allow for a wrong method', async () => {
        for (const target of ['', '/', '/stream', '/stream/terminate/now', '/app/find_all'])
            await refused(404, request(server.http, 'POST', `/rest-api${target}`, { body: '{}' }));
        for (const [method, call, allow] of [['PUT', 'stream/terminate', 'POST, OPTIONS'],
            ['GET', 'stream/terminate', 'POST, OPTIONS'], ['DELETE', 'connection/find', 'POST, OPTIONS'],
            ['PATCH', 'stream/find_all', 'GET, HEAD, POST, OPTIONS']]) {
            const answer = request(server.http, method, `/rest-api/${call}`, { body: '{}' });
            assert.equal((await answer).headers.allow, allow);
            await refused(405, answer);
        }
        const head = await request(server.http, 'HEAD', '/rest-api/stream/terminate');
        assert.deepEqual([head.status, head.headers.allow], [405, 'POST, OPTIONS']);
        await refused(405, request(server.http, 'GET', '/rest-api/stream/terminate',
            { headers: { 'x-http-method-override': 'POST', 'x-method-override': 'POST' } }));
    });

    test('paths are what they are: no second slash, dots, parameters or other case', async () => {
        // 400 of `{}` means that the call was reached, 405 that the path is taken for a page's
        const REACHED = [400];
        const MALFORMED = [400];
        const NOWHERE = [404];
        const A_PAGE = [404, 405];
        for (const [target, statuses] of [
            ['/rest-api/stream/terminate', REACHED], ['/rest-api/stream/terminate/', REACHED],
            ['/rest-api/stream/%74erminate', REACHED], ['/rest-api/stream/terminate?x=y', REACHED],
            ['/rest-api/stream/terminate//', NOWHERE], ['/rest-api//stream/terminate', NOWHERE],
            ['//rest-api/stream/terminate', A_PAGE], ['/REST-API/stream/terminate', A_PAGE],
            ['/rest-api/Stream/Terminate', NOWHERE], ['/rest-api/stream/terminate;a=b', NOWHERE],
            ['/rest-api/x/../stream/terminate', NOWHERE],
            ['/rest-api/%2e%2e/stream/terminate', NOWHERE],
            ['/rest-api/./stream/terminate', NOWHERE], ['/rest-api/stream/terminate%20', NOWHERE],
            ['/rest-api\\stream\\terminate', A_PAGE], ['/rest-api/stream/terminate%00', MALFORMED],
            ['/rest-api/stream/terminate%0d%0aX:y', MALFORMED], ['/rest-api/stream/%ff', MALFORMED],
            ['/apps/EchoApp%2f..%2f..%2frest-api%2fstream%2fterminate', [200]], // an echo
        ]) {
            const answer = await request(server.http, 'POST', target, { body: '{}' });
            assert.ok(statuses.includes(answer.status), `${target}: ${answer.status}`);
            assert.equal(answer.headers.x, undefined, target);
            if (statuses === REACHED)
                await refused(400, answer, /at least one/);
        }
        const absolute = await raw(server, 'POST http://evil.example/rest-api/stream/terminate ' +
            'HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}');
        assert.ok([400, 403].includes(statusOf(absolute)), absolute);
    });

    test('413 beyond 1 MiB, by length and by chunks; 1 MiB is read', async () => {
        const empty = '{"mediaSessionId":"x","y":""}';
        const body = (len) => empty.replace('""', `"${'z'.repeat(len - empty.length)}"`);
        await refused(404, api(server, 'stream/find', body(MIB)));
        const head = 'POST /rest-api/stream/find HTTP/1.1\r\nHost: localhost\r\n';
        assert.equal(statusOf(await raw(server, `${head}Content-Length: ${MIB + 1}\r\n\r\n`)), 413);
        assert.equal(statusOf(await raw(server, `${head}Transfer-Encoding: chunked\r\n\r\n` +
            `${(MIB + 1).toString(16)}\r\n${body(MIB + 1)}\r\n0\r\n\r\n`)), 413);
        server.assertAlive();
    });

    test('class 19: a body that trickles is cut, and nobody waits for it', async () => {
        const socket = net.connect(open.options['http.port'], '127.0.0.1');
        socket.on('error', () => {});
        const closed = new Promise((resolve) => socket.once('close', resolve));
        socket.resume();
        socket.write('POST /rest-api/stream/find HTTP/1.1\r\nHost: localhost\r\n' +
            'Content-Length: 1000\r\n\r\n{');
        const drip = setInterval(() => socket.write(' '), 100);
        try {
            await refused(404, api(open, 'stream/find_all', {}));
            await within(8_000 * slowness, 'the server gives up on it', closed);
        } finally {
            clearInterval(drip);
            socket.destroy();
        }
        open.assertAlive();
    });

    test('class 18: what comes back of the caller\'s words is JSON, never a page', async () => {
        const answer = await request(server.http, 'POST',
            '/rest-api/%3Cscript%3Ealert(1)%3C/script%3E', { body: '{}' });
        assert.equal(answer.json.path, '/rest-api/<script>alert(1)</script>');
        assert.match(answer.headers['content-type'], /^application\/json/);
        assert.equal(answer.headers['x-content-type-options'], 'nosniff');
        assert.equal(answer.headers['cache-control'], 'no-store');
    });

    test('rest-hooks.md 1.1 EchoApp gives the same bytes back', async () => {
        for (const body of ['{"a": 1,\r\n "b" : [ ] }\n', 'no JSON', '',
            Buffer.from([0x7b, 0, 0xff, 0xfe, 0x0a]), Buffer.alloc(300_000, 'ab')]) {
            for (const target of ['/apps/EchoApp', '/apps/EchoApp/connect', '/apps/EchoApp/a/b']) {
                const answer = await request(server.http, 'POST', target, { body });
                assert.equal(answer.status, 200);
                assert.equal(answer.headers['content-type'], 'application/json');
                assert.ok(answer.body.equals(Buffer.from(body)), target);
            }
        }
        await refused(404, request(server.http, 'POST', '/apps/Other', { body: '{}' }));
        await refused(405, request(server.http, 'GET', '/apps/EchoApp/connect'));
        await refused(401, request(server.http, 'POST', '/apps/EchoApp/connect',
            { body: '{}', headers: { host: 'evil.example' } }));
    });

    test('openapi.json is OpenAPI 3.0.3, and every call it names exists', async () => {
        const answer = await request(server.http, 'GET', '/rest-api/openapi.json');
        assert.equal(answer.status, 200);
        const document = answer.json;
        assert.equal(document.openapi, '3.0.3');
        const verdict = await new Validator().validate(structuredClone(document));
        assert.equal(verdict.valid, true, JSON.stringify(verdict.errors));
        for (const [target, item] of Object.entries(document.paths)) {
            for (const [method, operation] of Object.entries(item)) {
                const query = operation.parameters?.some((p) => p.in === 'query') ? '?action=stat' : '';
                const { status } = await request(server.http, method.toUpperCase(),
                    target.replace('{rest}', 'x') + query, { body: method === 'post' ? '{}' : undefined });
                assert.ok(operation.responses[status], `${method} ${target}: ${status}`);
            }
        }
    });
});

// ---- Streams in the bare page ----

function call(page, method, ...args) {
    return page.evaluate(([name, list]) => window.sluice[name](...list), [method, args]);
}

describe('REST API with streams', () => {
    let server, pages, browser, publisher, player;
    let number = 0;

    async function connect() {
        const page = await browser.page(pages.url + BARE);
        assert.equal(await call(page, 'connect', server.ws), 'ESTABLISHED');
        return page;
    }
    before(async () => {
        [server, pages, browser] = await Promise.all([
            Server.start({ mixer_auto_start: false }), // or a name with '#' is a mixer's
            startPages(), Browser.open(),
        ]);
        [publisher, player] = await Promise.all([connect(), connect()]);
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
        await server?.stop();
    });

    // Publishes (a new name unless given one): {label, name, id}.
    async function publish(name = `rest-${++number}`) {
        const label = `out-${++number}`;
        const event = await call(publisher, 'publish', label, name, { constraints: SMALL });
        assert.equal(event.status, 'PUBLISHING', event.info);
        return { page: publisher, label, name, id: event.id };
    }
    async function play({ name }) {
        const label = `in-${++number}`;
        const event = await call(player, 'play', label, name);
        assert.equal(event.status, 'PLAYING', event.info);
        return { page: player, label, name, id: event.id };
    }
    async function assertEnded({ page, label }, status, info) {
        const end = await within(5_000 * slowness, `the end of ${label}`, call(page, 'end', label));
        assert.deepEqual([end.status, end.info], [status, info], label);
    }
    // Names of the live media sessions are those of these streams, in any order.
    async function assertLive(...streams) {
        const answer = await api(server, 'stream/find_all', {});
        const list = answer.status === 404 ? [] : answer.json;
        assert.deepEqual(list.map((s) => s.mediaSessionId).sort(),
            streams.map((s) => s.id).sort(), answer.text);
    }
    function terminate(filter) {
        return api(server, 'stream/terminate', filter);
    }
    async function clear() {
        await terminate({ published: true });
        await until('no stream is left', async () => (await api(server, 'stream/find_all', {}))
            .status === 404);
    }

    test('REST-37 a player by its mediaSessionId: 200, it stops; again: 404', async () => {
        const out = await publish();
        const [goes, stays] = [await play(out), await play(out)];
        await done(server, 'stream/terminate', { mediaSessionId: goes.id });
        await assertEnded(goes, 'FAILED', BY_REST);
        await refused(404, terminate({ mediaSessionId: goes.id }), /not found/i);
        await assertLive(out, stays);
        await clear();
    });

    test('REST-37, decision 8: a publisher, and its players hear of that', async () => {
        const out = await publish();
        const seen = await play(out);
        await done(server, 'stream/terminate', { mediaSessionId: out.id });
        await assertEnded(out, 'UNPUBLISHED', BY_REST);
        await assertEnded(seen, 'FAILED', BY_PUBLISHER);
        await refused(404, terminate({ mediaSessionId: out.id }));
    });

    test('REST-38 {"published":false}: every player, no publisher', async () => {
        const [one, two] = [await publish(), await publish()];
        const players = [await play(one), await play(one), await play(two)];
        await done(server, 'stream/terminate', { published: false });
        for (const seen of players)
            await assertEnded(seen, 'FAILED', BY_REST);
        await assertLive(one, two);
        await refused(404, terminate({ published: false }));
        await clear();
    });

    test('REST-39 {"name","published":false}: only the players of that name', async () => {
        const [one, two] = [await publish(), await publish()];
        const [goes, stays] = [await play(one), await play(two)];
        await done(server, 'stream/terminate', { name: one.name, published: 'false' });
        await assertEnded(goes, 'FAILED', BY_REST);
        await assertLive(one, two, stays);
        await clear();
    });

    test('REST-40 REST-43 by name and status; the same clients go on under the same name', async () => {
        const out = await publish();
        const seen = await play(out);
        const other = await publish();
        await done(server, 'stream/terminate', { name: out.name, status: 'PUBLISHING' });
        await assertEnded(out, 'UNPUBLISHED', BY_REST);
        await assertEnded(seen, 'FAILED', BY_PUBLISHER);
        await assertLive(other);
        const again = await publish(out.name);
        const seenAgain = await play(again);
        await until('pictures flow again', async () =>
            (await call(player, 'stats', seenAgain.label)).in.video?.framesDecoded > 5);
        for (const page of [publisher, player])
            assert.equal(await call(page, 'sessionStatus'), 'ESTABLISHED');
        await clear();
    });

    test('REST-41 mediaSessionIds: each of them, unknown ones passed over', async () => {
        const out = await publish();
        const [a, b, c] = [await play(out), await play(out), await play(out)];
        await done(server, 'stream/terminate',
            { mediaSessionIds: [randomUUID(), a.id], mediaSessionId: b.id });
        await assertEnded(a, 'FAILED', BY_REST);
        await assertEnded(b, 'FAILED', BY_REST);
        await assertLive(out, c);
        await refused(404, terminate({ mediaSessionIds: [randomUUID(), a.id] }));
        await clear();
    });

    test('REST-42 {}, no body and unknown keys stop nothing', async () => {
        const out = await publish();
        const seen = await play(out);
        for (const body of [{}, undefined, '', { name: null }, { stream: out.name },
            { Published: true }, { display: ['metrics'] }])
            await refused(400, terminate(body), /at least one/);
        for (const body of [{ published: 1 }, { mediaSessionIds: out.id }, { name: '' }, '[]', '{'])
            await refused(400, terminate(body));
        await refused(404, terminate({ mediaSessionIds: [] }));
        await assertLive(out, seen);
        await clear();
    });

    test('hardening row stream names: a hostile name is found and stopped, and nothing else', async () => {
        for (const suffix of ['<img src=x onerror=alert(1)>', '"}]', '%2e%2e/', '../../etc/passwd',
            'ünïcode \u{1f4f7}', '\u202ename', ' blank ', '\'; DROP', 'a'.repeat(200), '$(id)', '?#&=']) {
            const out = await publish(`n${++number}-${suffix}`);
            const [stream] = (await api(server, 'stream/find', { name: out.name })).json;
            assert.equal(stream.name, out.name);
            await done(server, 'stream/terminate', { name: out.name });
            await assertEnded(out, 'UNPUBLISHED', BY_REST);
        }
    });

    test('terminate by sessionId: the streams of one client', async () => {
        const out = await publish();
        const seen = await play(out);
        const [stream] = (await api(server, 'stream/find', { mediaSessionId: seen.id })).json;
        await done(server, 'stream/terminate', { sessionId: stream.sessionId });
        await assertEnded(seen, 'FAILED', BY_REST);
        await assertLive(out);
        await clear();
    });

    test('REST-44 find: null is absent, none is 404, metrics on demand', async () => {
        const out = await publish();
        const seen = await play(out);
        await until('the figures of the last second', async () => {
            const { json, text } = await api(server, 'stream/find',
                { name: out.name, mediaSessionId: null, published: null, display: ['metrics'] });
            assert.deepEqual(json.map((s) => s.mediaSessionId), [out.id, seen.id], text);
            for (const { metrics } of json) {
                for (const key of METRICS)
                    assert.equal(typeof metrics[key], 'number', key);
            }
            return json.every(({ metrics: m }) => m.VIDEO_WIDTH === 320 && m.VIDEO_HEIGHT === 240 &&
                m.VIDEO_FPS > 0 && m.VIDEO_RATE > 0);
        });
        const [stream] = (await api(server, 'stream/find', { published: true })).json;
        for (const field of STREAM_FIELDS)
            assert.notEqual(stream[field], undefined, field);
        assert.deepEqual([stream.status, stream.published, stream.mediaProvider, stream.appKey],
            ['PUBLISHING', true, 'WebRTC', 'defaultApp']);
        assert.equal(stream.metrics, undefined);
        await refused(404, api(server, 'stream/find', { name: out.name, status: 'PENDING' }));
        const got = await request(server.http, 'GET', '/rest-api/stream/find_all');
        assert.equal(got.json.length, 2);
        await clear();
    });

    test('class 24: lists show no ICE password and no fingerprint', async () => {
        await publish();
        const { text } = await api(server, 'stream/find_all', {});
        assert.doesNotMatch(text, /ice-pwd|fingerprint|a=/);
        await clear();
    });

    test('a page of another origin stops nothing', async () => {
        const out = await publish();
        const page = await browser.page('http://elsewhere.example/');
        const outcome = await page.evaluate((url) => fetch(url, { method: 'POST', mode: 'no-cors',
            body: '{"published":true}' }).then(() => 'sent', () => 'blocked'),
        `${server.http}/rest-api/stream/terminate`);
        assert.ok(['sent', 'blocked'].includes(outcome)); // browsers may block what goes to loopback
        await assertLive(out);
        await page.context().close();
        await clear();
    });

    test('event/send reaches the players of the stream', async () => {
        const out = await publish();
        const seen = await play(out);
        await done(server, 'stream/event/send', { streamName: out.name, payload: { number: 7 } });
        const event = await until('the event', async () => (await call(player, 'events', seen.label))
            .find(({ status, type }) => status === 'EVENT' && type === 'data'));
        assert.deepEqual(event.payload, { number: 7 });
        await refused(404, api(server, 'stream/event/send', { streamName: 'nobody', payload: 1 }));
        await clear();
    });

    test('data/send reaches the clients named, and their session', async () => {
        const [a, b] = [await WcsClient.session(server.ws), await WcsClient.session(server.ws)];
        const [idA, idB] = [a, b].map((client) => client.userData.authToken);
        const [{ nodeId }] = (await api(server, 'connection/find', { sessionId: idA })).json;
        await done(server, 'data/send', { nodeId, operationId: 'op-1', sessionId: idA,
            payload: { text: 'ünïcode' } });
        assert.deepEqual((await a.next('OnDataEvent')).data[0],
            { operationId: 'op-1', payload: { text: 'ünïcode' } });
        await done(server, 'data/send', { operationId: 'op-2', sessionIds: [idA, 'nobody', idB],
            payload: [1] });
        for (const client of [a, b])
            assert.equal((await client.next('OnDataEvent')).data[0].operationId, 'op-2');
        await b.settle();
        assert.equal(b.received.filter((m) => m.message === 'OnDataEvent').length, 1);
        await refused(404, api(server, 'data/send', { operationId: 'x', sessionId: 'nobody', payload: 1 }));
        await refused(404, api(server, 'data/send', { nodeId: 'x', operationId: 'x', sessionId: idA,
            payload: 1 }));
        await Promise.all([a.close(), b.close()]);
    });

    test('REST-45 connection/terminate closes the socket, and its streams end', async () => {
        const page = await connect();
        const event = await call(page, 'publish', 'mine', `rest-${++number}`, { constraints: SMALL });
        const seen = await play({ name: `rest-${number}` });
        const [{ sessionId }] = (await api(server, 'stream/find', { mediaSessionId: event.id })).json;
        await done(server, 'connection/terminate', { sessionId });
        await until('the session is over', async () =>
            await call(page, 'sessionStatus') === 'DISCONNECTED');
        await assertEnded(seen, 'FAILED', BY_PUBLISHER);
        await until('the connection is no more', async () =>
            (await api(server, 'connection/find', { sessionId })).status === 404);
        await refused(404, api(server, 'connection/terminate', { sessionId }), /not found/i);
        assert.equal(await call(player, 'sessionStatus'), 'ESTABLISHED', 'nobody else is closed');
        await page.context().close();
    });

    test('REST-46 connection/find never shows a password', async () => {
        const client = await WcsClient.session(server.ws, { sipLogin: 'bob', sipPassword: 'canary-1',
            sipOptions: { password: 'canary-2' }, clientVersion: '9.9.9' });
        for (const answer of [await api(server, 'connection/find', { clientVersion: '9.9.9' }),
            await api(server, 'connection/find_all', {}),
            await request(server.http, 'GET', '/rest-api/connection/find_all')]) {
            assert.equal(answer.status, 200);
            assert.doesNotMatch(answer.text, /canary/);
            assert.ok(answer.json.every(({ sipPassword }) => sipPassword === null));
        }
        const found = (await api(server, 'connection/find', { clientVersion: '9.9.9' })).json;
        assert.deepEqual(found.map((c) => [c.sessionId, c.status, c.appKey]),
            [[client.userData.authToken, 'ESTABLISHED', 'defaultApp']]);
        assert.doesNotMatch(server.log, /canary/);
        await client.close();
    });
});

describe('HTTP Basic', () => {
    let server, right;
    const basic = (user, password) =>
        ({ authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` });
    before(async () => {
        server = await Server.start({ disable_rest_auth: false });
        const password = fs.readFileSync(path.join(server.stateDir, 'admin-password'), 'utf8').trim();
        right = basic('admin', password);
    });
    after(() => server?.stop());

    test('REST-4 disable_rest_auth=false: 401 without Basic, from loopback too', async () => {
        for (const headers of [{}, { authorization: 'Bearer x' }, { authorization: 'Basic !' }]) {
            const answer = api(server, 'stream/find_all', {}, { headers });
            assert.equal((await answer).headers['www-authenticate'],
                'Basic realm="sluice", charset="UTF-8"');
            await refused(401, answer);
        }
        for (const target of ['/metrics', '/?action=stat', '/rest-api/openapi.json', '/api/v1/streams'])
            assert.equal((await request(server.http, 'GET', target)).status, 401, target);
    });

    test('REST-4 a user of the console gets in, and needs no new hash each time', async () => {
        await refused(404, api(server, 'stream/find_all', {}, { headers: right }));
        const answers = await Promise.all(Array.from({ length: 20 }, () =>
            api(server, 'stream/find_all', {}, { headers: right })));
        assert.deepEqual([...new Set(answers.map((a) => a.status))], [404]);
    });

    test('REST-3 preflights and health checks need no credentials', async () => {
        assert.equal((await request(server.http, 'OPTIONS', '/rest-api/stream/find_all')).status, 200);
        for (const target of ['/livez', '/readyz', '/api/v1/endpoints'])
            assert.equal((await request(server.http, 'GET', target)).status, 200, target);
    });

    test('rest-hooks.md 1.1 the server\'s own hooks reach EchoApp without a password', async () => {
        const answer = await request(server.http, 'POST', '/apps/EchoApp/connect', { body: '{"a":1}' });
        assert.deepEqual([answer.status, answer.text], [200, '{"a":1}']);
        assert.equal((await request(server.http, 'POST', '/apps/EchoApp/connect',
            { body: '{}', headers: { host: 'evil.example' } })).status, 401);
    });

    test('class 17: after five wrong passwords an address waits, right ones too', async () => {
        for (let i = 0; i < 5; i++)
            await refused(401, api(server, 'stream/find_all', {}, { headers: basic('admin', `no-${i}`) }));
        for (const headers of [basic('admin', 'no-6'), right]) {
            const start = performance.now();
            const answer = api(server, 'stream/find_all', {}, { headers });
            const seconds = Number((await answer).headers['retry-after']);
            assert.ok(seconds > 0 && seconds <= 60, `${seconds}`);
            assert.ok(performance.now() - start < 500 * slowness, 'nothing is hashed');
            await refused(429, answer);
        }
        await refused(401, api(server, 'stream/find_all', {}));
        assert.match(server.log, /5 wrong passwords from 127\.0\.0\.1/);
        assert.doesNotMatch(server.log, /no-\d/);
    });
});
