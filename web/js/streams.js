// SPDX-License-Identifier: GPL-3.0-or-later
// The lists of live streams, of what is made of them, of pushes, pulls and nodes, kept up to date.
// Names come from strangers: textContent only.

import {showListed, showRefusal, showUnreachable, wireSignIn} from './listed.js';
import {byId, countOf, formatDuration, formatRate, setBadge, setNotice} from './page.js';
import {listNodes, listPulls} from './pulls.js';
import {listPushes, pushBadge, stopPush} from './pushes.js';
import {get} from './rest.js';
import {buttonCell, cell, rowHead, showRows, stateCell} from './rows.js';
import {setUpServers, showNodes, showPulls, sourceCell, waitsForPull} from './servers.js';
import {listVariants, showVariants} from './variants.js';

const REFRESH_MS = 3000;
const REFRESH_SOON_MS = 500; // while the reader waits for something to begin
const SHOWN_MAX = 500;

let timer = null;
let round = 0; // of asking; an answer that a later one has overtaken is not shown

function rowOf(stream) {
  const row = document.createElement('tr');
  const size = stream.width > 0 ? ` ${stream.width}\u00a0×\u00a0${stream.height}` : '';
  const action = document.createElement('td');
  const link = document.createElement('a');

  link.className = 'button';
  link.href = `/player?name=${encodeURIComponent(stream.name)}`;
  link.textContent = 'Play';
  link.setAttribute('aria-label', `Play ${stream.name}`);
  action.append(link);
  row.append(rowHead(stream.name),
    sourceCell(stream),
    cell('Video', stream.videoCodec ? stream.videoCodec + size : 'none'),
    cell('Audio', stream.audioCodec ?? 'none'),
    cell('Players', String(stream.players), 'number'),
    // What is made here is not received, so it has no rate.
    cell('Rate', stream.kind === 'demo' ? '–' : formatRate(stream.bitrate), 'number'),
    cell('Live for', formatDuration(stream.uptime), 'number'),
    action);
  return row;
}

function showStreams({streams, total}) {
  showRows(byId('rows'), streams.map(rowOf));
  showListed(total, 'stream', total > streams.length ?
    {title: `The first ${streams.length} of ${total} streams are shown.`, text: ''} : null);
}

// ---- Pushes ----

async function stop(button, push) {
  button.disabled = true;
  const stopped = await stopPush(push.mediaSessionId).catch(() => false);
  setNotice(byId('push-notice'), stopped ? null :
    {title: `The push of ${push.stream} could not be stopped.`, text: 'Try again.'});
  refresh();
}

function pushRowOf(push) {
  const row = document.createElement('tr');

  row.append(rowHead(push.stream),
    cell('To', push.target, 'target'),
    stateCell(...pushBadge(push.state)),
    cell('Rate', formatRate(push.bitrate), 'number'),
    cell('Dropped', String(push.framesDropped), 'number'),
    cell('For', formatDuration(Math.max(0, Date.now() - push.createDate)), 'number'),
    buttonCell('Stop', `Stop the push of ${push.stream} to ${push.target}`,
      (button) => stop(button, push)));
  return row;
}

/* null: this server cannot push, or does not tell. */
function showPushes(pushes) {
  byId('pushes').hidden = !pushes?.length;
  if (!pushes)
    return;
  setBadge(byId('push-count'), countOf(pushes.length, 'push', 'pushes'), 'good');
  showRows(byId('push-rows'), pushes.slice(0, SHOWN_MAX).map(pushRowOf));
}

// ---- All of it ----

const PLAYER = {text: 'You can still play a stream whose name you know:', href: '/player',
  link: 'open the player'};

function hideTheRest() {
  showVariants(null);
  showPushes(null);
  showPulls(null);
  showNodes(null);
}

async function refresh() {
  const mine = ++round;

  clearTimeout(timer);
  try {
    const response = await get(`/api/v1/streams?limit=${SHOWN_MAX}`);
    const lists = response.ok && await Promise.all([response.json(), listPushes(), listPulls(),
      listNodes(), listVariants()]);
    if (mine !== round)
      return;
    if (lists) {
      const [streams, {items: pushes}, pulls, nodes, variants] = lists;
      showStreams(streams);
      showVariants(variants);
      showPushes(pushes);
      showPulls(pulls);
      showNodes(nodes);
    } else {
      showRefusal(response.status, PLAYER);
      hideTheRest();
    }
  } catch {
    if (mine !== round)
      return;
    showUnreachable('It may be down. The list comes back by itself when it answers again.');
    hideTheRest();
  }
  schedule();
}

function schedule() {
  clearTimeout(timer);
  if (waitsForPull())
    timer = setTimeout(refresh, REFRESH_SOON_MS);
  else if (byId('auto').checked && !document.hidden)
    timer = setTimeout(refresh, REFRESH_MS);
}

byId('auto').addEventListener('change', schedule);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && byId('auto').checked)
    refresh();
});
wireSignIn(refresh);
setUpServers(refresh);
refresh();
