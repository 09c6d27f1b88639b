// SPDX-License-Identifier: GPL-3.0-or-later
// The cases `outputs` of run.mjs: what recordings, HLS, RTSP and MSE cost, beside ffmpeg writing the
// same from a file in real time, nginx handing out the same segments, and WebRTC players here.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MediaSocket, MSE_OFFER } from '../tests/peer/lib/media_socket.mjs';
import { RtspClient, udpPair } from '../tests/peer/lib/rtsp.mjs';
import { WcsClient } from '../tests/peer/lib/wcs.mjs';
import { ADDRESS, metric, residentKb, runLoad, show, withNodes } from './nodes.mjs';
import { measureAll, shareOfFfmpeg, percent, ratio, split, timesOf } from './rows.mjs';
import { usage } from './usage.mjs';

const STREAMS = 10;
const PLAYERS = 100;
const VIEWERS = 500;
const AAC_KBPS = 128; // the server's, of two channels
const QUIET = { record_free_min_mb: 0 };

async function post(node, path, body) {
  const response = await fetch(`${node.http}/rest-api/${path}`, { method: 'POST', body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' } });
  const text = await response.text();
  if (response.status !== 200)
    throw new Error(`${path}: ${response.status} ${text}`);
  return text && JSON.parse(text);
}

// Shares of a core of all our processes, with streams that nobody but `begin` takes. measure: what
// else there is to be known.
function measureOurs(bench, clip, { rooms = STREAMS, players = 0, options = {}, begin, end, measure } = {}) {
  const { settle, seconds } = timesOf(bench);
  return withNodes(bench, 1, { ...QUIET, ...options }, (node) => runLoad(bench, { clip, port: node.port,
    pid: node.pid, rooms, players, intact: true, settle, seconds: seconds + 2 }, {
    published: () => begin?.(node),
    measuring: async () => {
      const from = await measure?.(node);
      const shares = await usage(node.pid, seconds);
      const to = await measure?.(node);
      const kb = residentKb(node);
      await end?.();
      return { usage: shares, from, to, kb };
    } }));
}

// What ffmpeg writes the same with. Stereo, as WebRTC's opus always is for whoever decodes it.
const WRITTEN = ['-c:v', 'copy', '-c:a', 'aac', '-ac', '2', '-b:a', `${AAC_KBPS}k`];

const many = (fn) => Array.from({ length: STREAMS }, (_, i) => fn(i + 1));

// ---- Files and segments ----

async function recordAll(node) {
  for (const name of many((i) => `bench-${i}`)) {
    const [{ mediaSessionId }] = await post(node, 'stream/find', { name, published: true });
    await post(node, 'recorder/startup', { mediaSessionId, config: { fileTemplate: name } });
  }
}

async function measureWriting(bench, clip, ours, output) {
  const without = await measureOurs(bench, clip);
  const made = await measureOurs(bench, clip, ours);
  const files = join(bench.work, 'ffmpeg');
  mkdirSync(files);
  const ffmpeg = await shareOfFfmpeg(bench, clip, many((i) => [...WRITTEN, ...output(join(files, `${i}`))]));
  rmSync(files, { recursive: true });
  return { ours: made.usage.all - without.usage.all, made: made.usage, ffmpeg,
    kb: (made.kb - without.kb) / STREAMS };
}

const measureRecordings = (bench, clip) => measureWriting(bench, clip, { begin: recordAll },
  (file) => ['-movflags', 'frag_keyframe+empty_moov', '-f', 'mp4', `${file}.mp4`]);

async function measureHls(bench, clip) {
  const port = await bench.freePort();
  return measureWriting(bench, clip, { options: { hls_auto_start: true, 'hls.port': port } },
    (file) => ['-f', 'hls', '-hls_time', '2', '-hls_list_size', '8', '-hls_flags', 'delete_segments', `${file}.m3u8`]);
}

// ---- Segments to viewers ----

// One viewer, who fetches again and again over one connection; tells of all bytes that come.
function fetchAgain(url, onBytes) {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect({ host: hostname, port });
  const request = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`;
  let left = 0, head = '';
  socket.on('connect', () => socket.write(request));
  socket.on('data', (chunk) => {
    onBytes(chunk.length);
    if (left === 0) { // heads come in one piece, with the beginning of a body
      head = chunk.toString('latin1', 0, Math.min(chunk.length, 2048));
      if (!head.startsWith('HTTP/1.1 200 '))
        throw new Error(`${url}: ${head.slice(0, 60)}`);
      left = head.indexOf('\r\n\r\n') + 4 + Number(/content-length: (\d+)/i.exec(head)[1]);
    }
    left -= chunk.length;
    if (left === 0)
      socket.write(request);
  });
  return socket;
}

// Seconds of computing per GB.
async function costOf(pid, url, seconds) {
  let bytes = 0;
  const viewers = Array.from({ length: VIEWERS }, () => fetchAgain(url, (count) => (bytes += count)));
  await pause(2000);
  const [from, at] = [bytes, performance.now()];
  const shares = await usage(pid, seconds);
  const [gb, elapsed] = [(bytes - from) / 1e9, (performance.now() - at) / 1000];
  viewers.forEach((socket) => socket.destroy());
  return { perGb: shares.all * elapsed / gb, gb };
}

async function startNginx({ work, freePort }, segment) {
  const port = await freePort();
  const root = join('/dev/shm', `sluice-bench-${process.pid}`);
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, 'segment.ts'), segment);
  const config = join(work, 'nginx.conf');
  writeFileSync(config, `daemon off; master_process off; pid ${work}/nginx.pid; error_log stderr error;
user root; events { worker_connections 2048; }
http { access_log off; sendfile on; tcp_nopush on; types { video/mp2t ts; } keepalive_requests 1000000;
  client_body_temp_path ${work}/body; proxy_temp_path ${work}/proxy; fastcgi_temp_path ${work}/fastcgi;
  uwsgi_temp_path ${work}/uwsgi; scgi_temp_path ${work}/scgi;
  server { listen ${ADDRESS}:${port}; root ${root}; } }`);
  const child = spawn('nginx', ['-c', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  await pause(1000);
  return { pid: child.pid, url: `http://${ADDRESS}:${port}/segment.ts`, stop: () => {
    child.kill();
    rmSync(root, { recursive: true });
  } };
}

