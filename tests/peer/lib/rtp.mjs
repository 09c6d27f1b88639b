// SPDX-License-Identifier: GPL-3.0-or-later
// RTP of a telephone that the test plays: a pair of ports, packets as they come and go.
import dgram from 'node:dgram';
import { freePorts } from './ports.mjs';
import { until } from './wait.mjs';

export function parseRtp(bytes) {
    if (bytes.length < 12 || bytes[0] >> 6 !== 2)
        return undefined;
    let at = 12 + 4 * (bytes[0] & 15);
    if (bytes[0] & 0x10)
        at += 4 + 4 * bytes.readUInt16BE(at + 2);
    return { marker: bytes[1] >> 7 === 1, type: bytes[1] & 127, sequence: bytes.readUInt16BE(2),
        timestamp: bytes.readUInt32BE(4), ssrc: bytes.readUInt32BE(8), payload: bytes.subarray(at),
        at: performance.now() };
}

export function buildRtp({ type, sequence, timestamp, ssrc, payload, marker = false }) {
    const header = Buffer.alloc(12);
    header[0] = 0x80;
    header[1] = (marker ? 0x80 : 0) | type;
    header.writeUInt16BE(sequence & 0xffff, 2);
    header.writeUInt32BE(timestamp >>> 0, 4);
    header.writeUInt32BE(ssrc, 8);
    return Buffer.concat([header, payload]);
}

// The packets of a compound: type, count, body.
export function parseRtcp(bytes) {
    const packets = [];
    for (let at = 0; at + 4 <= bytes.length;) {
        const length = 4 + 4 * bytes.readUInt16BE(at + 2);
        packets.push({ type: bytes[at + 1], count: bytes[at] & 31, body: bytes.subarray(at + 4, at + length) });
        at += length;
    }
    return packets;
}

// ITU-T G.711: one sample in A-law.
function alaw(sample) {
    const sign = sample < 0 ? 0 : 0x80;
    const value = Math.min(Math.abs(sample), 32635);
    const exponent = value < 256 ? 0 : Math.floor(Math.log2(value)) - 7;
    const mantissa = exponent === 0 ? value >> 4 : (value >> (exponent + 3)) & 15;
    return (sign | exponent << 4 | mantissa) ^ 0x55;
}

// The same in mu-law.
function ulaw(sample) {
    const value = Math.min(Math.abs(sample), 32635) + 132;
    const exponent = Math.floor(Math.log2(value)) - 7;
    return ~((sample < 0 ? 0x80 : 0) | exponent << 4 | (value >> (exponent + 3)) & 15) & 255;
}

export class RtpPorts {
    packets = []; // RTP, and
    reports = []; // RTCP, packet by packet, in their order

    static async open() {
        const ports = new RtpPorts();
        for (let tries = 0; !ports.port; tries++) {
            const first = (await freePorts(3) + 1) & ~1;
            try {
                ports.rtp = await ports.#bind(first);
                ports.rtcp = await ports.#bind(first + 1);
                ports.port = first;
            } catch (error) {
                if (tries > 20)
                    throw error;
            }
        }
        ports.rtp.on('message', (bytes) => {
            const packet = parseRtp(bytes);
            if (packet)
                ports.packets.push(packet);
        });
        ports.rtcp.on('message', (bytes) => ports.reports.push(...parseRtcp(bytes)
            .map((packet) => ({ ...packet, at: performance.now() }))));
        return ports;
    }

    #bind(port) {
        return new Promise((resolve, reject) => {
            const socket = dgram.createSocket('udp4');
            socket.once('error', reject);
            socket.bind(port, '127.0.0.1', () => resolve(socket));
        });
    }

    // Where a section of a description has its RTP.
    static place(sdp, kind = 'audio') {
        return Number(new RegExp(`^m=${kind} (\\d+)`, 'm').exec(sdp)[1]);
    }

    send(packet, port) {
        return new Promise((resolve) => this.rtp.send(buildRtp(packet), port, '127.0.0.1', resolve));
    }

    // A tone in A-law, or in mu-law (type 0), 20 ms a packet, until stop().
    play(port, { hz = 440, ssrc = 1, sequence = 0, timestamp = 0, type = 8 } = {}) {
        const law = type === 0 ? ulaw : alaw;
        const sound = { ssrc, sent: 0 };
        sound.timer = setInterval(() => {
            const payload = Buffer.from(Array.from({ length: 160 }, (_, i) =>
                law(Math.round(8000 * Math.sin(2 * Math.PI * hz * (sound.sent * 160 + i) / 8000)))));
            this.send({ type, sequence: sequence + sound.sent, timestamp: timestamp + sound.sent * 160,
                ssrc: sound.ssrc, payload }, port);
            sound.sent++;
        }, 20);
        sound.stop = () => clearInterval(sound.timer);
        return sound;
    }

    // RTP for which is() holds.
    async packet(what, is, options) {
        return until(() => `${what} comes; ${JSON.stringify(this.packets.slice(-3)
            .map(({ type, payload }) => [type, payload.length]))}`, () => this.packets.find(is), options);
    }

    async close() {
        await Promise.all([this.rtp, this.rtcp].map((socket) => new Promise((resolve) =>
            socket.close(resolve))));
    }
}
