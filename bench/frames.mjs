// SPDX-License-Identifier: GPL-3.0-or-later
// A WebSocket client's bytes, for cases that count the server's time and not a library's.
export const HANDSHAKE = 'GET / HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n';

const MASKED_TEXT = [0x81, 0x80]; // FIN, text; masked, with zeros (RFC 6455 section 5.2)
const MASK = [0, 0, 0, 0];

// The shortest form of the length is the only one allowed.
function header(len) {
  if (len < 126)
    return Buffer.from([MASKED_TEXT[0], MASKED_TEXT[1] | len, ...MASK]);
  const long = len > 0xffff;
  const size = Buffer.alloc(long ? 8 : 2);
  size.writeUIntBE(len, long ? 2 : 0, long ? 6 : 2);
  return Buffer.concat([Buffer.from([MASKED_TEXT[0], MASKED_TEXT[1] | (long ? 127 : 126)]), size,
    Buffer.from(MASK)]);
}

export function textFrame(text) {
  const payload = Buffer.from(text);
  return Buffer.concat([header(payload.length), payload]);
}
