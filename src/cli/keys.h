/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys in files: the server's own, and those with which users may log in. Blocking. */
#ifndef SL_CLI_KEYS_H
#define SL_CLI_KEYS_H

#include <libssh/libssh.h>
#include <stdbool.h>

struct sl_error;

/* state_dir/ssh_host_ed25519_key in OpenSSH's format; made (mode 0600) if it is not there. The key
 * becomes the caller's. The errno value with words that name the file; -EBADMSG: no such key. */
int sl_host_key_load(const char *state_dir, ssh_key *out, struct sl_error *error);

/* True: the file (OpenSSH's authorized_keys) has a line with this key. Lines with options in front
 * do not count: what they would restrict is not known here. A file that others than its owner may
 * write to does not count either, and that is logged. */
bool sl_key_is_authorized(const char *file, ssh_key key);

#endif
