// SPDX-License-Identifier: GPL-3.0-or-later
// What processes compute: user and system time, of a process and of its children, from /proc.
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const TICKS_PER_S = 100; // USER_HZ, the same on all of Linux

// Seconds that all threads of a process computed: [in user code, in the kernel].
export function times(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
  return [Number(stat[11]) / TICKS_PER_S, Number(stat[12]) / TICKS_PER_S];
}

// Both.
export function cpu(pid) {
  const [user, kernel] = times(pid);
  return user + kernel;
}

// Of whichever thread: the server starts its codec processes as it likes.
function children(pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap((tid) =>
    readFileSync(`/proc/${pid}/task/${tid}/children`, 'utf8').split(' ').filter(Boolean).map(Number));
}

// "sluice: pictures 1": pictures.
function roleOf(pid) {
  const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0];
  return /^sluice: (\w+)/.exec(title)?.[1] ?? 'other';
}

function sample(pid) {
  const all = [[pid, 'server', cpu(pid)]];
  for (const child of children(pid))
    all.push([child, roleOf(child), cpu(child)]);
  return all;
}

// Shares of a core over so long, by what the processes are for, and of all of them. One that ended
// in between would be missing: that is an error.
export async function usage(pid, seconds) {
  const [from, at] = [sample(pid), performance.now()];
  await pause(seconds * 1000);
  const [to, elapsed] = [sample(pid), (performance.now() - at) / 1000];
  const shares = { all: 0 };
  for (const [one] of from)
    if (!to.some(([other]) => other === one))
      throw new Error(`process ${one} ended while it was measured`);
  for (const [one, role, used] of to) {
    const before = from.find(([other]) => other === one)?.[2] ?? 0;
    shares[role] = (shares[role] ?? 0) + (used - before) / elapsed;
    shares.all += (used - before) / elapsed;
  }
  return shares;
}
