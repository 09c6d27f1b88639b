// SPDX-License-Identifier: GPL-3.0-or-later
// The SDK's own telephone pages, as they are: phone, phone-ui, phone-video, click-to-call and sip-as-rtmp
// 1 to 4, against Kamailio, telephones (baresip) and nginx's RTMP module.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Browser, text } from './lib/browser.mjs';
import { startPages } from './lib/pages.mjs';
import { freePorts } from './lib/ports.mjs';
import { makeTone } from './lib/push_probe.mjs';
import { recordingOf } from './lib/recordings.mjs';
import { Nginx } from './lib/rtmp.mjs';
import { Server } from './lib/server.mjs';
import { Baresip, DOMAIN, Kamailio } from './lib/sip.mjs';
import { until } from './lib/wait.mjs';

const SIP = '/sdk/examples/demo/sip';

let server, kamailio, nginx, browser, pages, telephone;

before(async () => {
    const media = await freePorts(60);
    [kamailio, nginx, browser, pages] = await Promise.all([Kamailio.start(), Nginx.start(),
        Browser.open(), startPages()]);
    server = await Server.start({ port_from: await freePorts(1), client_sip_allow: '127.0.0.0/8',
        media_port_from: media, media_port_to: media + 59,
        rtmp_transponder_stream_name_prefix: 'rtmp_' });
    const dir = path.join(server.stateDir, 'media');
    fs.mkdirSync(dir, { recursive: true });
    await makeTone(path.join(dir, 'sample.wav'), { hz: 1300, seconds: 10 });
    telephone = await Baresip.start('u2', 'p2', kamailio.port);
});
after(async () => {
    await browser?.close();
    await pages?.close();
    await telephone?.stop();
    await Promise.all([server?.stop(), kamailio?.stop(), nginx?.stop()]);
});

async function fill(page, fields) {
    for (const [id, value] of Object.entries(fields))
        await page.evaluate(([where, what]) => { document.getElementById(where).value = what; },
            [id, String(value)]);
}

const credentials = (more = {}) => ({ sipLogin: 'u1', sipAuthenticationName: 'u1', sipPassword: 'p1',
    sipDomain: DOMAIN, sipOutboundProxy: '127.0.0.1', sipPort: kamailio.port, ...more });

async function close(page, excused = /(?!)/) {
    assert.deepEqual(page.faults.filter((fault) => !excused.test(JSON.stringify(fault))), []);
    await page.context().close();
}

// Each page's next call begins with a telephone that has none.
const hungUp = () => telephone.event('CALL_CLOSED').then(() => { telephone.events.length = 0; });

