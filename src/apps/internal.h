/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the public calls share: the registry, its file, and the jobs for passwords. */
#ifndef SL_APPS_INTERNAL_H
#define SL_APPS_INTERNAL_H

#include "apps/answers.h"
#include "apps/registry.h"
#include "apps/save.h"

enum { SL_MEMORY_KEY_LEN = 32 };

/* Owner: the control loop. */
struct sl_apps {
    char *state_dir;
    struct sl_registry *registry;
    struct sl_saver saver;
    struct sl_answers answers;
    struct sl_jobs jobs;                   /* hashing passwords, checking them */
    uint64_t job_serial;                   /* of the last job that sets a password */
    uint8_t memory_key[SL_MEMORY_KEY_LEN]; /* of remembered passwords, drawn at start */
    char decoy[SL_PASSWORD_HASH_LEN];      /* checked in place of an unknown user's */
};

#endif
