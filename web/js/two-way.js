// SPDX-License-Identifier: GPL-3.0-or-later
// The two-way page: a publication and a playback on one connection.

import {chosen, listDevices, randomName} from './camera.js';
import {Connection} from './connection.js';
import {byId, playerUrl, setBadge, toggleFullscreen} from './page.js';
import {Playback} from './playback.js';
import {Publication} from './publication.js';

const LOCKED_WHILE_PUBLISHING = ['publish-name', 'camera', 'microphone', 'resolution', 'bitrate'];

const connection = new Connection((text, kind) => setBadge(byId('connection'), text, kind));

const publication = new Publication(connection, {
  stage: byId('local').parentElement, display: byId('local'), status: byId('publish-status'),
  notice: byId('publish-notice'), stats: byId('publish-stats'),
}, onPublicationState);

const playback = new Playback(connection, {
  stage: byId('stage'), display: byId('remote'), status: byId('play-status'),
  notice: byId('play-notice'), stats: byId('play-stats'), unmute: byId('unmute'),
  volume: byId('volume'),
}, onPlaybackState);

function setMuteButton(button, muted, onText, offText) {
  button.setAttribute('aria-pressed', String(muted));
  button.textContent = muted ? offText : onText;
}

function onPublicationState(state) {
  const button = byId('publish'), live = state === 'publishing';
  const name = byId('publish-name').value.trim();

  button.textContent = state === 'idle' ? 'Publish' : 'Stop';
  button.classList.toggle('stop', state !== 'idle');
  for (const id of LOCKED_WHILE_PUBLISHING)
    byId(id).disabled = state !== 'idle';
  byId('mute-audio').disabled = !live || byId('microphone').value === 'none';
  byId('mute-video').disabled = !live || byId('camera').value === 'none';
  setMuteButton(byId('mute-audio'), false, 'Mute microphone', 'Unmute microphone');
  setMuteButton(byId('mute-video'), false, 'Hide camera', 'Show camera');
  byId('release').hidden = state !== 'idle' || !publication.hasCamera;
  byId('share').hidden = !live;
  if (live) {
    byId('share-link').value = playerUrl(name);
    byId('open').href = playerUrl(name);
    byId('send').hidden = !navigator.share;
    listDevices().catch(() => {}); // the standard ones stay
  }
}

function onPlaybackState(state) {
  const button = byId('play');

  button.textContent = state === 'idle' ? 'Play' : 'Stop';
  button.classList.toggle('stop', state !== 'idle');
  byId('play-name').disabled = state !== 'idle';
  byId('fullscreen').disabled = state !== 'playing';
}

byId('publish-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (publication.state === 'idle')
    publication.publish(byId('publish-name').value.trim(), chosen());
  else
    publication.stop();
});

byId('play-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (playback.state === 'idle')
    playback.play(byId('play-name').value.trim());
  else
    playback.stop();
});

byId('mute-audio').addEventListener('click', (event) => {
  setMuteButton(event.currentTarget, publication.toggleAudio(), 'Mute microphone', 'Unmute microphone');
});

byId('mute-video').addEventListener('click', (event) => {
  setMuteButton(event.currentTarget, publication.toggleVideo(), 'Hide camera', 'Show camera');
});

byId('release').addEventListener('click', () => publication.release());
byId('fullscreen').addEventListener('click', () => toggleFullscreen(byId('stage')));
byId('share-link').addEventListener('focus', (event) => event.currentTarget.select());

byId('copy').addEventListener('click', async (event) => {
  const button = event.currentTarget, link = byId('share-link');

  try {
    await navigator.clipboard.writeText(link.value);
    button.textContent = 'Copied';
  } catch {
    link.focus(); // selects it, for copying by hand
    button.textContent = 'Selected: copy it';
  }
  setTimeout(() => {
    button.textContent = 'Copy link';
  }, 2500);
});

byId('send').addEventListener('click', () => {
  navigator.share({title: 'Live stream', url: byId('share-link').value}).catch(() => {});
});

const asked = new URLSearchParams(location.search).get('name');
byId('publish-name').value = randomName();
byId('play-name').value = asked ?? byId('publish-name').value;
