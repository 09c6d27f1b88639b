// SPDX-License-Identifier: GPL-3.0-or-later
// The files of recordings that are whole, the newest first, to play and to keep. Names come from
// strangers: textContent only.

import {showListed, showRefusal, showUnreachable, wireSignIn} from './listed.js';
import {byId} from './page.js';
import {get} from './rest.js';
import {cell, rowHead, showRows} from './rows.js';

const SHOWN_MAX = 500;
const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'];

function formatSize(bytes) {
  const power = bytes > 0 ? Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3)) : 0;
  const number = bytes / 1000 ** power;

  return `${number.toFixed(power > 0 && number < 10 ? 1 : 0)}\u00a0${UNITS[power]}`;
}

function linkOf(name) {
  return `/client/records/${encodeURIComponent(name)}`;
}

function play(name) {
  const video = byId('video');

  byId('shown-name').textContent = name;
  byId('shown').hidden = false;
  video.src = linkOf(name);
  video.play().catch(() => {}); // the reader has the button
  byId('shown').scrollIntoView({block: 'nearest'});
}

function actionsOf(name) {
  const actions = document.createElement('td');
  const button = document.createElement('button');
  const link = document.createElement('a');

  button.type = 'button';
  button.textContent = 'Play';
  button.setAttribute('aria-label', `Play ${name}`);
  button.addEventListener('click', () => play(name));
  link.className = 'button';
  link.href = linkOf(name);
  link.download = name;
  link.textContent = 'Download';
  link.setAttribute('aria-label', `Download ${name}`);
  actions.append(button, ' ', link);
  return actions;
}

function rowOf({name, size, date}, canFetch) {
  const row = document.createElement('tr');

  row.append(rowHead(name),
    cell('Finished', new Date(date).toLocaleString()),
    cell('Size', formatSize(size), 'number'),
    canFetch ? actionsOf(name) : document.createElement('td'));
  return row;
}

function noticeOf(shown, total, canFetch) {
  if (!canFetch)
    return {title: 'The files can be fetched from the server\'s disk only.',
      text: 'record_access is off.'};
  return total > shown ? {title: `The newest ${shown} of ${total} are shown.`, text: ''} : null;
}

function showRecords({records, access}) {
  const newest = records.toSorted((a, b) => b.date - a.date).slice(0, SHOWN_MAX);
  const canFetch = access !== 'off';

  showRows(byId('rows'), newest.map((record) => rowOf(record, canFetch)));
  showListed(records.length, 'file', noticeOf(newest.length, records.length, canFetch));
}

async function refresh() {
  try {
    const response = await get('/api/v1/records');
    if (response.ok)
      showRecords(await response.json());
    else
      showRefusal(response.status);
  } catch {
    showUnreachable('It may be down. Try again.');
  }
}

byId('refresh').addEventListener('click', refresh);
wireSignIn(refresh);
refresh();
