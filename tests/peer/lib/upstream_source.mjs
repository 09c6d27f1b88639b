// SPDX-License-Identifier: GPL-3.0-or-later
// What the upstream has to send: ffmpeg encodes in real time and hands over RTP packets on loopback
// ports; any number of sessions listen.
import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { RtpPacket } from 'werift';
import { slowness, until, within } from './wait.mjs';

// A key frame every second: nobody can ask ffmpeg for one. Single slices, parameter sets in band.
const VIDEO = {
    H264: ['-c:v', 'libx264', '-profile:v', 'baseline', '-level', '3.1', '-pix_fmt', 'yuv420p',
        '-preset', 'ultrafast', '-tune', 'zerolatency', '-bf', '0', '-x264-params',
        'repeat-headers=1:scenecut=0:sliced-threads=0'],
    VP8: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-error-resilient', '1'],
};

// As encoders do that are made for files: pictures are shown in another order than they are coded in.
const B_PICTURES = ['-c:v', 'libx264', '-profile:v', 'main', '-level', '3.1', '-pix_fmt', 'yuv420p',
    '-preset', 'ultrafast', '-x264-params', 'repeat-headers=1:scenecut=0:bframes=3:b-adapt=0:' +
        'b-pyramid=normal:rc-lookahead=0:sync-lookahead=0:sliced-threads=0:threads=1'];
const SPS = 7, PPS = 8, STAP_A = 24;

// `beep`: once a second, on the second, the picture turns white and 1 kHz sounds, for 100 ms.
const PICTURES = {
    pattern: ({ size, fps }) => `testsrc2=size=${size}:rate=${fps}`,
    beep: ({ size, fps }) => `color=black:s=${size}:r=${fps},` +
        "drawbox=c=white:t=fill:enable='lt(mod(t\\,1)\\,0.1)'",
};
const SOUNDS = {
    pattern: 'sine=frequency=440:sample_rate=48000',
    beep: "aevalsrc='0.5*sin(2*PI*1000*t)*lt(mod(t\\,1)\\,0.1)':s=48000",
};

const NTP_EPOCH_MS = 2_208_988_800_000;
const CLOCK_HZ = { audio: 48_000, video: 90_000 };

export class Source {
    #sockets = {};
    #process;
    #errors = '';
    #listeners = new Set();
    #firstTimestamp = {};
    #startedAt; // ms since 1970: when the media's time 0 was

    // bPictures: of H264. setsInSdp: H264 parameter sets are left out of the packets; `sprop` says
    // them.
    static async start({ codec = 'H264', content = 'pattern', size = '640x360', fps = 25,
        kbps = 800, bPictures = false, setsInSdp = false } = {}) {
        const source = new Source();
        source.codec = codec;
        source.setsInSdp = setsInSdp;
        [source.width, source.height] = size.split('x').map(Number);
        for (const kind of ['audio', 'video'])
            await source.#listen(kind);
        const rate = ['-b:v', `${kbps}k`, '-maxrate', `${kbps}k`, '-bufsize', `${kbps}k`];
        source.#process = spawn('ffmpeg', ['-nostdin', '-v', 'error',
            '-re', '-f', 'lavfi', '-i', PICTURES[content]({ size, fps }),
            '-re', '-f', 'lavfi', '-i', SOUNDS[content],
            '-map', '0:v', ...(bPictures ? B_PICTURES : VIDEO[codec]), '-g', String(fps), '-keyint_min', String(fps), ...rate,
            '-f', 'rtp', source.#url('video'),
            '-map', '1:a', '-c:a', 'libopus', '-b:a', '48k', '-f', 'rtp', source.#url('audio'),
        ], { stdio: ['ignore', 'ignore', 'pipe'] });
        source.#process.stderr.on('data', (text) => (source.#errors += text));
        source.exit = new Promise((resolve) => {
            source.#process.once('error', (error) => resolve({ error }));
            source.#process.once('close', (code, signal) => resolve({ code, signal }));
        });
        source.exit.then((exit) => (source.exited = exit));
        await until('ffmpeg sends both media', () => {
            if (source.exited)
                throw new Error(`ffmpeg: ${JSON.stringify(source.exited)} ${source.#errors}`);
            return 'audio' in source.#firstTimestamp && 'video' in source.#firstTimestamp &&
                (!setsInSdp || source.sprop);
        }).catch(async (error) => {
            await source.stop();
            throw error;
        });
        return source;
    }

    async #listen(kind) {
        const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
        this.#sockets[kind] = socket;
        socket.bind(0, '127.0.0.1');
        await once(socket, 'listening');
        socket.on('message', (datagram) => this.#onDatagram(kind, datagram));
    }

    // ffmpeg's own reports come to the same port and are thrown away: each output has its own idea
    // of when it began.
    #url(kind) {
        const { port } = this.#sockets[kind].address();
        return `rtp://127.0.0.1:${port}?rtcpport=${port}&pkt_size=1200`;
    }

    #onDatagram(kind, datagram) {
        const type = datagram[1] & 0x7f;
        if (datagram.length < 12 || (type >= 72 && type <= 79)) // RFC 5761 section 4: RTCP
            return;
        const { header, payload } = RtpPacket.deSerialize(datagram);
        this.#startedAt ??= Date.now();
        this.#firstTimestamp[kind] ??= header.timestamp;
        const rest = this.setsInSdp && kind === 'video' ? this.#withoutSets(payload) : payload;
        if (!rest)
            return;
        const packet = { kind, marker: header.marker, timestamp: header.timestamp, payload: rest };
        for (const listener of this.#listeners)
            listener(packet);
    }

    // ffmpeg puts small NAL units together: what is left of a payload, if anything.
    #withoutSets(payload) {
        const nals = [];
        if ((payload[0] & 31) !== STAP_A)
            nals.push(payload);
        else
            for (let at = 1; at < payload.length; at += 2 + payload.readUInt16BE(at))
                nals.push(payload.subarray(at + 2, at + 2 + payload.readUInt16BE(at)));
        const sets = nals.filter((nal) => [SPS, PPS].includes(nal[0] & 31));
        if (sets.length === 0)
            return payload;
        if (sets.length > 1)
            this.sprop = sets.map((nal) => nal.toString('base64')).join(',');
        const rest = nals.filter((nal) => !sets.includes(nal));
        return rest.length === 0 ? undefined : Buffer.concat([payload.subarray(0, 1),
            ...rest.flatMap((nal) => [Buffer.from([nal.length >> 8, nal.length & 255]), nal])]);
    }

    // Calls `listener` with each packet {kind, marker, timestamp, payload}; returns what ends that.
    listen(listener) {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }

    // What a sender report says now: both media have begun at one moment of one clock.
    reportTime(kind) {
        const now = Date.now();
        const elapsed = Math.round((now - this.#startedAt) / 1000 * CLOCK_HZ[kind]);
        return {
            ntpTimestamp: (BigInt(now + NTP_EPOCH_MS) << 32n) / 1000n,
            rtpTimestamp: (this.#firstTimestamp[kind] + elapsed) >>> 0,
        };
    }

    async stop() {
        this.#listeners.clear();
        this.#process?.kill('SIGKILL');
        if (this.exit)
            await within(5_000 * slowness, 'ffmpeg ends', this.exit);
        for (const socket of Object.values(this.#sockets))
            socket.close();
    }
}
