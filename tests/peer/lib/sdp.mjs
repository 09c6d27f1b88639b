// SPDX-License-Identifier: GPL-3.0-or-later
// Session descriptions for clients without a browser: offers in the shape of websocket-api.md
// section 6.1, and a reader of answers.

const FINGERPRINT = Array.from({ length: 32 }, (_, i) =>
    (i * 7 + 16).toString(16).toUpperCase().padStart(2, '0')).join(':');

const CODECS = {
    audio: [
        [111, 'opus/48000/2', 'minptime=10;useinbandfec=1'],
        [63, 'red/48000/2', '111/111'],
        [9, 'G722/8000'],
        [0, 'PCMU/8000'],
        [8, 'PCMA/8000'],
        [13, 'CN/8000'],
        [110, 'telephone-event/48000'],
    ],
    video: [
        [96, 'VP8/90000'],
        [97, 'rtx/90000', 'apt=96'],
        [102, 'H264/90000', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f'],
        [103, 'rtx/90000', 'apt=102'],
        [108, 'H264/90000', 'level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f'],
        [109, 'rtx/90000', 'apt=108'],
        [45, 'AV1/90000'],
    ],
};

function section(kind, mid, { direction, codecs, ufrag, pwd, fingerprint }) {
    const list = codecs[kind] ?? CODECS[kind];
    const lines = [
        `m=${kind} 9 UDP/TLS/RTP/SAVPF ${list.map(([pt]) => pt).join(' ')}`,
        'c=IN IP4 0.0.0.0',
        'a=rtcp:9 IN IP4 0.0.0.0',
        `a=ice-ufrag:${ufrag}`,
        `a=ice-pwd:${pwd}`,
        'a=ice-options:trickle',
        `a=fingerprint:sha-256 ${fingerprint}`,
        'a=setup:actpass',
        `a=mid:${mid}`,
        'a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
        'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
        'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
        `a=${direction}`,
        'a=rtcp-mux',
        'a=rtcp-rsize',
    ];
    for (const [pt, map, fmtp] of list) {
        lines.push(`a=rtpmap:${pt} ${map}`);
        if (kind === 'video')
            lines.push(`a=rtcp-fb:${pt} nack`, `a=rtcp-fb:${pt} nack pli`, `a=rtcp-fb:${pt} ccm fir`);
        if (fmtp)
            lines.push(`a=fmtp:${pt} ${fmtp}`);
    }
    if (direction === 'sendonly')
        lines.push(`a=msid:stream ${kind}`, `a=ssrc:${kind === 'audio' ? 1111 : 2222} cname:test`);
    return lines;
}

// kinds: ['audio', 'video'] or one of them. codecs: {video: [[pt, rtpmap, fmtp?], ...]} replaces.
export function offer({ kinds = ['audio', 'video'], direction = 'sendonly', codecs = {},
    ufrag = 'uFrg', pwd = 'passwordpasswordpassword', fingerprint = FINGERPRINT,
    extra = [] } = {}) {
    return [
        'v=0',
        'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
        's=-',
        't=0 0',
        `a=group:BUNDLE ${kinds.map((_, i) => i).join(' ')}`,
        'a=extmap-allow-mixed',
        'a=msid-semantic: WMS stream',
        ...extra,
        ...kinds.flatMap((kind, i) =>
            section(kind, String(i), { direction, codecs, ufrag, pwd, fingerprint })),
        '',
    ].join('\r\n');
}

// {session: [lines], sections: [{kind, port, proto, payloads, lines}]}
export function parse(sdp) {
    const sections = [];
    const session = [];
    for (const line of sdp.split(/\r?\n/).filter(Boolean)) {
        const m = /^m=(\S+) (\d+) (\S+) ?(.*)$/.exec(line);
        if (m)
            sections.push({ kind: m[1], port: Number(m[2]), proto: m[3],
                payloads: m[4].trim().split(' '), lines: [] });
        else
            (sections.at(-1)?.lines ?? session).push(line);
    }
    return { session, sections };
}

// The value of `a=<name>:`, '' for a bare attribute, undefined when there is none.
export function attribute(section, name) {
    const line = section.lines.find((l) => l === `a=${name}` || l.startsWith(`a=${name}:`));
    return line?.slice(`a=${name}:`.length);
}

export function codecNames(section) {
    return section.payloads.map((pt) => section.lines
        .find((line) => line.startsWith(`a=rtpmap:${pt} `))?.split(' ')[1].split('/')[0]);
}
