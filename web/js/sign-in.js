// SPDX-License-Identifier: GPL-3.0-or-later
// Whether requests carry the name and password that the browser was told: only once the reader has
// asked to sign in, as the browser's own question would startle everyone else. It holds for all pages
// of the tab, until the server refuses them.

const KEY = 'signed-in';

function recall() {
  try {
    return sessionStorage.getItem(KEY) !== null;
  } catch {
    return false; // storage is blocked: each page asks anew
  }
}

function remember(signedIn) {
  try {
    if (signedIn)
      sessionStorage.setItem(KEY, '');
    else
      sessionStorage.removeItem(KEY);
  } catch {
    // as above
  }
}

let signedIn = recall();

/** For fetch(). */
export const credentials = () => signedIn ? 'same-origin' : 'omit';

/** The next request makes the browser ask. */
export function signIn() {
  signedIn = true;
}

/** What became of a request: who was refused, or sent the question away, is not asked again. */
export function noteStatus(status) {
  if (status === 401)
    signedIn = false;
  remember(signedIn);
}