async function measureDelivery(bench, clip) {
  const { seconds } = timesOf(bench);
  const port = await bench.freePort();
  const base = `http://${ADDRESS}:${port}/bench-1`;
  return withNodes(bench, 1, { 'hls.port': port, hls_hold_segments_size: 100 }, (node) =>
    runLoad(bench, { clip, port: node.port, pid: node.pid, rooms: 1, players: 0, intact: true, settle: 1,
      seconds: 2 * seconds + 30 }, { measuring: async () => {
      const list = await (await fetch(`${base}/bench-1.m3u8`)).text();
      const url = `${base}/${list.split('\n').find((line) => line.endsWith('.ts'))}`;
      const segment = Buffer.from(await (await fetch(url)).arrayBuffer());
      const ours = await costOf(node.pid, url, seconds);
      const nginx = await startNginx(bench, segment);
      const theirs = await costOf(nginx.pid, nginx.url, seconds);
      nginx.stop();
      return { ours: ours.perGb, nginx: theirs.perGb, gb: [ours.gb, theirs.gb], len: segment.length };
    } }));
}

// ---- Players ----

// What the same number of WebRTC players costs, less the publisher; and the packets they have.
async function measureWebrtc(bench, clip) {
  const out = 'sluice_rtp_packets_total{dir="out"}';
  const alone = await measureOurs(bench, clip, { rooms: 1 });
  const played = await measureOurs(bench, clip, { rooms: 1, players: PLAYERS, measure: (node) => metric(node, out) });
  return { share: played.usage.all - alone.usage.all, packets: played.to - played.from, alone };
}

