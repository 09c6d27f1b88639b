// SPDX-License-Identifier: GPL-3.0-or-later
// Connections that send a long message of JSON before they have said who they are, again and again.
// Started with fork(): strangers_flood.mjs PORT CONNECTIONS BYTES. Says {ready} once all have been
// opened, and at any message from its parent {sent}, how many were written, and ends.
import { connect } from 'node:net';
import { HANDSHAKE, textFrame } from './frames.mjs';

const [port, connections, len] = process.argv.slice(2).map(Number);
const AGAIN_MS = 50; // between messages, and before another connection

// What costs most of what is parsed at all: nearly as many values as a stranger's message may have,
// and characters.
function longText() {
  const head = `{"message":"x","data":[${'[],'.repeat(1000)}"`, end = '"]}';
  return head + 'x'.repeat(len - head.length - end.length) + end;
}

const message = textFrame(longText());
let sent = 0;

function run(opened) {
  const socket = connect(port, '127.0.0.1', opened);
  const send = () => {
    if (socket.writableLength > 0) return; // it is still being read, or not any more
    sent++;
    socket.write(message);
  };
  socket.write(HANDSHAKE);
  const timer = setInterval(send, AGAIN_MS);
  socket.resume(); // what is answered does not matter
  socket.on('error', () => {});
  socket.on('end', () => socket.destroy());
  socket.on('close', () => {
    clearInterval(timer);
    setTimeout(run, AGAIN_MS);
  });
}

await Promise.all(Array.from({ length: connections }, () => new Promise(run)));
process.on('message', () => process.send({ sent }, () => process.exit(0)));
process.on('disconnect', () => process.exit(0));
process.send({ ready: true });
