// SPDX-License-Identifier: GPL-3.0-or-later
// What the load publishes: H264 baseline and opus, in a file.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

// more: further options of ffmpeg for the picture.
export async function makeClip(file, { size, rate, seconds, kbps, bufferKbit, keyframeInterval,
  audioKbps, packetMs = 20, more = [] }) {
  await run('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${rate}`,
    '-f', 'lavfi', '-i', 'anoisesrc=color=pink:amplitude=0.3:sample_rate=48000',
    '-t', `${seconds}`, ...more, '-c:v', 'libx264', '-profile:v', 'baseline',
    '-tune', 'zerolatency', '-b:v', `${kbps}k`, '-maxrate', `${kbps}k`,
    '-bufsize', `${bufferKbit}k`, '-g', `${keyframeInterval}`,
    '-x264-params', 'repeat-headers=1:sliced-threads=0', '-pix_fmt', 'yuv420p',
    '-c:a', 'libopus', '-b:a', `${audioKbps}k`, '-frame_duration', `${packetMs}`, file]);
  return file;
}
