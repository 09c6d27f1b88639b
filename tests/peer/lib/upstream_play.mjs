// SPDX-License-Identifier: GPL-3.0-or-later
// One play at the upstream: the media session of one `playStream`, with a transport per medium.
import { randomBytes, randomInt } from 'node:crypto';
import { RtcpSenderInfo, RtcpSourceDescriptionPacket, RtcpSrPacket, RtpHeader,
    SourceDescriptionChunk, SourceDescriptionItem } from 'werift';
import { parse } from './sdp.mjs';
import { ANSWER_FAULTS, TRANSPORT_CC, buildAnswer, chooseCodecs, extensionId, remoteParameters }
    from './upstream_answer.mjs';
import { Feedback } from './upstream_feedback.mjs';
import { MediaTransport } from './upstream_transport.mjs';

const HISTORY_PACKETS = 1024;
const REPORT_MS = 1000;
const FOREIGN_FINGERPRINT = Array(32).fill('5A').join(':');
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

const randomText = (length) =>
    Array.from(randomBytes(length), (byte) => LETTERS[byte % LETTERS.length]).join('');

// One medium on its way to the puller. Its counters are for tests to read.
class Track {
    feedback = new Feedback();
    sent = 0; // first transmissions, those that `dropEvery` held back not included
    octets = 0;
    dropped = []; // sequence numbers held back
    retransmitted = 0;
    tooOld = 0; // asked for, no longer there
    history = new Map(); // sequence number: the SRTP packet

    constructor(section, codec, { firstSequence, transportCc }) {
        this.kind = section.kind;
        this.section = section;
        this.codecs = chooseCodecs(section);
        // The first one of the source's codec: for H264 packetization-mode 1 when it is offered.
        this.payload = this.codecs.find(({ name }) => name === codec)?.payload;
        this.ssrc = randomInt(1, 0xffffffff);
        this.sequence = firstSequence ?? randomInt(0x10000);
        this.timestampOffset = randomInt(0xffffffff);
        this.transportCcId = transportCc ? extensionId(section, TRANSPORT_CC) : undefined;
    }
}

// Of every third payload some bits are others, now and then its end is missing or what is behind its
// first octets is of another; those that a packetizer has put there stay more often than not, so that
// decoders get to see most of it.
let former = Buffer.alloc(0);
function fuzzed(payload) {
    const out = Buffer.from(payload), chance = Math.random();
    const head = Math.random() < 0.2 ? 0 : Math.min(3, out.length);
    if (chance < 0.33) {
        for (let i = 1 + Math.floor(Math.random() * 8); i > 0; i--)
            out[head + Math.floor(Math.random() * (out.length - head))] ^= 1 << Math.floor(Math.random() * 8);
    } else if (chance < 0.38) {
        return out.subarray(0, 1 + Math.floor(Math.random() * out.length));
    } else if (chance < 0.43) {
        if (former.length > head) // else it is the first
            former.copy(out, head, head);
    }
    former = out;
    return out;
}

export class Play {
    #upstream;
    #session;
    #forget = () => {};
    #reports;
    #started;
    #opening = Promise.resolve();
    #transportSequence = 0;
    tracks = {}; // audio, video: Track
    transports = {}; // audio, video: MediaTransport
    state = 'new'; // answered, playing; ended
    stopped = false; // the puller said stopStream
    createDate = Date.now();

    constructor(upstream, session, request) {
        this.#upstream = upstream;
        this.#session = session;
        this.request = request;
        this.id = request.mediaSessionId;
        this.offer = request.sdp;
    }

