// SPDX-License-Identifier: GPL-3.0-or-later
// The part of the streams page about other servers: what is pulled from and pushed to them, the form
// that begins a pull, and the nodes of the cluster. Names come from strangers: textContent only.

import {byId, countOf, formatDuration, formatRate, setBadge, setNotice} from './page.js';
import {hostOf, pullBadge, startPull, stopPull} from './pulls.js';
import {buttonCell, cell, rowHead, showRows, stateCell, subline} from './rows.js';
import {nameWords} from './words.js';

const SHOWN_MAX = 500;

const DIRECTIONS = new Map([
  ['pull', 'pulled from'],
  ['cluster', 'pulled by the cluster from'],
  ['push', 'pushed to'],
]);

const SOURCES = new Map([['webrtc', 'WebRTC'], ['demo', 'built in'],
  ['transcoder', 'made of another']]);

let refresh = null; // of the page
let begun = null; // the last pull begun here, until its media flows: {localStreamName, uri}

const nameThere = (name) => subline(`named ${name} there`, 'small');

/** The cell that tells where a stream comes from. */
export function sourceCell({name, kind, origin}) {
  if (!origin)
    return cell('Source', SOURCES.get(kind) ?? kind, 'source');
  const made = cell('Source', `pulled from ${hostOf(origin.uri)}`, 'source');

  made.title = origin.uri;
  if (kind === 'cluster')
    made.append(subline('by the cluster', 'small'));
  if (origin.name !== name)
    made.append(nameThere(origin.name));
  return made;
}

// ---- Pulls and pushes ----

async function stop(button, pull) {
  button.disabled = true;
  if (begun?.localStreamName === pull.localStreamName)
    begun = null; // its end is no surprise
  const stopped = await stopPull(pull).catch(() => false);
  setNotice(byId('pull-notice'), stopped ? null :
    {title: `${pull.localStreamName} could not be stopped.`, text: 'Try again.'});
  refresh();
}

function pullRowOf(pull) {
  const row = document.createElement('tr');
  const where = cell('From or to', '', 'target');
  const way = DIRECTIONS.get(pull.direction) ?? pull.direction;

  where.append(`${way} `, subline(pull.uri));
  if (pull.remoteStreamName !== pull.localStreamName)
    where.append(nameThere(pull.remoteStreamName));
  row.append(rowHead(pull.localStreamName),
    where,
    stateCell(...pullBadge(pull.status)),
    cell('Rate', formatRate(pull.bitrate), 'number'),
    cell('For', formatDuration(Math.max(0, Date.now() - pull.createDate)), 'number'),
    buttonCell('Stop', `Stop ${pull.localStreamName}, ${way} ${pull.uri}`,
      (button) => stop(button, pull)));
  return row;
}

function countWords(pulls) {
  const pushes = pulls.filter(({direction}) => direction === 'push').length;
  const others = pulls.length - pushes;
  const words = [];

  if (others > 0)
    words.push(countOf(others, 'pull'));
  if (pushes > 0)
    words.push(countOf(pushes, 'push', 'pushes'));
  return words.join(', ') || 'None';
}

/* One that never came to flow leaves the list without a word: only the log has the reason. */
function followBegun(pulls) {
  const mine = begun && pulls.find(({localStreamName}) => localStreamName === begun.localStreamName);

  if (!begun || (mine && mine.status !== 'PROCESSED_REMOTE'))
    return;
  if (!mine)
    setNotice(byId('pull-notice'), {title: `${begun.localStreamName} could not be pulled.`,
      text: `${hostOf(begun.uri)} does not answer, refused it, or has no such stream. ` +
        'The log of this server says which.'});
  begun = null;
}

/** null: this server cannot pull, or does not tell. */
export function showPulls(pulls) {
  byId('pulls').hidden = !pulls;
  if (!pulls) {
    begun = null;
    return;
  }
  followBegun(pulls);
  setBadge(byId('pull-count'), countWords(pulls), pulls.length > 0 ? 'good' : '');
  showRows(byId('pull-rows'), pulls.slice(0, SHOWN_MAX).map(pullRowOf));
  byId('pull-table').hidden = pulls.length === 0;
}

/** True while a pull that was begun here has no media yet: the page then asks more often. */
export const waitsForPull = () => begun !== null;

// ---- The form ----

function entered() {
  const remoteStreamName = byId('pull-remote').value.trim();

  return {uri: byId('pull-uri').value.trim(), remoteStreamName,
    localStreamName: byId('pull-local').value.trim() || remoteStreamName};
}

async function begin(pull) {
  const unusable = nameWords(pull.remoteStreamName) ?? nameWords(pull.localStreamName);

  if (unusable)
    return unusable;
  try {
    const message = await startPull(pull);
    return message === null ? null :
      {title: `${pull.localStreamName} cannot be pulled.`, text: `The server says: ${message}`};
  } catch {
    return {title: 'The server cannot be reached.', text: 'It may be down. Try again.'};
  }
}

async function submit(event) {
  const button = byId('pull-start');
  const pull = entered();

  event.preventDefault();
  if (button.disabled) // Enter, while the one before is being asked for
    return;
  button.disabled = true;
  const words = await begin(pull);
  button.disabled = false;
  setNotice(byId('pull-notice'), words);
  if (words)
    return;
  begun = pull;
  byId('pull-remote').value = '';
  byId('pull-local').value = '';
  refresh();
}

// ---- Nodes ----

function nodeRowOf(node) {
  const row = document.createElement('tr');
  const head = rowHead(node.uri);

  if (node.self) {
    const badge = document.createElement('span');
    setBadge(badge, 'this one', 'good');
    head.append(' ', badge);
  }
  row.append(head,
    cell('Streams', String(node.streams), 'number'),
    cell('Players', String(node.players), 'number'),
    cell('CPU', `${Math.round(node.cpu)} % of a core`, 'number'),
    cell('Up for', formatDuration(node.uptime), 'number'));
  return row;
}

/** None without a cluster; null if the server does not tell. */
export function showNodes(nodes) {
  byId('nodes').hidden = !nodes?.length;
  if (!nodes)
    return;
  setBadge(byId('node-count'), countOf(nodes.length, 'node'), 'good');
  showRows(byId('node-rows'), nodes.map(nodeRowOf));
}

/** Once. refresh: shows everything anew. */
export function setUpServers(refreshPage) {
  refresh = refreshPage;
  byId('pull-form').addEventListener('submit', submit);
}
