/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which users of this machine are taken for its operators: root, the server's own, those who log
 * in, and those whom `rest_local_users` names. Everyone else is a service, and a service may act
 * for strangers, as a reverse proxy does.
 *
 * Who logs in: a uid from UID_MIN to UID_MAX of login.defs(5) with a shell in passwd(5) that is
 * one: not `nologin`, `false` or their like. The file alone is read, and only when the policy is
 * made, because a name service may wait for the network.
 */
#ifndef SL_HTTP_LOCAL_USERS_H
#define SL_HTTP_LOCAL_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sl_local_users;

enum { SL_USER_TEXT_MAX = 80 };

/* names: as in passwd(5), or numbers. One that is in no file is logged, and has no effect. */
struct sl_local_users *sl_local_users_create(const char *const *names, size_t count);
/* NULL is fine. */
void sl_local_users_destroy(struct sl_local_users *users);

bool sl_local_users_has(const struct sl_local_users *users, uid_t uid);
/* False for the one number by which the kernel calls all whom our user namespace does not map. */
bool sl_local_users_tells(const struct sl_local_users *users, uid_t uid);
/* "www-data (uid 33)" or "uid 33", for logs. Returns out. */
char *sl_local_users_describe(const struct sl_local_users *users, uid_t uid,
                              char out[static SL_USER_TEXT_MAX]);

/* ---- Made of texts instead of files; pure ---- */

struct sl_local_users_texts {
    const char *passwd, *login_defs; /* NULL: there is none */
    const char *uid_map;             /* /proc/self/uid_map; NULL: not known */
    uid_t own;
    uid_t overflow; /* what the kernel calls users outside that map */
};
/* on_unknown (may be NULL) is told each name that is in no file. */
struct sl_local_users *sl_local_users_parse(const struct sl_local_users_texts *texts,
                                            const char *const *names, size_t count,
                                            void (*on_unknown)(const char *name));

#endif
