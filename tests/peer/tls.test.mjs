// SPDX-License-Identifier: GPL-3.0-or-later
// sslscan against both TLS listeners (hardening.md, row TLS); testssl.sh asks for more, in
// tls-long.test.mjs.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { run } from './lib/rtmp.mjs';
import { Server } from './lib/server.mjs';

// The attributes of all elements of this name: [{version: '1.2', ...}].
function elements(xml, name) {
    return [...xml.matchAll(new RegExp(`<${name} ([^>]*?)/?>`, 'g'))].map(([, attributes]) =>
        Object.fromEntries([...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key, value]) =>
            [key, value])));
}

describe('TLS', () => {
    let server;

    before(async () => {
        server = await Server.start();
    });
    after(() => server?.stop());

    for (const key of ['wss.port', 'https.port']) {
        test(`TLS on ${key}: sslscan finds nothing weak`, async () => {
            const xml = String(await run('sslscan', ['--xml=-', '--show-certificate', '--no-colour',
                `127.0.0.1:${server.options[key]}`]));
            const offered = elements(xml, 'protocol').filter(({ enabled }) => enabled === '1');
            assert.deepEqual(offered.map(({ type, version }) => type + version), ['tls1.2', 'tls1.3']);
            assert.equal(elements(xml, 'protocol').length, 6, 'it asked for the old ones');
            const ciphers = elements(xml, 'cipher');
            for (const version of ['TLSv1.2', 'TLSv1.3'])
                assert.ok(ciphers.some(({ sslversion }) => sslversion === version), version);
            for (const { cipher, bits, curve, strength } of ciphers) {
                assert.match(cipher, /^(TLS_|ECDHE-).*(GCM|CHACHA20)/, 'forward secrecy, AEAD');
                assert.ok(Number(bits) >= 128 && curve, cipher);
                assert.match(strength, /^(strong|acceptable)$/, cipher);
            }
            const heartbleed = elements(xml, 'heartbleed');
            assert.ok(heartbleed.length > 0);
            assert.ok(heartbleed.every(({ vulnerable }) => vulnerable === '0'));
            const [{ supported, secure }] = elements(xml, 'renegotiation');
            assert.ok(supported === '0' || secure === '1', 'renegotiation');
            const [publicKey] = elements(xml, 'pk').filter(({ bits }) => bits);
            assert.ok(publicKey.bits >= (publicKey.type === 'EC' ? 128 : 2048),
                JSON.stringify(publicKey));
            assert.match(xml, /<signature-algorithm>(ecdsa-with-SHA(256|384|512)|sha(256|384|512)With)/);
            server.assertAlive();
        });
    }
});
