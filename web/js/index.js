// SPDX-License-Identifier: GPL-3.0-or-later
// The first page: what stands in the way of publishing and playing, told before it is tried.

import {Connection, sdk, secureUrl, serverUrl} from './connection.js';
import {byId} from './page.js';
import {Told, insecureWords} from './words.js';

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
  const connection = new Connection();

  try {
    await connection.session();
    connection.close();
    setCheck('check-server', 'good', {title: `Answers at ${await serverUrl()}.`});
  } catch (error) {
    setCheck('check-server', 'bad', wordsOf(error));
  }
}

checkBrowser().then(checkServer);
checkCamera().catch((error) => setCheck('check-camera', 'warn', wordsOf(error)));
