// SPDX-License-Identifier: GPL-3.0-or-later
// Calls that operators begin and whose sound is a stream: statements SIP-n of sip.md 15, with
// Kamailio, baresip, nginx's RTMP module, the SDK in Chromium and a scripted party.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Backend, startWithApps } from './lib/backend.mjs';
import { Line, account, newId, sdpOf } from './lib/calls.mjs';
import { call as inPage, publishCamera } from './lib/bare.mjs';
import { Browser, text } from './lib/browser.mjs';
import { BARE, EXAMPLES, startPages } from './lib/pages.mjs';
import { freePorts } from './lib/ports.mjs';
import { makeTone } from './lib/push_probe.mjs';
import { record, recordingOf } from './lib/recordings.mjs';
import { Nginx, soundOf } from './lib/rtmp.mjs';
import { RtpPorts } from './lib/rtp.mjs';
import { offer } from './lib/sdp.mjs';
import { Baresip, DOMAIN, Kamailio } from './lib/sip.mjs';
import { init } from './lib/studio.mjs';
import { until } from './lib/wait.mjs';

const METHODS = ['connect', 'ConnectionStatusEvent', 'RegistrationStatusEvent', 'call',
    'CallStatusEvent', 'publishStream', 'StreamStatusEvent'];

let server, kamailio, nginx, backend, app, line, browser, pages;

before(async () => {
    const media = await freePorts(60);
    [kamailio, nginx, backend, browser, pages] = await Promise.all([Kamailio.start(), Nginx.start(),
        Backend.start(), Browser.open(), startPages()]);
    app = backend.endpoint('called');
    app.config({ call: { restOnError: 'FAIL' } });
    server = await startWithApps({ called: { url: app.url, methods: METHODS },
        defaultApp: { url: app.url, methods: [] } },
        { port_from: await freePorts(1), client_sip_allow: '127.0.0.0/8', media_port_from: media,
            media_port_to: media + 59, rtmp_transponder_stream_name_prefix: 'rtmp_' });
    line = new Line(server);
    const dir = path.join(server.options.state_dir, 'media');
    fs.mkdirSync(dir, { recursive: true });
    await makeTone(path.join(dir, 'tone.wav'), { hz: 1300, seconds: 4 });
});
after(async () => {
    await line?.close();
    await browser?.close();
    await pages?.close();
    await Promise.all([server?.stop(), kamailio?.stop(), nginx?.stop(), backend?.stop()]);
});

