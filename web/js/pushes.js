// SPDX-License-Identifier: GPL-3.0-or-later
// Pushes to RTMP servers, as the server tells operators of them.

import {hasEnded, list, post} from './rest.js';

const STATES = new Map([
  ['WAITING', ['Waiting', 'warn']],
  ['CONNECTING', ['Connecting', 'warn']],
  ['PUBLISHING', ['Publishing', 'good']],
  ['RETRYING', ['Trying again', 'warn']],
]);

/** [text, kind] of a badge. */
export function pushBadge(state) {
  return STATES.get(state) ?? [state, ''];
}

/** {status, items}: all of them; items is null if the server does not tell. */
export const listPushes = () => list('pushes');

/** The name that a stream is published by on the other server; null if the push has gone. */
export async function publishedName(stream, mediaSessionId) {
  const response = await post('/rest-api/push/find', {streamName: stream});
  const found = response.ok ? await response.json() : [];

  return found.find((push) => push.mediaSessionId === mediaSessionId)?.streamName ?? null;
}

/** True if it has been ended, or was not there any more. */
export const stopPush = async (mediaSessionId) =>
  hasEnded(await post('/rest-api/push/terminate', {mediaSessionId}));
