// SPDX-License-Identifier: GPL-3.0-or-later
// The server's own pages, from its own port: publishing, playing, the lists, and what a reader is told.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { assertPlays, Browser, text } from './lib/browser.mjs';
import { freePorts } from './lib/ports.mjs';
import { Proxy } from './lib/proxy.mjs';
import { Redis } from './lib/redis.mjs';
import { Nginx } from './lib/rtmp.mjs';
import { Server } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const PHONE = { width: 390, height: 844 };
// long and without a place to break, as a careless publisher may choose it
const NAME = `pages-${'x'.repeat(60)}-ü`;

let server, browser;
let nginx; // an RTMP server
let publisher; // the two-way page that publishes NAME
const opened = [];

// Runs in every page before its scripts.
function prepare() {
    // a player that was opened by a link: the test's looking at it must not count as a touch
    if (location.pathname === '/player')
        Object.defineProperty(navigator, 'userActivation', {
            value: { hasBeenActive: false, isActive: false } });
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) =>
        window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
}

async function open(path, of = server, login = undefined) {
    const page = await browser.page(of.http + path, undefined, { init: prepare, login });
    opened.push(page);
    return page;
}

async function assertClean(page) {
    assert.deepEqual(page.faults, [], page.url());
    assert.deepEqual(await page.evaluate(() => window.violations), [], page.url());
    assert.deepEqual(page.log.filter((line) => /Content.Security.Policy/i.test(line)), []);
}

async function close(page) {
    await assertClean(page);
    opened.splice(opened.indexOf(page), 1);
    await page.context().close();
}

function openPlayer(name, of) {
    return open(`/player?name=${encodeURIComponent(name)}`, of);
}

function notice(page, selector, pattern) {
    return until(`${selector} is like ${pattern}`, async () => {
        const words = await page.textContent(selector);
        if (await page.isVisible(selector) && pattern.test(words))
            return true;
        throw new Error(words);
    });
}

// A row of the streams page as {column: text}; body: of which table.
function row(page, name, body = '#rows') {
    return page.evaluate(([wanted, selector]) => {
        const found = [...document.querySelectorAll(`${selector} tr`)]
            .find((tr) => tr.querySelector('th').textContent === wanted);
        return found && Object.fromEntries([...found.querySelectorAll('td[data-label]')]
            .map((td) => [td.dataset.label, td.textContent]));
    }, [name, body]);
}

// On a phone.
async function assertNotWider(page) {
    const wide = await page.evaluate((width) => [...document.querySelectorAll('body *')]
        .filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > width + 1 &&
            !e.closest('.skip'))
        .map((e) => `${e.tagName}#${e.id}.${e.className}`), PHONE.width);
    const { scroll, inner } = await page.evaluate(() => ({ inner: window.innerWidth,
        scroll: document.scrollingElement.scrollWidth }));
    assert.ok(scroll <= PHONE.width && inner <= PHONE.width,
        `${page.url()}: ${scroll} of ${inner} px: ${wide}`);
}

// As row(), of the list of pushes, by where they go.
function pushRow(page, target) {
    return page.evaluate((wanted) => {
        const found = [...document.querySelectorAll('#push-rows tr')]
            .find((tr) => tr.querySelector('.target').textContent === wanted);
        return found && Object.fromEntries([...found.querySelectorAll('[data-label]')]
            .map((td) => [td.dataset.label, td.textContent]));
    }, target);
}

before(async () => {
    browser = await Browser.open();
});
after(() => browser?.close());

