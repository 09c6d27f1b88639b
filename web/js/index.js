// SPDX-License-Identifier: GPL-3.0-or-later
// The first page: the built-in stream at once, and what stands in the way of publishing and playing,
// told before it is tried.

import {Connection, demoName, sdk, secureUrl, serverUrl} from './connection.js';
import {byId, playerUrl} from './page.js';
import {Playback} from './playback.js';
import {Told, insecureWords} from './words.js';

const connection = new Connection();

function setCheck(id, kind, words) {
  const check = byId(id), place = check.querySelector('.words');

  check.className = `check ${kind}`;
  place.textContent = [words.title, words.text].filter(Boolean).join(' ');
  if (words.href) {
    const link = document.createElement('a');
    link.href = words.href;
    link.textContent = words.link;
    place.append(' ', link);
  }
}

const wordsOf = (error) => error instanceof Told ? error.words :
  {title: String(error?.message ?? error), text: ''};

async function checkBrowser() {
  try {
    await sdk();
    setCheck('check-browser', 'good', {title: 'Can publish and play.'});
  } catch (error) {
    setCheck('check-browser', 'bad', wordsOf(error));
  }
}

async function checkCamera() {
  if (!navigator.mediaDevices?.enumerateDevices) {
    setCheck('check-camera', 'warn', insecureWords(await secureUrl()));
    return;
  }
  const devices = await navigator.mediaDevices.enumerateDevices();
  const has = (kind) => devices.some((device) => device.kind === kind);

  if (has('videoinput') && has('audioinput'))
    setCheck('check-camera', 'good', {title: 'Both are there. The browser asks when you publish.'});
  else if (has('videoinput'))
    setCheck('check-camera', 'warn', {title: 'No microphone was found; you can publish video alone.'});
  else if (has('audioinput'))
    setCheck('check-camera', 'warn', {title: 'No camera was found; you can publish audio alone.'});
  else
    setCheck('check-camera', 'warn', {title: 'None was found; you can still play.'});
}

async function checkServer() {
  try {
    await connection.session();
    setCheck('check-server', 'good', {title: `Answers at ${await serverUrl()}.`});
  } catch (error) {
    setCheck('check-server', 'bad', wordsOf(error));
  }
}

// ---- The built-in stream ----

/* It plays while somebody looks: a tab in the background would receive pictures for nobody. */
function showDemo(name) {
  let wanted = !matchMedia('(prefers-reduced-motion: reduce)').matches;
  const playback = new Playback(connection, {stage: byId('demo-stage'), display: byId('demo-display'),
    status: byId('demo-status'), notice: byId('demo-notice'), stats: byId('demo-stats'),
    unmute: byId('demo-unmute'), volume: null}, onState, {muted: true});

  function onState(state, words) {
    byId('demo-spinner').hidden = state !== 'starting';
    byId('demo-play').hidden = state !== 'idle';
    byId('demo-stop').disabled = state === 'idle';
    if (words)
      wanted = false; // it failed or ended: the reader may try again
  }

  byId('demo').hidden = false;
  byId('hero').classList.add('with-demo');
  byId('demo-name').textContent = name;
  byId('demo-open').href = playerUrl(name);
  byId('demo-play').addEventListener('click', () => {
    wanted = true;
    playback.play(name);
  });
  byId('demo-stop').addEventListener('click', () => {
    wanted = false;
    playback.stop();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden)
      playback.stop();
    else if (wanted)
      playback.play(name);
  });
  if (wanted && !document.hidden)
    playback.play(name);
  else
    onState('idle', null);
}

checkBrowser().then(checkServer).then(async () => {
  const name = await demoName();

  if (name)
    showDemo(name);
  else
    connection.close();
});
checkCamera().catch((error) => setCheck('check-camera', 'warn', wordsOf(error)));
