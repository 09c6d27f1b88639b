// SPDX-License-Identifier: GPL-3.0-or-later
// The WebSocket API as far as it needs no media: statements of websocket-api.md section 17, and
// what a client may do wrong (hardening.md class 19). The tests run side by side on two servers: one
// with the defaults, one whose bounds are short.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import * as sdp from './lib/sdp.mjs';
import { Server } from './lib/server.mjs';
import { slowness, until, within } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

const FINAL = ['FAILED', 'UNPUBLISHED', 'STOPPED'];
const UUID = '00000000-0000-4000-8000-000000000000';
const S0_FIELDS = ['mediaSessionId', 'name', 'published', 'hasVideo', 'hasAudio', 'status',
    'audioCodec', 'videoCodec', 'record', 'width', 'height', 'bitrate', 'minBitrate', 'maxBitrate',
    'quality', 'createDate', 'streamInfo', 'mediaProvider'];

let server; // defaults
let hasty; // short bounds
let names = 0;
const newName = () => `protocol-${++names}`;

// A session for one test.
async function withSession(run, { fields, on = server, ...options } = {}) {
    const client = await WcsClient.session(on.ws, fields, options);
    try {
        return await run(client);
    } finally {
        await client.close();
    }
}

function finals(client, id) {
    return client.received.filter(({ message, data: [data] }) =>
        (message === 'notifyStreamStatusEvent' && data.mediaSessionId === id &&
            FINAL.includes(data.status)) || (message === 'fail' && data.id === id));
}

async function assertUsable(client) {
    client.send('availableStream', { mediaSessionId: UUID, name: 'nobody' });
    await client.next('availableStream', ({ id }) => id === UUID);
}