describe('the server\'s own pages', () => {
    before(async () => {
        [server, nginx] = await Promise.all([
            Server.start({ client_push_allow: '127.0.0.0/8',
                rtmp_transponder_stream_name_prefix: 'rtmp_' }),
            Nginx.start()]);
    });
    after(async () => {
        await server?.stop();
        await nginx?.stop();
    });

    test('the first page finds browser, camera and server ready', async () => {
        const page = await open('/');
        for (const check of ['browser', 'camera', 'server'])
            await page.waitForSelector(`#check-${check}.good`);
        assert.equal(await page.isVisible('#demo'), false, 'there is no built-in stream');
        await close(page);
    });

    test('the player with nothing to play says that nobody publishes', async () => {
        const player = await open('/player');
        await text(player, '#live-count', '0 streams');
        await text(player, '#live-words',
            'Nobody is publishing right now. Streams appear here as soon as they are live.');
        assert.equal(await player.isVisible('#stage'), false);
        await close(player);
    });

    test('the two-way page publishes: On air, with figures', async () => {
        publisher = await open('/two-way-streaming');
        assert.match(await publisher.inputValue('#publish-name'), /^stream-\w{5}$/);
        await publisher.fill('#publish-name', NAME);
        await publisher.click('#publish');
        await text(publisher, '#publish-status', 'On air');
        await until('figures of the publication', async () => {
            const figures = await publisher.textContent('#publish-stats');
            return /\d fps/.test(figures) && /bit\/s/.test(figures) && /H264/.test(figures);
        });
        assert.equal(await publisher.isVisible('#publish-notice'), false);
    });

    test('its link opens a player that plays at once, and turns the sound on when asked', async () => {
        const link = await publisher.inputValue('#share-link');
        assert.equal(link, `${server.http}/player?name=${encodeURIComponent(NAME)}`);
        const player = await open(link.slice(server.http.length));
        await text(player, '#play-status', 'Playing');
        await assertPlays(player, { audio: false });
        await until('figures of the playback', async () =>
            /\d fps/.test(await player.textContent('#play-stats')));
        const muted = () => player.$eval('#remote video', (video) => video.muted);
        assert.equal(await muted(), true, 'no sound before the reader has touched the page');
        await player.click('#unmute');
        await until('the sound is on', async () => !await muted());
        await player.waitForSelector('#unmute', { state: 'hidden' });
        await assertPlays(player, { video: false });
        await player.click('#stop');
        await text(player, '#play-status', 'Not playing');
        assert.equal(await player.isVisible('#play-notice'), false, 'who stops needs no words');
        await close(player);
    });

    test('the two-way page plays beside publishing, and stops playing alone', async () => {
        await publisher.fill('#play-name', NAME);
        await publisher.click('#play');
        await text(publisher, '#play-status', 'Playing');
        await assertPlays(publisher);
        await publisher.click('#play');
        await text(publisher, '#play-status', 'Not playing');
        await text(publisher, '#publish-status', 'On air');
    });

    test('the streams page lists it with codecs, size, rate and its player', async () => {
        const player = await openPlayer(NAME);
        await text(player, '#play-status', 'Playing');
        const streams = await open('/streams');
        const found = await until('the row counts one player', async () => {
            const seen = await row(streams, NAME);
            return seen?.Players === '1' && !/^0 /.test(seen.Rate) && /\d/.test(seen.Video) ? seen
                : Promise.reject(new Error(JSON.stringify(seen)));
        });
        assert.equal(found.Source, 'WebRTC');
        assert.match(found.Video, /^H264 \d+\u00a0×\u00a0\d+$/i);
        assert.match(found.Audio, /^opus$/i);
        await text(streams, '#count', '1 stream');
        await close(player);
        await until('the player is gone from the list', async () =>
            (await row(streams, NAME))?.Players === '0');
        await close(streams);
    });

    test('the player offers smaller sizes, and the streams page shows what they cost', async () => {
        const player = await openPlayer(NAME);
        await text(player, '#play-status', 'Playing');
        const sizes = () => player.$$eval('#size option', (all) => all.map((one) => one.textContent));
        const [published, largest] = await until('sizes to choose from', async () => {
            const seen = await sizes();
            return /^As published \(\d+\u00a0×\u00a0\d+\)$/.test(seen[0]) && seen.length > 1 && seen;
        });
        await player.selectOption('#size', largest);
        await text(player, '#play-status', 'Playing');
        await until('the figures tell that size', async () =>
            (await player.textContent('#play-stats')).startsWith(largest.replaceAll('\u00a0', ' ')));
        await assertPlays(player, { audio: false, frames: 5 });
        assert.equal(await player.inputValue('#size'), largest);
        assert.equal((await sizes())[0], published);
        const streams = await open('/streams');
        await until('its row', async () => {
            const seen = await row(streams, NAME, '#variant-rows');
            return seen?.To === `H264 ${largest}` && seen.Players === '1' && /bit\/s$/.test(seen.Rate);
        });
        await text(streams, '#variant-count', '1 conversion');
        assert.match(await streams.textContent('#variant-cost'), /^1 process, \d+ % of a core, \d+ MB$/);
        await streams.setViewportSize(PHONE);
        await assertNotWider(streams);
        await player.selectOption('#size', published);
        await text(player, '#play-status', 'Playing');
        await close(player);
        await close(streams);
    });

    test('a wrong name is told in words, and the player waits for it', async () => {
        const player = await openPlayer('nobody-has-this-name');
        await notice(player, '#play-notice', /There is no stream of this name.*Trying again in \d+ s/);
        await text(player, '#play-status', 'Waiting');
        await player.fill('#play-name', NAME);
        await player.click('#play');
        await text(player, '#play-status', 'Playing');
        await close(player);
        await publisher.fill('#play-name', 'nobody-has-this-name');
        await publisher.click('#play');
        await notice(publisher, '#play-notice', /There is no stream of this name/);
    });

    test('the player with nothing to play lists what is live, and plays what is chosen', async () => {
        const player = await open('/player');
        await text(player, '#live-list strong', NAME);
        await until('its size', async () =>
            /^H264 \d+\u00a0×\u00a0\d+, opus, \d players?$/i.test(
                await player.textContent('#live-list span')));
        await text(player, '#live-count', '1 stream');
        await player.focus('#live-list a');
        await player.keyboard.press('Enter');
        await text(player, '#play-status', 'Playing');
        await assertPlays(player, { audio: false, frames: 5 });
        assert.equal(await player.isVisible('#live'), false);
        assert.equal(player.url(), `${server.http}/player?name=${encodeURIComponent(NAME)}`);
        await player.click('#stop');
        await player.waitForSelector('#live-list a');
        assert.equal(await player.isVisible('#stage'), false);
        // also while it waits for one that is not there
        await player.fill('#play-name', 'nobody-has-this-name');
        await player.click('#play');
        await text(player, '#play-status', 'Waiting');
        await player.waitForSelector('#live-list a');
        await player.click('#live-list a');
        await text(player, '#play-status', 'Playing');
        await close(player);
    });

    test('a name that is taken is told in words', async () => {
        const page = await open('/two-way-streaming');
        await page.fill('#publish-name', NAME);
        await page.click('#publish');
        await notice(page, '#publish-notice', /This name is already in use/);
        await close(page);
    });

    test('nothing is wider than a phone, and it plays there', async () => {
        for (const path of ['/', '/two-way-streaming', '/mixer', '/streams', '/recordings', '/republish',
            '/phone', '/no-such-page', '/player', `/player?name=${encodeURIComponent(NAME)}`]) {
            const page = await open(path);
            await page.setViewportSize(PHONE);
            if (path === '/streams')
                await until('the row', () => row(page, NAME));
            if (path === '/player')
                await text(page, '#live-list strong', NAME);
            if (path.startsWith('/player?')) {
                await text(page, '#play-status', 'Playing');
                await assertPlays(page, { audio: false, frames: 5 });
            }
            await assertNotWider(page);
            await close(page);
        }
        await publisher.setViewportSize(PHONE);
        await assertNotWider(publisher);
    });

    test('the publisher stops: its players say so, and the list is empty', async () => {
        const player = await openPlayer(NAME);
        await text(player, '#play-status', 'Playing');
        await publisher.click('#publish');
        await text(publisher, '#publish-status', 'Not publishing');
        await notice(player, '#play-notice', /The stream has ended\.\s*Its publisher stopped\./);
        const streams = await open('/streams');
        await text(streams, '#count', '0 streams');
        assert.equal(await streams.isVisible('#none'), true);
        // and comes back by itself when the stream does
        await publisher.click('#publish');
        await text(publisher, '#publish-status', 'On air');
        await text(player, '#play-status', 'Playing');
        await close(player);
        await close(streams);
    });

    test('the RTMP page publishes and shows its push; the streams page lists and stops it', async () => {
        const page = await open('/republish');
        const name = await page.inputValue('#publish-name');
        const address = (password) => nginx.url.replace('//', `//me:${password}@`);
        await page.fill('#rtmp-url', address('secret'));
        await page.click('#publish');
        await text(page, '#publish-status', 'On air');
        await text(page, '#push-status', 'Publishing');
        await until('a rate', async () => !/^0 /.test(await page.textContent('#push-rate')));
        await text(page, '#push-play', `${nginx.url}/rtmp_${name}`);

        const streams = await open('/streams');
        const seen = await until('the push is listed with its rate', async () => {
            const found = await pushRow(streams, address('***'));
            return found && !/^0 /.test(found.Rate) && found;
        });
        assert.equal(seen.State, 'Publishing');
        await text(streams, '#push-count', '1 push');
        for (const one of [page, streams]) {
            await one.setViewportSize(PHONE);
            await assertNotWider(one);
        }
        await streams.click('#push-rows button');
        await streams.waitForSelector('#pushes', { state: 'hidden' });
        await text(page, '#push-status', 'Ended');
        await notice(page, '#push-notice', /The push has ended.*Your stream goes on here/);
        await text(page, '#publish-status', 'On air');
        await page.click('#publish');
        await text(page, '#publish-status', 'Not publishing');
        await text(page, '#push-status', 'Nothing is pushed');
        assert.equal(await page.isVisible('#push-notice'), false);
        await close(page);
        await close(streams);
    });

    test('an RTMP address that cannot be used is told in words, and the stream lives', async () => {
        const page = await open('/republish');
        await page.fill('#rtmp-url', 'http://127.0.0.1/live');
        await page.click('#publish');
        await notice(page, '#push-notice', /This is no RTMP address/);
        await text(page, '#publish-status', 'Not publishing');
        await page.fill('#rtmp-url', 'rtmp://10.1.2.3/live');
        await page.click('#publish');
        await text(page, '#publish-status', 'On air');
        await text(page, '#push-status', 'Not pushed');
        await notice(page, '#push-notice', /The stream is not pushed.*client_push_allow/);
        await text(page, '#publish-status', 'On air');
        await close(page);
    });

    test('no page had an error or broke the content security policy', async () => {
        assert.deepEqual(opened.map((page) => page.url()), [publisher.url()]);
        await close(publisher);
        server.assertAlive();
    });
});

