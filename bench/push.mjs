// SPDX-License-Identifier: GPL-3.0-or-later
// The case `push` of run.mjs: what one push to an RTMP server costs (H264 passed through, Opus to
// AAC), beside ffmpeg doing the same from a file in real time; then a hundred pushes at once.
import { execFile, spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Nginx } from '../tests/peer/lib/rtmp.mjs';

const run = promisify(execFile);
const PUSHES = 100;
const MANY = 1000; // nginx, on the same machine, takes most of the cores

// Seconds that all threads of a process computed.
function cpu(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(stat[11]) + Number(stat[12])) / 100;
}

// Seconds that the media workers' threads computed, and the number of all threads.
function threads(pid) {
  const all = readdirSync(`/proc/${pid}/task`).map((tid) => {
    const stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8');
    const fields = stat.replace(/^.*\) /, '').split(' ');
    return { name: /\((.*)\)/.exec(stat)[1], cpu: (Number(fields[11]) + Number(fields[12])) / 100 };
  });
  const workers = all.filter(({ name }) => name.startsWith('worker'));
  return { count: all.length, workers: workers.reduce((sum, { cpu: used }) => sum + used, 0) };
}

function residentKb(pid) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

// The share of a core that a process uses for this long.
async function share(pid, seconds) {
  const [from, at] = [cpu(pid), performance.now()];
  await pause(seconds * 1000);
  return (cpu(pid) - from) / ((performance.now() - at) / 1000);
}

async function startPushes(http, nginx, first, count) {
  for (let i = first; i < first + count; i++) {
    const response = await fetch(`${http}/rest-api/push/startup`, { method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ streamName: 'demo', rtmpUrl: `${nginx}/push${i}` }) });
    if (response.status !== 200)
      throw new Error(`push ${i}: ${response.status} ${await response.text()}`);
    await response.text();
  }
}

async function allPublish(http, count) {
  for (const deadline = performance.now() + 120_000; performance.now() < deadline; await pause(200)) {
    const { pushes } = await (await fetch(`${http}/api/v1/pushes?limit=5000`)).json();
    if (pushes.filter(({ state }) => state === 'PUBLISHING').length === count)
      return pushes;
  }
  throw new Error(`${count} pushes do not publish`);
}

const droppedOf = (pushes) => pushes.reduce((sum, { framesDropped }) => sum + framesDropped, 0);

// The shares of a core that a process and its media workers use for this long.
async function shares(pid, seconds) {
  const [from, at] = [threads(pid), performance.now()];
  const all = await share(pid, seconds);
  const to = threads(pid);
  return { share: all, workers: (to.workers - from.workers) / ((performance.now() - at) / 1000),
    threads: to.count, kb: residentKb(pid) };
}

// The like of the demo stream, in a file.
async function makeClip(work) {
  const clip = join(work, 'push.mkv');
  await run('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'smptebars=size=640x360:rate=25',
    '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000', '-t', '30', '-c:v', 'libx264',
    '-profile:v', 'baseline', '-tune', 'zerolatency', '-b:v', '110k', '-maxrate', '110k',
    '-bufsize', '110k', '-g', '100', '-pix_fmt', 'yuv420p', '-c:a', 'libopus', '-ac', '2', clip]);
  return clip;
}

async function measureFfmpeg(clip, nginx, seconds) {
  const child = spawn('ffmpeg', ['-v', 'error', '-re', '-stream_loop', '-1', '-i', clip, '-c:v',
    'copy', '-c:a', 'aac', '-f', 'flv', `${nginx}/ffmpeg`], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    await pause(3000);
    return { share: await share(child.pid, seconds), kb: residentKb(child.pid) };
  } finally {
    child.kill();
  }
}

export async function measurePush({ startSluice, stop, freePort, work, quick }) {
  const seconds = quick ? 8 : 20;
  const clip = await makeClip(work);
  const server = await Nginx.start({ applications: 'application sink { live on; record off; }' });
  const nginx = `rtmp://127.0.0.1:${server.port}/sink`;
  const httpPort = await freePort();
  const sluice = await startSluice(1, ['-o', `http.port=${httpPort}`, '-o', 'demo_stream=true',
    '-o', 'rtmp_transponder_full_url=true', '-o', 'cli.port=0', '-o', `pushes_max=${MANY}`]);
  const http = `http://127.0.0.1:${httpPort}`;
  const { pid } = sluice.child;
  try {
    await startPushes(http, nginx, 0, 1);
    await allPublish(http, 1);
    await pause(2000);
    const one = await shares(pid, seconds);
    await startPushes(http, nginx, 1, PUSHES - 1);
    await allPublish(http, PUSHES);
    await pause(3000);
    const all = await shares(pid, seconds);
    const dropped = droppedOf(await allPublish(http, PUSHES));
    const ffmpeg = await measureFfmpeg(clip, nginx, seconds);
    await startPushes(http, nginx, PUSHES, MANY - PUSHES);
    await allPublish(http, MANY);
    await pause(3000);
    const many = await shares(pid, seconds);
    return { one, all, many, ffmpeg, dropped, droppedOfMany: droppedOf(await allPublish(http, MANY)) };
  } finally {
    await stop(sluice);
    await server.stop();
  }
}

const percent = (value) => `${(value * 100).toFixed(2)} %`;

export function pushTable(rows) {
  const line = (pushes, { share: used, workers, threads: count, kb }, dropped) =>
    `| ${pushes} | ${percent(used)} | ${percent(workers)} | ${count} | ${kb} | ${dropped} |`;
  return rows.map((r) => ['| pushes of the demo | process | media workers | threads | memory KB | frames dropped |',
    '|---|---|---|---|---|---|', line(1, r.one, 0), line(PUSHES, r.all, r.dropped),
    line(MANY, r.many, r.droppedOfMany), '',
    '| each further push | ffmpeg, one | ffmpeg/push | memory KB: push, ffmpeg |', '|---|---|---|---|',
    `| ${percent((r.all.share - r.one.share) / (PUSHES - 1))} | ${percent(r.ffmpeg.share)} | ` +
      `${(r.ffmpeg.share * (PUSHES - 1) / (r.all.share - r.one.share)).toFixed(1)}x | ` +
      `${((r.all.kb - r.one.kb) / (PUSHES - 1)).toFixed(0)}, ${r.ffmpeg.kb} |`].join('\n')).join('\n\n');
}

export const pushNote = 'Shares of one core. A push passes H264 and makes AAC of Opus; ffmpeg does the same from a file.';
