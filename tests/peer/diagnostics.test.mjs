// SPDX-License-Identifier: GPL-3.0-or-later
// Debug sessions, bug reports and logs of clients (rooms-mixers-diagnostics.md 3), with the official
// stream-diagnostic page and with raw clients that ask for more than they may have.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Backend, startWithApps } from './lib/backend.mjs';
import { call, open as openBare, SMALL } from './lib/bare.mjs';
import { assertPlays, Browser, text } from './lib/browser.mjs';
import { EXAMPLES, startPages } from './lib/pages.mjs';
import { Relay } from './lib/relay.mjs';
import { offer } from './lib/sdp.mjs';
import { Server } from './lib/server.mjs';
import { until } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

const FILE = /^client\/debug\/debug-\d{8}-\d{6}-[0-9a-f]{32}\.log$/;
const CANARY = 'canary-secret';
const REPORTS_MAX = 60_000; // bytes

let server, browser, pages;

before(async () => {
    server = await Server.start({ session_debug_enabled: true, log_level: 'INFO' });
    browser = await Browser.open();
    pages = await startPages({ files: () => server.http });
});
after(async () => {
    await browser?.close();
    await pages?.close();
    await server?.stop();
});

const session = (fields, where = server) => WcsClient.session(where.ws, fields);
const told = async (client, status) => (await client.next('notifySessionDebugEvent',
    (event) => event.status === status)).data[0];

async function start(client) {
    client.send('sessionDebug', { command: 'start' });
    assert.deepEqual(await told(client, 'STARTED'), { status: 'STARTED' });
}
async function stop(client) {
    client.send('sessionDebug', { command: 'stop' });
    return (await told(client, 'STOPPED')).file;
}
const get = (file, where = server) => fetch(`${where.http}/${file}`);

async function post(where, name, body) {
    return (await fetch(`${where.http}/rest-api/${name}`, { method: 'POST',
        body: JSON.stringify(body) })).status;
}

