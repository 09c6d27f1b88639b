// SPDX-License-Identifier: GPL-3.0-or-later
// The case `rooms` of run.mjs: rooms of 50 members fill, one join after the other. Measured is the
// time from a join's being sent to its having been heard of by the last of those who are there.
import { Client } from './frames.mjs';
import { show, withNodes } from './nodes.mjs';

const MEMBERS = 50;
const MUST_MS = 50;

async function connectMember(port, login) {
  const client = await Client.open(port);
  client.send('connection', { appKey: 'roomApp', custom: { login } });
  await client.hear('getVersion');
  return { client, login };
}

async function fillRoom(port, room) {
  const members = [], times = [];
  for (let i = 0; i < MEMBERS; i++)
    members.push(await connectMember(port, `${room}-m${i}`));
  for (const [i, { client, login }] of members.entries()) {
    const heard = members.slice(0, i).map((other) => other.client.hear(`"info":"${login}"`));
    const begun = performance.now();
    client.send('sendData', { operationId: 'join', payload: { command: 'join', options: { name: room } } });
    await client.hear('"STATE"');
    if (i > 0)
      times.push(Math.max(...await Promise.all(heard)) - begun);
  }
  members.forEach(({ client }) => client.close());
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
