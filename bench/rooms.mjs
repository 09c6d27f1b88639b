// SPDX-License-Identifier: GPL-3.0-or-later
// The case `rooms` of run.mjs: rooms of 50 members fill, one join after the other. Measured is the
// time from a join's being sent to its having been heard of by the last of those who are there.
import { once } from 'node:events';
import { connect } from 'node:net';
import { HANDSHAKE, textFrame } from './frames.mjs';
import { show, withNodes } from './nodes.mjs';

const MEMBERS = 50;
const MUST_MS = 50;

const message = (name, object) => textFrame(JSON.stringify({ message: name, data: [object] }));

class Member {
  #text = '';
  #waits = null; // {words, heard}

  static async connect(port, login) {
    const member = new Member();
    member.login = login;
    member.socket = connect(port, '127.0.0.1');
    member.socket.setNoDelay(true);
    member.socket.on('data', (bytes) => member.#take(bytes));
    await once(member.socket, 'connect');
    member.socket.write(HANDSHAKE);
    await member.hear('101 Switching');
    member.socket.write(message('connection', { appKey: 'roomApp', custom: { login } }));
    await member.hear('getVersion');
    return member;
  }

  #take(bytes) {
    this.#text += bytes.toString('latin1');
    if (this.#waits && this.#text.includes(this.#waits.words)) {
      const { heard } = this.#waits;
      this.#waits = null;
      heard(performance.now());
    }
  }

  // Resolves with the moment at which these words have come since the last time.
  async hear(words) {
    const at = this.#text.includes(words) ? performance.now()
      : await new Promise((heard) => (this.#waits = { words, heard }));
    this.#text = '';
    return at;
  }

  join(room) {
    this.socket.write(message('sendData', { operationId: 'join',
      payload: { command: 'join', options: { name: room } } }));
  }
}

async function fillRoom(port, room) {
  const members = [], times = [];
  for (let i = 0; i < MEMBERS; i++)
    members.push(await Member.connect(port, `${room}-m${i}`));
  for (const [i, member] of members.entries()) {
    const there = members.slice(0, i);
    const heard = there.map((other) => other.hear(`"info":"${member.login}"`));
    const begun = performance.now();
    member.join(room);
    await member.hear('"STATE"');
    if (i > 0)
      times.push(Math.max(...await Promise.all(heard)) - begun);
  }
  for (const { socket } of members)
    socket.destroy();
  return times;
}

export async function measureRooms(bench) {
  return withNodes(bench, 1, {}, async (node) => {
    const times = [];
    for (let round = 0; round < (bench.quick ? 2 : 10); round++)
      times.push(...await fillRoom(node.port, `room-${round}`));
    times.sort((a, b) => a - b);
    return { joins: times.length, p50: times[times.length >> 1],
      p99: times[Math.floor((times.length - 1) * 0.99)], worst: times.at(-1) };
  });
}

export function roomsTable({ joins, p50, p99, worst }) {
  return ['| joins | p50 ms | p99 ms | worst ms |', '|---|---|---|---|',
    `| ${joins} | ${show(p50)} | ${show(p99)} | ${show(worst)} |`].join('\n');
}

export const roomsNote = `A room fills to ${MEMBERS} members; from a join's being sent to the last
member's JOINED. At most ${MUST_MS} ms.`;