describe('the player of a server that converts nothing', () => {
    let plain;

    before(async () => (plain = await Server.start({ demo_stream: true, transcoding_disabled: true })));
    after(() => plain?.stop());

    test('says so, and plays the stream as it is published', async () => {
        const player = await open('/player?name=demo', plain);
        await text(player, '#play-status', 'Playing');
        await until('sizes', async () => (await player.$$('#size option')).length > 1);
        await player.selectOption('#size', { index: 1 });
        await notice(player, '#play-notice', /The server does not convert streams/);
        await text(player, '#play-status', 'Playing');
        await assertPlays(player, { audio: false, frames: 5 });
        assert.equal(await player.$eval('#size', (select) => select.selectedIndex), 0);
        await close(player);
    });
});

describe('the streams page of servers that know one another', () => {
    const HOSTILE = '<img src=x onerror="document.title=\'run\'">';
    let redis, origin, first, second; // the two latter are a cluster
    let streams; // of first

    before(async () => {
        redis = await Redis.start({ port: await freePorts(1) });
        [origin, first, second] = await Promise.all([Server.start({ demo_stream: true }),
            Server.start({ cluster_registry: redis.url }),
            Server.start({ cluster_registry: redis.url })]);
        streams = await open('/streams', first);
    });
    after(async () => {
        for (const one of [first, second, origin])
            await one?.stop();
        await redis?.stop();
    });

    // With the keyboard alone: the fields follow one another, Enter sends.
    async function pull(uri, there, here = '') {
        await streams.fill('#pull-uri', uri);
        await streams.focus('#pull-uri');
        for (const words of [there, here]) {
            await streams.keyboard.press('Tab');
            await streams.keyboard.press('Delete'); // what stood there: Tab has selected it
            await streams.keyboard.type(words);
        }
        await streams.keyboard.press('Enter');
    }

    function assertRow(page, name, body, expected) {
        return until(`the row of ${body}`, async () => {
            const seen = await row(page, name, body);
            for (const [column, words] of Object.entries(expected))
                assert.equal(seen?.[column], words, column);
            return true;
        });
    }

    test('the form begins a pull, which both tables show, however it is named', async () => {
        await text(streams, '#pull-count', 'None');
        assert.equal(await streams.isVisible('#pull-table'), false);
        await pull(origin.ws, 'demo', HOSTILE);
        await assertRow(streams, HOSTILE, '#pull-rows', { State: 'Live',
            'From or to': `pulled from ${origin.ws}/websocketnamed demo there` });
        await assertRow(streams, HOSTILE, '#rows',
            { Source: `pulled from ${origin.ws.slice(5)}named demo there` });
        assert.equal(await streams.getAttribute('#rows .source', 'title'), `${origin.ws}/websocket`);
        await text(streams, '#pull-count', '1 pull');
        assert.equal(await streams.isVisible('#pull-notice'), false);
        assert.equal(await streams.$$eval('main img', (found) => found.length), 0);
        assert.match(await streams.title(), /^Live streams/);
        await streams.setViewportSize(PHONE);
        await assertNotWider(streams);
    });

    test('the pulled stream plays from its link', async () => {
        await streams.click('#rows a');
        await text(streams, '#play-status', 'Playing');
        await assertPlays(streams, { audio: false, frames: 5 });
        await streams.goBack();
        await text(streams, '#pull-count', '1 pull');
    });

    test('the other node pulls it for its own viewers and says so', async () => {
        const player = await openPlayer(HOSTILE, second);
        await text(player, '#play-status', 'Playing');
        const page = await open('/streams', second);
        await assertRow(page, HOSTILE, '#rows',
            { Source: `pulled from ${first.ws.slice(5)}by the cluster`, Players: '1' });
        await assertRow(page, HOSTILE, '#pull-rows',
            { 'From or to': `pulled by the cluster from ${first.ws}/websocket` });
        await close(player);
        await close(page);
    });

    test('the nodes are listed, this one is marked', async () => {
        await streams.reload();
        await text(streams, '#node-count', '2 nodes');
        await assertRow(streams, `${first.ws} this one`, '#node-rows', { Streams: '1' });
        const other = await row(streams, second.ws, '#node-rows');
        assert.equal(other.Streams, '0');
        assert.match(other.Players, /^\d+$/);
        assert.match(other.CPU, /^\d+ % of a core$/);
        assert.match(other['Up for'], /^\d+ s$/);
        await assertNotWider(streams);
    });

    test('a pull that cannot be is told in words', async () => {
        await pull('http://127.0.0.1/', 'demo');
        await notice(streams, '#pull-notice',
            /demo cannot be pulled\.The server says: uri: must be ws:\/\//);
        await pull(origin.ws, 'demo', HOSTILE);
        await notice(streams, '#pull-notice', /The server says: .*localStreamName/);
        await pull(`ws://127.0.0.1:${await freePorts(1)}`, 'nobody');
        await notice(streams, '#pull-notice', /nobody could not be pulled.*does not answer/);
        assert.equal(await streams.inputValue('#pull-remote'), '');
    });

    test('its button stops it', async () => {
        await streams.click('#pull-rows button');
        await text(streams, '#count', '0 streams');
        await text(streams, '#pull-count', 'None');
        assert.equal(await streams.isVisible('#pull-table'), false);
        await close(streams);
    });

    test('neither is shown where it cannot be: no cluster, no right to pull', async () => {
        const page = await open('/streams', origin);
        await assertRow(page, 'demo', '#rows', { Source: 'built in', Rate: '–' });
        assert.equal(await page.isVisible('#pulls'), true);
        assert.equal(await page.isVisible('#nodes'), false);
        await page.route(/\/api\/v1\/pulls/, (route) => route.fulfill({ status: 403 }));
        await page.reload();
        await assertRow(page, 'demo', '#rows', { Source: 'built in' });
        assert.equal(await page.isVisible('#pulls'), false);
        await close(page);
    });
});

describe('the pages of a server with a built-in stream, and behind a proxy', () => {
    const SIGN_IN = '#live-sign-in-button';
    let bars, proxy, outside, login;

    before(async () => {
        bars = await Server.start({ demo_stream: true });
        proxy = await Proxy.start('nginx', { user: 'www-data', target: bars.http,
            sites: ['proxy_http_version 1.1; proxy_set_header Host $host;'] });
        outside = { http: proxy.urls[0] };
        login = { username: 'admin', password: fs.readFileSync(
            path.join(bars.stateDir, 'admin-password'), 'utf8').trim() };
    });
    after(async () => {
        await proxy?.stop();
        await bars?.stop();
    });

    test('the first page shows it at once, without sound, until the reader stops it', async () => {
        const page = await open('/', bars);
        await text(page, '#demo-status', 'Playing');
        await assertPlays(page, { audio: false, frames: 5 });
        const muted = () => page.$eval('#demo-display video', (video) => video.muted);
        assert.equal(await muted(), true);
        await page.setViewportSize(PHONE);
        await assertNotWider(page);
        await page.click('#demo-unmute');
        await until('the sound is on', async () => !await muted());
        await page.click('#demo-stop');
        await text(page, '#demo-status', 'Not playing');
        await page.click('#demo-play');
        await text(page, '#demo-status', 'Playing');
        await page.click('#demo-open');
        await text(page, '#play-status', 'Playing');
        await close(page);
    });

    test('it does not play for nobody, nor for who wants no motion', async () => {
        const page = await open('/', bars);
        const hide = (hidden) => page.evaluate((value) => {
            Object.defineProperty(document, 'hidden', { value, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
        }, hidden);
        await text(page, '#demo-status', 'Playing');
        await hide(true);
        await text(page, '#demo-status', 'Not playing');
        await hide(false);
        await text(page, '#demo-status', 'Playing');
        await page.emulateMedia({ reducedMotion: 'reduce' });
        await page.reload();
        await page.waitForSelector('#demo-play');
        await text(page, '#demo-status', 'Not playing');
        await close(page);
    });

    test('a stranger behind the proxy sees the built-in stream alone, and plays it', async () => {
        const page = await open('/player', outside);
        await text(page, '#live-list a', 'demobuilt in');
        assert.equal(await page.isVisible(SIGN_IN), true);
        assert.equal(await page.isVisible('#live-count'), false);
        await page.click('#live-list a');
        await text(page, '#play-status', 'Playing');
        await page.goto(`${outside.http}/streams`);
        await notice(page, '#notice', /for the operators of the server/);
        await page.waitForSelector('#sign-in-button');
        await close(page);
    });

    test('the owner signs in there once: lists, calls and the other pages work', async () => {
        const page = await open('/streams', outside, login);
        await page.click('#sign-in-button');
        await text(page, '#count', '1 stream');
        await page.fill('#pull-uri', 'http://127.0.0.1/');
        await page.fill('#pull-remote', 'x');
        await page.click('#pull-start');
        await notice(page, '#pull-notice', /The server says: uri: must be ws:\/\//);
        await page.goto(`${outside.http}/player`);
        await text(page, '#live-count', '1 stream');
        assert.equal(await page.isVisible(SIGN_IN), false);
        await close(page);
    });

    test('who cannot answer the browser\'s question is not asked again and again', async () => {
        const page = await open('/streams', outside, { username: 'admin', password: 'wrong' });
        await page.waitForSelector('#sign-in-button');
        await page.evaluate(() => {
            const real = window.fetch;
            window.modes = [];
            window.fetch = (url, options) => {
                window.modes.push(options.credentials);
                return real(url, options);
            };
        });
        await page.click('#sign-in-button');
        assert.deepEqual(await page.evaluate(() => window.modes), ['same-origin']);
        await until('the list is asked for without a password again', () => page.evaluate(() => {
            document.dispatchEvent(new Event('visibilitychange'));
            return window.modes.at(-1) === 'omit';
        }));
        assert.equal(await page.evaluate(() => sessionStorage.length), 0);
        await close(page);
    });
});
