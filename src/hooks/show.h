/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON for the log: one line, cut, without secrets (rest-hooks.md section 2). Pure. */
#ifndef SL_HOOKS_SHOW_H
#define SL_HOOKS_SHOW_H

#include <jansson.h>
#include <stddef.h>

/*
 * Writes value into out, with its NUL at most out_len bytes (at least 8): `...` ends what was cut.
 * Long strings are cut, controls and quotes escaped as sl_log_quote() does, and in place of what
 * stands under a secret's name (passwords, tokens, URLs with stream keys), whatever its type, is
 * `***`. Returns out. NULL gives "".
 */
char *sl_hook_show(char *out, size_t out_len, json_t *value);

#endif
