// SPDX-License-Identifier: GPL-3.0-or-later
// The form of a page that publishes: a button that begins and ends it, the fields that are fixed
// meanwhile, and #release, which lets go of the camera.

import {listDevices} from './camera.js';
import {byId} from './page.js';

const FIELDS = ['camera', 'microphone', 'resolution', 'bitrate'];

/** As the state of the publication is. button: its id; words: [idle, otherwise]; fields: ids, besides
 * those of every such page. */
export function showPublishForm(publication, {button, words: [idle, otherwise], fields}) {
  const isIdle = publication.state === 'idle';

  byId(button).textContent = isIdle ? idle : otherwise;
  byId(button).classList.toggle('stop', !isIdle);
  for (const id of [...fields, ...FIELDS])
    byId(id).disabled = !isIdle;
  byId('release').hidden = !isIdle || !publication.hasCamera;
  if (publication.state === 'publishing')
    listDevices().catch(() => {}); // the standard ones stay
}

/** begin: what the form is for. */
export function wirePublishForm(publication, form, begin) {
  byId(form).addEventListener('submit', (event) => {
    event.preventDefault();
    if (publication.state === 'idle')
      begin();
    else
      publication.stop();
  });
  byId('release').addEventListener('click', () => publication.release());
}