async function rest(what, body) {
    const response = await fetch(`${server.http}${what.startsWith('/') ? what : `/rest-api/${what}`}`, {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, text, json: /^[[{]/.test(text) ? JSON.parse(text) : undefined };
}
const found = async (callId) => {
    const { status, json } = await rest('call/find', { callId });
    return status === 200 ? json[0] : status;
};
const becomes = (callId, status) => until(`${callId} is ${status}`, async () => {
    const now = await found(callId);
    if (now?.status === status)
        return now;
    throw new Error(JSON.stringify(now));
});
const gone = (callId) => until(`${callId} is gone`, async () => await found(callId) === 404);

// {callId, body} of a call to the party, which is not registered with unless fields say so.
const startup = async (party, fields = {}) => {
    const body = { callId: newId(), callee: '1001', ...account('u1', party.port,
        { sipRegisterRequired: false }), ...fields };
    return { callId: body.callId, body, answer: await rest('call/startup', body) };
};
const pushes = async () => (await (await fetch(`${server.http}/api/v1/pushes`)).json()).pushes;

describe('a call that an operator begins', { concurrency: 8 }, () => {
    test('SIP-107 SIP-109 SIP-110 REST-22 its name is its own, and a push of it waits', async () => {
        const party = await line.registrar();
        const { callId, body, answer } = await startup(party, { toStream: 'reserved',
            rtmpUrl: `${nginx.url}`, rtmpStream: 'elsewhere' });
        assert.deepEqual([answer.status, answer.text], [200, '']);
        const invite = await party.next('INVITE');
        assert.equal(invite.uri, `sip:1001@${DOMAIN}`);
        assert.ok(!invite.body.includes('m=video'));
        const other = await line.client({});
        const id = other.request('publishStream', 'reserved', offer());
        assert.equal((await other.status(id, 'FAILED')).info, 'Stream name is already in use');
        const pushed = await rest('push/startup', { streamName: 'reserved', rtmpUrl: nginx.url });
        assert.equal(pushed.status, 200, pushed.text);
        assert.deepEqual((await pushes()).filter(({ stream }) => stream === 'reserved')
            .map(({ state }) => state), ['WAITING', 'WAITING']);
        const now = await found(callId);
        assert.deepEqual([now.status, now.sipStatus, now.mediaProvider, now.rtmpUrl, now.rtmpStream,
            now.rtmpStreamStatus, now.sessionId],
        ['PENDING', null, 'Flash', nginx.url, 'elsewhere', 'WAITING', null]);
        for (const again of [{ callId }, { rtmpUrl: nginx.url, rtmpStream: 'elsewhere' },
            { toStream: 'reserved' }])
            assert.equal((await rest('call/startup', { ...body, callId: newId(), toStream: 'free',
                rtmpUrl: undefined, ...again })).status, 409, JSON.stringify(again));
        for (const [bad, why] of [[{ hasAudio: 'false', hasVideo: 'false' }, /hasAudio/], [{ appKey: 'none' }, /appKey/],
            [{ sipLogin: '' }, /sipLogin/], [{ sipPort: 'x' }, /sipPort/], [{ callee: 'sips:x@y' }, /callee/],
            [{ rtmpUrl: 'http://x', rtmpStream: 's' }, /rtmp/i], [{ rtmpUrl: nginx.url }, /rtmpStream/],
            [{ toStream: 'a\nb' }, /./]]) {
            const { status, text } = await rest('call/startup', { ...body, callId: newId(),
                toStream: 'bad', rtmpUrl: undefined, rtmpStream: undefined, ...bad });
            assert.equal(status, 400, JSON.stringify(bad));
            assert.match(text, why);
        }
        await party.reply(invite, 180, 'Ringing', [party.contact]);
        assert.equal((await becomes(callId, 'RING')).sipStatus, 180);
        assert.equal((await rest('call/terminate', { callId })).status, 200);
        await party.next('CANCEL');
        await gone(callId);
        await until('nothing is pushed', async () =>
            !(await pushes()).some(({ stream }) => stream === 'reserved'));
        const free = other.request('publishStream', 'reserved', offer());
        await other.next('setRemoteSDP', (_, { data }) => data[0] === free);
    });

    test('SIP-111 the account may stand in connection, booleans be texts; it registers first', async () => {
        const party = await line.registrar();
        const callId = newId();
        const { sipRegisterRequired, ...connection } = account('u1', party.port,
            { sipPort: String(party.port) });
        assert.equal((await rest('/RESTCall/call', { callId, callee: '1001', hasAudio: 'true',
            hasVideo: 'false', rtmpUrl: nginx.url, rtmpStream: 'old',
            connection: { ...connection, sipRegisterRequired: 'true', appKey: 'called' } })).status, 200);
        const invite = await party.next('INVITE');
        assert.equal(party.received[0].method, 'REGISTER');
        assert.equal((await rest('/RESTCall/getStatus', { callId })).text, 'PENDING');
        assert.ok((await rest('/RESTCall/getCalls', {})).json.some((one) => one.callId === callId));
        await party.reply(invite, 200, 'OK', [party.contact], sdpOf(party));
        await party.next('ACK');
        await until('it is established', async () =>
            (await rest('/RESTCall/getStatus', { callId })).text === 'ESTABLISHED');
        assert.equal((await rest('/RESTCall/sendDTMF', { callId, dtmf: '7', type: 'INFO' })).status, 200);
        const info = await party.next('INFO');
        await party.reply(info, 200, 'OK');
        assert.equal((await rest('/RESTCall/hangup', { callId })).status, 200);
        await party.reply(await party.next('BYE'), 200, 'OK');
        await gone(callId);
        assert.equal((await rest('/RESTCall/getStatus', { callId })).status, 404);
        await until('it leaves the registrar', () => party.received.some((one) =>
            one.method === 'REGISTER' && one.get('expires') === '0'));
        // The back end has heard of all of it, and could refuse none (sip.md 15).
        assert.equal((await app.next('call', (told) => told.callId === callId)).body.sessionId, null);
        for (const status of ['ESTABLISHED', 'FINISH'])
            await app.next('CallStatusEvent', (told) => told.callId === callId && told.status === status &&
                told.sessionId === null);
        assert.deepEqual([app.of('connect').length, app.of('ConnectionStatusEvent').length], [0, 0]);
    });

    test('a registration that fails ends it, and so does who hangs up', async () => {
        const party = await line.registrar((message) => {
            party.reply(message, 403, 'Forbidden');
            return true;
        });
        const refused = await startup(party, { sipRegisterRequired: true, toStream: 'refused',
            appKey: 'called' });
        assert.equal(refused.answer.status, 200);
        await gone(refused.callId);
        const failed = await app.next('CallStatusEvent', (told) => told.callId === refused.callId);
        assert.deepEqual([failed.body.status, failed.body.info], ['FAILED', 'AUTHENTICATION_FAIL']);
        assert.equal(party.count('INVITE'), 0);
        const { callId } = await startup(party, { toStream: 'refused' });
        const invite = await party.next('INVITE');
        await party.reply(invite, 200, 'OK', [party.contact], sdpOf(party));
        await party.next('ACK');
        await becomes(callId, 'ESTABLISHED');
        await party.back(invite, 'BYE', 1);
        await gone(callId);
    });

    test('SIP-92 SIP-107 what it is to have is offered: pictures to be received, for RTMP what that takes', async () => {
        const party = await line.registrar();
        const pictures = await RtpPorts.open();
        const shape = ({ body }) => body.match(/^(m=|a=(sendrecv|recvonly)).*$/gm)
            .map((row) => row.replace(/ \d+ RTP/, ' RTP').trim());
        try {
            const pushed = await startup(party, { hasVideo: true, rtmpUrl: nginx.url, rtmpStream: 'lean' });
            const lean = await party.next('INVITE');
            assert.deepEqual(shape(lean), ['m=audio RTP/AVP 8 0 101', 'a=sendrecv',
                'm=video RTP/AVP 102', 'a=recvonly']);
            await party.reply(lean, 486, 'Busy Here');
            await gone(pushed.callId);
            const { callId } = await startup(party, { hasAudio: 'false', hasVideo: 'true', toStream: 'seen' });
            const invite = await party.next('INVITE');
            assert.deepEqual(shape(invite), ['m=video RTP/AVP 102 96', 'a=recvonly']);
            await party.reply(invite, 200, 'OK', [party.contact], ['v=0', 'o=party 1 1 IN IP4 127.0.0.1',
                's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=video ${pictures.port} RTP/AVP 96`,
                'a=rtpmap:96 VP8/90000', 'a=rtcp-fb:96 nack pli', 'a=sendonly', ''].join('\r\n'));
            await party.next('ACK');
            const { hasAudio, hasVideo, toStream } = await becomes(callId, 'ESTABLISHED');
            assert.deepEqual([hasAudio, hasVideo, toStream], [false, true, 'seen']);
            await pictures.send({ type: 96, sequence: 1, timestamp: 0, ssrc: 5, marker: true, // 64 x 48
                payload: Buffer.from('10' + '100000' + '9d012a' + '40003000' + '00'.repeat(20), 'hex') },
            RtpPorts.place(invite.body, 'video'));
            await until('it is published', async () => {
                const { json } = await rest('stream/find', { name: 'seen', published: true });
                assert.deepEqual(json.map((one) => [one.status, one.hasAudio, one.hasVideo, one.audioCodec,
                    one.videoCodec]), [['PUBLISHING', false, true, null, 'VP8']]);
                return true;
            });
            await rest('call/terminate', { callId });
            await party.reply(await party.next('BYE'), 200, 'OK');
            await gone(callId);
        } finally {
            await pictures.close();
        }
    });

    test('SIP-55 a telephone that goes on in another codec hears that, and its stream goes on', async () => {
        const party = await line.registrar();
        const sound = await RtpPorts.open();
        const name = 'changes';
        const says = (version, codecs) => sdpOf(party, { codecs, version, port: sound.port });
        const { callId } = await startup(party, { toStream: name });
        const listed = async (codec) => until(`${name} is ${codec}`, async () => {
            const { streams } = await (await fetch(`${server.http}/api/v1/streams`)).json();
            assert.equal(streams.find((one) => one.name === name)?.audioCodec, codec);
            return true;
        });
        let playing;
        try {
            const invite = await party.next('INVITE');
            const at = RtpPorts.place(invite.body);
            await party.reply(invite, 200, 'OK', [party.contact], says(1, '8'));
            await party.next('ACK');
            await becomes(callId, 'ESTABLISHED');
            playing = sound.play(at);
            await listed('PCMA');
            const before = await sound.packet('silence', ({ type }) => type === 8);
            await party.back(invite, 'INVITE', 1, { lines: [party.contact], body: says(2, '0') });
            assert.match((await party.next(200)).body, /^m=audio \d+ RTP\/AVP 0\r$/m);
            await party.back(invite, 'ACK', 1);
            playing.stop();
            playing = sound.play(at, { type: 0, ssrc: 2, sequence: 700 });
            const after = await sound.packet('silence in mu-law', ({ type }) => type === 0);
            assert.equal(after.ssrc, before.ssrc);
            assert.ok(after.payload.every((octet) => octet >= 0xfe || octet >= 0x7e && octet < 0x80));
            await listed('PCMU');
        } finally {
            playing?.stop();
            await sound.close();
        }
        await rest('call/terminate', { callId });
        await party.reply(await party.next('BYE'), 200, 'OK');
        await gone(callId);
    });
});

describe('its sound', () => {
    const hears = (telephone, wanted) => until(() => `the telephone hears ${wanted} Hz`, () => {
        const { hz, share } = telephone.heard();
        assert.ok(wanted === 0 ? share === 0 : hz === wanted && share > 0.8, `${hz} Hz, ${share}`);
        return true;
    }, { timeout: 8000 });

    const pageHears = (page, wanted) => until(`the page hears ${wanted} Hz`, async () => {
        const hz = await inPage(page, 'heard');
        assert.ok(Math.abs(hz - wanted) < 15, `${hz} Hz`);
        return true;
    }, { timeout: 8000 });

    // The share of a tone in the last second of a recording.
    async function toneIn(file, hz) {
        const { samples, rate } = await soundOf(file, 8000);
        const last = samples.subarray(-rate);
        let re = 0, im = 0, all = 0;
        last.forEach((x, i) => {
            re += x * Math.cos(2 * Math.PI * hz * i / rate);
            im += x * Math.sin(2 * Math.PI * hz * i / rate);
            all += x * x;
        });
        return 2 * (re * re + im * im) / last.length / all;
    }

    for (const codecs of ['pcma/8000/1', 'opus/48000/2'])
        test(`SIP-107 SIP-108 SIP-112 REST-52 ${codecs.split('/')[0]}: played, pushed, and answered with ` +
            'streams and files', async () => {
            const telephone = await Baresip.start('u2', 'p2', kamailio.port, { codecs });
            const page = await browser.page(pages.url + BARE, server);
            const name = `phone-${codecs.slice(0, 4)}`, callId = newId();
            try {
                assert.equal(await inPage(page, 'connect', server.ws), 'ESTABLISHED');
                const answer = await rest('call/startup', { callId, callee: 'u2', toStream: name,
                    appKey: 'called', ...account('u1', kamailio.port) });
                assert.equal(answer.status, 200, answer.text);
                assert.equal((await rest('push/startup', { streamName: name, rtmpUrl: nginx.url })).status,
                    200);
                await becomes(callId, 'ESTABLISHED');
                const live = await app.next('StreamStatusEvent', (told) => told.name === name);
                assert.deepEqual([live.body.status, live.body.mediaSessionId, live.body.sessionId,
                    live.body.published, live.body.hasVideo], ['PUBLISHING', callId, null, true, false]);
                const { json: [listed] } = await rest('stream/find', { name, published: true });
                assert.deepEqual([listed.mediaSessionId, listed.status, listed.sessionId],
                    [callId, 'PUBLISHING', null]);
                assert.equal((await inPage(page, 'play', 'player', name)).status, 'PLAYING');
                await pageHears(page, 440);
                const file = await recordingOf(nginx, `rtmp_${name}`);
                await until('nginx has the tone', async () => {
                    await record(file, 2);
                    const share = await toneIn(file, 440);
                    return share > 0.8 || assert.fail(`${share}`);
                });
                assert.equal(telephone.heard().share, 0, 'what is sent at first is silence');
                assert.equal((await rest('call/inject_sound', { callId, fileName: 'tone.wav' })).status, 200);
                await hears(telephone, 1300);
                await hears(telephone, 0);
                const own = await publishCamera(page, 64, 64, { audio: true }); // its tone has 440 Hz
                for (const form of ['inject_stream', 'inject_stream/startup']) {
                    assert.equal((await rest(`call/${form}`,
                        { callId, streamName: own.name })).status, 200);
                    await hears(telephone, 440);
                    assert.equal((await rest('call/inject_stream/terminate', { callId })).status, 200);
                    await hears(telephone, 0);
                }
                for (const [what, body, status] of [
                    ['inject_stream', { callId, streamName: 'nobody' }, 404],
                    ['inject_stream', { callId: 'nobody', streamName: name }, 404],
                    ['inject_stream/terminate', { callId: 'nobody' }, 404],
                    ['inject_sound', { callId, fileName: 'nothing.wav' }, 404],
                    ['inject_sound', { callId: 'nobody', fileName: 'tone.wav' }, 404],
                    ['inject_sound', { callId, fileName: '../apps.json' }, 400]])
                    assert.equal((await rest(`call/${what}`, body)).status, status, what);
                assert.equal((await rest('call/terminate', { callId })).status, 200);
                await telephone.event('CALL_CLOSED');
                const end = await until('the player hears of the end', async () =>
                    (await inPage(page, 'events', 'player')).find((one) => one.status === 'FAILED'));
                assert.equal(end.info, 'Stopped by publisher stop');
                await app.next('StreamStatusEvent', (told) => told.name === name &&
                    told.status === 'UNPUBLISHED');
                await gone(callId);
            } finally {
                await page.context().close();
                await telephone.stop();
            }
        });

    test('MIX-21 webrtc_sip_conference: a telephone hears the mix without itself', async () => {
        const telephone = await Baresip.start('u2', 'p2', kamailio.port, { codecs: 'pcma/8000/1' });
        const client = await browser.page(
            `${pages.url}${EXAMPLES}/webrtc_sip_conference/webrtc_sip_conference.html`, server);
        const guest = await browser.page(pages.url + BARE, server, { init: init() });
        try {
            // the page knows one port
            await client.route('http://127.0.0.1:8081/**', (route) => route.continue(
                { url: route.request().url().replace('http://127.0.0.1:8081', server.http) }));
            const { sipLogin, sipPassword, sipDomain } = account('u1', kamailio.port);
            await client.fill('#config', JSON.stringify({ wcs: '127.0.0.1',
                sipAsRtmp: { ext: 'u2', toStream: 'line', login: sipLogin, password: sipPassword,
                    domain: sipDomain, outboundProxy: '127.0.0.1', port: kamailio.port,
                    registerRequired: 'true' },
                mixer: { uri: 'mixer://conf', name: 'conf' } }));
            await client.click('#startBtn');
            await text(client, '#initialized', 'true');
            assert.equal(telephone.heard().share, 0, 'nobody else is there');
            assert.equal(await inPage(guest, 'connect', server.ws), 'ESTABLISHED');
            await guest.evaluate(() => {
                window.cameras = { guest: window.studio.source({ colour: 'red', hz: 1300 }) };
            });
            const joined = await inPage(guest, 'publishCamera', 'guest', 'guest#conf', 'guest', {});
            assert.equal(joined.status, 'PUBLISHING', joined.info);
            await hears(telephone, 1300);
            assert.equal((await inPage(guest, 'play', 'player', 'conf-guestconf')).status, 'PLAYING');
            await pageHears(guest, 440); // the telephone's tone
            await client.click('#startBtn'); // Stop
            await text(client, '#failed', 'true');
            await telephone.event('CALL_CLOSED');
            await until('the mixer is gone', async () => (await rest('mixer/find_all')).status === 404);
            assert.deepEqual(client.faults, []);
        } finally {
            await guest.context().close();
            await client.context().close();
            await telephone.stop();
        }
    });
});
