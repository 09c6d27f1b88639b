// SPDX-License-Identifier: GPL-3.0-or-later
// An HLS client that believes nothing: lists are held against RFC 8216 line by line, and against
// the list that was there before.
import assert from 'node:assert/strict';
import { pause, slowness } from './wait.mjs';

// The address of a stream's list.
export function address(base, name, query = '') {
    const part = encodeURIComponent(name);
    return `${base}/${part}/${part}.m3u8${query}`;
}

function attributes(text) {
    return Object.fromEntries([...text.matchAll(/([A-Z0-9-]+)=("[^"]*"|[^,]*)/g)]
        .map(([, key, value]) => [key, value.replaceAll('"', '')]));
}

// A media list as {target, version, sequence, discontinuitySequence, ended, segments, ...}; each
// segment is {uri, duration, number, discontinuity, date, parts, map}.
export function parse(text) {
    const lines = text.split('\n');
    assert.equal(lines.shift(), '#EXTM3U');
    assert.equal(lines.pop(), '', 'the last line ends');
    const list = { segments: [], parts: [], discontinuitySequence: 0 };
    let next = { parts: [] }, map;
    for (const line of lines) {
        assert.ok(line.length > 0 && !/[\r\t ]$/.test(line), `a line is odd: '${line}'`);
        const [, tag, , value] = /^#(EXT[A-Z0-9-]*)(:(.*))?$/.exec(line) ?? [];
        assert.ok(tag || !line.startsWith('#'), `no tag: ${line}`);
        const once = (key, taken) => {
            assert.equal(list[key] ?? undefined, undefined, `${tag} twice`);
            assert.equal(list.segments.length, 0, `${tag} behind a segment`);
            list[key] = taken;
        };
        if (tag === 'EXT-X-VERSION')
            once('version', Number(value));
        else if (tag === 'EXT-X-TARGETDURATION')
            once('target', Number(value));
        else if (tag === 'EXT-X-MEDIA-SEQUENCE')
            once('sequence', Number(value));
        else if (tag === 'EXT-X-DISCONTINUITY-SEQUENCE')
            list.discontinuitySequence = Number(value);
        else if (tag === 'EXT-X-SERVER-CONTROL')
            list.control = attributes(value);
        else if (tag === 'EXT-X-PART-INF')
            list.partTarget = Number(attributes(value)['PART-TARGET']);
        else if (tag === 'EXT-X-PRELOAD-HINT')
            list.hint = attributes(value).URI;
        else if (tag === 'EXT-X-ENDLIST')
            list.ended = true;
        else if (tag === 'EXT-X-DISCONTINUITY')
            next.discontinuity = true;
        else if (tag === 'EXT-X-PROGRAM-DATE-TIME')
            next.date = Date.parse(value);
        else if (tag === 'EXT-X-MAP')
            map = attributes(value).URI;
        else if (tag === 'EXT-X-PART')
            next.parts.push({ uri: attributes(value).URI, independent: /INDEPENDENT=YES/.test(value),
                duration: Number(attributes(value).DURATION) });
        else if (tag === 'EXTINF')
            next.duration = Number(/^(\d+\.\d+),$/.exec(value)[1]);
        else if (!tag) {
            list.segments.push({ ...next, uri: line, map,
                number: list.sequence + list.segments.length });
            next = { parts: [] };
        } else
            assert.fail(`unknown: ${line}`);
    }
    list.open = next.parts;
    return list;
}

// A list of lists (section 4.3.4): each {uri, bandwidth, resolution, codecs}.
export function parseMaster(text) {
    const lines = text.split('\n');
    assert.deepEqual([lines.shift(), lines.shift()], ['#EXTM3U', '#EXT-X-VERSION:3']);
    assert.equal(lines.pop(), '', 'the last line ends');
    assert.equal(lines.length % 2, 0);
    return Array.from({ length: lines.length / 2 }, (_, i) => {
        const [, value] = /^#EXT-X-STREAM-INF:(.*)$/.exec(lines[2 * i]);
        const { BANDWIDTH, RESOLUTION, CODECS, ...more } = attributes(value);
        assert.deepEqual(more, {});
        assert.match(BANDWIDTH, /^[1-9]\d*$/);
        assert.match(lines[2 * i + 1], /^[^#\s]+$/);
        return { uri: lines[2 * i + 1], bandwidth: Number(BANDWIDTH), resolution: RESOLUTION,
            codecs: CODECS };
    });
}

// What must hold of each list by itself (RFC 8216 sections 4.3.3, 6.2.1).
export function check(list) {
    assert.ok(list.version >= 3, 'EXTINF with a fraction');
    assert.ok(Number.isInteger(list.target) && list.target >= 2 && list.target <= 12);
    assert.ok(list.segments.length > 0 || list.open.length > 0);
    for (const { uri, duration, parts } of list.segments) {
        assert.ok(Math.round(duration) <= list.target, `${duration} s, target ${list.target}`);
        assert.ok(duration > 0);
        assert.match(uri, /^[0-9a-f]{8}-\d+-[0-9a-f]{8}\.(ts|m4s)(\?[\w%.~=&-]*)?$/);
        for (const part of parts)
            // a busy browser's pictures come when they come, and one may be late for its part
            assert.ok(part.duration <= list.partTarget * (slowness > 1 ? 1.5 : 1.25),
                `a part of ${part.duration} s`);
    }
    return list;
}

// What must hold of a list and the one before it (6.2.1, 6.2.2).
export function checkNext(before, after) {
    check(after);
    assert.equal(after.target, before.target);
    assert.ok(after.sequence >= before.sequence, 'the sequence falls');
    const end = (list) => list.sequence + list.segments.length;
    assert.ok(end(after) >= end(before), 'segments are lost at the end');
    for (const segment of after.segments) {
        const same = before.segments[segment.number - before.sequence];
        if (same)
            assert.deepEqual([segment.uri, segment.duration, segment.discontinuity],
                [same.uri, same.duration, same.discontinuity], 'a segment has changed');
    }
    const gone = before.segments.slice(0, after.sequence - before.sequence)
        .filter((segment) => segment.discontinuity).length;
    assert.equal(after.discontinuitySequence, before.discontinuitySequence + gone);
    return after;
}

// The answer to a request for a list; parsed and checked if it is one.
export async function list(base, name, query = '', init = {}) {
    const response = await fetch(address(base, name, query), init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text,
        ...(response.ok && check(parse(text))) };
}

// Asks again and again until accept() holds of the list, each of which must follow from the last.
export async function follow(base, name, accept, { timeout = 20_000, query = '', last } = {}) {
    const deadline = Date.now() + timeout;
    for (;;) {
        const now = await list(base, name, query);
        assert.equal(now.status, 200, now.text);
        if (last)
            checkNext(last, now);
        last = now;
        if (accept(now))
            return now;
        assert.ok(Date.now() < deadline, `not within ${timeout} ms; the last was\n${now.text}`);
        await pause(200);
    }
}

export async function fetchSegment(base, name, segment) {
    const response = await fetch(`${base}/${encodeURIComponent(name)}/${segment.uri}`);
    return { status: response.status, headers: response.headers,
        bytes: Buffer.from(await response.arrayBuffer()) };
}

// ---- Transport stream, as far as a segment's beginning tells (ISO 13818-1 section 2.4.3.2) ----

// The first packets: {pids, random}: the PIDs in order, and whether the first picture's packet
// says that one may begin there.
export function tsStart(bytes) {
    assert.equal(bytes.length % 188, 0);
    const pids = [];
    let random = false, pictures;
    for (let at = 0; at < bytes.length; at += 188) {
        assert.equal(bytes[at], 0x47);
        const pid = (bytes[at + 1] & 0x1f) << 8 | bytes[at + 2];
        const starts = bytes[at + 1] & 0x40, adaptation = bytes[at + 3] & 0x20;
        pids.push(pid);
        const payload = at + 4 + (adaptation ? 1 + bytes[at + 4] : 0);
        if (starts && pictures === undefined && bytes[payload] === 0 && bytes[payload + 3] === 0xe0) {
            pictures = pid;
            random = Boolean(adaptation && bytes[at + 4] > 0 && bytes[at + 5] & 0x40);
        }
    }
    return { pids, random, pictures };
}