describe('debug sessions', () => {
    test('DIAG-1: the official page gets its file', async () => {
        const page = await browser.page(
            `${pages.url}${EXAMPLES}/stream-diagnostic/stream-diagnostic.html`, server);
        await page.click('#publishBtn');
        await text(page, '#status', 'PUBLISHING');
        await until('it plays', async () => (await page.textContent('#publishBtn')).trim() === 'Stop'
            && !(await page.isDisabled('#publishBtn')));
        await assertPlays(page, { frames: 40 });
        await page.click('#publishBtn');
        await text(page, '#status', 'UNPUBLISHED');
        await page.waitForSelector('#downloadDiv', { state: 'visible' });
        const link = await page.getAttribute('#link', 'href');
        assert.ok(link.startsWith(`${pages.url}/client/debug/`), link);
        const response = await fetch(link);
        assert.equal(response.status, 200);
        const body = await response.text();
        assert.ok(body.length > 100);
        assert.match(body, /client "/); // what the page has pushed
        assert.match(body, /PUBLISHING/); // what the server says of it
        assert.match(body, /publication .* video \d+ bit\/s/);
        assert.doesNotMatch(body, /a=ice-pwd:[^*]/);
        assert.doesNotMatch(body, /a=fingerprint:[^*]/);
        assert.equal(response.headers.get('cache-control'), 'no-store');
        assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
        assert.match(response.headers.get('content-type'), /^text\/plain/);
        assert.deepEqual(page.faults, []);
        await page.context().close();
    });

    test('DIAG-3: start and stop in any order', async () => {
        const client = await session();
        assert.equal(await stop(client), undefined);
        await start(client);
        await start(client);
        const file = await stop(client);
        assert.match(file, FILE);
        assert.equal(await stop(client), undefined);
        assert.equal((await get(file)).status, 200);
        client.send('sessionDebug', { command: 'dance' });
        client.send('sessionDebug', {});
        await client.settle();
        await client.close();
    });

    test('DIAG-4 DIAG-8: the file is about its own client, a line a line, and has no secrets',
        async () => {
            const [one, two] = [await session({ custom: { password: CANARY } }), await session()];
            await start(one);
            await start(two);
            one.send('pushLogs', { logs: `one\r\n\u001b[31mtwo "${CANARY}1"\n` });
            one.send('pushLogs', { logs: `{"sipPassword":"${CANARY}","token": "${CANARY}"}` });
            one.send('pushLogs', { logs: `v=0\r\na=ice-pwd:${CANARY}\r\na=fingerprint:sha-256 ` +
                `${CANARY}\r\n` });
            one.send('pushLogs', { logs: `GET /?password=${CANARY}&x=1 Authorization: Basic ${CANARY}` });
            two.send('pushLogs', { logs: 'from the other' });
            const id = one.publish('debugged', offer());
            await one.next('setRemoteSDP', (sdpId) => sdpId === id);
            one.unpublish(id, 'debugged');
            await one.status(id, 'UNPUBLISHED');
            const [first, second] = [await stop(one), await stop(two)];
            const body = await (await get(first)).text();
            assert.ok(!body.includes('from the other'));
            assert.ok((await (await get(second)).text()).includes('from the other'));
            assert.ok(!body.includes(`${CANARY}"`) && !body.includes(`:${CANARY}`) &&
                !body.includes(`=${CANARY}`) && !body.includes(` ${CANARY}`), body);
            assert.match(body, /client "one\\x0d\\x0a\\x1b\[31mtwo \\"canary-secret1\\"\\x0a"\n/);
            assert.ok(body.includes('UNPUBLISHED "debugged"'));
            for (const line of body.split('\n').slice(0, -2))
                assert.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /);
            await Promise.all([one.close(), two.close()]);
        });

    test('DIAG-6: the directory is not shown, and names are not guessed', async () => {
        const client = await session();
        await start(client);
        const file = await stop(client);
        const name = path.basename(file), other = name.replace(/.(?=\.log$)/, (c) =>
            c === '0' ? '1' : '0');
        for (const probe of ['', '.', '..', '../admin-password', '%2e%2e/apps.json', other,
            `${name}/`, `${name}%00`, 'debug-*.log', `..%2fdebug%2f${name}`]) {
            const { status } = await get(`client/debug/${probe}`);
            assert.ok(status === 404 || status === 400, `${probe}: ${status}`);
        }
        assert.equal((await get('client/debug')).status, 404);
        await start(client);
        const next = await stop(client);
        assert.notEqual(next.slice(-36), file.slice(-36));
        assert.equal(fs.statSync(path.join(server.stateDir, 'debug', name)).mode & 0o777, 0o600);
        await client.close();
    });

    test('DIAG-2: off, the answers are the same without a file', async () => {
        const off = await Server.start();
        try {
            const client = await session({}, off);
            await start(client);
            client.send('pushLogs', { logs: 'line' });
            assert.equal(await stop(client), undefined);
            assert.ok(!fs.existsSync(path.join(off.stateDir, 'debug')));
            assert.equal((await get(`client/debug/debug-20260101-000000-${'a'.repeat(32)}.log`,
                off)).status, 404);
            await client.close();
        } finally {
            await off.stop();
        }
    });

    test('DIAG-5 DIAG-7: length, number and rate have bounds, and the client goes on', async () => {
        const small = await Server.start({ session_debug_enabled: true, debug_file_max: 8192,
            debug_session_max_s: 2, debug_files_max: 4, debug_lines_per_second: 10 });
        try {
            const client = await session({}, small);
            await start(client);
            for (let i = 0; i < 200; i++)
                client.send('pushLogs', { logs: 'x'.repeat(8000) });
            await until('the file has its length', () => {
                const [name] = fs.readdirSync(path.join(small.stateDir, 'debug'));
                return name && fs.readFileSync(path.join(small.stateDir, 'debug', name), 'utf8')
                    .includes('end\n');
            });
            const file = await stop(client); // it still names it
            const body = await (await get(file, small)).text();
            assert.ok(body.length <= 8192, String(body.length));
            assert.match(body, /has its length\nend\n$/);

            await start(client); // two seconds
            await until('it is over', () => fs.readdirSync(path.join(small.stateDir, 'debug'))
                .some((name) => fs.readFileSync(path.join(small.stateDir, 'debug', name), 'utf8')
                    .includes('the debug session has its length')));
            assert.match(await stop(client), FILE);

            const gone = await session({}, small); // its end is the file's
            await start(gone);
            gone.abort();
            await until('three files are whole', () => {
                const files = fs.readdirSync(path.join(small.stateDir, 'debug'));
                return files.length === 3 && files.every((name) =>
                    fs.readFileSync(path.join(small.stateDir, 'debug', name), 'utf8')
                        .endsWith('end\n'));
            });
            await start(client);
            assert.match(await stop(client), FILE);
            await start(client);
            assert.equal(await stop(client), undefined); // there are four
            client.send('ping', null);
            await client.next('pong');
            await client.close();
        } finally {
            await small.stop();
        }
    });

    test('a client with many starts has ten files', async () => {
        const client = await session();
        for (let i = 0; i < 10; i++) {
            await start(client);
            assert.match(await stop(client), FILE);
        }
        await start(client);
        assert.equal(await stop(client), undefined);
        await client.close();
    });
});