describe('the SDK\'s telephone pages', () => {
    test('click-to-call calls while it registers (SIP-16)', async () => {
        const page = await browser.page(`${pages.url}${SIP}/click-to-call/click-to-call.html`, server);
        await page.evaluate(() => { document.getElementById('formConnection').style.display = 'block'; });
        await fill(page, { ...credentials(), callee: 'u2' });
        await page.click('#callBtn');
        await until('it is established', async () => /Call.*ESTABLISHED/.test(await page.textContent('#status')));
        await telephone.event('CALL_ESTABLISHED');
        await until('the button hangs up', async () => await page.textContent('#callBtn') === 'Hangup' &&
            !(await page.isDisabled('#callBtn')));
        await page.click('#callBtn');
        await hungUp();
        await until('it can call again', async () => await page.textContent('#callBtn') === 'Call');
        await close(page);
    });

    test('phone calls, holds, is called, and comes back by its token (RESUME-1, RESUME-12)', async () => {
        const page = await browser.page(`${pages.url}${SIP}/phone/phone.html`, server);
        await page.waitForSelector('#callBtn', { state: 'attached' });
        await until('the page is ready', async () => await page.inputValue('#urlServer') !== '');
        await fill(page, credentials());
        await page.check('#sipRegisterRequired');
        await page.click('#connectBtn');
        await text(page, '#regStatus', 'REGISTERED');
        await fill(page, { callee: 'u2' });
        await page.click('#callBtn');
        await text(page, '#callStatus', 'ESTABLISHED');
        await page.click('#holdBtn');
        await until('it is held', async () => !(await page.isDisabled('#holdBtn')) &&
            await page.textContent('#holdBtn') === 'Unhold');
        await page.click('#holdBtn');
        await until('it is not held', async () => !(await page.isDisabled('#holdBtn')) &&
            await page.textContent('#holdBtn') === 'Hold');
        await page.click('#callBtn');
        await text(page, '#callStatus', 'FINISH');
        await hungUp();
        // An established call goes when its page does (RESUME-12); its client is kept.
        await page.click('#callBtn');
        await text(page, '#callStatus', 'ESTABLISHED');
        const token = await page.inputValue('#authToken');
        assert.deepEqual(page.faults, []);
        await page.context().close();
        await telephone.event('CALL_ESTABLISHED');
        const again = await browser.page(`${pages.url}${SIP}/phone/phone.html`, server);
        await again.waitForSelector('#callBtn', { state: 'attached' });
        await until('the page is ready', async () => await again.inputValue('#urlServer') !== '');
        await until('the old call has ended', async () =>
            (await fetch(`${server.http}/rest-api/call/find_all`)).status === 404, { timeout: 40_000 });
        await hungUp();
        await fill(again, { authToken: token });
        await again.click('#connectTokenBtn');
        await text(again, '#regStatus', 'REGISTERED');
        telephone.tell('dial', `sip:u1@${DOMAIN}`);
        await until('it rings', () => again.isVisible('#answerBtn'));
        await again.click('#answerBtn');
        await text(again, '#callStatus', 'ESTABLISHED');
        telephone.tell('hangup');
        await text(again, '#callStatus', 'FINISH');
        await hungUp();
        await close(again);
    });

    test('phone-video calls another, and each sees the other (SIP-95)', async () => {
        const open = async (user) => {
            const page = await browser.page(`${pages.url}${SIP}/phone-video/phone-video.html`, server);
            await page.waitForSelector('#callBtn', { state: 'attached' });
            await until('the page is ready', async () => await page.inputValue('#urlServer') !== '');
            await fill(page, credentials({ sipLogin: user, sipAuthenticationName: user,
                sipPassword: `p${user.slice(1)}` }));
            await page.click('#connectBtn');
            await text(page, '#regStatus', 'REGISTERED');
            return page;
        };
        const [page, other] = [await open('u1'), await open('u3')];
        await fill(page, { callee: 'u3' });
        await page.click('#callBtn');
        await until('it rings', () => other.isVisible('#answerBtn'));
        await other.click('#answerBtn');
        for (const one of [page, other]) {
            await text(one, '#callStatus', 'ESTABLISHED');
            await until('it sees the other', () => one.evaluate(() =>
                document.querySelector('#remoteVideo video')?.videoWidth > 0));
        }
        await page.click('#callBtn');
        for (const one of [page, other])
            await text(one, '#callStatus', 'FINISH');
        await Promise.all([page, other].map((one) => close(one)));
    });

    test('phone-ui calls, holds for a transfer, and transfers (SIP-54, SIP-60)', async () => {
        const third = await Baresip.start('u3', 'p3', kamailio.port);
        const page = await browser.page(`${pages.url}${SIP}/phone-ui/Phone.html`, server);
        const press = (selector) => page.evaluate((which) => document.querySelector(which).click(), selector);
        const calls = async () => {
            const response = await fetch(`${server.http}/rest-api/call/find_all`);
            return response.status === 200 ? (await response.json()).map(({ status }) => status) : [];
        };
        try {
            await until('the page is ready', () => page.evaluate(() => window.jQuery?._data(
                document.querySelector('.b-transfer__ok'), 'events') !== undefined));
            await fill(page, credentials());
            await press('.b-login input[type="button"]');
            await text(page, '.b-display__header__sip_login', 'u1');
            await press('.b-display__bottom__number>span');
            await page.evaluate(() => { document.querySelector('.b-numbers').value = 'u2'; });
            await press('.b-nav__voice');
            await telephone.event('CALL_ESTABLISHED');
            await until('it talks', async () => (await calls()).includes('ESTABLISHED'));
            await press('.voice_call__transfer');
            await until('it is held', async () => (await calls()).includes('HOLD'));
            await page.evaluate(() => { document.querySelector('#transfer').value = 'u3'; });
            await press('.b-transfer__ok');
            await third.event('CALL_ESTABLISHED');
            await until('its own call is over', async () => (await calls()).length === 0);
            telephone.tell('hangup');
            await third.event('CALL_CLOSED');
            telephone.events.length = 0;
            await close(page, /^""$/); // its sounds cannot be played here
        } finally {
            await third.stop();
        }
    });

    // The pages ask every three or five seconds: both side by side.
    const rest = (page, own) => fill(page, { restUrl: `${server.http}/${own ?? 'rest-api'}`,
        ...credentials(), callee: 'u2', hasAudio: 'true', hasVideo: 'false', sipRegisterRequired: 'true' });

    test('sip-as-rtmp and sip-as-rtmp-3 push what is called', async () => {
        for (const [app, own, name] of [['sip-as-rtmp', 'RESTCall', 'one'], ['sip-as-rtmp-3', undefined, 'three']]) {
            const page = await browser.page(`${pages.url}${SIP}/${app}/${app}.html`, server);
            await rest(page, own);
            await fill(page, { rtmpUrl: nginx.url, rtmpStream: name });
            await page.click('#callBtn');
            await text(page, '#callStatus', 'ESTABLISHED');
            await recordingOf(nginx, `rtmp_${name}`);
            await fill(page, { dtmf: '1' });
            await page.click('#dtmfBtn');
            await page.click('#callBtn');
            await hungUp();
            await text(page, '#callStatus', 'FINISHED');
            await close(page, /404|Failed to load resource/);
        }
    });

    test('sip-as-rtmp-2 and -4 push, mute, play music and inject', async () => {
        for (const [app, name] of [['sip-as-rtmp-2', 'two'], ['sip-as-rtmp-4', 'four']]) {
            const page = await browser.page(`${pages.url}${SIP}/${app}/${app}.html`, server);
            await rest(page);
            await fill(page, { rtmpUrl: nginx.url, rtmpStream: name });
            await page.click('#callBtn');
            await text(page, '#callStatus', 'ESTABLISHED');
            await page.click('#startRtmp');
            await recordingOf(nginx, `rtmp_${name}`);
            await until('it can be stopped', async () => await page.textContent('#startRtmp') === 'Stop');
            await page.evaluate(() => document.querySelector('#music').click());
            await until('the music is on', async () => !(await page.isDisabled('#music')));
            if (app.endsWith('4')) { // a mixer's output into the call: it hears itself
                await fetch(`${server.http}/rest-api/mixer/startup`, { method: 'POST',
                    headers: { 'Content-Type': 'application/json' },
                    body: JSON.stringify({ uri: 'mixer://four', localStreamName: 'mixed' }) });
                await fetch(`${server.http}/rest-api/mixer/add`, { method: 'POST',
                    headers: { 'Content-Type': 'application/json' },
                    body: JSON.stringify({ uri: 'mixer://four', remoteStreamName: name }) });
                const callId = (await page.textContent('#callTrace')).split(' ')[0];
                await fill(page, { sipCallId: callId, injectStream: 'mixed' });
                await page.click('#injectStreamBtn');
                await until('it is injected', () => page.evaluate(() =>
                    document.getElementById('injectStreamBtn').classList.contains('btn-danger')));
                await until('the telephone hears itself', () => {
                    const { hz } = telephone.heard();
                    assert.equal(hz, 440);
                    return true;
                });
                await fetch(`${server.http}/rest-api/mixer/terminate`, { method: 'POST',
                    headers: { 'Content-Type': 'application/json' },
                    body: JSON.stringify({ uri: 'mixer://four' }) });
            }
            await page.click('#callBtn');
            await hungUp();
            await text(page, '#callStatus', 'FINISHED');
            await close(page, /404|Failed to load resource/);
        }
    });
});
