// SPDX-License-Identifier: GPL-3.0-or-later
// The other server of a pull: answers the WebSocket API as an original WCS of 2018 did and sends
// real media. Nothing here is shared with the server under test; every fault is an option.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { WebSocketServer } from 'ws';
import { ANSWER_FAULTS } from './upstream_answer.mjs';
import { Feedback } from './upstream_feedback.mjs';
import { Play } from './upstream_play.mjs';
import { Source } from './upstream_source.mjs';
import { makeCertificate } from './upstream_transport.mjs';
import { PATIENCE_MS, until } from './wait.mjs';

const PING_MS = 5_000; // keep_alive.server_interval
const FLOOD_PINGS = 5_000;

// Every fault's name, by what the puller should make of it.
export const FAULTS = {
    // No session comes about.
    connection: ['silent', 'closes', 'http-404', 'http-redirect', 'http-garbage',
        'closes-after-handshake', 'no-user-data', 'not-established', 'fail-connection',
        'closes-on-connection', 'garbage-json', 'large-message'],
    // The play is refused or never answered.
    play: ['no-answer', 'fail-play', 'stream-not-found', 'closes-on-play', 'drops-on-play'],
    // The answer cannot be used, or perhaps not.
    answer: Object.keys(ANSWER_FAULTS),
    // The answer is right, and no media comes of it.
    media: ['dead-candidates', 'wrong-fingerprint', 'no-dtls', 'no-media'],
    // Media comes, with something else: nothing may break, and the pull should work.
    noise: ['garbage-datagrams', 'garbage-srtp', 'second-sdp', 'unknown-ids', 'odd-messages',
        'binary-frames', 'ping-flood', 'early-playing', 'no-playing', 'no-sender-reports'],
    // Media comes and is worth nothing: nothing may break.
    garbage: ['garbage-rtp', 'fuzzed-pictures'],
};
const KNOWN = new Set(Object.values(FAULTS).flat());

const ODD_MESSAGES = [
    '', '{', 'null', '[]', '17', '"getUserData"', '\u0000', '{"message":17,"data":[]}',
    '{"message":"getUserData"', '{"data":[{}]}', '{"message":null,"data":null}',
    '{"message":"ping"}', '{"message":"ping","data":null}', '{"message":"getUserDatA","data":[{}]}',
    '{"message":"getVersion","data":[]}', '{"message":"getVersion","data":[{"a":1}]}',
    '{"message":"setRemoteSDP","data":[]}', '{"message":"setRemoteSDP","data":[1,2,3]}',
    '{"message":"notifyStreamStatusEvent","data":[null]}',
    '{"message":"notifyStreamStatusEvent","data":["PLAYING"]}',
    `{"message":"x","data":${'['.repeat(5000)}${']'.repeat(5000)}}`,
    `{"message":"${'m'.repeat(5000)}","data":[]}`,
];

// What is written instead of the WebSocket handshake.
const HTTP_ANSWERS = {
    'http-404': 'HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nNot Found',
    'http-redirect': 'HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:9/\r\n' +
        'Content-Length: 0\r\n\r\n',
    'http-garbage': `\u0000\u0001\u0002SSH-2.0-what\r\n${'x'.repeat(20_000)}\r\n\r\n`,
};

// One client's WebSocket. Everything the client said is kept.
class Session {
    #upstream;
    #socket;
    #pings;
    connection; // the object of `connection`
    received = []; // every message {message, data}
    problems = []; // what a server could not read
    plays = []; // Play, ended ones as well
    pings = 0;
    pongs = 0;
    closed; // {code, reason} once it is

    constructor(upstream, socket, request) {
        this.#upstream = upstream;
        this.#socket = socket;
        this.path = request.url;
        this.headers = request.headers;
        const peer = request.socket;
        this.token = `/${peer.remoteAddress}:${peer.remotePort}/` +
            `${peer.localAddress}:${peer.localPort}`;
        socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
        socket.on('error', (error) => this.problems.push(error.message));
        socket.on('close', (code, reason) => this.#onClose(code, reason));
    }

    // The envelope of websocket-api.md section 1.2.
    send(message, ...data) {
        this.sendText(JSON.stringify({ message, data }));
    }
    sendText(text) {
        if (this.#socket.readyState === this.#socket.OPEN)
            this.#socket.send(text);
    }
    close(code = 1000) {
        this.#socket.close(code);
    }
    // Without goodbye.
    drop() {
        this.#socket.terminate();
    }

    #has(fault) {
        return this.#upstream.faults.has(fault);
    }

    #onMessage(data, isBinary) {
        let message;
        try {
            message = JSON.parse(data);
        } catch (error) {
            this.problems.push(error.message);
            return;
        }
        if (isBinary || typeof message.message !== 'string')
            this.problems.push(`not a message: ${data.toString().slice(0, 200)}`);
        this.received.push(message);
        const handler = { connection: this.#onConnection, playStream: this.#onPlay,
            stopStream: this.#onStop, pong: this.#onPong }[message.message];
        Promise.resolve(handler?.call(this, message.data?.[0]))
            .catch((error) => this.#upstream.errors.push(error));
    }

    async #onClose(code, reason) {
        this.closed = { code, reason: reason.toString() };
        clearInterval(this.#pings);
        await Promise.all(this.plays.map((play) => play.end()));
    }

    #onPong() {
        this.pongs++;
    }
    #ping() {
        this.pings++;
        this.send('ping');
    }

