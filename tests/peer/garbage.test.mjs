// SPDX-License-Identifier: GPL-3.0-or-later
// Rubbish and floods on every port while a stream is played: the stream does not notice, memory is
// bounded, and the server serves the next client (hardening.md classes 1, 3, 4, 8, 13, 19).
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import net from 'node:net';
import tls from 'node:tls';
import { after, afterEach, before, describe, test } from 'node:test';
import { Browser } from './lib/browser.mjs';
import { BARE, startPages } from './lib/pages.mjs';
import * as sdp from './lib/sdp.mjs';
import { Server } from './lib/server.mjs';
import { pause, sanitizer, slowness, until, within } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

const CAMERA = { audio: true, video: { width: 320, height: 240 } };
const FLOOD = sanitizer ? 5_000 : 50_000;
const MEMORY_KB = sanitizer ? 512 * 1024 : 48 * 1024;
const MAGIC_COOKIE = 0x2112a442;

let server, browser, pages, page;
let idle; // usage with the stream running

function call(method, ...args) {
    return page.evaluate(([name, list]) => window.sluice[name](...list), [method, args]);
}

async function decoded() {
    return (await call('stats', 'viewer')).in.video;
}

// Runs the attack; meanwhile and afterwards the viewer's picture moves.
async function undisturbed(attack) {
    const before = await decoded();
    const start = Date.now();
    await attack();
    const least = before.framesDecoded + Math.max(20, (Date.now() - start) / 1000 * 10);
    await until('the picture goes on', async () => (await decoded()).framesDecoded >= least);
    const after = await decoded();
    if (!sanitizer)
        assert.ok(after.totalFreezesDuration - before.totalFreezesDuration < 1,
            `frozen for ${after.totalFreezesDuration - before.totalFreezesDuration} s`);
    server.assertAlive();
}

// Writes to a TCP port and reads until the server closes, or for a moment.
function tcp(port, chunks, { wait = 2_000 } = {}) {
    return new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1');
        const answer = [];
        const end = () => {
            socket.destroy();
            resolve(Buffer.concat(answer).toString('latin1'));
        };
        socket.setTimeout(wait, end);
        socket.on('data', (bytes) => answer.push(bytes));
        socket.on('error', end);
        socket.on('close', end);
        for (const chunk of chunks)
            socket.write(chunk);
    });
}

// Sends datagrams from one socket in bursts that its buffer can hold.
async function datagrams(count, make, { sockets = 1 } = {}) {
    const list = await Promise.all(Array.from({ length: sockets }, () => new Promise((resolve) => {
        const socket = dgram.createSocket('udp4');
        socket.received = 0;
        socket.receivedBytes = 0;
        socket.on('message', (bytes) => {
            socket.received++;
            socket.receivedBytes += bytes.length;
        });
        socket.bind(0, '127.0.0.1', () => resolve(socket));
    })));
    for (let i = 0; i < count; i++) {
        list[i % sockets].send(make(i), server.mediaPort, '127.0.0.1');
        if (i % 200 === 199)
            await new Promise((resolve) => setImmediate(resolve));
    }
    await pause(100);
    const received = list.reduce((sum, socket) => sum + socket.receivedBytes, 0);
    list.forEach((socket) => socket.close());
    return received;
}

function stun({ username, integrity = true, length } = {}) {
    const user = Buffer.from(username ?? 'nobody:nobody');
    const padded = Buffer.concat([user, Buffer.alloc((4 - user.length % 4) % 4)]);
    const attribute = (type, value, size = value.length) => {
        const head = Buffer.alloc(4);
        head.writeUInt16BE(type, 0);
        head.writeUInt16BE(size, 2);
        return Buffer.concat([head, value]);
    };
    const body = Buffer.concat([attribute(0x0006, padded, user.length),
        ...(integrity ? [attribute(0x0008, randomBytes(20))] : [])]);
    const head = Buffer.alloc(20);
    head.writeUInt16BE(0x0001, 0);
    head.writeUInt16BE(length ?? body.length, 2);
    head.writeUInt32BE(MAGIC_COOKIE, 4);
    randomBytes(12).copy(head, 8);
    return Buffer.concat([head, body]);
}