async function measureRtsp(bench, clip) {
  const { seconds } = timesOf(bench);
  const port = await bench.freePort();
  const out = 'sluice_rtp_packets_total{dir="out"}';
  const open = [];
  const begin = async () => {
    for (let i = 0; i < PLAYERS; i++) {
      const client = await RtspClient.open(port, { host: ADDRESS });
      const url = `rtsp://${ADDRESS}:${port}/bench-1`;
      const { body } = await client.request('DESCRIBE', url);
      for (const [, track] of body.matchAll(/a=control:(rtsp:\S*trackID=\d)/g)) {
        const pair = await udpPair(undefined, ADDRESS);
        open.push(pair.rtp, pair.rtcp);
        await client.request('SETUP', track, { Transport: `RTP/AVP;unicast;client_port=${pair.port}-${pair.port + 1}` });
      }
      await client.request('PLAY', url);
      open.push(client);
    }
  };
  const webrtc = await measureWebrtc(bench, clip);
  const played = await measureOurs(bench, clip, { rooms: 1, begin, measure: (node) => metric(node, out),
    options: { 'rtsp.port': port, rtsp_timeout_s: 3600, rtsp_connections_per_ip_max: 0, media_port_to: 45000 },
    end: () => open.splice(0).forEach((one) => one.close()) });
  const packets = played.to - played.from;
  const perPacket = (share, count) => share * seconds / count * 1e6;
  return { ours: perPacket(played.usage.all - webrtc.alone.usage.all, packets),
    webrtc: perPacket(webrtc.share, webrtc.packets), packets: [packets, webrtc.packets] };
}

async function measureMse(bench, clip) {
  const open = [];
  const begin = async (node) => {
    for (let i = 0; i < PLAYERS; i++) {
      const client = await WcsClient.session(node.ws);
      const id = client.play('bench-1', MSE_OFFER, { mediaProvider: 'MSE' });
      await client.next('setRemoteSDP', (data) => data === id);
      await MediaSocket.open(node.ws, client.userData.authToken, { parse: () => [] });
      open.push(client);
    }
  };
  const webrtc = await measureWebrtc(bench, clip);
  const played = await measureOurs(bench, clip, { rooms: 1, begin,
    end: () => open.splice(0).forEach((one) => one.close()) });
  return { ours: (played.usage.all - webrtc.alone.usage.all) / PLAYERS, webrtc: webrtc.share / PLAYERS,
    made: played.usage };
}

// ---- All of it ----

const measures = { record: measureRecordings, hls: measureHls, delivery: measureDelivery, rtsp: measureRtsp,
  mse: measureMse };

// What run.mjs calls them; `outputs` is all of them.
export const outputCases = Object.keys(measures).map((name) => `outputs-${name}`);

export const measureOutputs = (bench, clip, wanted) => measureAll('outputs', measures, wanted, bench, clip);

const writing = (what, r, must, memory) => [what, percent(r.ours), percent(r.ffmpeg), ratio(r.ours, r.ffmpeg), '1.0', '0.7',
  `${split(r.made)}; memory ${show(r.kb / 1024, 1)} MB each, at most ${memory}`];

const rows = {
  record: (r) => writing(`CPU of ${STREAMS} recordings`, r, '1.0', 2),
  hls: (r) => writing(`CPU of HLS of ${STREAMS} streams`, r, '1.0', 10),
  delivery: (r) => [`segments to ${VIEWERS} viewers, CPU per GB`, `${show(r.ours)} s`, `${show(r.nginx)} s`,
    ratio(r.ours, r.nginx), '1.5', '1.1', `nginx from tmpfs; ${r.len} bytes each, GB ${r.gb.map((gb) => show(gb, 1)).join(', ')}`],
  rtsp: (r) => [`RTSP by UDP to ${PLAYERS} players, CPU per packet`, `${show(r.ours)} us`, `${show(r.webrtc)} us`,
    ratio(r.ours, r.webrtc), '0.9', '', `WebRTC; packets ${r.packets.join(', ')}`],
  mse: (r) => [`MSE, CPU per player of ${PLAYERS}`, `${show(r.ours * 1e6, 0)} us/s`, `${show(r.webrtc * 1e6, 0)} us/s`,
    ratio(r.ours, r.webrtc), '1.5', '',
    `WebRTC; ${split(r.made)}`],
};

export const outputsTable = (results) => ['| measure | ours | other | ratio | must | should | more |',
  '|---|---|---|---|---|---|---|',
  ...Object.entries(results).map(([name, result]) => `| ${rows[name](result).join(' | ')} |`)].join('\n');

export const outputsNote = `CPU: shares of a core, user and system, of all our processes, less the same streams without
that output. ffmpeg reads the same clip in real time, passes its pictures on and makes AAC of its sound.`;