describe('bug reports', () => {
    let reporting, backend, endpoint;

    before(async () => {
        backend = await Backend.start();
        endpoint = backend.endpoint('defaultApp');
        reporting = await startWithApps({ defaultApp: { url: endpoint.url,
            methods: ['connect', 'submitBugReport', 'BugReportStatusEvent'] } },
        { bug_reports_max: REPORTS_MAX });
    });
    after(async () => {
        await reporting?.stop();
        await backend?.stop();
    });
    const directory = () => path.join(reporting.options.state_dir, 'bugreports');

    test('DIAG-9 DIAG-11: hook, file, client and event have the same name', async () => {
        const client = await session({ custom: { token: CANARY } }, reporting);
        const id = client.publish('reported', offer(), { rtmpUrl: `rtmp://x/${CANARY}` });
        await client.next('setRemoteSDP', (sdpId) => sdpId === id);
        client.send('submitBugReport', { text: 'no "picture"\n\u{1f600}', type: 'no_sound' });
        const { body } = await endpoint.next('submitBugReport');
        assert.deepEqual([body.text, body.type], ['no "picture"\n\u{1f600}', 'no_sound']);
        const { data: [name] } = await client.next('notifyBugReport');
        assert.match(name, /^bugreport-\d{8}-\d{6}-[0-9a-f]{16}\.json$/);
        const event = (await endpoint.next('BugReportStatusEvent')).body;
        assert.equal(event.filename, name);
        assert.ok(event.nodeId && event.sessionId === client.userData.authToken && event.appKey);
        const file = path.join(directory(), name);
        assert.equal(fs.statSync(file).mode & 0o777, 0o600);
        const raw = fs.readFileSync(file, 'utf8'), report = JSON.parse(raw);
        assert.ok(!raw.includes(CANARY) && !raw.includes('ice-pwd'), raw);
        assert.equal(report.text, 'no "picture"\n\u{1f600}');
        assert.equal(report.type, 'no_sound');
        assert.equal(report.sessionId, client.userData.authToken);
        assert.equal(report.remote, `127.0.0.1:${client.localPort}`);
        assert.equal(report.clientBrowserVersion, 'test');
        assert.ok(report.version && report.time <= Date.now() && report.appKey === 'defaultApp');
        assert.deepEqual(report.streams.map((stream) => [stream.name, stream.status]),
            [['reported', 'PENDING']]);
        assert.ok('rttUs' in report.streams[0].figures && 'nack' in report.streams[0].figures);
        assert.ok(report.log.some((line) => /ESTABLISHED/.test(line)), raw);
        for (const url of [`${reporting.http}/bugreports/${name}`, `${reporting.http}/${name}`,
            `${reporting.http}/client/debug/${name}`])
            assert.equal((await fetch(url)).status, 404);
        await client.close();
    });

    test('DIAG-10: no_media shows what came and went, and that nothing came', async () => {
        const directory = path.join(server.stateDir, 'bugreports');
        const relay = await Relay.start(server.mediaPort);
        const report = async (name, options, cut) => {
            const page = await openBare(browser, pages, server);
            const event = await call(page, 'publish', 'camera', name,
                { constraints: SMALL, ...options });
            assert.equal(event.status, 'PUBLISHING', event.info);
            await cut?.();
            const began = Date.now();
            await call(page, 'submitBugReport', { text: name, type: 'no_media' });
            const found = await until(`the report of ${name}`, () => fs.readdirSync(directory)
                .map((file) => JSON.parse(fs.readFileSync(path.join(directory, file), 'utf8') || '{}'))
                .find(({ text: words }) => words === name));
            assert.ok(Date.now() - began >= 4_500, 'five seconds are watched');
            await page.context().close();
            assert.equal(found.traffic.length, 1);
            assert.deepEqual([found.traffic[0].stream, found.traffic[0].published], [name, true]);
            return { found, packets: found.traffic[0].packets };
        };
        const [{ packets }, cut] = await Promise.all([report('seen', {}),
            report('cut', { relayPort: relay.port }, () => relay.set('cut'))]);
        await relay.stop();
        const line = /^\d{10,}\.\d{3} (in|out) \d+\.\d+\.\d+\.\d+:\d+ \d+ (STUN|DTLS|RTP|RTCP|other)\b/;
        assert.ok([...packets, ...cut.packets].every((one) => line.test(one)),
            packets.find((one) => !line.test(one)));
        const count = (pattern) => packets.filter((one) => pattern.test(one)).length;
        assert.ok(count(/ in .* RTP pt=\d+ seq=\d+ ts=\d+ ssrc=\d+$/) > 50, packets[0]);
        assert.ok(count(/ out .* RTCP pt=\d+ ssrc=\d+$/) > 0);
        assert.ok(count(/ in .* STUN request$/) > 0 && count(/ out .* STUN success$/) > 0);
        assert.deepEqual(cut.packets.filter((one) => / in /.test(one)), []);
        assert.ok(cut.packets.some((one) => / out /.test(one)), 'we go on');
    });

    test('DIAG-12: too many are refused, and old ones stay', async () => {
        const client = await session({}, reporting);
        client.send('submitBugReport', { text: 'first' });
        await client.next('notifyBugReport');
        client.send('submitBugReport', { text: 'second' });
        const { data: [fail] } = await client.next('fail');
        assert.deepEqual([fail.apiMethod, fail.info], ['BugReportStatusEvent', 'Too many requests']);
        const before = fs.readdirSync(directory());
        const size = () => fs.readdirSync(directory()).reduce((sum, name) =>
            sum + fs.statSync(path.join(directory(), name)).size, 0);
        await until('there are as many as may be', async () => { // of all clients, five a second
            const other = await session({}, reporting);
            other.send('submitBugReport', { text: 'y'.repeat(10_000) });
            const { message } = await Promise.race([other.next('notifyBugReport'),
                other.next('fail')]);
            await other.close();
            return message === 'fail' && size() > REPORTS_MAX - 8_000;
        });
        assert.ok(size() <= REPORTS_MAX, String(size()));
        for (const name of before)
            assert.ok(fs.existsSync(path.join(directory(), name)));
        await client.close();
    });

    test('a back end that refuses it refuses it', async () => {
        endpoint.config({ submitBugReport: { restOnError: 'FAIL' } });
        endpoint.on('submitBugReport', 'refuse');
        const client = await session({}, reporting);
        await until('it is the back end that answers', async () => {
            client.send('submitBugReport', { text: 'x' });
            const { data: [fail] } = await client.next('fail');
            return fail.apiMethod === 'BugReportStatusEvent' && /403/.test(fail.info);
        }, { interval: 300 });
        await client.close();
        endpoint.on('connect', 'echo').on('submitBugReport', 'echo');
    });

    test('DIAG-13: a directory that cannot be written is a fail, and one line', async () => {
        const broken = await Server.start({ bug_report_dir: '/proc/none',
            client_logs_dir: '/proc/none', session_debug_enabled: true });
        try {
            const client = await session({}, broken);
            client.send('submitBugReport', { text: 'x' });
            assert.equal((await client.next('fail')).data[0].apiMethod, 'BugReportStatusEvent');
            assert.equal(broken.lines.filter((line) => /cannot use the directory/.test(line)).length,
                2);
            fs.rmSync(path.join(broken.stateDir, 'debug'), { recursive: true });
            await start(client);
            assert.equal(await stop(client), undefined);
            await broken.waitForLog(/diagnostics: cannot write/);
            await client.settle();
            await client.close();
        } finally {
            await broken.stop();
        }
    });
});