// A DTLS record with a ClientHello of random content.
function clientHello() {
    const body = randomBytes(120);
    const record = Buffer.alloc(13 + 12 + body.length);
    record[0] = 22;
    record.writeUInt16BE(0xfeff, 1);
    record.writeUInt16BE(12 + body.length, 11);
    record[13] = 1;
    record.writeUIntBE(body.length, 14, 3);
    record.writeUIntBE(body.length, 22, 3);
    body.writeUInt16BE(0xfefd, 0);
    body.copy(record, 25);
    return record;
}

function rtp(ssrc) {
    const packet = randomBytes(200);
    packet[0] = 0x80;
    packet[1] = 102;
    packet.writeUInt32BE(ssrc ?? 0, 8);
    return packet;
}

describe('rubbish on every port', () => {
    before(async () => {
        [server, browser, pages] = await Promise.all([
            Server.start({ first_message_timeout_ms: 5000 }), Browser.open(), startPages()]);
        page = await browser.page(pages.url + BARE, server);
        assert.equal(await call('connect', server.ws), 'ESTABLISHED');
        const publishing = await call('publish', 'camera', 'garbage-stream', { constraints: CAMERA });
        assert.equal(publishing.status, 'PUBLISHING', publishing.info);
        const playing = await call('play', 'viewer', 'garbage-stream');
        assert.equal(playing.status, 'PLAYING', playing.info);
        await until('a steady picture', async () => (await decoded())?.framesDecoded > 60);
        idle = server.usage();
    });
    afterEach(async () => {
        const now = server.usage();
        assert.ok(now.rssKb - idle.rssKb < MEMORY_KB, `${now.rssKb - idle.rssKb} KB more`);
        await until('the descriptors are closed', () => server.usage().fds <= idle.fds + 2 ||
            Promise.reject(new Error(`${server.usage().fds} of ${idle.fds}`)));
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
        await server?.stop();
    });

    for (const key of ['ws.port', 'wss.port', 'http.port', 'https.port']) {
        test(`${key}: random bytes, half requests, early closes`, () => undisturbed(async () => {
            const port = server.options[key];
            await Promise.all([
                ...Array.from({ length: 20 }, (_, i) => tcp(port, [randomBytes(1 << i % 14)])),
                tcp(port, []),
                tcp(port, ['GET']),
                tcp(port, ['GET / HTTP/1.1\r\n']),
                tcp(port, ['GET / HTTP/9.9\r\n\r\n']),
                tcp(port, [`GET /${'a'.repeat(100_000)} HTTP/1.1\r\n\r\n`]),
                tcp(port, [`GET / HTTP/1.1\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`]),
                tcp(port, [`GET / HTTP/1.1\r\n${'X: a\r\n'.repeat(20_000)}\r\n`]),
                tcp(port, ['POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n']),
                tcp(port, ['POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n']),
                tcp(port, ['POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n']),
                tcp(port, ['GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello']),
                tcp(port, ['GET /\0 HTTP/1.1\r\nHost: \x01\r\n\r\n']),
                tcp(port, ['GET /../../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n'])
                    .then((answer) => assert.ok(!answer.includes('root:'))),
                tcp(port, [Buffer.from('16030100ff010000fb0303', 'hex'), randomBytes(100)]),
                tcp(port, [Buffer.from('160301ffff', 'hex'), randomBytes(70_000)]),
            ]);
        }));
    }

    test('http.port: paths outside the web root are not served', async () => {
        for (const path of ['/../sluice', '/%2e%2e/%2e%2e/etc/passwd', '/..%2f..%2fetc/passwd',
            '/%2fetc/passwd', '//etc/passwd', '/.%00./etc/passwd']) {
            const answer = await tcp(server.options['http.port'],
                [`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`]);
            assert.ok(!answer.includes('root:'), path);
            assert.match(answer, /^(HTTP\/1\.[01] (40\d|30\d)|$)/, path);
        }
    });

    test('wss.port: TLS 1.1 and plain text are refused', async () => {
        await assert.rejects(within(5_000 * slowness, 'a refusal', new Promise((resolve, reject) => {
            const socket = tls.connect({ port: server.options['wss.port'], host: '127.0.0.1',
                rejectUnauthorized: false, minVersion: 'TLSv1', maxVersion: 'TLSv1.1',
                ciphers: 'DEFAULT@SECLEVEL=0' }, resolve);
            socket.on('error', reject);
            socket.on('close', () => reject(new Error('closed')));
        })));
    });

    test('broken WebSocket frames close their own connection only', () => undisturbed(async () => {
        const key = randomBytes(16).toString('base64');
        const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
            .digest('base64');
        const upgrade = 'GET /any HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
            `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`;
        const answers = await Promise.all([
            [0x81, 0x05, 1, 2, 3, 4, 5], // not masked
            [0x83, 0x80, 0, 0, 0, 0], // unknown opcode
            [0xf1, 0x80, 0, 0, 0, 0], // reserved bits
            [0x89, 0xfe, 0xff, 0xff, 0, 0, 0, 0], // a ping of 64 kB
            [0x09, 0x80, 0, 0, 0, 0], // a fragmented ping
            [0x80, 0x80, 0, 0, 0, 0], // a continuation of nothing
            [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], // 2^64 bytes
            [0x81, 0x84, 0, 0, 0, 0, 0xff, 0xfe, 0xc0, 0x80], // not UTF-8
            [0x88, 0x81, 0, 0, 0, 0, 1], // a close of one byte
            [0x88, 0x82, 0, 0, 0, 0, 0, 5], // a close with a forbidden code
        ].map((frame) => tcp(server.options['ws.port'], [upgrade, Buffer.from(frame)])));
        for (const answer of answers)
            assert.ok(answer.includes(accept), 'the handshake before the frame');
    }));

    test('10 000 connections that say nothing, and slow headers', () => undisturbed(async () => {
        const sockets = [];
        const count = sanitizer ? 500 : 10_000;
        for (let i = 0; i < count; i++) {
            const socket = net.connect(server.options[i % 2 ? 'ws.port' : 'http.port'], '127.0.0.1');
            socket.on('error', () => {}); // refused is a fine answer
            sockets.push(socket);
            if (i % 4 === 0)
                socket.write('GET / HTTP/1.1\r\nX-Slow: ');
            if (i % 100 === 99)
                await new Promise((resolve) => setImmediate(resolve));
        }
        // an established session is served while they are open
        await until('the viewer\'s session answers', async () =>
            (await call('available', 'garbage-stream')) === 'available');
        sockets.forEach((socket) => socket.destroy());
        await until('a new client is served', async () => {
            const client = await WcsClient.session(server.ws);
            await client.close();
            return true;
        });
    }));

    test('media port: random datagrams of every kind are dropped in silence', () => undisturbed(
        async () => {
            const received = await datagrams(FLOOD, (i) => {
                const bytes = randomBytes(1 + i % 300);
                bytes[0] = i & 255;
                return bytes;
            });
            assert.equal(received, 0);
        }));

    test('media port: empty and very large datagrams', () => undisturbed(async () => {
        assert.equal(await datagrams(200, (i) => Buffer.alloc(i % 2 ? 0 : 60_000, 0x80)), 0);
    }));

    test('STUN flood with unknown users and bad integrity: no larger answers, no state', () =>
        undisturbed(async () => {
            const sample = stun();
            const received = await datagrams(FLOOD, (i) => stun({ username: `user${i}:x` }),
                { sockets: 50 });
            assert.ok(received <= FLOOD * sample.length, 'amplification');
            await datagrams(1000, (i) => stun({ length: i * 64 }));
            await datagrams(1000, () => stun({ integrity: false }));
        }));

    test('C7, class 1: DTLS from addresses without a STUN check is not answered', () => undisturbed(
        async () => {
            assert.equal(await datagrams(FLOOD / 5, clientHello, { sockets: 50 }), 0);
        }));

    test('RTP and RTCP from strangers reach nobody', () => undisturbed(async () => {
        assert.equal(await datagrams(FLOOD, (i) => rtp(i % 7)), 0);
    }));

    test('ICE-TCP port: rubbish, endless frames, silence', () => undisturbed(async () => {
        await Promise.all([
            ...Array.from({ length: 20 }, () => tcp(server.mediaPort, [randomBytes(3000)])),
            tcp(server.mediaPort, [Buffer.from([0xff, 0xff]), randomBytes(70_000)]),
            tcp(server.mediaPort, [Buffer.from([0, 0, 0, 0, 0, 0])]),
            tcp(server.mediaPort, [Buffer.from([0, 20]), stun().subarray(0, 20)]),
            tcp(server.mediaPort, []),
        ]);
    }));

    test('class 8: hostile session descriptions are answered, one way or the other', () => undisturbed(
        async () => {
            const good = sdp.offer();
            const client = await WcsClient.session(server.ws);
            const hostile = [
                ...Array.from({ length: 40 }, (_, i) => good.slice(0, (i + 1) * good.length / 41)),
                ...Array.from({ length: 40 }, (_, i) => {
                    const bytes = Buffer.from(good);
                    for (let n = 0; n < 10; n++)
                        bytes[(i * 7919 + n * 104_729) % bytes.length] = 33 + (i * 31 + n * 17) % 90;
                    return bytes.toString('latin1');
                }),
                good.replace(/a=mid:1/, 'a=mid:0'),
                good.replace(/a=rtpmap:102 H264/, 'a=rtpmap:111 H264'),
                good.replace(/UDP\/TLS\/RTP\/SAVPF 96/, `UDP/TLS/RTP/SAVPF ${'96 '.repeat(5000)}`),
                good.replace(/a=ssrc:2222/, 'a=ssrc:1111'),
                good.replace(/a=ssrc:2222/, 'a=ssrc:99999999999'),
                good.replace(/a=ssrc:2222.*/, Array(3000).fill(0)
                    .map((_, i) => `a=ssrc:${i} cname:x`).join('\r\n')),
                good.replace(/a=fingerprint:sha-256 \S+/g, 'a=fingerprint:sha-256 AA'),
                good.replace(/a=ice-ufrag:\S+/g, `a=ice-ufrag:${'u'.repeat(10_000)}`),
                good.replace(/a=setup:actpass/g, 'a=setup:passive'),
                good.replace(/m=audio 9/, 'm=audio 70000'),
                good.replace(/a=group:BUNDLE 0 1/, 'a=group:BUNDLE 1 0 7 7 7'),
                'v=0\r\n'.repeat(20_000),
                good + 'a=' + 'x'.repeat(200_000),
            ];
            for (const [i, text] of hostile.entries()) {
                const id = client.publish(`hostile-${i}`, text);
                await Promise.any([client.next('setRemoteSDP', (sdpId) => sdpId === id),
                    client.status(id, 'FAILED')]);
            }
            await client.close();
        }));

    test('nasty stream names are names', () => undisturbed(async () => {
        const client = await WcsClient.session(server.ws);
        for (const name of ['<script>alert(1)</script>', '../../etc/passwd', 'a b', 'ü\u{1F600}', '%00',
            '\'; DROP TABLE streams; --', '{{7*7}}', 'x'.repeat(256), 'a/b', '#?&=', '\u202e']) {
            const id = client.publish(name, sdp.offer());
            const outcome = await Promise.any([
                client.next('setRemoteSDP', (sdpId) => sdpId === id).then(() => 'accepted'),
                client.status(id, 'FAILED').then(({ info }) => info)]);
            if (outcome === 'accepted') {
                client.unpublish(id, name);
                assert.equal((await client.status(id, 'UNPUBLISHED')).name, name);
            }
        }
        for (const name of ['a\r\nb', 'x'.repeat(100_000), '\u001b[31m'])
            assert.equal((await client.status(client.publish(name, sdp.offer()))).status, 'FAILED', name);
        client.publish('nul\u0000', sdp.offer()); // refused as JSON already
        await client.next('fail');
        await client.close();
        assert.ok(!/\u001b\[31m/.test(server.log), 'control characters in the log');
    }));
});
