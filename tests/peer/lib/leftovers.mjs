// SPDX-License-Identifier: GPL-3.0-or-later
// What a test that failed has not ended: node would wait for it for ever, and never tell what failed.
// A moment after the last test of the file, its child processes are killed and its sockets forgotten.
import fs from 'node:fs';
import { after } from 'node:test';

const LINGER_MS = 5000;

function children() {
    return fs.readdirSync('/proc/self/task').flatMap((thread) =>
        fs.readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' ').filter(Boolean));
}

function end() {
    for (const pid of children())
        process.kill(Number(pid), 'SIGKILL');
    for (const handle of process._getActiveHandles())
        handle.unref?.();
}

if (process.argv[1]?.endsWith('.test.mjs')) // bench has no tests
    after(() => {
        setTimeout(end, LINGER_MS).unref();
    });