    #onConnection(connection) {
        this.connection = connection;
        if (this.#has('no-user-data'))
            return;
        if (this.#has('closes-on-connection'))
            return this.close();
        if (this.#has('large-message'))
            return this.send('getUserData', { custom: 'x'.repeat(2 << 20) });
        if (this.#has('garbage-json'))
            return ODD_MESSAGES.forEach((text) => this.sendText(text));
        if (this.#has('fail-connection')) {
            this.send('fail', { apiMethod: 'ConnectionStatusEvent', status: 'FAILED',
                info: 'Application not found' });
            return this.close();
        }
        if (this.#has('odd-messages'))
            ODD_MESSAGES.forEach((text) => this.sendText(text));
        this.send('getUserData', { useWsTunnel: false, useWsTunnelPacketization2: false,
            useBase64BinaryEncoding: false, ...connection, authToken: this.token,
            status: this.#has('not-established') ? 'FAILED' : 'ESTABLISHED', forceLogger: false,
            keepAlive: false });
        this.send('getVersion', `5.0.3236-${randomBytes(20).toString('hex')}`);
        this.#pings = setInterval(() => this.#ping(), this.#upstream.options.pingMs);
        if (this.#has('binary-frames'))
            for (const length of [0, 1, 100, 100_000])
                this.#socket.send(randomBytes(length), { binary: true });
        if (this.#has('ping-flood'))
            for (let i = 0; i < FLOOD_PINGS; i++)
                this.#ping();
    }

    async #onPlay(request) {
        const { options, ended } = this.#upstream;
        if (this.#has('no-answer'))
            return;
        if (this.#has('closes-on-play'))
            return this.close();
        if (this.#has('drops-on-play'))
            return this.drop();
        if (this.#has('fail-play'))
            return this.send('fail', { apiMethod: 'StreamStatusEvent', id: request.mediaSessionId,
                status: 'FAILED', info: '403 Forbidden' });
        if (this.#has('stream-not-found') || ended || request.name !== options.stream)
            return this.notify(request, Date.now(), 'FAILED', 'Stream not found');
        const play = new Play(this.#upstream, this, request);
        this.plays.push(play);
        if (this.#has('unknown-ids'))
            this.#speakOfOthers();
        if (this.#has('early-playing'))
            play.notify('PLAYING');
        this.send('notifyAudioCodec', play.id, { name: 'opus' });
        await play.answer();
    }

    // About media sessions that the puller has never heard of.
    #speakOfOthers() {
        const other = { mediaSessionId: '00000000-fdb2-11e8-bce2-a3f72476fb49', name: 'other' };
        this.send('notifyAudioCodec', other.mediaSessionId, { name: 'opus' });
        this.send('setRemoteSDP', other.mediaSessionId, 'v=0\r\n', true);
        for (const status of ['PLAYING', 'STOPPED', 'FAILED', 'UNPUBLISHED'])
            this.notify(other, Date.now(), status, 'not yours');
        this.send('fail', { apiMethod: 'StreamStatusEvent', id: other.mediaSessionId,
            status: 'FAILED', info: 'not yours' });
        this.send('notifyVideoFormat', { ...other, streamerVideoWidth: 1, streamerVideoHeight: 1,
            status: 'RESIZE' });
    }

    async #onStop({ mediaSessionId }) {
        const play = this.plays.find(({ id }) => id === mediaSessionId);
        if (!play)
            return;
        play.stopped = true;
        await play.end();
        play.notify('STOPPED', 'Stopped by user');
    }

    notify({ mediaSessionId, name }, createDate, status, info) {
        const { source } = this.#upstream;
        this.send('notifyStreamStatusEvent', { mediaSessionId, name, published: false,
            hasVideo: true, hasAudio: true, status, audioCodec: 'opus', videoCodec: source.codec,
            record: false, width: 0, height: 0, bitrate: 0, minBitrate: 0, maxBitrate: 0,
            quality: 0, createDate, streamInfo: { nodeId: null, appKey: null, sessionId: null,
                mediaSessionId, name, samplingTime: null, recordTimestamp: null,
                recordStarted: false }, mediaProvider: 'WebRTC', info });
    }
}

export class Upstream {
    #listener;
    #http;
    #sockets = new Set();
    sessions = []; // Session, closed ones as well
    connections = 0; // TCP connections accepted
    errors = []; // what went wrong here, not at the puller
    paused = false; // true: no media for now
    ended = false;

    // stream: the name that can be played. codec: 'H264' or 'VP8'. content: 'pattern' or 'beep'.
    // faults: names of FAULTS; `upstream.faults` may be changed later.
    // dropEvery: holds back each n-th video packet until it is asked for.
    // setup: what `a=setup` says, absent as at the original; 'passive' makes us the DTLS server.
    // srtpProfile: 'aes' or 'gcm'. transportCc: number the packets and ask for that feedback.
    // bPictures, setsInSdp: as at Source. firstSequence: of both media, so that a test can have it
    // wrap. tls: true for wss, with upstream.certificate, or {key, cert}. source: one that is there,
    // whose owner stops it, instead of one of its own.
    static async start({ stream = 'test', codec, content, size, fps, kbps, faults = [], dropEvery,
        setup, srtpProfile = 'aes', transportCc = false, firstSequence, pingMs = PING_MS,
        tls: secure = false, bPictures, setsInSdp, source } = {}) {
        const upstream = new Upstream();
        const unknown = [...faults].filter((name) => !KNOWN.has(name));
        if (unknown.length > 0)
            throw new Error(`no such fault: ${unknown}`);
        upstream.faults = new Set(faults);
        upstream.options = { stream, dropEvery, setup, srtpProfile, transportCc, firstSequence,
            pingMs };
        upstream.certificate = await makeCertificate();
        upstream.shared = source !== undefined;
        upstream.source = source ?? await Source.start({ codec, content, size, fps, kbps, bPictures,
            setsInSdp });
        await upstream.#listen(secure);
        return upstream;
    }

    async #listen(secure) {
        this.#http = http.createServer((request, response) => response.writeHead(404).end());
        const webSockets = new WebSocketServer({ server: this.#http, perMessageDeflate: false });
        webSockets.on('connection', (socket, request) => {
            const session = new Session(this, socket, request);
            this.sessions.push(session);
            if (this.faults.has('closes-after-handshake'))
                session.close();
        });
        const accept = (socket) => this.#onSocket(socket);
        const { privateKey: key, certPem: cert } = this.certificate;
        this.#listener = secure ?
            tls.createServer(secure === true ? { key, cert } : secure, accept) :
            net.createServer(accept);
        this.#listener.listen(0, '127.0.0.1');
        await once(this.#listener, 'listening');
        this.uri = `${secure ? 'wss' : 'ws'}://127.0.0.1:${this.#listener.address().port}`;
    }

    // Before HTTP has a say.
    #onSocket(socket) {
        this.connections++;
        this.#sockets.add(socket);
        socket.on('close', () => this.#sockets.delete(socket));
        socket.on('error', () => {});
        if (this.faults.has('closes'))
            return socket.destroy();
        if (this.faults.has('silent'))
            return socket.resume();
        const answer = Object.keys(HTTP_ANSWERS).find((name) => this.faults.has(name));
        if (!answer)
            return this.#http.emit('connection', socket);
        socket.once('data', () => socket.end(HTTP_ANSWERS[answer], 'latin1'));
    }

    // Those that are connected now.
    get live() {
        return this.sessions.filter(({ closed }) => !closed);
    }
    get plays() {
        return this.sessions.flatMap(({ plays }) => plays);
    }
    // What all plays were told in RTCP, added up; each one's is in play.tracks.<kind>.feedback.
    get rtcp() {
        return Feedback.sum(this.plays.flatMap(({ tracks }) => Object.values(tracks))
            .map(({ feedback }) => feedback));
    }

    // The n-th play, once its media flows.
    playing(n = 0, timeout = PATIENCE_MS) {
        return until(`play ${n} at the upstream has its media`, () => {
            const play = this.plays[n];
            return play?.connected && Object.values(play.tracks)
                .every(({ sent, payload }) => sent > 0 || !payload) && play;
        }, { timeout });
    }

    // As when the publisher stops: the plays are told and get no more media.
    async endStream(info = 'Stopped by publisher stop') {
        this.ended = true;
        for (const play of this.plays.filter(({ state }) => state !== 'ended')) {
            play.notify('FAILED', info);
            await play.end();
        }
    }
    // As when it publishes again.
    restartStream() {
        this.ended = false;
    }

    // As when the machine loses power, except for the kernel's farewell.
    drop() {
        for (const socket of this.#sockets)
            socket.resetAndDestroy?.() ?? socket.destroy();
    }

    async stop() {
        this.#listener.close();
        for (const session of this.live)
            session.drop();
        for (const socket of this.#sockets)
            socket.destroy();
        this.#http.close();
        await Promise.all(this.plays.map((play) => play.end()));
        if (!this.shared)
            await this.source.stop();
        if (this.errors.length > 0)
            throw new AggregateError(this.errors, 'the upstream itself failed');
    }
}