describe('what clients measure', () => {
    const described = (client) => client.userData.webRTCMetricsServerDescription;
    const TYPES = { 'outbound-rtp': { metrics: 'bytesSent,framesSent', contains: { kind: ['video'] } } };
    const SECRET = '/etc/keys/of-the-server';
    let measuring;

    before(async () => {
        const file = path.join(os.tmpdir(), `sluice-metrics-${process.pid}.json`);
        fs.writeFileSync(file, JSON.stringify({ types: TYPES, sampling: 100, batchSize: 3,
            compression: 'none,gzip', collect: 'on', keyStore: SECRET, keyStorePassword: CANARY }));
        measuring = await Server.start({ webrtc_metrics: true, webrtc_metrics_description: file,
            client_metrics_file: 'measured.ndjson' });
        fs.unlinkSync(file);
    });
    after(() => measuring?.stop());

    const measured = async (name) => {
        const response = await fetch(`${measuring.http}/rest-api/stream/find`, { method: 'POST',
            body: JSON.stringify({ name, display: ['clientMetrics'] }) });
        return response.ok ? (await response.json())[0].clientMetrics ?? undefined : undefined;
    };

    test('DIAG-14: off it is not asked for; on it is taken, plain and gzipped', async () => {
        const plain = await session();
        assert.equal(described(plain), undefined);
        await plain.close();
        const client = await session({}, measuring);
        assert.deepEqual(described(client), { types: TYPES, sampling: 100, batchSize: 3,
            compression: 'none,gzip', collect: 'on' });
        const other = await session({ mediaProviders: ['MSE', 'WebRTC'] }, measuring);
        assert.equal(described(other), undefined, 'it would lose its PLAYING');
        assert.ok(measuring.lines.some((line) => /keyStore is not supported/.test(line)));

        const page = await openBare(browser, pages, measuring);
        const event = await call(page, 'publish', 'camera', 'measured', { constraints: SMALL });
        assert.equal(event.status, 'PUBLISHING', event.info);
        const seen = await until('the SDK\'s batches come', () => measured('measured'));
        const columns = Object.keys(seen);
        assert.ok(columns.length >= 2 && columns.every((column) =>
            /^outbound-rtp\.\w+\.(bytesSent|framesSent)$/.test(column)), columns.join());
        assert.ok(Object.values(seen).every((value) => Number(value) >= 0));

        const id = client.publish('by hand', offer());
        await client.next('setRemoteSDP', (sdpId) => sdpId === id);
        client.send('webRTCMetricsClientDescription', { mediaSessionId: id, compression: 'none',
            headers: 'a.b.c,a.b.d' });
        client.send('webRTCMetricsBatch', { mediaSessionId: id, metrics: '["1;2","3;"]' });
        await until('its row is there', () => measured('by hand'));
        assert.deepEqual(await measured('by hand'), { 'a.b.c': '3', 'a.b.d': '2' });
        const file = path.join(measuring.stateDir, 'measured.ndjson');
        const lines = await until('they are written', () => {
            const found = fs.readFileSync(file, 'utf8').split('\n').slice(0, -1).map(JSON.parse);
            return ['measured', 'by hand'].every((name) => found.some((row) => row.name === name)) &&
                found;
        });
        assert.deepEqual(lines.filter((row) => row.name === 'by hand').map((row) => row.metrics),
            [{ 'a.b.c': '1', 'a.b.d': '2' }, { 'a.b.c': '3', 'a.b.d': '2' }]);
        assert.equal(fs.statSync(file).mode & 0o777, 0o600);
        assert.ok(!(await page.content()).includes(SECRET));
        await page.context().close();
        await Promise.all([client.close(), other.close()]);
    });

    test('DIAG-15: what is no batch, or of another\'s stream, is left out', async () => {
        const [one, two] = [await session({}, measuring), await session({}, measuring)];
        const id = one.publish('hostile', offer());
        await one.next('setRemoteSDP', (sdpId) => sdpId === id);
        const say = (client, headers, compression = 'none') => client.send(
            'webRTCMetricsClientDescription', { mediaSessionId: id, headers, compression });
        const bring = (client, metrics) => client.send('webRTCMetricsBatch', { mediaSessionId: id,
            metrics });
        say(one, 'a.b.c,a.b.d', 'gzip');
        bring(one, gzipSync(`["1;2"]${' '.repeat(16 << 20)}`).toString('base64'));
        bring(one, 'no Base64');
        say(one, 'a.b.c,a.b.d');
        bring(one, '["1;2;3"]');
        bring(one, { not: 'a text' });
        say(two, 'x.y.z');
        bring(two, '["1"]');
        await Promise.all([one.settle(), two.settle()]);
        assert.equal(await measured('hostile'), undefined);
        bring(one, '["1;2"]');
        await until('the session goes on', () => measured('hostile'));
        await Promise.all([one.close(), two.close()]);
    });
});

