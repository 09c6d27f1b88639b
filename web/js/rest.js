// SPDX-License-Identifier: GPL-3.0-or-later
// What pages ask of the server as its operators do.

import {credentials, noteStatus} from './sign-in.js';

const LIST_MAX = 5000;

async function request(path, options) {
  const response = await fetch(path, {cache: 'no-store', credentials: credentials(), ...options});

  noteStatus(response.status);
  return response;
}

export const get = (path) => request(path);

export const post = (path, body) => request(path, {method: 'POST',
  headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)});

/** {status, items}: a list of /api/v1; items is null if the server does not tell. */
export async function list(name) {
  const response = await get(`/api/v1/${name}?limit=${LIST_MAX}`);

  return {status: response.status, items: response.ok ? (await response.json())[name] : null};
}

/** True: what was to end has ended, or was not there any more. */
export const hasEnded = ({ok, status}) => ok || status === 404;
