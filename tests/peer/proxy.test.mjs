// SPDX-License-Identifier: GPL-3.0-or-later
// "From loopback" is not "from this machine" (hardening.md class 17): strangers behind real reverse
// proxies on the server's own machine, and programs of this machine's users.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Proxy } from './lib/proxy.mjs';
import { Server } from './lib/server.mjs';
import { WcsClient } from './lib/wcs.mjs';

const PLAIN = 'proxy_http_version 1.1; proxy_set_header Connection "";'; // nothing gives it away
const NAMED = 'proxy'; // a service that rest_local_users names

let server, right;
const proxies = []; // {name, url, words}: words of the answer to a stranger

// sites: [name, site, words]
async function start(kind, user, sites) {
    const proxy = await Proxy.start(kind, { user, target: server.http,
        sites: sites.map(([, site]) => site) });
    sites.forEach(([name, , words], i) =>
        proxies.push({ name: `${kind} as ${user}: ${name}`, url: proxy.urls[i], words, proxy }));
}

before(async () => {
    server = await Server.start({ rest_local_users: NAMED });
    const password = fs.readFileSync(path.join(server.stateDir, 'admin-password'), 'utf8').trim();
    right = { authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}` };
    const shown = (sign) => new RegExp(`${sign} tells of a proxy`);
    await Promise.all([
        start('nginx', 'www-data', [['plain', PLAIN, /rest_local_users/],
            ['as it is', '', shown('HTTP/1.0')],
            ['Host passed on', `${PLAIN} proxy_set_header Host media.example.com;`, /localhost/]]),
        start('nginx', 'nobody', [['plain', PLAIN, /rest_local_users/]]),
        start('nginx', 'root', [['as it is', '', shown('HTTP/1.0')],
            ['X-Real-IP', `${PLAIN} proxy_set_header X-Real-IP $remote_addr;`, shown('x-real-ip')],
            ['Via', `${PLAIN} proxy_set_header Via "1.1 a";`, shown('via')],
            ['Forwarded', `${PLAIN} proxy_set_header Forwarded "for=_a";`, shown('forwarded')]]),
        start('nginx', NAMED, [['X-Forwarded-For',
            `${PLAIN} proxy_set_header X-Forwarded-For $remote_addr;`, shown('x-forwarded-for')]]),
        start('haproxy', 'haproxy', [['http', { mode: 'http' }, /rest_local_users/],
            ['bytes only', { mode: 'tcp' }, /rest_local_users/]]),
        start('haproxy', 'root', [['forwardfor', { mode: 'http', lines: 'option forwardfor' },
            shown('x-forwarded-for')]]),
    ]);
});
after(async () => {
    await Promise.all([...new Set(proxies.map(({ proxy }) => proxy))].map((proxy) => proxy.stop()));
    await server?.stop();
});

function post(base, call, body, headers = {}) {
    return fetch(`${base}/rest-api/${call}`, { method: 'POST', body: JSON.stringify(body), headers });
}

// The status that curl gets as this user.
function curl(user, url, ...args) {
    return Number(execFileSync('setpriv', [`--reuid=${user}`, '--regid=nogroup', '--clear-groups',
        'curl', '-s', '-k', '-o', '/dev/null', '-w', '%{http_code}', ...args, url]).toString());
}

describe('behind a reverse proxy on the same machine', () => {
    test('a stranger neither lists nor ends the sessions of others', async () => {
        const victim = await WcsClient.session(server.ws);
        const { authToken: sessionId } = victim.userData;
        for (const { name, url, words } of proxies) {
            for (const [call, body] of [['connection/find_all', {}],
                ['connection/terminate', { sessionId }]]) {
                const answer = await post(url, call, body);
                const { message } = await answer.json();
                assert.equal(answer.status, 401, `${name}: ${call}`);
                assert.match(answer.headers.get('www-authenticate'), /^Basic /);
                assert.match(message, words, name);
            }
        }
        await victim.settle();
        const found = await (await post(server.http, 'connection/find', { sessionId })).json();
        assert.equal(found[0].status, 'ESTABLISHED');
        await victim.close();
    });

    test('no call that is the operator\'s is answered there, and every public one is', async () => {
        const { routes } = await (await fetch(`${server.http}/api/v1`)).json();
        const [{ url }] = proxies;
        const kinds = new Set();
        for (const { methods, path: target, action, access } of routes) {
            for (const method of methods.split(' ')) {
                const { status } = await fetch(
                    url + target.replace('*', 'x') + (action ? `?action=${action}` : ''),
                    { method, body: method === 'POST' ? '{}' : undefined });
                assert.equal(status === 401, access === 'operator', `${method} ${target}: ${status}`);
                kinds.add(access);
            }
        }
        assert.deepEqual([...kinds].sort(), ['operator', 'public']);
        for (const target of ['/metrics', '/?action=stat', '/api/v1/streams', '/apps/EchoApp/connect',
            '/rest-api/stream/find_all'])
            assert.equal((await fetch(url + target, { method: target.startsWith('/apps') ? 'POST'
                : 'GET' })).status, 401, target);
    });

    test('a user of the console gets in through each of them', async () => {
        for (const { name, url } of proxies) {
            assert.equal((await fetch(`${url}/metrics`, { headers: right })).status, 200, name);
            assert.equal((await post(url, 'stream/find_all', {}, right)).status, 404, name);
        }
    });

    test('the log says whose the connections are and what to set, not once for each', async () => {
        const said = (words) =>
            server.waitForLog(new RegExp(`from a loopback address was refused: ${words}`));
        await said('its program belongs to (www-data|nobody|haproxy) \\(uid \\d+\\), who does not ' +
            'log in here\\..*rest_local_users');
        await said('\\S+ tells of a proxy\\. Its callers log in');
        await said('its Host is no name of this machine');
        assert.equal(server.lines.filter((line) => /loopback address was refused/.test(line)).length, 3);
    });
});

describe('on the server\'s own machine', () => {
    test('root needs no password, by any name of loopback and over TLS', () => {
        const port = server.options['http.port'], tls = server.options['https.port'];
        for (const url of [`http://localhost:${port}`, `http://127.0.0.1:${port}`, `http://[::1]:${port}`,
            `http://[::ffff:127.0.0.1]:${port}`, `https://localhost:${tls}`, `https://[::1]:${tls}`]) {
            assert.equal(curl('root', `${url}/metrics`), 200, url);
            assert.equal(curl('www-data', `${url}/metrics`), 401, url);
        }
    });

    test('a service needs one unless rest_local_users names it; headers can only close', () => {
        const url = `${server.http}/metrics`;
        assert.equal(curl('nobody', url), 401);
        assert.equal(curl('nobody', url, '-H', `authorization: ${right.authorization}`), 200);
        assert.equal(curl(NAMED, url), 200);
        for (const user of ['root', NAMED]) {
            assert.equal(curl(user, url, '-H', 'X-Forwarded-For: 127.0.0.1'), 401, user);
            assert.equal(curl(user, url, '--http1.0'), 401, user);
        }
        assert.equal(curl('nobody', url, '-H', 'X-Forwarded-For: 127.0.0.1'), 401);
    });
});
