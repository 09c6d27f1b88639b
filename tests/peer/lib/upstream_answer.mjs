// SPDX-License-Identifier: GPL-3.0-or-later
// The answer of an original WCS of 2018 (websocket-api.md section 6.2, left column), and answers
// that nobody should believe.
import { attribute } from './sdp.mjs';

const HOST = '127.0.0.1';
const AUDIO = ['opus', 'PCMA', 'G722']; // the original's order
const CLOCK = { opus: 'opus/48000/2', PCMA: 'PCMA/8000', G722: 'G722/8000' };
const FEEDBACK = ['ccm fir', 'nack', 'nack pli', 'goog-remb'];
export const TRANSPORT_CC =
    'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';

// The codecs of one offered section as [{payload, name, rtpmap, fmtp}], in the offer's order.
function offered(section) {
    const value = (name, payload) => section.lines
        .find((line) => line.startsWith(`a=${name}:${payload} `))?.replace(/^\S+ /, '');
    return section.payloads.map((payload) => {
        const rtpmap = value('rtpmap', payload) ?? '';
        return { payload, rtpmap, name: rtpmap.split('/')[0], fmtp: value('fmtp', payload) };
    });
}

const isMode1 = ({ fmtp }) => /packetization-mode=1/.test(fmtp ?? '');

// The codecs that the original would answer with, in its order.
export function chooseCodecs(section) {
    const codecs = offered(section);
    const named = (name) => codecs.filter((codec) => codec.name === name);
    if (section.kind === 'audio')
        return AUDIO.flatMap((name) => named(name).slice(0, 1)
            .map((codec) => ({ ...codec, rtpmap: CLOCK[name], fmtp: undefined })));
    const h264 = named('H264');
    return [...h264.filter(isMode1), ...h264.filter((codec) => !isMode1(codec)), ...named('VP8')];
}

// The id that the offer gives to a header extension; undefined when it has none.
export function extensionId(section, uri) {
    const line = section.lines.find((l) => l.startsWith('a=extmap:') && l.split(' ')[1] === uri);
    return line && Number(/^a=extmap:(\d+)/.exec(line)[1]);
}

// media: per section {kind, codecs, port, ssrc, transportCcId?}; port 0 refuses the section.
// setup: undefined, as the original, or what `a=setup` shall say.
export function buildAnswer({ mediaSessionId, createDate, media, ufrag, pwd, fingerprint, setup }) {
    const lines = ['v=0', `o=Flashphoner 0 ${createDate} IN IP4 ${HOST}`, 's=Flashphoner/1.0',
        `c=IN IP4 ${HOST}`, 't=0 0'];
    for (const { kind, codecs, port, ssrc, transportCcId } of media) {
        lines.push(`m=${kind} ${port} RTP/SAVPF ${codecs.map(({ payload }) => payload).join(' ')}`,
            `c=IN IP4 ${HOST}`, `a=mid:${kind}`);
        for (const { payload, rtpmap, fmtp } of codecs) {
            lines.push(`a=rtpmap:${payload} ${rtpmap}`);
            if (fmtp)
                lines.push(`a=fmtp:${payload} ${fmtp}`);
        }
        if (kind === 'audio')
            lines.push('a=ptime:20');
        else
            lines.push(...FEEDBACK.map((name) => `a=rtcp-fb:* ${name}`));
        if (transportCcId)
            lines.push('a=rtcp-fb:* transport-cc', `a=extmap:${transportCcId} ${TRANSPORT_CC}`);
        lines.push(`a=ice-pwd:${pwd}`, `a=ice-ufrag:${ufrag}`,
            `a=fingerprint:SHA-256 ${fingerprint}`);
        if (setup)
            lines.push(`a=setup:${setup}`);
        lines.push(`a=candidate:1 1 udp 2130706431 ${HOST} ${port} typ host`,
            `a=candidate:1 2 udp 2130706431 ${HOST} ${port} typ host`, 'a=end-of-candidates',
            'a=rtcp-mux', `a=rtcp:${port} IN IP4 ${HOST}`, 'a=sendonly',
            `a=ssrc:${ssrc} cname:rtp/${kind}/${mediaSessionId}`);
    }
    return [...lines, ''].join('\r\n');
}

