/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Passwords at rest: salted scrypt (RFC 7914), as text that names its parameters, so that they can
 * be raised and older hashes still be checked. Threads: any; hashing and checking compute for
 * tens of milliseconds.
 */
#ifndef SL_APPS_PASSWORD_H
#define SL_APPS_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

enum {
    SL_PASSWORD_MAX = 255,      /* bytes; cli.md section 4.3 has no bound, a job's copy needs one */
    SL_PASSWORD_HASH_LEN = 128, /* of the text, with the NUL */
    SL_PASSWORD_DRAWN_LEN = 20, /* characters of 56: 116 bits */
};

/* "scrypt:16384:8:1$<salt>$<key>" under a new salt. -ENOMEM: no memory for it. */
int sl_password_hash(const char *password, char out[SL_PASSWORD_HASH_LEN]);
/* True if hash is one of ours whose cost is bounded: at most 64 MiB and one second or so. */
bool sl_password_hash_is_valid(const char *hash);
/* In constant time as far as the password goes. False for a hash that is not valid, and if there
 * is no memory. */
bool sl_password_matches(const char *password, const char *hash);
/* A hash that no password has, as costly to check as a new one. */
void sl_password_decoy(char out[SL_PASSWORD_HASH_LEN]);
/* A new password without characters that look alike. */
void sl_password_draw(char out[SL_PASSWORD_DRAWN_LEN + 1]);

#endif
