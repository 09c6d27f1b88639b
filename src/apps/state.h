/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The text of apps.json (cli.md section 5):
 *
 *   {"version": 1,
 *    "apps": [{"name", "appKey", "url", "owner", "mainClass", "callbackClass",
 *              "restUsername", "restPassword", "methods": ["publishStream", ...]}],
 *    "users": [{"username", "passwordHash", "active"}]}
 *
 * Pure.
 */
#ifndef SL_APPS_STATE_H
#define SL_APPS_STATE_H

#include <stddef.h>

struct sl_error;
struct sl_registry;

enum {
    /* The limits of registry.h, all reached and every character escaped, make less than 6.5 MB. */
    SL_STATE_MAX = 8 << 20
};

/*
 * on_warning   what is passed over: a method, a field that this version does not know
 * Returns      0, *out is the caller's to destroy; -EBADMSG with words that name the place, but
 *              never quote a secret.
 */
int sl_state_parse(const char *text, size_t len, void (*on_warning)(void *arg, const char *words),
                   void *arg, struct sl_registry **out, struct sl_error *error);

/* A text of at most SL_STATE_MAX bytes for free(); NULL: out of memory. */
char *sl_state_build(const struct sl_registry *registry);

#endif
