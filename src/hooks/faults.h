/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Failed hooks in the log: of each application one line a second, and how many more there were. */
#ifndef SL_HOOKS_FAULTS_H
#define SL_HOOKS_FAULTS_H

#include <stdbool.h>

struct sl_loop;
struct sl_hook_faults;

struct sl_hook_faults *sl_hook_faults_create(struct sl_loop *loop);
/* NULL is fine. */
void sl_hook_faults_destroy(struct sl_hook_faults *faults);
/* True: tell of this one. False: it is counted, and told of with others later. */
bool sl_hook_faults_note(struct sl_hook_faults *faults, const char *app_key);

#endif
