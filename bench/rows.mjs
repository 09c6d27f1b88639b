// SPDX-License-Identifier: GPL-3.0-or-later
// Cases that are several measurements, `NAME-EACH`, and what their tables have in common.
import { setTimeout as pause } from 'node:timers/promises';
import { spawn } from 'node:child_process';
import { show } from './nodes.mjs';
import { usage } from './usage.mjs';

// One that fails says so and lets the others go on: {results, failed}. Each gets what is done by then.
export async function measureAll(name, measures, wanted, bench, clip) {
  const results = {};
  let failed = 0;
  for (const [each, measure] of Object.entries(measures)) {
    if (!wanted(`${name}-${each}`))
      continue;
    try {
      results[each] = await measure(bench, clip, results);
      console.error(`${name}-${each}: ${JSON.stringify(results[each])}`);
    } catch (error) {
      failed++;
      console.error(`${name}-${each}: failed: ${error.stack}`);
    }
  }
  return { results, failed };
}

export const timesOf = ({ quick }) => (quick ? { settle: 3, seconds: 10 } : { settle: 10, seconds: 60 });

// The share of a core of processes of ffmpeg, each with these options behind its input: the clip
// again and again, in real time.
export async function shareOfFfmpeg(bench, clip, all, before = []) {
  const { settle, seconds } = timesOf(bench);
  const children = all.map((options) => spawn('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...before, '-re',
    '-stream_loop', '-1', '-i', clip, ...options], { stdio: ['ignore', 'ignore', 'inherit'] }));
  const ends = children.map((child) => new Promise((done) => child.once('exit', done)));
  try {
    await pause(settle * 1000);
    const shares = await Promise.all(children.map(({ pid }) => usage(pid, seconds)));
    return shares.reduce((sum, one) => sum + one.all, 0);
  } finally {
    children.forEach((child) => child.kill());
    await Promise.all(ends);
  }
}

export const percent = (value) => `${(value * 100).toFixed(1)} %`;
export const ratio = (a, b, digits = 2) => show(a / b, digits);
// usage() by what processes are for.
export const split = (shares) => Object.entries(shares).filter(([role]) => role !== 'all')
  .map(([role, share]) => `${role} ${percent(share)}`).join(', ');
