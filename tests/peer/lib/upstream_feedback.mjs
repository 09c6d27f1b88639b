// SPDX-License-Identifier: GPL-3.0-or-later
// Counts what a receiver says in RTCP. Reads the bytes itself: werift takes whatever follows a NACK
// in a compound packet for more NACKs.

const SR = 200, RR = 201, SDES = 202, BYE = 203, RTPFB = 205, PSFB = 206, XR = 207;

// [{type, count, body}] of a compound packet; what is not whole at its end is left out.
export function splitRtcp(packet) {
    const parts = [];
    for (let at = 0; at + 4 <= packet.length;) {
        const length = 4 * (packet.readUInt16BE(at + 2) + 1);
        if (at + length > packet.length)
            break;
        parts.push({ type: packet[at + 1], count: packet[at] & 0x1f,
            body: packet.subarray(at + 4, at + length) });
        at += length;
    }
    return parts;
}

// The sequence numbers of a generic NACK (RFC 4585 section 6.2.1).
function nackedSequences(body) {
    const sequences = [];
    for (let at = 8; at + 4 <= body.length; at += 4) {
        const first = body.readUInt16BE(at);
        const mask = body.readUInt16BE(at + 2);
        sequences.push(first);
        for (let bit = 0; bit < 16; bit++)
            if (mask >> bit & 1)
                sequences.push((first + bit + 1) & 0xffff);
    }
    return sequences;
}

function reportBlock(body, at) {
    return { ssrc: body.readUInt32BE(at), fractionLost: body[at + 4] / 256,
        lost: body.readIntBE(at + 5, 3), highest: body.readUInt32BE(at + 8),
        jitter: body.readUInt32BE(at + 12), lastReport: body.readUInt32BE(at + 16) };
}

export class Feedback {
    packets = 0; // compound packets
    nack = 0; // NACK messages
    nacked = new Map(); // sequence number: how often it was asked for
    pli = 0;
    fir = 0;
    remb = 0;
    rembBps = []; // the last hundred
    transportCc = 0;
    receiverReports = 0;
    lastReport; // {ssrc, fractionLost, lost, highest, jitter, lastReport}
    senderReports = 0;
    sdes = 0;
    bye = 0;
    xr = 0;
    other = 0;

    // Returns the sequence numbers that the packet asks for.
    add(packet) {
        const wanted = [];
        this.packets++;
        for (const { type, count, body } of splitRtcp(packet)) {
            if (type === RTPFB && count === 1)
                wanted.push(...nackedSequences(body));
            this.#count(type, count, body);
        }
        for (const sequence of wanted)
            this.nacked.set(sequence, (this.nacked.get(sequence) ?? 0) + 1);
        return wanted;
    }

    #count(type, count, body) {
        if (type === RTPFB && count === 1)
            this.nack++;
        else if (type === RTPFB && count === 15)
            this.transportCc++;
        else if (type === PSFB && count === 1)
            this.pli++;
        else if (type === PSFB && count === 4)
            this.fir++;
        else if (type === PSFB && count === 15 && body.toString('latin1', 8, 12) === 'REMB')
            this.#onRemb(body);
        else if (type === RR)
            this.#onReceiverReport(count, body);
        else if (type === SR)
            this.senderReports++;
        else if (type === SDES)
            this.sdes++;
        else if (type === BYE)
            this.bye++;
        else if (type === XR)
            this.xr++;
        else
            this.other++;
    }

    #onRemb(body) {
        const bps = (body.readUIntBE(13, 3) & 0x3ffff) * 2 ** (body[13] >> 2);
        this.remb++;
        this.rembBps = [...this.rembBps.slice(-99), bps];
    }

    #onReceiverReport(count, body) {
        this.receiverReports++;
        if (count > 0 && body.length >= 28)
            this.lastReport = reportBlock(body, 4);
    }

    // The most often that one packet was asked for; 0 without a NACK.
    get mostNacks() {
        return Math.max(0, ...this.nacked.values());
    }

    // The numbers of several, added up.
    static sum(all) {
        const names = ['packets', 'nack', 'pli', 'fir', 'remb', 'transportCc', 'receiverReports',
            'senderReports', 'sdes', 'bye', 'xr', 'other'];
        const total = Object.fromEntries(names.map((name) =>
            [name, all.reduce((sum, feedback) => sum + feedback[name], 0)]));
        return { ...total, nacked: all.reduce((sum, { nacked }) => sum + nacked.size, 0),
            mostNacks: Math.max(0, ...all.map((feedback) => feedback.mostNacks)) };
    }
}
