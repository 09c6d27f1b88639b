// SPDX-License-Identifier: GPL-3.0-or-later
// A page with a list for operators: #count and #notice above it, #table or #none, and #sign-in with
// its button.

import {byId, countOf, setBadge, setNotice} from './page.js';
import {signIn} from './sign-in.js';

/** Whatever is shown in the table's rows: notice as setNotice() takes it, unit as countOf(). */
export function showListed(count, unit, notice) {
  setBadge(byId('count'), countOf(count, unit), count > 0 ? 'good' : '');
  setNotice(byId('notice'), notice, 'info');
  byId('table').hidden = count === 0;
  byId('none').hidden = count > 0;
  byId('sign-in').hidden = true;
}

function showFailure(words, canSignIn) {
  setBadge(byId('count'), 'Not available', 'warn');
  setNotice(byId('notice'), words, 'warn');
  byId('sign-in').hidden = !canSignIn;
  byId('table').hidden = true;
  byId('none').hidden = true;
}

function refusalWords(status, elsewhere) {
  if (status === 401)
    return {title: 'This list is for the operators of the server.',
      text: 'Sign in with a user of its console.'};
  if (status === 403)
    return {title: 'This list is shown on the server\'s own machine only.',
      text: 'Open it there as http://localhost, or let the operator add your network to rest_allow. ' +
        (elsewhere?.text ?? ''), href: elsewhere?.href, link: elsewhere?.link};
  return {title: 'The server could not make the list.', text: `It answered ${status}.`};
}

/** elsewhere: {text, href, link}, where who may not see the list might go. */
export function showRefusal(status, elsewhere) {
  showFailure(refusalWords(status, elsewhere), status === 401);
}

/** text: what the reader may do. */
export function showUnreachable(text) {
  showFailure({title: 'The server cannot be reached.', text}, false);
}

/** refresh: asks and shows anew. */
export function wireSignIn(refresh) {
  byId('sign-in-button').addEventListener('click', () => {
    signIn();
    refresh();
  });
}