    async answer() {
        const { options, certificate, faults } = this.#upstream;
        const { session: lines, sections } = parse(this.offer);
        const ufrag = this.id + randomText(14);
        const pwd = randomText(26);
        this.#opening = this.#open(sections, ufrag, pwd);
        await this.#opening;
        if (this.state === 'ended')
            return;
        const media = sections.map(({ kind }) => ({ kind, ...this.tracks[kind],
            port: faults.has('dead-candidates') ? 9 : this.transports[kind].port }));
        this.sdp = buildAnswer({ mediaSessionId: this.id, createDate: this.createDate + 10, media,
            ufrag, pwd, setup: options.setup, fingerprint: faults.has('wrong-fingerprint') ?
                FOREIGN_FINGERPRINT : certificate.fingerprint });
        const twist = Object.keys(ANSWER_FAULTS).find((name) => faults.has(name));
        this.#session.send('setRemoteSDP', this.id,
            twist ? ANSWER_FAULTS[twist](this.sdp) : this.sdp, true);
        if (faults.has('second-sdp'))
            this.#session.send('setRemoteSDP', this.id, this.sdp, true);
        this.state = 'answered';
        for (const section of sections)
            this.transports[section.kind].start(remoteParameters(section, lines),
                { dtls: !faults.has('no-dtls') });
    }

    async #open(sections, ufrag, pwd) {
        const { options, certificate, source } = this.#upstream;
        for (const section of sections) {
            const codec = section.kind === 'audio' ? 'opus' : source.codec;
            const track = new Track(section, codec, options);
            this.tracks[section.kind] = track;
            for (const chosen of track.codecs)
                if (source.sprop && chosen.name === 'H264')
                    chosen.fmtp = `${chosen.fmtp};sprop-parameter-sets=${source.sprop}`;
            this.transports[section.kind] = await MediaTransport.open({
                ufrag, pwd, certificate, profile: options.srtpProfile,
                dtlsRole: options.setup === 'passive' ? 'server' : 'client',
                onRtcp: (packet) => this.#onRtcp(track, packet),
                onState: () => this.#onState(),
            });
        }
    }

    get connected() {
        const all = Object.values(this.transports);
        return all.length > 0 && all.every((transport) => transport.connected);
    }

    #onState() {
        if (!this.connected || this.#started || this.state === 'ended')
            return;
        this.#started = true;
        const { source } = this.#upstream;
        this.#forget = source.listen((packet) => this.#forward(packet));
        this.#report();
        this.#reports = setInterval(() => this.#report(), REPORT_MS);
        if (this.#upstream.faults.has('no-playing'))
            return;
        this.notify('PLAYING');
        this.#session.send('notifyVideoFormat', { streamerVideoWidth: source.width,
            streamerVideoHeight: source.height, mediaSessionId: this.id, status: 'RESIZE' });
    }

    #forward({ kind, marker, timestamp, payload }) {
        const { faults, options, paused } = this.#upstream;
        const track = this.tracks[kind];
        if (!track?.payload || paused || faults.has('no-media'))
            return;
        if (faults.has('garbage-rtp'))
            payload = MediaTransport.noise(payload.length);
        if (kind === 'video' && faults.has('fuzzed-pictures'))
            payload = fuzzed(payload);
        const header = new RtpHeader({ marker, payloadType: Number(track.payload),
            sequenceNumber: track.sequence, timestamp: (timestamp + track.timestampOffset) >>> 0,
            ssrc: track.ssrc });
        if (track.transportCcId)
            this.#number(header, track.transportCcId);
        const transport = this.transports[kind];
        const datagram = transport.protect(header, payload);
        track.sequence = (track.sequence + 1) & 0xffff;
        track.history.set(header.sequenceNumber, datagram);
        if (track.history.size > HISTORY_PACKETS)
            track.history.delete(track.history.keys().next().value);
        this.#disturb(transport, faults);
        const count = track.sent + track.dropped.length + 1;
        if (kind === 'video' && options.dropEvery && count % options.dropEvery === 0) {
            track.dropped.push(header.sequenceNumber);
            return;
        }
        track.sent++;
        track.octets += payload.length;
        transport.send(datagram);
    }

    #number(header, id) {
        const payload = Buffer.alloc(2);
        payload.writeUInt16BE(this.#transportSequence);
        this.#transportSequence = (this.#transportSequence + 1) & 0xffff;
        header.extension = true;
        header.extensions = [{ id, payload }];
    }

    // Noise between the packets, from the address that the puller trusts.
    #disturb(transport, faults) {
        if (faults.has('garbage-datagrams'))
            for (const length of [0, 1, 3, 20, 500, 1400])
                transport.send(MediaTransport.noise(length));
        if (faults.has('garbage-srtp'))
            for (const length of [12, 13, 40, 1200])
                transport.send(MediaTransport.noise(length, { media: true }));
    }

    #onRtcp(track, packet) {
        for (const sequence of track.feedback.add(packet)) {
            const datagram = track.history.get(sequence);
            if (!datagram) {
                track.tooOld++;
                continue;
            }
            track.retransmitted++;
            this.transports[track.kind].send(datagram);
        }
    }

    #report() {
        if (this.#upstream.faults.has('no-sender-reports'))
            return;
        for (const track of Object.values(this.tracks)) {
            const time = this.#upstream.source.reportTime(track.kind);
            const report = new RtcpSrPacket({ ssrc: track.ssrc, reports: [],
                senderInfo: new RtcpSenderInfo({ ...time, packetCount: track.sent,
                    rtpTimestamp: (time.rtpTimestamp + track.timestampOffset) >>> 0,
                    octetCount: track.octets }) });
            const names = new RtcpSourceDescriptionPacket({ chunks: [new SourceDescriptionChunk({
                source: track.ssrc, items: [new SourceDescriptionItem({ type: 1,
                    text: `rtp/${track.kind}/${this.id}` })] })] });
            this.transports[track.kind].sendRtcp(
                Buffer.concat([report.serialize(), names.serialize()]));
        }
    }

    // A notifyStreamStatusEvent as the original words it (websocket-api.md section 4.2).
    notify(status, info) {
        if (status === 'PLAYING' && this.state !== 'ended')
            this.state = 'playing';
        this.#session.notify(this.request, this.createDate, status, info);
    }

    async end() {
        if (this.state === 'ended')
            return;
        this.state = 'ended';
        this.#forget();
        clearInterval(this.#reports);
        await this.#opening;
        await Promise.all(Object.values(this.transports).map((transport) => transport.close()));
    }
}
