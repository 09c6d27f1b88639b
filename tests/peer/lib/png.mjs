// SPDX-License-Identifier: GPL-3.0-or-later
// PNG pictures of 8 bits, not interlaced: of RGB, read as ISO 15948 has them, so that whoever made
// them wrong fails here; and of RGB with alpha, written.
import assert from 'node:assert/strict';
import zlib from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const CHANNELS = 3;

function chunksOf(png) {
    const chunks = [];
    for (let at = SIGNATURE.length; at < png.length;) {
        const len = png.readUInt32BE(at), data = png.subarray(at + 8, at + 8 + len);
        const typed = png.subarray(at + 4, at + 8 + len);
        assert.equal(png.readUInt32BE(at + 8 + len), crc(typed), 'CRC');
        chunks.push({ type: typed.toString('latin1', 0, 4), data });
        at += 12 + len;
    }
    return chunks;
}

function crc(bytes) {
    let sum = 0xffffffff;
    for (const byte of bytes) {
        sum ^= byte;
        for (let bit = 0; bit < 8; bit++)
            sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
    }
    return (sum ^ 0xffffffff) >>> 0;
}

function paeth(left, up, corner) {
    const guess = left + up - corner;
    const [a, b, c] = [left, up, corner].map((value) => Math.abs(guess - value));
    if (a <= b && a <= c)
        return left;
    return b <= c ? up : corner;
}

const FILTERS = [() => 0, (left) => left, (left, up) => up, (left, up) => (left + up) >> 1, paeth];

function unfilter(raw, width, height) {
    const stride = width * CHANNELS, out = Buffer.alloc(stride * height);
    assert.equal(raw.length, (stride + 1) * height);
    for (let y = 0; y < height; y++) {
        const filter = FILTERS[raw[y * (stride + 1)]];
        for (let x = 0; x < stride; x++) {
            const at = y * stride + x;
            const left = x >= CHANNELS ? out[at - CHANNELS] : 0;
            const up = y > 0 ? out[at - stride] : 0;
            const corner = x >= CHANNELS && y > 0 ? out[at - stride - CHANNELS] : 0;
            out[at] = raw[y * (stride + 1) + 1 + x] + filter(left, up, corner);
        }
    }
    return out;
}

// {width, height, at(x, y): [r, g, b]}, from Base64; x and y from 0 to 1.
export function readPng(base64) {
    const png = Buffer.from(base64, 'base64');
    assert.deepEqual(png.subarray(0, SIGNATURE.length), SIGNATURE);
    const chunks = chunksOf(png);
    assert.equal(chunks[0].type, 'IHDR');
    assert.equal(chunks.at(-1).type, 'IEND');
    const [width, height] = [chunks[0].data.readUInt32BE(0), chunks[0].data.readUInt32BE(4)];
    assert.deepEqual([...chunks[0].data.subarray(8)], [8, 2, 0, 0, 0], '8 bits RGB');
    const data = chunks.filter(({ type }) => type === 'IDAT').map((chunk) => chunk.data);
    const pixels = unfilter(zlib.inflateSync(Buffer.concat(data)), width, height);
    return { width, height, at(x, y) {
        const at = (Math.floor(y * height) * width + Math.floor(x * width)) * CHANNELS;
        return [...pixels.subarray(at, at + CHANNELS)];
    } };
}

function chunk(type, data) {
    const whole = Buffer.alloc(12 + data.length);
    whole.writeUInt32BE(data.length, 0);
    whole.write(type, 4, 'latin1');
    data.copy(whole, 8);
    whole.writeUInt32BE(crc(whole.subarray(4, 8 + data.length)), 8 + data.length);
    return whole;
}

// The file of one colour, [r, g, b, alpha].
export function writePng(width, height, colour) {
    const head = Buffer.alloc(13), row = Buffer.alloc(1 + 4 * width);
    head.writeUInt32BE(width, 0);
    head.writeUInt32BE(height, 4);
    head.set([8, 6], 8);
    for (let x = 0; x < width; x++)
        row.set(colour, 1 + 4 * x);
    const rows = Buffer.concat(Array.from({ length: height }, () => row));
    return Buffer.concat([SIGNATURE, chunk('IHDR', head), chunk('IDAT', zlib.deflateSync(rows)),
        chunk('IEND', Buffer.alloc(0))]);
}
