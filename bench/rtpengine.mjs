// SPDX-License-Identifier: GPL-3.0-or-later
// rtpengine in our place, for the same browsers and the same party: a WebSocket that takes the calls
// of the load program and asks rtpengine (its ng protocol: bencoded questions in datagrams) for the
// descriptions. No SIP is between them: the party's answer is known.
import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { ADDRESS } from './nodes.mjs';

function bencode(value) {
  if (typeof value === 'number')
    return `i${value}e`;
  if (typeof value === 'string')
    return `${Buffer.byteLength(value)}:${value}`;
  if (Array.isArray(value))
    return `l${value.map(bencode).join('')}e`;
  return `d${Object.entries(value).map(([key, one]) => bencode(key) + bencode(one)).join('')}e`;
}

// [value, where it ends]
function bdecode(bytes, at = 0) {
  const kind = String.fromCharCode(bytes[at]);
  if (kind === 'i') {
    const end = bytes.indexOf('e', at);
    return [Number(bytes.toString('utf8', at + 1, end)), end + 1];
  }
  if (kind === 'l' || kind === 'd') {
    const all = [];
    let one;
    for (at++; bytes[at] !== 'e'.charCodeAt(0); all.push(one))
      [one, at] = bdecode(bytes, at);
    return [kind === 'l' ? all
      : Object.fromEntries(all.flatMap((key, i) => (i % 2 ? [] : [[key, all[i + 1]]]))), at + 1];
  }
  const colon = bytes.indexOf(':', at), end = colon + 1 + Number(bytes.toString('utf8', at, colon));
  return [bytes.toString('utf8', colon + 1, end), end];
}

// ask(question) resolves with rtpengine's answer.
function openControl(port) {
  const socket = dgram.createSocket('udp4'), waiting = new Map();
  let cookie = 0;
  socket.on('message', (bytes) => {
    const space = bytes.indexOf(' '), key = bytes.toString('utf8', 0, space);
    waiting.get(key)?.(bdecode(bytes, space + 1)[0]);
    waiting.delete(key);
  });
  const ask = async (question) => {
    const key = `${++cookie}`, answer = new Promise((resolve) => waiting.set(key, resolve));
    socket.send(`${key} ${bencode(question)}`, port, '127.0.0.1');
    const given = await answer;
    if (given.result !== 'ok' && given.result !== 'pong')
      throw new Error(`rtpengine: ${JSON.stringify(given)}`);
    return given;
  };
  return { ask, close: () => socket.close() };
}

const partySays = (media, [format, map]) => ['v=0', 'o=party 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1',
  't=0 0', `m=audio ${media} RTP/AVP ${format}`, `a=rtpmap:${format} ${map}`, 'a=sendrecv', ''].join('\r\n');

// What a browser offers becomes what a telephone is offered, and the party's answer the browser's.
async function connect({ ask }, { callId, sdp }, media, codec) {
  const call = { 'call-id': callId, 'from-tag': 'browser' }, name = codec[1].split('/')[0];
  await ask({ command: 'offer', ...call, sdp, direction: ['browser', 'phone'], ICE: 'remove', DTLS: 'off',
    'transport-protocol': 'RTP/AVP', 'rtcp-mux': ['demux'],
    ...name !== 'opus' && { codec: { mask: ['all'], transcode: [name] } } });
  const answer = await ask({ command: 'answer', ...call, 'to-tag': 'phone', sdp: partySays(media, codec),
    direction: ['phone', 'browser'], ICE: 'force', 'ICE lite': 'both', DTLS: 'passive',
    'transport-protocol': 'UDP/TLS/RTP/SAVPF', 'rtcp-mux': ['require'] });
  return answer.sdp;
}

// fn gets {pid, port}: the port is as one of ours. media: where the party hears.
export async function withRtpengine(bench, media, codec, fn) {
  const [control, port] = [await bench.freePort(), await bench.freePort()];
  const child = spawn('rtpengine', ['--config-file=none', '--foreground', '--log-stderr', '--log-level=4', '--table=-1',
    `--interface=browser/${ADDRESS}`, '--interface=phone/127.0.0.1', `--listen-ng=127.0.0.1:${control}`,
    '--port-min=20000', '--port-max=21999'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const end = once(child, 'exit'), engine = openControl(control);
  const sockets = new WebSocketServer({ host: '127.0.0.1', port });
  sockets.on('connection', (socket) => socket.on('message', async (text) => {
    const { message, data: [fields] } = JSON.parse(text);
    const say = (what, ...data) => socket.send(JSON.stringify({ message: what, data }));
    if (message === 'connection')
      say('getUserData', {});
    else if (message === 'call')
      connect(engine, fields, media, codec).then((sdp) => say('setRemoteSDP', fields.callId, sdp),
        (error) => say('finish', { status: 'FAILED', info: error.message }));
  }));
  try {
    const ended = end.then(() => { throw new Error('rtpengine ended while starting'); });
    ended.catch(() => {}); // later it ends when we say so
    for (let tries = 0, up = false; !up; tries++) { // it takes its time, and datagrams to nobody are lost
      if (tries > 100)
        throw new Error('rtpengine does not answer');
      up = await Promise.race([engine.ask({ command: 'ping' }).then(() => true), ended, pause(100)]);
    }
    return await fn({ pid: child.pid, port });
  } finally {
    child.kill('SIGTERM');
    sockets.clients.forEach((socket) => socket.terminate());
    sockets.close();
    engine.close();
    await end;
  }
}
