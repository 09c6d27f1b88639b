/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sets of names of hook methods: which of them an application has enabled. Pure. */
#ifndef SL_APPS_METHODS_H
#define SL_APPS_METHODS_H

#include "apps/apps.h"

#include <stdint.h>

/* A bit for each entry of sl_hook_names(). Not for the file: there, names are written. */
typedef uint64_t sl_hook_set;

/* Without case; of two names that differ in case only, the one that is written so, else the usual
 * one. NULL: no such name. */
const struct sl_hook_name *sl_hook_name_find(const char *text);

/* The set with this one name, which must be an entry of sl_hook_names(). */
sl_hook_set sl_hook_set_of(const struct sl_hook_name *name);
/* All names but the aliases. */
sl_hook_set sl_hook_set_usual(void);
/* The name under which the method is in the set, the usual one first; NULL: under none. */
const char *sl_hook_set_name(sl_hook_set set, enum sl_hook_method method);
/* In the order of sl_hook_names(). */
void sl_hook_set_each(sl_hook_set set, void (*fn)(const char *name, void *arg), void *arg);

#endif
