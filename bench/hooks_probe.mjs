// SPDX-License-Identifier: GPL-3.0-or-later
// How long the control loop lets one wait: GET /livez again and again on one connection. A process
// of its own, started with fork(): hooks_probe.mjs PORT PER_SECOND. Answers {id, from, to}, times of
// Date.now(), with the waits in ms of the requests sent between them, and with how late its own
// timer was: what is not the server's fault.
//
// Requests leave on schedule whether or not those before were answered, so that one long pause is
// seen by all that fall into it.
import { connect } from 'node:net';

const [port, perSecond] = process.argv.slice(2).map(Number);
const REQUEST = 'GET /livez HTTP/1.1\r\nHost: bench\r\n\r\n';
const ANSWER_END = '\r\n\r\nok\n';
const samples = []; // {at, wait, late}
const unanswered = [];
let rest = '';

const now = () => performance.timeOrigin + performance.now();
const socket = connect(port, '127.0.0.1', () => {
  socket.setNoDelay(true);
  let due = now();
  const tick = () => {
    for (; due <= now(); due += 1000 / perSecond) {
      unanswered.push({ at: now(), late: now() - due });
      socket.write(REQUEST);
    }
    setTimeout(tick, Math.max(0, due - now()));
  };
  tick();
  process.send({ ready: true });
});
socket.setEncoding('latin1');
socket.on('data', (text) => {
  const at = now();
  rest += text;
  for (let end; (end = rest.indexOf(ANSWER_END)) >= 0; rest = rest.slice(end + ANSWER_END.length)) {
    const { at: sent, late } = unanswered.shift();
    samples.push({ at: sent, wait: at - sent, late });
  }
});
socket.on('close', () => process.exit(0));

process.on('message', ({ id, from, to }) => {
  const among = samples.filter((s) => s.at >= from && s.at < to);
  process.send({ id, result: { waits: among.map((s) => s.wait), late: among.map((s) => s.late),
    unanswered: unanswered.filter((s) => s.at >= from && s.at < to).length } });
});
process.on('disconnect', () => process.exit(0));