const without = (pattern) => (sdp) =>
    sdp.split('\r\n').filter((line) => !pattern.test(line)).join('\r\n');

// An attribute of 100 bytes, `count` times.
const filler = (count, eachLine = 98) =>
    Array.from({ length: count }, (_, i) => `a=x${i}:`.padEnd(eachLine, 'x')).join('\r\n');

// What may go wrong with an answer: name: the right answer -> what is sent in its place.
export const ANSWER_FAULTS = {
    'sdp-empty': () => '',
    'sdp-not-sdp': () => '<html><body>504 Gateway Time-out</body></html>',
    'sdp-random': () => String.fromCharCode(...Array.from({ length: 4000 }, (_, i) =>
        1 + (i * 7919) % 255)),
    'sdp-not-a-string': (sdp) => ({ type: 'answer', sdp }),
    'sdp-null': () => null,
    'sdp-cut-short': (sdp) => sdp.slice(0, sdp.indexOf('a=ice-pwd') + 12),
    'sdp-no-sections': (sdp) => sdp.slice(0, sdp.indexOf('m=')),
    'sdp-one-section': (sdp) => sdp.slice(0, sdp.lastIndexOf('m=')),
    'sdp-three-sections': (sdp) => sdp + sdp.slice(sdp.lastIndexOf('m=')),
    'sdp-sections-swapped': (sdp) => sdp.slice(0, sdp.indexOf('m=')) +
        sdp.slice(sdp.lastIndexOf('m=')) + sdp.slice(sdp.indexOf('m='), sdp.lastIndexOf('m=')),
    'sdp-refused': (sdp) => sdp.replace(/^(m=\w+) \d+/gm, '$1 0'),
    'sdp-no-fingerprint': without(/^a=fingerprint/),
    'sdp-bad-fingerprint': (sdp) => sdp.replace(/^(a=fingerprint:SHA-256 ).*$/gm, '$1ZZ:12'),
    'sdp-unknown-hash': (sdp) => sdp.replace(/fingerprint:SHA-256/g, 'fingerprint:md17'),
    'sdp-no-ice': without(/^a=ice-/),
    'sdp-no-candidates': without(/^a=candidate/),
    'sdp-no-rtcp-mux': without(/^a=rtcp-mux/),
    'sdp-actpass': (sdp) => sdp.replace(/^a=rtcp-mux/gm, 'a=setup:actpass\r\na=rtcp-mux'),
    'sdp-foreign-codecs': (sdp) => sdp.replace(/^(m=\w+ \d+ \S+).*$/gm, '$1 77 78')
        .replace(/^a=(rtpmap|fmtp):.*\r\n/gm, ''),
    'sdp-70000-bytes': (sdp) => `${sdp}${filler(700)}\r\n`,
    'sdp-3000-lines': (sdp) => `${sdp}${filler(3000, 10)}\r\n`,
    'sdp-long-line': (sdp) => `${sdp}a=x:${'y'.repeat(60_000)}\r\n`,
    'sdp-1000-candidates': (sdp) => sdp.replace(/^a=end-of-candidates/gm,
        Array.from({ length: 1000 }, (_, i) => `a=candidate:${i + 2} 1 udp ${i + 1} 127.0.0.1 9` +
            ' typ host').join('\r\n')),
};

// What the puller said about its own side: {ufrag, pwd, fingerprint} of one section.
export function remoteParameters(section, session) {
    const value = (name) => attribute(section, name) ?? attribute({ lines: session }, name);
    return {
        ufrag: value('ice-ufrag'),
        pwd: value('ice-pwd'),
        fingerprint: value('fingerprint')?.split(' ')[1].toUpperCase(),
    };
}
