// SPDX-License-Identifier: GPL-3.0-or-later
// RTSP as a client's developer would write it by hand: requests and answers, packets between them.
import dgram from 'node:dgram';
import net from 'node:net';
import { PATIENCE_MS, slowness, within } from './wait.mjs';

const FRAME_HEAD = 4;

export class RtspClient {
    #socket;
    #rest = Buffer.alloc(0);
    #waiters = [];
    #unread = []; // answers that nobody has waited for yet
    #cseq = 0;
    frames = []; // {channel, data, at}
    session; // of the last answer that told one

    static async open(port, options = {}) {
        const client = new RtspClient();
        client.port = port;
        client.#socket = net.connect({ port, host: '127.0.0.1', ...options });
        client.closed = new Promise((resolve) => client.#socket.on('close', resolve));
        client.closed.then(() => {
            client.isClosed = true;
            client.#waiters.splice(0).forEach((waiter) => waiter(undefined));
        });
        client.#socket.on('data', (bytes) => client.#take(bytes));
        await within(PATIENCE_MS * slowness, 'a connection', new Promise((resolve, reject) => {
            client.#socket.once('connect', resolve);
            client.#socket.once('error', reject);
        }));
        client.#socket.on('error', () => {}); // 'close' follows
        return client;
    }

    get url() {
        return `rtsp://127.0.0.1:${this.port}`;
    }

    #take(bytes) {
        this.#rest = Buffer.concat([this.#rest, bytes]);
        while (this.#takeOne());
    }

    #takeOne() {
        if (this.#rest.length < FRAME_HEAD)
            return false;
        if (this.#rest[0] === 0x24) {
            const end = FRAME_HEAD + this.#rest.readUInt16BE(2);
            if (this.#rest.length < end)
                return false;
            this.frames.push({ channel: this.#rest[1], at: performance.now(),
                data: Buffer.from(this.#rest.subarray(FRAME_HEAD, end)) });
            this.#rest = this.#rest.subarray(end);
            return true;
        }
        const head = this.#rest.indexOf('\r\n\r\n');
        if (head < 0)
            return false;
        const [first, ...lines] = this.#rest.subarray(0, head).toString().split('\r\n');
        const headers = Object.fromEntries(lines.map((line) => {
            const colon = line.indexOf(':');
            return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
        }));
        const end = head + 4 + Number(headers['content-length'] ?? 0);
        if (this.#rest.length < end)
            return false;
        const answer = { status: Number(first.split(' ')[1]), headers, at: performance.now(),
            body: this.#rest.subarray(head + 4, end).toString() };
        this.#rest = this.#rest.subarray(end);
        if (headers.session)
            this.session = headers.session.split(';')[0];
        const waiter = this.#waiters.shift();
        waiter ? waiter(answer) : this.#unread.push(answer);
        return true;
    }

    send(text) {
        this.#socket.write(text);
    }

    // The next answer; undefined when the connection ends instead.
    answer() {
        const next = this.#unread.length > 0 || this.isClosed ? Promise.resolve(this.#unread.shift())
            : new Promise((resolve) => this.#waiters.push(resolve));
        return within(PATIENCE_MS * slowness, 'an answer', next);
    }

    // headers: more of them; of a value that is undefined, not that one.
    request(method, url, headers = {}, body = '') {
        const all = { CSeq: ++this.#cseq, ...(this.session && { Session: this.session }), ...headers,
            ...(body && { 'Content-Length': body.length }) };
        const lines = Object.entries(all).filter(([, value]) => value !== undefined)
            .map(([key, value]) => `${key}: ${value}\r\n`).join('');
        this.send(`${method} ${url} RTSP/1.0\r\n${lines}\r\n${body}`);
        return this.answer();
    }

    // DESCRIBE and SETUP of all tracks; transport(i): of the i-th. Returns the description's tracks.
    async setUp(path, transport = (i) => `RTP/AVP/TCP;unicast;interleaved=${2 * i}-${2 * i + 1}`) {
        const description = await this.request('DESCRIBE', `${this.url}/${path}`);
        if (description?.status !== 200)
            throw new Error(`DESCRIBE: ${description?.status}`);
        const tracks = description.body.split('\r\nm=').slice(1).map((section) => ({
            kind: section.split(' ')[0],
            control: /^a=control:(.*)$/m.exec(section)[1].trim(),
            clock: Number(/^a=rtpmap:\d+ [^/]+\/(\d+)/m.exec(section)[1]),
        }));
        for (const [i, track] of tracks.entries()) {
            const answer = await this.request('SETUP', track.control, { Transport: transport(i) });
            if (answer?.status !== 200)
                throw new Error(`SETUP: ${answer?.status}`);
            track.channel = 2 * i;
            track.transport = answer.headers.transport;
        }
        return tracks;
    }

    play(path) {
        return this.request('PLAY', `${this.url}/${path}`);
    }

    pauseReading() {
        this.#socket.pause();
    }
    close() {
        this.#socket.destroy();
        return this.closed;
    }
}

// Sockets for RTP and RTCP; wanted: at this port.
export async function udpPair(wanted, address = '127.0.0.1') {
    for (let tries = 0; tries < 100; tries++) {
        const [rtp, rtcp] = [dgram.createSocket('udp4'), dgram.createSocket('udp4')];
        const port = wanted ?? 2 * (6000 + Math.floor(Math.random() * 4000));
        const bound = await Promise.all([rtp, rtcp].map((socket, i) => new Promise((resolve) => {
            socket.once('error', () => resolve(false));
            socket.bind({ port: port + i, address, exclusive: true },
                () => resolve(true));
        })));
        if (bound.every(Boolean)) {
            const pair = { rtp, rtcp, port, packets: [] };
            rtp.on('message', (data, from) => pair.packets.push({ data, from }));
            pair.close = () => [rtp, rtcp].forEach((socket) => socket.close());
            return pair;
        }
        [rtp, rtcp].forEach((socket) => socket.close());
    }
    throw new Error('no two free UDP ports in a row');
}

// ---- What is in packets ----

export const timestamp = (data) => data.readUInt32BE(4);

// The types of the NAL units that an H264 payload begins (RFC 6184).
export function nalTypes(data) {
    const payload = data.subarray(12);
    const type = payload[0] & 0x1f;
    if (type === 24) {
        const types = [];
        for (let at = 1; at + 2 < payload.length; at += 2 + payload.readUInt16BE(at))
            types.push(payload[at + 2] & 0x1f);
        return types;
    }
    if (type === 28)
        return payload[1] & 0x80 ? [payload[1] & 0x1f] : [];
    return [type];
}

// The RTCP packets of a compound: {type, data}.
export function rtcpPackets(data) {
    const packets = [];
    for (let at = 0; at + 4 <= data.length; at += 4 * (data.readUInt16BE(at + 2) + 1))
        packets.push({ type: data[at + 1],
            data: data.subarray(at, at + 4 * (data.readUInt16BE(at + 2) + 1)) });
    return packets;
}

// An empty receiver report.
export function receiverReport(ssrc = 1) {
    const report = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 0]);
    report.writeUInt32BE(ssrc, 4);
    return report;
}
