// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of the tables. Names come from strangers: textContent only.

import {setBadge} from './page.js';

function element(tag, text, className) {
  const made = document.createElement(tag);

  made.textContent = text;
  made.className = className;
  return made;
}

/** A cell; on narrow screens its label stands above it. */
export function cell(label, text, className = '') {
  const made = element('td', text, className);

  made.dataset.label = label;
  return made;
}

/** The first cell, which names the row. */
export function rowHead(text) {
  const made = element('th', text, '');

  made.scope = 'row';
  return made;
}

/** A line of its own within a cell. */
export function subline(text, className = '') {
  return element('span', text, `subline ${className}`.trim());
}

/** A cell with a badge: see setBadge(). */
export function stateCell(text, kind) {
  const made = cell('State', '', 'state');
  const badge = document.createElement('span');

  setBadge(badge, text, kind);
  made.append(badge);
  return made;
}

/** The last cell: a button. name says which of the many it is to those who do not see its row. */
export function buttonCell(text, name, onClick) {
  const made = document.createElement('td');
  const button = element('button', text, 'button');

  button.type = 'button';
  button.setAttribute('aria-label', name);
  button.addEventListener('click', () => onClick(button));
  made.append(button);
  return made;
}

/** Replaces all rows; focus stays on what it was on, so that keyboards are not thrown back. */
export function showRows(body, rows) {
  const label = body.contains(document.activeElement) ?
    document.activeElement.getAttribute('aria-label') : null;

  body.replaceChildren(...rows);
  if (label)
    [...body.querySelectorAll('.button')]
      .find((one) => one.getAttribute('aria-label') === label)?.focus();
}
