// SPDX-License-Identifier: GPL-3.0-or-later
// The case `push` of run.mjs: what one push to an RTMP server costs (H264 passed through, Opus to
// AAC), beside ffmpeg doing the same from a file in real time; then a hundred pushes at once, a
// thousand, a thousand of sound alone, and a thousand whose server, by TLS, lets nobody stay.
import { execFile, spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { Nginx } from '../tests/peer/lib/rtmp.mjs';
import { runLoad, withNodes } from './nodes.mjs';

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

const statusKb = (pid, field) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm')
  .exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
const residentKb = (pid) => statusKb(pid, 'VmRSS');
const peakKb = (pid) => statusKb(pid, 'VmHWM');

// The share of a core that a process uses for this long.
async function share(pid, seconds) {
  const [from, at] = [cpu(pid), performance.now()];
  await pause(seconds * 1000);
  return (cpu(pid) - from) / ((performance.now() - at) / 1000);
}

async function startPushes(http, nginx, first, count, streamName = 'demo') {
  for (let i = first; i < first + count; i++) {
    const response = await fetch(`${http}/rest-api/push/startup`, { method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ streamName, rtmpUrl: `${nginx}/push${i}` }) });
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

// A thousand pushes of one stream of sound.
async function measureSound(bench, nginx, seconds) {
  const clip = join(bench.work, 'sound.mkv');
  await run('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000', '-t', '10',
    '-c:a', 'libopus', '-frame_duration', '20', clip]);
  return withNodes(bench, 1, { rtmp_transponder_full_url: true, pushes_max: MANY }, (node) => runLoad(bench,
    { clip, port: node.port, pid: node.pid, rooms: 1, players: 0, sound: true, intact: true, seconds: seconds + 10 }, {
    published: async () => {
      await startPushes(node.http, nginx, 0, MANY, 'bench-1');
      await allPublish(node.http, MANY);
    },
    measuring: async () => {
      const before = droppedOf(await allPublish(node.http, MANY));
      const used = await shares(node.pid, seconds);
      return { ...used, dropped: droppedOf(await allPublish(node.http, MANY)), before };
    },
  }));
}

// A server by TLS that closes behind the handshake, and counts.
async function startDoor(work) {
  const [key, cert] = [join(work, 'door.key'), join(work, 'door.pem')];
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-keyout', key, '-out', cert, '-days', '1', '-subj', '/CN=door', '-addext', 'subjectAltName=IP:127.0.0.1']);
  const door = { cert, count: 0 };
  const server = tls.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) => {
    door.count++;
    socket.on('error', () => {});
    socket.destroy();
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  door.url = `rtmps://127.0.0.1:${server.address().port}/sink`;
  door.stop = () => new Promise((done) => server.close(done));
  return door;
}

// What a thousand attempts cost that all come within the seconds that a push waits: computing, and the
// most memory that they had over that of the pushes.
export async function measurePushStorm(bench) {
  const door = await startDoor(bench.work);
  process.env.SSL_CERT_FILE = door.cert;
  try {
    return await withNodes(bench, 1, { rtmp_transponder_full_url: true, pushes_max: MANY, demo_stream: true,
      rtmp_push_restore: true, rtmp_push_restore_attempts: 1000000, log_level: 'ERROR' }, async (node) => {
      const empty = residentKb(node.pid);
      await startPushes(node.http, door.url, 0, MANY);
      const reached = async (count) => {
        for (const deadline = performance.now() + 60_000; door.count < count; await pause(20))
          if (performance.now() > deadline)
            throw new Error(`${door.count} of ${count} attempts`);
      };
      await reached(2 * MANY); // each waits its longest by then, about
      const [from, first, at] = [cpu(node.pid), door.count, performance.now()];
      await reached(first + MANY);
      return { cpu_s: cpu(node.pid) - from, seconds: (performance.now() - at) / 1000,
        attempts: door.count - first, kb: peakKb(node.pid) - empty };
    });
  } finally {
    delete process.env.SSL_CERT_FILE;
    await door.stop();
  }
}

export async function measurePush(bench) {
  const { startSluice, stop, freePort, work, quick } = bench;
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

export async function measurePushSound(bench) {
  const server = await Nginx.start({ applications: 'application sink { live on; record off; }' });
  try {
    return await measureSound(bench, `rtmp://127.0.0.1:${server.port}/sink`, bench.quick ? 8 : 20);
  } finally {
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

export const pushSoundTable = (r) => `| pushes of sound alone | process | media workers | threads | memory KB | frames dropped |
|---|---|---|---|---|---|
| ${MANY} | ${percent(r.share)} | ${percent(r.workers)} | ${r.threads} | ${r.kb} | ${r.dropped} |`;

export const pushStormTable = (r) => `| attempts by TLS | within s | CPU s | memory KB |
|---|---|---|---|
| ${r.attempts} | ${r.seconds.toFixed(1)} | ${r.cpu_s.toFixed(2)} | ${r.kb} |`;

export const pushNote = 'Shares of one core. A push passes H264 and makes AAC of Opus; ffmpeg does the same from a file.';