describe('logs', () => {
    test('DIAG-7: what clients push is written for each, within bounds', async () => {
        const logging = await Server.start({ client_logs_dir: 'client_logs',
            client_log_file_max: 16_384 });
        try {
            const client = await session({}, logging);
            client.send('pushLogs', { logs: `{"sipPassword":"${CANARY},${CANARY}","x":1}` });
            for (let i = 0; i < 300; i++)
                client.send('pushLogs', { logs: `line ${i}\r\n\u001b ${'x'.repeat(2000)}` });
            await client.settle();
            const name = client.userData.authToken.replace(/[^A-Za-z0-9.-]/g, '_') + '.log';
            const day = new Date().toISOString().slice(0, 10);
            const file = path.join(logging.stateDir, 'client_logs', day, name);
            await until('the file is there', () => fs.existsSync(file));
            await client.close();
            await until('it is written', () => fs.statSync(file).size > 4000);
            const [secret, ...lines] = fs.readFileSync(file, 'utf8').split('\n').slice(0, -1);
            assert.match(secret, /sipPassword\\":\\"\*+\\",\\"x\\":1}"$/);
            assert.ok(fs.statSync(file).size <= 16_384);
            assert.ok(lines.every((line) => /^\d{4}-.*Z "line \d+\\x0d\\x0a\\x1b x*"$/.test(line)),
                lines.find((line) => !/^\d{4}-.*Z "line/.test(line)));
            assert.equal(fs.statSync(file).mode & 0o777, 0o600);
        } finally {
            await logging.stop();
        }
    });

    test('REST-51: a level for one client alone', async () => {
        const [loud, plain] = [await session(), await session()];
        const id = loud.userData.authToken;
        assert.equal(await post(server, 'connection/set_log_level', { sessionId: id,
            logLevel: 'LOUD' }), 400);
        assert.equal(await post(server, 'connection/set_log_level', { sessionId: id }), 400);
        assert.equal(await post(server, 'connection/set_log_level', { sessionId: '/x/y',
            logLevel: 'DEBUG' }), 404);
        const push = async (word) => {
            for (const client of [loud, plain])
                client.send('pushLogs', { logs: `${word} ${client.userData.authToken}` });
            await loud.settle();
            await plain.settle();
        };
        await push('before');
        assert.equal(await post(server, 'connection/set_log_level', { sessionId: id,
            logLevel: 'TRACE' }), 200);
        await push('while');
        assert.equal(await post(server, 'connection/set_log_level', { sessionId: id,
            logLevel: 'ERROR' }), 200);
        await push('after');
        await loud.close();
        await plain.close();
        await server.waitForLog(new RegExp(`${plain.userData.authToken.replace(/[.]/g, '\\.')}.* DISCONNECTED`));
        const pushed = server.lines.filter((line) => /client log: /.test(line));
        assert.deepEqual(pushed.map((line) => /log: "(\w+) (\S+)"/.exec(line).slice(1)),
            [['while', id]]);
        assert.ok(!server.lines.some((line) => line.includes(id) && /DISCONNECTED/.test(line)),
            'its level is ERROR');
    });
});
