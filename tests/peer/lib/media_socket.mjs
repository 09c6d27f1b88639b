// SPDX-License-Identifier: GPL-3.0-or-later
// The second WebSocket of players of MSE and WSPlayer (websocket-api.md section 14) without a
// browser: it reads units, as fast as a test wants it to.
import WebSocket from 'ws';
import { PATIENCE_MS, slowness, until, within } from './wait.mjs';

const HEAD = 'v=0\r\no=- 1988962254 1988962254 IN IP4 0.0.0.0\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n';
// As the SDK has them.
export const MSE_OFFER = `${HEAD}m=video 0 RTP/AVP 112\r\na=rtpmap:112 H264/90000\r\n` +
    'a=fmtp:112 packetization-mode=1; profile-level-id=420020\r\na=recvonly\r\n' +
    'm=audio 0 RTP/AVP 108 96\r\na=rtpmap:108 mpeg4-generic/48000/1\r\n' +
    'a=rtpmap:96 mpeg4-generic/8000/1\r\na=recvonly\r\n';
export const WSPLAYER_OFFER = `${HEAD}m=video 0 RTP/AVP 32\r\na=rtpmap:32 MPV/90000\r\na=recvonly\r\n` +
    'm=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=recvonly\r\n';

// The units of one message of MSE: {kind, ms, config, keyframe, body}.
export function* mseUnits(message) {
    for (let at = 0; at < message.length;) {
        const [type, ms, len] = [message[at], message.readInt32BE(at + 1), message.readUInt32BE(at + 5)];
        const body = message.subarray(at + 9, at + 9 + len);
        if (body.length !== len)
            throw new Error(`a unit of ${len} bytes, ${body.length} are there`);
        yield type === 9
            ? { kind: 'video', ms, config: body[1] === 0, keyframe: body[0] === 0x17,
                body: body.subarray(5) }
            : { kind: 'audio', ms, config: body[0] === 0, keyframe: false, body: body.subarray(1) };
        at += 9 + len;
    }
}

// The unit of one message of WSPlayer.
export function wsPlayerUnit(message) {
    const flags = message[0];
    return { kind: [, 'video', 'audio', 'sync'][(flags >> 2) & 3], keyframe: Boolean(flags & 16),
        ssrc: message.readUInt32BE(1), time: message.readUInt32BE(5), body: message.subarray(9) };
}

// The first message of MSE with more than configurations in it, if it begins long before that: what the
// SDK's player begins with (mse/unit.h).
function isLead(media, units) {
    const [config] = media.units;
    const first = units.find((unit) => unit.config === false);
    return config !== undefined && media.units.every((unit) => unit.config) && first !== undefined &&
        config.ms - first.ms > 2000;
}

export class MediaSocket {
    #socket;
    #late = () => {};
    units = []; // with `at`, when they came; without the lead
    lead; // its units
    bytes = 0;

    // parse: a message to its units.
    static async open(url, token, { parse = mseUnits, localAddress } = {}) {
        const media = new MediaSocket();
        media.#socket = new WebSocket(url, [], { perMessageDeflate: false, rejectUnauthorized: false,
            localAddress, maxPayload: 1 << 26 });
        media.closed = new Promise((resolve) => media.#socket.on('close', (code, reason) =>
            resolve({ code, reason: reason.toString() })));
        media.#socket.on('message', (bytes, isBinary) => {
            if (!isBinary) {
                media.text = bytes.toString();
                return;
            }
            media.bytes += bytes.length;
            const parsed = parse(bytes);
            const units = parsed[Symbol.iterator] ? [...parsed] : [parsed];
            if (!media.lead && isLead(media, units)) {
                media.lead = units;
                return;
            }
            for (const unit of units)
                media.units.push({ ...unit, at: Date.now() });
        });
        await within(PATIENCE_MS * slowness, 'the media socket is open', new Promise((resolve, reject) => {
            media.#socket.once('open', resolve);
            media.#socket.once('error', reject);
        }));
        media.#socket.on('error', () => {}); // 'close' follows
        if (token !== undefined)
            media.send({ message: 'connectMediaTransport', data: [{ authToken: token }] });
        return media;
    }

    send(message) {
        this.#socket.send(JSON.stringify(message));
    }
    // Reads `rate` bytes a second from now on; 0: nothing.
    throttle(rate) {
        clearInterval(this.timer);
        const tcp = this.#socket._socket;
        tcp.pause();
        if (rate === 0)
            return;
        let from = this.#socket._socket.bytesRead, at = Date.now();
        this.timer = setInterval(() => {
            const due = (Date.now() - at) * rate / 1000;
            if (tcp.bytesRead - from < due)
                tcp.resume();
            else
                tcp.pause();
        }, 5);
        tcp.off('data', this.#late);
        this.#late = () => {
            if (this.timer && tcp.bytesRead - from >= (Date.now() - at) * rate / 1000)
                tcp.pause();
        };
        tcp.on('data', this.#late);
    }
    // As fast as it can again.
    release() {
        clearInterval(this.timer);
        this.timer = undefined;
        this.#socket._socket.resume();
    }
    wait(what, accept, options) {
        return until(what, () => accept(this.units), options);
    }
    end() {
        clearInterval(this.timer);
        this.#socket.terminate();
    }
}
