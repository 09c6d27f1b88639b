// SPDX-License-Identifier: GPL-3.0-or-later
// Players that are no Chromium: GStreamer and werift over the WebSocket API, Firefox with the SDK.
// Each has start(server, name), goesOn(): pictures and sound go on being received, and close().
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { RTCPeerConnection, RTCRtpCodecParameters, useNACK, useOPUS, usePLI,
    useTransportWideCC, useTWCC, useVP8 } from 'werift';
import { Firefox } from './firefox.mjs';
import { BARE } from './pages.mjs';
import { root } from './server.mjs';
import { PATIENCE_MS, slowness, until, within } from './wait.mjs';
import { WcsClient } from './wcs.mjs';

// Both kinds grow by `more`. counts() resolves with {pictures, sounds}.
async function grow(what, counts, more = 30) {
    const first = { ...await counts() };
    await until(`${more} more pictures and sounds of ${what}`, async () => {
        const now = await counts();
        if (now.pictures >= first.pictures + more && now.sounds >= first.sounds + more)
            return true;
        throw new Error(`${JSON.stringify(first)}, then ${JSON.stringify(now)}`);
    }, { timeout: 20_000 });
}

// Resolves with the client and the server's description.
async function ask(server, name, offer) {
    const client = await WcsClient.session(server.ws);
    const id = client.play(name, offer);
    const { data: [, answer] } = await client.next('setRemoteSDP', (first) => first === id);
    return { client, answer };
}

export class GstPlayer {
    #process;
    #client;
    #counts = { pictures: 0, sounds: 0 };

    async start(server, name) {
        this.#process = spawn('/usr/bin/python3', [path.join(root, 'tests/tools/gst-player.py')],
            { stdio: ['pipe', 'pipe', 'inherit'] });
        const offer = await within(PATIENCE_MS * slowness, 'an offer of GStreamer', new Promise(
            (resolve, reject) => {
                this.#process.once('error', reject);
                this.#process.once('close', (code) => reject(new Error(
                    `gst-player.py ended with ${code}: tools/install-deps test`)));
                createInterface({ input: this.#process.stdout }).on('line', (line) => {
                    const said = JSON.parse(line);
                    if (said.offer)
                        resolve(said.offer);
                    else
                        this.#counts = said;
                });
            }));
        const { client, answer } = await ask(server, name, offer);
        this.#client = client;
        this.#process.stdin.write(JSON.stringify({ answer }) + '\n');
    }

    goesOn() {
        return grow('GStreamer', async () => this.#counts);
    }

    async close() {
        await this.#client?.close();
        this.#process?.kill('SIGKILL');
    }
}

export class WeriftPlayer {
    #client;
    #connection;
    #counts = { pictures: 0, sounds: 0 };
    ssrc; // of pictures
    padded = []; // of pictures: octets of each packet's padding that had some

    async start(server, name,
        config = { codecs: { audio: [useOPUS()], video: [useVP8()] } }) {
        this.#connection = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle',
            ...config });
        for (const kind of ['audio', 'video']) {
            this.#connection.addTransceiver(kind, { direction: 'recvonly' }).onTrack.subscribe(
                (track) => track.onReceiveRtp.subscribe((packet) => this.#take(kind, packet)));
        }
        await this.#connection.setLocalDescription(await this.#connection.createOffer());
        const { client, answer } = await ask(server, name, this.#connection.localDescription.sdp);
        this.#client = client;
        await this.#connection.setRemoteDescription({ type: 'answer', sdp: answer });
    }

    // Pictures whose packets have numbers of the transport, and a format for repairs.
    async startMeasured(server, name) {
        const vp8 = useVP8({ rtcpFeedback: [useNACK(), usePLI(), useTWCC()] });
        const rtx = new RTCRtpCodecParameters({ mimeType: 'video/rtx', clockRate: 90000 });
        await this.start(server, name, { codecs: { audio: [useOPUS()], video: [vp8, rtx] },
            headerExtensions: { video: [useTransportWideCC()] } });
    }

    // Whatever these bytes say.
    async sendRtcp(bytes) {
        await this.#connection.dtlsTransports[0].sendRtcp([{ serialize: () => bytes }]);
    }

    #take(kind, { header }) {
        if (kind === 'audio')
            this.#counts.sounds++;
        else
            this.#counts.pictures += header.marker ? 1 : 0;
        if (kind === 'video')
            this.ssrc = header.ssrc;
        if (kind === 'video' && header.padding)
            this.padded.push(header.paddingSize);
    }

    goesOn() {
        return grow('werift', async () => this.#counts);
    }

    async close() {
        await this.#client?.close();
        await this.#connection?.close();
    }
}

// Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1): of
// `count` packets from `sequence` on that they came, `delta` quarters of a millisecond from one to
// the next; or, with came false, that none did.
export function feedback(sequence, count, { delta = 0, came = true, reference = 0 } = {}) {
    const bytes = Buffer.alloc(4 * Math.ceil((22 + (came ? count : 0)) / 4), delta);
    bytes[0] = 0x8f;
    bytes[1] = 205;
    bytes.writeUInt16BE(bytes.length / 4 - 1, 2);
    bytes.writeUInt32BE(1, 4);
    bytes.writeUInt32BE(2, 8);
    bytes.writeUInt16BE(sequence & 0xffff, 12);
    bytes.writeUInt16BE(count, 14);
    bytes.writeUIntBE(reference & 0xffffff, 16, 3);
    bytes[19] = 0;
    bytes.writeUInt16BE((came ? 0x2000 : 0) | count, 20);
    return bytes;
}

// Sixteen more are asked for with this one (RFC 4585 section 6.2.1).
export function nack(ssrc, sequence) {
    const bytes = Buffer.from([0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
    bytes.writeUInt32BE(ssrc, 8);
    bytes.writeUInt16BE(sequence & 0xffff, 12);
    return bytes;
}

export class FirefoxPlayer {
    #firefox;

    // options: of bare.js's play().
    async start(server, name, pages, options = {}) {
        this.#firefox = await Firefox.open();
        await this.#firefox.goto(pages.url + BARE);
        const status = await this.#firefox.evaluate(`async ({ url, name, options }) => {
            const session = await sluice.connect(url);
            return session === 'ESTABLISHED' ? sluice.play('player', name, options)
                : { status: session };
        }`, { url: server.ws, name, options });
        if (status.status !== 'PLAYING')
            throw new Error(`Firefox: ${JSON.stringify(status)}`);
    }

    // {video, audio}: what it receives.
    async stats() {
        return (await this.#firefox.evaluate("() => sluice.stats('player')"))?.in;
    }

    // Sound: as samples, of which a packet holds 960.
    goesOn() {
        return grow('Firefox', async () => {
            const received = await this.stats();
            return { pictures: received?.video?.framesDecoded ?? 0,
                sounds: Math.floor((received?.audio?.totalSamplesReceived ?? 0) / 960) };
        });
    }

    async close() {
        await this.#firefox?.close();
    }
}
