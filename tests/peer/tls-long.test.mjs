// SPDX-License-Identifier: GPL-3.0-or-later
// testssl.sh against both TLS listeners (hardening.md, row TLS): nothing worse than LOW, but for what
// a certificate that the server made for itself cannot have. It starts thousands of programs, which
// takes minutes of a small machine; tls.test.mjs looks at each run.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Server } from './lib/server.mjs';
import { within } from './lib/wait.mjs';

const PROGRAM = process.env.TESTSSL || '/usr/bin/testssl';
// protocols, ciphers, order and certificate, vulnerabilities, forward secrecy
const SECTIONS = ['-p', '-s', '-P', '-S', '-U', '-f'];
const WORSE_THAN_LOW = ['MEDIUM', 'HIGH', 'CRITICAL', 'FATAL', 'WARN'];
const EXCUSED = {
    cert_chain_of_trust: 'self-signed: nobody vouches for it',
    cert_revocation: 'self-signed: there is no authority that could revoke it',
    sessionresumption_ticket: 'WARN at times: its client leaves before the TLS 1.3 ticket comes',
    engine_problem: 'of testssl.sh itself: without an OpenSSL that knows GOST it cannot ask for that',
    BREACH: 'only static pages are compressed, which hold no secrets and repeat no input',
};

let server, scratch;

before(async () => {
    if (!fs.existsSync(PROGRAM))
        throw new Error(`${PROGRAM} is missing: tools/install-deps test`);
    scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-tls-'));
    server = await Server.start();
});
after(async () => {
    await server?.stop();
    fs.rmSync(scratch, { recursive: true, force: true });
});

// The findings: [{id, severity, finding}].
async function examine(port) {
    const file = path.join(scratch, `${port}.json`);
    const child = spawn(PROGRAM, [...SECTIONS, '--quiet', '--color', '0', '--warnings', 'off',
        '--nodns', 'min', '--ip', '127.0.0.1', '--openssl', '/usr/bin/openssl', '--jsonfile', file,
        `https://localhost:${port}`], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text) => (output += text));
    const end = new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', resolve);
    });
    await within(600_000, () => `testssl: ${output.slice(-500)}`, end)
        .catch((error) => {
            process.kill(-child.pid, 'SIGKILL');
            throw error;
        });
    return JSON.parse(fs.readFileSync(file, 'utf8'));
}

describe('TLS, at length', () => {
    for (const key of ['wss.port', 'https.port']) {
        test(`TLS on ${key}: testssl.sh finds nothing worse than LOW`, async () => {
            const findings = await examine(server.options[key]);
            const severity = Object.fromEntries(findings.map((f) => [f.id, f.severity]));
            // it has looked, and did not only fail to connect
            for (const id of ['TLS1_2', 'TLS1_3', 'heartbleed', 'cert_keySize', 'FS'])
                assert.equal(severity[id] ?? severity[`P${id}`], 'OK', id);
            for (const id of ['SSLv2', 'SSLv3', 'TLS1', 'TLS1_1'])
                assert.match(findings.find((f) => f.id === id).finding, /not offered/);
            const faults = findings.filter((f) => WORSE_THAN_LOW.includes(f.severity) &&
                !(f.id in EXCUSED));
            assert.deepEqual(faults.map((f) => `${f.severity} ${f.id}: ${f.finding}`), []);
            server.assertAlive();
        });
    }
});