describe('WebSocket API without media', { concurrency: 8 }, () => {
    before(async () => {
        [server, hasty] = await Promise.all([
            Server.start(),
            Server.start({ first_message_timeout_ms: 1000 * slowness, ice_timeout_ms: 1500 * slowness,
                'keep_alive.server_interval': 300 * slowness, 'keep_alive.probes': 3 }),
        ]);
    });
    after(() => Promise.all([server.stop(), hasty.stop()]));

    for (const path of ['', '/', '/websocket', '/any/path?with=query']) {
        for (const kind of ['ws', 'wss']) {
            test(`WS-1 ${kind} answers the handshake on '${path}', selecting no subprotocol`, async () => {
                const client = await WcsClient.session(server[kind] + path);
                assert.equal(client.protocol, '');
                await client.close();
            });
        }
    }

    test('WS-1 a handshake that offers extensions is answered', async () => {
        const client = await WcsClient.session(server.ws, {}, { headers: {
            'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' } });
        await client.close();
    });

    test('WS-2 every message has a string `message` and an array `data`', () => withSession(
        async (client) => {
            client.send('nonsense');
            client.sendRaw('not json');
            client.publish(newName(), 'v=0');
            client.play(newName(), sdp.offer({ direction: 'recvonly' }));
            client.send('sendData', { operationId: UUID, payload: {} });
            await client.settle();
        })); // close() checks it for this client as for all others

    test('WS-3 getUserData and getVersion come first, in this order', () => withSession((client) => {
        assert.deepEqual(client.received.slice(0, 2).map((m) => m.message),
            ['getUserData', 'getVersion']);
    }));

    test('WS-4 getUserData has all fields with their defaults', () => withSession((client) => {
        const { userData } = client;
        for (const flag of ['useWsTunnel', 'useWsTunnelPacketization2', 'useBase64BinaryEncoding',
            'forceLogger', 'keepAlive'])
            assert.equal(userData[flag], false, flag);
        assert.equal(userData.status, 'ESTABLISHED');
        assert.equal(typeof userData.authToken, 'string');
    }));

    test('WS-4 keepAlive is echoed', () => withSession((client) => {
        assert.equal(client.userData.keepAlive, true);
    }, { fields: { keepAlive: true } }));

    const identity = { mediaProviders: ['WebRTC', 'MSE', 'WSPlayer'], clientVersion: '0.5.28',
        clientOSVersion: '5.0 (X11; "quoted" \\ ünïcode)', clientBrowserVersion: 'Mozilla/5.0 \u{1F600}' };
    test('WS-5 what the client says of itself is echoed unchanged', () => withSession((client) => {
        for (const [key, value] of Object.entries(identity))
            assert.deepEqual(client.userData[key], value, key);
    }, { fields: identity }));

    test('WS-6 authToken holds the real addresses and ports', () => withSession((client) => {
        assert.equal(client.userData.authToken,
            `/127.0.0.1:${client.localPort}/127.0.0.1:${server.options['ws.port']}`);
    }));

    test('WS-7 getVersion carries one string d.d.d-<40 hex>', () => withSession((client) => {
        const { data } = client.received[1];
        assert.equal(data.length, 1);
        assert.match(data[0], /^\d+\.\d+\.\d+-[0-9a-f]{40}$/);
    }));

    test('WS-9 an idle session is pinged every 5 s, with empty data', () => withSession(
        async (client) => {
            const pings = [await client.next('ping'), await client.next('ping'),
                await client.next('ping')];
            assert.deepEqual(pings[0].data, []);
            // a busy machine may see one late, which makes the next interval shorter
            const interval = (pings[2].at - pings[0].at) / 2;
            assert.ok(Math.abs(interval - 5000) <= 1000, `${interval} ms`);
        }));

    test('WS-9 a busy session is pinged as well', () => withSession(async (client) => {
        const busy = setInterval(() => client.send('nothing'), 50);
        try {
            await client.next('ping');
            await client.next('ping');
        } finally {
            clearInterval(busy);
        }
    }, { on: hasty }));

    test('WS-10 pong is accepted with [null], with [], and without data', () => withSession(
        async (client) => {
            client.sendRaw('{"message":"pong","data":[null]}');
            client.sendRaw('{"message":"pong","data":[]}');
            client.sendRaw('{"message":"pong"}');
            await assertUsable(client);
            assert.equal(client.received.filter((m) => m.message === 'fail').length, 0);
        }));

    test('WS-11 a client that never answers is dropped after keep_alive.probes pings', async () => {
        const client = await WcsClient.session(hasty.ws, {}, { autoPong: false });
        await within(6_000 * slowness, 'the silent client is dropped', client.closed);
        const pings = client.received.filter((m) => m.message === 'ping').length;
        assert.ok(pings >= 3 && pings <= 4, `${pings} pings`);
    });

    test('WS-11 a client that sends other traffic is not dropped', () => withSession(
        async (client) => {
            const busy = setInterval(() => client.send('nothing'), 100);
            try {
                for (let i = 0; i < 8; i++)
                    await client.next('ping');
            } finally {
                clearInterval(busy);
            }
        }, { on: hasty, autoPong: false }));

    test('WS-12 a client\'s ping is answered by pong with empty data', () => withSession(
        async (client) => {
            client.send('ping', null);
            assert.deepEqual((await client.next('pong')).data, []);
        }));

    const account = { sipLogin: '1001', sipAuthenticationName: '1001', sipPassword: 'secret-canary',
        sipDomain: 'sip.example', sipPort: '5060', sipRegisterRequired: false };
    test('WS-13 sipLogin comes back, sipPassword does not', () => withSession((client) => {
        assert.equal(client.userData.sipLogin, '1001');
        assert.equal(client.userData.sipDomain, 'sip.example');
        assert.ok(!JSON.stringify(client.received).includes('secret-canary'));
        assert.ok(!server.log.includes('secret-canary'), 'in the log');
    }, { fields: account }));

    const custom = { login: 'Zoë', deep: { list: [1, 2.5, null, true, ''] } };
    test('WS-14 custom comes back unchanged', () => withSession((client) => {
        assert.deepEqual(client.userData.custom, custom);
        assert.equal(client.userData.appKey, 'defaultApp');
    }, { fields: { custom } }));

    test('WS-15 an unknown appKey is refused with fail, then closed', async () => {
        const client = await WcsClient.open(server.ws);
        client.send('connection', { appKey: 'noSuchApp', mediaProviders: ['WebRTC'],
            clientVersion: '2.0' });
        const { code } = await within(5_000 * slowness, 'the connection is closed', client.closed);
        assert.deepEqual(client.received.map(({ message, data }) => [message, data]), [['fail',
            [{ apiMethod: 'ConnectionStatusEvent', status: 'FAILED', info: 'Application not found' }]]]);
        assert.equal(code, 1000);
    });

    test('WS-16 a client that never says who it is, is closed', async () => {
        const silent = await WcsClient.open(hasty.ws);
        await within(4_000 * slowness, 'the silent client is closed', silent.closed);
        assert.deepEqual(silent.received, []);
    });

    test('WS-16 other messages do not prolong the wait for connection', async () => {
        const client = await WcsClient.open(hasty.ws);
        const busy = setInterval(() => client.isClosed || client.send('ping', null), 100);
        await within(4_000 * slowness, 'the client is closed', client.closed)
            .finally(() => clearInterval(busy));
    });

    test('a request before connection is answered by fail, and connection still works', async () => {
        const client = await WcsClient.open(server.ws);
        client.play('anything', sdp.offer({ direction: 'recvonly' }));
        assert.equal((await client.next('fail')).data[0].info, 'Session not ready');
        client.send('connection', { appKey: 'defaultApp', mediaProviders: ['WebRTC'] });
        await client.next('getUserData');
        await client.close();
    });

    test('a second connection is answered by fail and changes nothing', () => withSession(
        async (client) => {
            client.send('connection', { appKey: 'other', clientVersion: '9' });
            assert.equal((await client.next('fail')).data[0].info, 'Session already established');
            await assertUsable(client);
        }));

    test('WS-17 unknown names and unknown fields change nothing', () => withSession(
        async (client) => {
            client.send('noSuchMethod', { a: 1 });
            client.send('', {});
            client.send('updateCallToVideo', 'id');
            client.send('pauseStream', { mediaSessionId: UUID });
            client.send('availableStream', { mediaSessionId: UUID, name: 'nobody', more: { x: [1] } });
            await client.next('availableStream', ({ id }) => id === UUID);
            assert.equal(client.received.filter((m) => m.message === 'fail').length, 0);
        }, { fields: { unknownField: { deep: true } } }));

    for (const bad of ['not json', '[]', '{"data":[]}', '{"message":5}', '', 'null', '{"message":',
        '{"message":"ping","data":5}', '{"message":"publishStream","data":[5]}',
        '{"message":"publishStream","data":"x"}', '{"message":"publishStream"}',
        '{"message":"ping"} {}', '{"message":"ping"}x', '{"message":"ping"}\0',
        '{"message":"sendData","data":[[]]}', '"\\u0000"', '{"message":"a\\u0000b","data":[]}',
        '['.repeat(5000)]) {
        test(`WS-18 ${bad.slice(0, 60)} does not crash or close`, () => withSession(
            async (client) => {
                client.sendRaw(bad);
                await assertUsable(client);
            }));
    }

    test('WS-18 wrong types in fields are as absent ones', () => withSession(async (client) => {
        for (const value of [5, -1, 1e308, true, null, [], {}, 'x'.repeat(1000), '\u0001\r\n']) {
            for (const message of ['publishStream', 'playStream', 'unPublishStream', 'stopStream',
                'availableStream', 'sendStreamEvent', 'snapshot', 'sendData', 'submitBugReport',
                'pushLogs', 'sessionDebug', 'call', 'hangup', 'connectMediaTransport'])
                client.send(message, { mediaSessionId: value, name: value, sdp: value, hasVideo: value,
                    operationId: value, payload: value, type: value, logs: value, command: value,
                    mediaProvider: value, width: value, custom: value, transport: value });
        }
        await assertUsable(client);
    }));

    test('the fifth malformed message in a row closes with 1008', async () => {
        const client = await WcsClient.session(server.ws);
        for (let i = 0; i < 5; i++)
            client.sendRaw('not json');
        const { code } = await within(5_000 * slowness, 'the connection is closed', client.closed);
        assert.equal(code, 1008);
        assert.equal(client.received.filter((m) => m.message === 'fail').length, 5);
    });

    test('fragmented messages and WebSocket pings are understood', () => withSession(
        async (client) => {
            await client.protocolPing();
            client.sendFragments(['{"mess', 'age":"pi', 'ng","data":[null]}']);
            await client.next('pong');
        }));

    test('a client without a session has messages of 16 KiB, and few of them', async () => {
        const long = await WcsClient.open(server.ws);
        long.send('pong', 'x'.repeat(16_000));
        long.send('pong', 'x'.repeat(17_000));
        assert.equal((await within(5_000 * slowness, 'it is closed', long.closed)).code, 1009);
        const many = await WcsClient.open(server.ws);
        for (let i = 0; i < 9; i++)
            many.send('pong', null);
        assert.equal((await within(5_000 * slowness, 'it is closed', many.closed)).code, 1008);
    });

    test('more values than a message may have are refused before they are parsed', () => withSession(
        async (client) => {
            client.sendRaw(`{"message":"pong","data":[${'0,'.repeat(8_192)}0]}`);
            assert.equal((await client.next('fail')).data[0].info, 'Bad request');
            client.sendRaw(`{"message":"pong","data":[${'0,'.repeat(8_000)}0]}`);
            await assertUsable(client);
            assert.equal(client.received.filter((m) => m.message === 'fail').length, 1);
        }));

    test('long messages, which are parsed elsewhere, keep their place among the others', () => withSession(
        async (client) => {
            const sizes = [10, 200_000, 10, 70_000, 10, 10, 100_000, 10];
            sizes.forEach((size, i) => client.sendRaw(JSON.stringify({ message: 'sendData',
                data: [{ operationId: `${i}`, payload: 1, unknown: 'x'.repeat(size) }] })));
            for (let i = 0; i < sizes.length; i++)
                assert.equal((await client.next('DataStatusEvent')).data[0].operationId, `${i}`);
        }));

    // What is nobody yet must not keep others waiting.
    test('sessions are made in time while 32 strangers send what they can', async () => {
        const flood = Buffer.from(`{"message":"x","data":[${'[],'.repeat(300_000)}1]}`);
        let stopped = false;
        const stranger = async () => {
            while (!stopped) {
                const client = await WcsClient.open(server.ws).catch(() => undefined);
                client?.sendRaw(flood);
                await client?.closed;
            }
        };
        const strangers = Array.from({ length: 32 }, stranger);
        const took = [];
        for (let i = 0; i < 11; i++) {
            const start = performance.now();
            const client = await WcsClient.session(server.ws);
            took.push(performance.now() - start);
            await client.close();
        }
        stopped = true;
        await Promise.all(strangers);
        took.sort((a, b) => a - b);
        // The strangers are in this process, whose own loop they keep busy, too.
        assert.ok(took[5] < 400 * slowness, `${took.map(Math.round)} ms`);
    });

    test('a message of 250 kB is taken, one beyond the limit closes with 1009', async () => {
        const client = await WcsClient.session(server.ws);
        client.send('pushLogs', { logs: 'x'.repeat(250_000) });
        await assertUsable(client);
        client.send('pushLogs', { logs: 'x'.repeat(3_000_000) });
        const { code } = await within(5_000 * slowness, 'the connection is closed', client.closed);
        assert.equal(code, 1009);
        await withSession(assertUsable);
    });

    test('JSON nested too deep is refused, not followed', () => withSession(async (client) => {
        const depth = 20_000;
        client.sendRaw(`{"message":"sendData","data":[{"operationId":"x","payload":${
            '['.repeat(depth)}${']'.repeat(depth)}}]}`);
        await assertUsable(client);
    }));

    test('WS-31 no common codec: FAILED, and no setRemoteSDP', () => withSession(async (client) => {
        const id = client.publish(newName(), sdp.offer({ codecs: {
            audio: [[120, 'mysound/48000/2']], video: [[121, 'mypicture/90000']] } }));
        const status = await client.status(id);
        assert.deepEqual([status.status, status.info], ['FAILED', 'No common codecs']);
        await client.settle();
        assert.deepEqual(client.about(id).map((m) => m.message), ['notifyStreamStatusEvent']);
    }));

    test('WS-36 without STUN: FAILED `Failed by ICE timeout`, and the name is free', () => withSession(
        async (client) => {
            const name = newName();
            const first = client.publish(name, sdp.offer());
            await client.next('setRemoteSDP', (id) => id === first);
            const status = await client.status(first, undefined, 6_000);
            assert.deepEqual([status.status, status.info, status.published],
                ['FAILED', 'Failed by ICE timeout', true]);
            const second = client.publish(name, sdp.offer());
            await client.next('setRemoteSDP', (id) => id === second);
            client.unpublish(second, name);
            await client.status(second, 'UNPUBLISHED');
        }, { on: hasty }));

    test('WS-37 a second publisher of a name fails, the first is undisturbed', () => withSession(
        async (first) => withSession(async (second) => {
            const name = newName();
            const held = first.publish(name, sdp.offer());
            await first.next('setRemoteSDP', (id) => id === held);
            for (const client of [first, second]) {
                const late = client.publish(name, sdp.offer());
                const status = await client.status(late);
                assert.deepEqual([status.status, status.info],
                    ['FAILED', 'Stream name is already in use']);
            }
            await first.settle();
            assert.deepEqual(finals(first, held), []);
            first.unpublish(held, name);
            await first.status(held, 'UNPUBLISHED');
        })));

    test('WS-38 of two simultaneous publishers exactly one wins', async () => {
        const clients = await Promise.all(Array.from({ length: 6 }, () =>
            WcsClient.session(server.ws)));
        const name = newName();
        const ids = clients.map((client) => client.publish(name, sdp.offer()));
        const outcomes = await Promise.all(clients.map((client, i) => Promise.any([
            client.next('setRemoteSDP', (id) => id === ids[i]).then(() => 'won'),
            client.status(ids[i], 'FAILED').then(({ info }) => info),
        ])));
        assert.equal(outcomes.filter((o) => o === 'won').length, 1, outcomes.join());
        assert.equal(outcomes.filter((o) => o === 'Stream name is already in use').length, 5);
        await Promise.all(clients.map((client) => client.close()));
    });

    test('WS-39 an id in use is refused, and its stream is untouched', () => withSession(
        async (owner) => withSession(async (other) => {
            const name = newName();
            const id = owner.publish(name, sdp.offer());
            await owner.next('setRemoteSDP', (sdpId) => sdpId === id);
            other.publish(newName(), sdp.offer(), { mediaSessionId: id });
            const status = await other.status(id);
            assert.deepEqual([status.status, status.info],
                ['FAILED', 'MediaSessionId is already in use']);
            // the same session gets `fail` without apiMethod: FAILED would release its good stream
            owner.publish(newName(), sdp.offer(), { mediaSessionId: id });
            const { data: [fail] } = await owner.next('fail');
            assert.equal(fail.info, 'MediaSessionId is already in use');
            assert.equal(fail.apiMethod, undefined);
            await owner.settle();
            assert.deepEqual(finals(owner, id), []);
            owner.unpublish(id, name);
            await owner.status(id, 'UNPUBLISHED');
        })));

    for (const [what, mediaSessionId] of [['empty', ''], ['null', null]]) {
        test(`WS-39 a mediaSessionId that is ${what}: MediaSessionId is null`, () => withSession(
            async (client) => {
                client.send('publishStream', { mediaSessionId, name: newName(), sdp: sdp.offer() });
                const { data: [fail] } = await client.next('fail');
                assert.equal(fail.info, 'MediaSessionId is null');
                await assertUsable(client);
            }));
    }

    test('WS-40 unPublishStream before media: UNPUBLISHED with the text and all fields', () =>
        withSession(async (client) => {
            const name = newName();
            const id = client.publish(name, sdp.offer());
            await client.next('setRemoteSDP', (sdpId) => sdpId === id);
            client.unpublish(id, name);
            const status = await client.status(id);
            assert.deepEqual([status.status, status.info, status.published, status.name],
                ['UNPUBLISHED', 'Stopped by publisher stop', true, name]);
            for (const field of S0_FIELDS)
                assert.ok(field in status, field);
            assert.ok(Number.isInteger(status.createDate));
            assert.deepEqual(status.streamInfo, { nodeId: null, appKey: null, sessionId: null,
                mediaSessionId: id, name, samplingTime: null, recordTimestamp: null,
                recordStarted: false });
            for (const field of ['sdp', 'available', 'collect', 'authorization'])
                assert.ok(!(field in status), field);
        }));

    test('WS-41 after UNPUBLISHED the name is free at once, for anybody', () => withSession(
        async (client) => withSession(async (other) => {
            const name = newName();
            for (const publisher of [client, client, other, client]) {
                const id = publisher.publish(name, sdp.offer());
                await publisher.next('setRemoteSDP', (sdpId) => sdpId === id);
                publisher.unpublish(id, name);
                await publisher.status(id, 'UNPUBLISHED');
            }
        })));

    test('WS-24 to WS-28 the answer fits the offer', () => withSession(async (client) => {
        const id = client.publish(newName(), sdp.offer());
        const { data } = await client.next('setRemoteSDP', (sdpId) => sdpId === id);
        assert.equal(data.length, 3);
        assert.equal(data[2], true);
        const answer = sdp.parse(data[1]);
        assert.deepEqual(answer.sections.map((s) => s.kind), ['audio', 'video']);
        assert.deepEqual(answer.sections.map((s) => sdp.attribute(s, 'mid')), ['0', '1']);
        assert.deepEqual(sdp.codecNames(answer.sections[0]), ['opus', 'PCMA', 'G722']);
        const video = sdp.codecNames(answer.sections[1]).filter((name) => name !== 'rtx');
        assert.deepEqual(video, ['H264', 'H264', 'VP8']);
        assert.equal(answer.sections[1].payloads[0], '102', 'packetization-mode 1 first');
        assert.ok(answer.session.includes('a=ice-lite'));
        assert.ok(answer.session.includes('a=group:BUNDLE 0 1'));
        for (const section of answer.sections) {
            assert.equal(section.port, server.mediaPort);
            assert.equal(section.proto, 'UDP/TLS/RTP/SAVPF');
            for (const name of ['rtcp-mux', 'recvonly', 'end-of-candidates'])
                assert.notEqual(sdp.attribute(section, name), undefined, name);
            assert.match(sdp.attribute(section, 'setup'), /^(active|passive)$/);
            assert.match(sdp.attribute(section, 'fingerprint'), /^sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$/i);
            assert.ok(sdp.attribute(section, 'ice-ufrag').length >= 4);
            assert.ok(sdp.attribute(section, 'ice-pwd').length >= 22);
            assert.match(sdp.attribute(section, 'candidate'),
                new RegExp(`^\\S+ 1 udp \\d+ 127\\.0\\.0\\.1 ${server.mediaPort} typ host`, 'i'));
        }
    }));

    test('WS-32 an offer edited by stripCodecs (LF, trailing blank, dangling rtx) is taken', () =>
        withSession(async (client) => {
            const edited = sdp.offer({ codecs: { video: [[96, 'VP8/90000'], [97, 'rtx/90000', 'apt=96'],
                [103, 'rtx/90000', 'apt=102']] } })
                .replace(/(m=video[^\r]*)\r\n/, '$1 \n');
            const id = client.publish(newName(), edited);
            const { data } = await client.next('setRemoteSDP', (sdpId) => sdpId === id);
            assert.equal(sdp.codecNames(sdp.parse(data[1]).sections[1])[0], 'VP8');
        }));

    test('WS-30 only the video codecs are unknown: video is refused with port 0', () => withSession(
        async (client) => {
            const id = client.publish(newName(), sdp.offer({ codecs: {
                video: [[121, 'mypicture/90000']] } }));
            const { data } = await client.next('setRemoteSDP', (sdpId) => sdpId === id);
            const [audio, video] = sdp.parse(data[1]).sections;
            assert.equal(video.port, 0);
            assert.notEqual(audio.port, 0);
        }));

    test('WS-70 transport TCP: only passive TCP candidates', () => withSession(async (client) => {
        const id = client.publish(newName(), sdp.offer(), { transport: 'TCP' });
        const { data } = await client.next('setRemoteSDP', (sdpId) => sdpId === id);
        const candidates = data[1].split('\r\n').filter((line) => line.startsWith('a=candidate:'));
        assert.ok(candidates.length > 0);
        for (const line of candidates)
            assert.match(line, / tcp .* tcptype passive/i);
    }));

    for (const [what, text] of [
        ['no SDP', undefined], ['an empty SDP', ''], ['a truncated SDP', sdp.offer().slice(0, 300)],
        ['an SDP that is none', 'hello'], ['an SDP without sections', 'v=0\r\ns=-\r\n'],
        ['an SDP of 150 kB', sdp.offer({ extra: Array(5_000).fill('a=x:aaaaaaaaaaaaaaaaaaaaaa') })],
        ['an SDP with 200 sections', sdp.offer({ kinds: Array(200).fill('audio') })],
        ['an SDP without fingerprint', sdp.offer().replace(/a=fingerprint.*\r\n/g, '')],
        ['an SDP without ice-ufrag', sdp.offer().replace(/a=ice-.*\r\n/g, '')],
        ['an SDP whose sections are unreadable', sdp.offer().replace('s=-', 's=\u0001\u001b[31m')
            .replace(/m=(audio|video)/g, 'm=\u0007$1')],
    ]) {
        test(`hardening 8: ${what} fails with 'Failed to add stream to proxy'`, () => withSession(
            async (client) => {
                for (const message of ['publishStream', 'playStream']) {
                    const id = client.request(message, newName(), text);
                    const status = await client.status(id);
                    assert.equal(status.status, 'FAILED');
                    if (message === 'publishStream')
                        assert.equal(status.info, 'Failed to add stream to proxy');
                }
                await assertUsable(client);
            }));
    }

    test('hardening 8: odd lines cost what they belong to, never the whole SDP', () => withSession(
        async (client) => {
            const odd = ['hello', `a=mid:${'x'.repeat(500)}`, 'a=setup:holdconn',
                'a=rtpmap:111 \u0007', 'a=fmtp:111 \u00e4', 'x=\u0001', 'a=extmap:1 ',
                'a=fingerprint:sha-256 00', 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x'];
            const id = client.publish(newName(), sdp.offer().replace('SAVPF 96', 'SAVPF 300 96') +
                [...odd, ...odd, ''].join('\r\n'));
            const { data } = await client.next('setRemoteSDP', (first) => first === id);
            const { sections } = sdp.parse(data[1]);
            assert.deepEqual(sections.map(({ kind }) => kind), ['audio', 'video']);
            assert.ok(sections.every(({ port }) => port > 0), data[1]);
            assert.deepEqual(sdp.codecNames(sections[1]).slice(0, 3), ['H264', 'H264', 'VP8']);
        }));

    for (const [what, request, info] of [
        ['an empty name', { name: '' }, 'Failed by error'],
        ['no name', { name: undefined }, 'Failed by error'],
        ['an unknown media provider', { mediaProvider: 'Flash' }, 'Failed by error'],
    ]) {
        test(`${what} fails with '${info}'`, () => withSession(async (client) => {
            const id = client.publish(newName(), sdp.offer(), request);
            const status = await client.status(id);
            assert.deepEqual([status.status, status.info], ['FAILED', info]);
        }));
    }

    test('WS-49 playing an unknown name fails within a second, without setRemoteSDP', () => withSession(
        async (client) => {
            const id = client.play(newName(), sdp.offer({ direction: 'recvonly' }));
            const status = await client.status(id, undefined, 1_000);
            assert.deepEqual([status.status, status.published, status.info],
                ['FAILED', false, 'Stream not found']);
            await client.settle();
            assert.deepEqual(client.about(id).map((m) => m.message), ['notifyStreamStatusEvent']);
        }));

    test('playing a name whose media is not up fails with `Publish stream is not ready`', () =>
        withSession(async (client) => {
            const name = newName();
            const publication = client.publish(name, sdp.offer());
            await client.next('setRemoteSDP', (id) => id === publication);
            const id = client.play(name, sdp.offer({ direction: 'recvonly' }));
            assert.equal((await client.status(id)).info, 'Publish stream is not ready');
        }));

    for (const name of ['rtsp://127.0.0.1/x', 'vod://file.mp4', 'unknown://x']) {
        test(`playing ${name} fails with 'Failed to get agent storage'`, () => withSession(
            async (client) => {
                const id = client.play(name, sdp.offer({ direction: 'recvonly' }));
                assert.equal((await client.status(id)).info, 'Failed to get agent storage');
            }));
    }

    test('WS-52 one final status for each media session, nothing after it', () => withSession(
        async (client) => {
            const name = newName();
            const id = client.publish(name, sdp.offer());
            await client.next('setRemoteSDP', (sdpId) => sdpId === id);
            client.unpublish(id, name);
            await client.status(id, 'UNPUBLISHED');
            const after = client.about(id).length;
            // longer than the ICE bound of this server, which must not fire for an ended session
            for (let i = 0; i < 8; i++)
                await client.next('ping');
            assert.equal(client.about(id).length, after);
            assert.equal(finals(client, id).length, 1);
        }, { on: hasty }));

    test('stopping an unknown id is answered once, with the name that was given', () => withSession(
        async (client) => {
            for (const [message, expected] of [['stopStream', 'STOPPED'],
                ['unPublishStream', 'UNPUBLISHED']]) {
                const id = randomUUID();
                client.stop(message, id, 'whatever');
                const status = await client.status(id);
                assert.deepEqual([status.status, status.name], [expected, 'whatever']);
            }
        }));

    test('WS-55 an id of another session cannot be stopped', () => withSession(
        async (owner) => withSession(async (other) => {
            const name = newName();
            const id = owner.publish(name, sdp.offer());
            await owner.next('setRemoteSDP', (sdpId) => sdpId === id);
            other.unpublish(id, name);
            await other.status(id, 'UNPUBLISHED');
            other.stop('stopStream', id, name);
            await other.settle();
            await owner.settle();
            assert.deepEqual(finals(owner, id), []);
            const late = other.publish(name, sdp.offer());
            assert.equal((await other.status(late)).info, 'Stream name is already in use');
        })));

    test('WS-56 availableStream of a name nobody publishes: the string "false" and why', () =>
        withSession(async (client) => {
            client.send('availableStream', { mediaSessionId: UUID, name: 'nobody' });
            const { data: [answer] } = await client.next('availableStream');
            assert.deepEqual(answer, { status: 'false', info: 'Stream not found', id: UUID });
        }));

    test('WS-62 sendData is ACCEPTED when no hook is there to refuse it', () => withSession(
        async (client) => {
            for (const payload of [{ a: 1 }, 'text', null, [1, 2]]) {
                const operationId = randomUUID();
                client.send('sendData', { operationId, payload });
                const { data } = await client.next('DataStatusEvent');
                assert.deepEqual(data, [{ operationId, status: 'ACCEPTED' }]);
            }
        }));

    test('WS-67 floods of pushLogs, bug reports and debug commands do no harm', () => withSession(
        async (client) => {
            const size = server.usage().rssKb;
            for (let i = 0; i < 2000; i++)
                client.send('pushLogs', { logs: `02:06:57 INFO core -  ${'line '.repeat(50)}${i}\n` });
            client.send('submitBugReport', { text: 'no sound', type: 'no_sound' }); // no_media takes seconds
            await client.next('notifyBugReport');
            client.send('sessionDebug', { command: 'start' });
            assert.equal((await client.next('notifySessionDebugEvent')).data[0].status, 'STARTED');
            client.send('sessionDebug', { command: 'stop' });
            assert.equal((await client.next('notifySessionDebugEvent')).data[0].status, 'STOPPED');
            await assertUsable(client);
            assert.ok(server.usage().rssKb - size < 64 * 1024 * slowness, 'memory');
        }));

    test('WS-75 closing the socket frees the names within a second', async () => {
        for (const leave of ['close', 'abort']) {
            const client = await WcsClient.session(server.ws);
            const name = newName();
            const id = client.publish(name, sdp.offer());
            await client.next('setRemoteSDP', (sdpId) => sdpId === id);
            await client[leave]();
            await withSession((other) => until(`the name is free after ${leave}`, async () => {
                const next = other.publish(name, sdp.offer());
                return Promise.any([
                    other.next('setRemoteSDP', (sdpId) => sdpId === next),
                    other.status(next, 'FAILED').then(() => false),
                ]);
            }, { timeout: 1_000 }));
        }
    });

    test('WS-78 a native client that sends the least can publish', () => withSession(
        async (client) => {
            const mediaSessionId = randomUUID();
            client.send('publishStream', { mediaSessionId, name: newName(), sdp: sdp.offer() });
            await client.next('setRemoteSDP', (id) => id === mediaSessionId);
        }));

    test('WS-79 getUserData never holds webRTCMetricsServerDescription', () => withSession(
        (client) => {
            assert.ok(!('webRTCMetricsServerDescription' in client.userData));
        }, { fields: { webRTCMetricsServerDescription: { types: {} } } }));

    test('stream events of somebody who publishes nothing are ignored', () => withSession(
        async (client) => {
            client.send('sendStreamEvent', { mediaSessionId: UUID, type: 'data', payload: { a: 1 } });
            await client.settle();
            assert.deepEqual(client.about(UUID), []);
        }));

    test('a plain GET on the WebSocket port is refused', async () => {
        const response = await fetch(`http://127.0.0.1:${server.options['ws.port']}/`);
        assert.ok(response.status >= 400 && response.status < 500, String(response.status));
    });

    test('a client that never reads is dropped, its memory is bounded, others go on', async () => {
        const before = hasty.usage().rssKb;
        const socket = net.connect(hasty.options['ws.port'], '127.0.0.1');
        const gone = new Promise((resolve) => {
            socket.once('error', resolve);
            socket.once('close', resolve);
        });
        socket.write('GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
            `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n` +
            'Sec-WebSocket-Version: 13\r\n\r\n');
        await within(5_000 * slowness, 'the handshake', new Promise((resolve) =>
            socket.once('data', resolve)));
        socket.pause();
        socket.write(frame({ message: 'connection', data: [{ appKey: 'defaultApp' }] }));
        const question = frame({ message: 'availableStream',
            data: [{ mediaSessionId: 'i'.repeat(120), name: 'nobody' }] });
        const burst = Buffer.concat(Array(500).fill(question));
        let over = false;
        gone.then(() => (over = true));
        const flood = (async () => {
            for (let i = 0; i < 400 && !over; i++) {
                if (!socket.write(burst))
                    await Promise.race([gone, new Promise((resolve) => socket.once('drain', resolve))]);
            }
        })();
        await flood;
        await until('the server says so', () =>
            hasty.lines.some((line) => /client does not read: dropped/.test(line)));
        socket.resume(); // only who reads learns of the end
        await within(20_000 * slowness, 'the deaf client is dropped', gone);
        if (slowness === 1) // a sanitizer keeps what was freed
            assert.ok(hasty.usage().rssKb - before < 32 * 1024, 'memory');
        await withSession(assertUsable, { on: hasty });
    });
});

// A masked text frame.
function frame(message) {
    const text = Buffer.from(JSON.stringify(message));
    const mask = randomBytes(4);
    const head = text.length < 126 ? Buffer.from([0x81, 0x80 | text.length])
        : Buffer.from([0x81, 0x80 | 126, text.length >> 8, text.length & 255]);
    return Buffer.concat([head, mask, text.map((byte, i) => byte ^ mask[i & 3])]);
}
