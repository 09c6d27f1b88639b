// SPDX-License-Identifier: GPL-3.0-or-later
// The fields of a page that publishes: #camera, #microphone, #resolution, #bitrate.

import {byId} from './page.js';

/** A name that nobody else is likely to use. */
export function randomName() {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  const bytes = crypto.getRandomValues(new Uint8Array(5));

  return `stream-${Array.from(bytes, (byte) => letters[byte % letters.length]).join('')}`;
}

/** What the reader chose: the argument of Publication.publish(). */
export function chosen() {
  const [width, height] = byId('resolution').value.split('x').map(Number);

  return {camera: byId('camera').value, microphone: byId('microphone').value, width, height,
    maxBitrate: Number(byId('bitrate').value)};
}

/** Fills the lists; device names are known only after the first permission. */
export async function listDevices() {
  const devices = await navigator.mediaDevices.enumerateDevices();

  for (const [id, kind] of [['camera', 'videoinput'], ['microphone', 'audioinput']]) {
    const select = byId(id), value = select.value;
    for (const option of [...select.options]) {
      if (option.dataset.device)
        option.remove();
    }
    for (const device of devices) {
      if (device.kind !== kind || !device.label || ['default', 'communications'].includes(device.deviceId))
        continue;
      const option = new Option(device.label, device.deviceId);
      option.dataset.device = 'yes';
      select.add(option, select.options.length - 1); // before "no video"
    }
    select.value = value;
    if (select.selectedIndex < 0)
      select.value = '';
  }
}
