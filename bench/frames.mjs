// SPDX-License-Identifier: GPL-3.0-or-later
// A WebSocket client's bytes, for cases that count the server's time and not a library's.
import { once } from 'node:events';
import { connect } from 'node:net';

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

// A client of the WebSocket API that waits for words in what it hears.
export class Client {
  #text = '';
  #waits = null; // {words, heard}

  static async open(port) {
    const client = new Client();
    client.socket = connect(port, '127.0.0.1');
    client.socket.setNoDelay(true);
    client.socket.on('data', (bytes) => client.#take(bytes));
    await once(client.socket, 'connect');
    client.socket.write(HANDSHAKE);
    await client.hear('101 Switching');
    return client;
  }

  #take(bytes) {
    this.#text += bytes.toString('latin1');
    if (!this.#waits || !this.#text.includes(this.#waits.words))
      return;
    const { words, heard } = this.#waits;
    this.#waits = null;
    this.#forget(words);
    heard(performance.now());
  }

  // What has come up to these words.
  #forget(words) {
    this.#text = this.#text.slice(this.#text.indexOf(words) + words.length);
  }

  // Resolves with the moment at which these words have come, behind those that were heard before.
  async hear(words) {
    if (!this.#text.includes(words))
      return new Promise((heard) => (this.#waits = { words, heard }));
    this.#forget(words);
    return performance.now();
  }

  send(name, object) {
    this.socket.write(textFrame(JSON.stringify({ message: name, data: [object] })));
  }

  close() {
    this.socket.destroy();
  }
}
