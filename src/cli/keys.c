/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The host key and the file of authorized keys. */
#include "cli/keys.h"

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    KEY_FILE_MAX = 16384,
    AUTHORIZED_FILE_MAX = 1 << 20,
    FILE_QUOTED_MAX = 256,
    SUFFIX_LEN = 8,
};

/* ---- Files ---- */

/* The whole file with a NUL behind it; wiped and freed by the caller. */
static int read_file(int fd, size_t max, char **out)
{
    char *text = sl_alloc(max + 1);
    size_t len = 0;
    ssize_t got;

    do {
        got = read(fd, text + len, max - len);
        if (got > 0)
            len += (size_t)got;
    } while (len < max && (got > 0 || (got < 0 && errno == EINTR)));
    if (got < 0 || len == max) {
        int err = got < 0 ? -errno : -EFBIG;
        explicit_bzero(text, len);
        free(text);
        return err;
    }
    *out = text;
    return 0;
}

static int write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t wrote = write(fd, text, len);
        if (wrote < 0 && errno != EINTR)
            return -errno;
        if (wrote > 0) {
            text += wrote;
            len -= (size_t)wrote;
        }
    }
    return fsync(fd) < 0 ? -errno : 0;
}

/* Under another name first: a crash leaves no half of a key behind. */
static int write_file(const char *file, const char *text)
{
    char temporary[PATH_MAX], suffix[SUFFIX_LEN + 1];
    int err;

    sl_random_token(suffix, SUFFIX_LEN);
    if (snprintf(temporary, sizeof(temporary), "%s.%s", file, suffix) >= (int)sizeof(temporary))
        return -ENAMETOOLONG;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    err = write_all(fd, text, strlen(text));
    if (close(fd) < 0 && err == 0)
        err = -errno;
    if (err == 0 && rename(temporary, file) < 0)
        err = -errno;
    if (err < 0)
        (void)unlink(temporary); /* the error that counts is the one before */
    return err;
}

/* ---- The host key ---- */

static int make_host_key(const char *file, ssh_key *out, struct sl_error *error)
{
    char *text = NULL;
    int err;

    if (ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, out) != SSH_OK ||
        ssh_pki_export_privkey_base64(*out, NULL, NULL, NULL, &text) != SSH_OK) {
        ssh_key_free(*out);
        *out = NULL;
        return sl_error_set(error, -EIO, "%s: no key could be made", file);
    }
    err = write_file(file, text);
    explicit_bzero(text, strlen(text));
    free(text);
    if (err < 0) {
        ssh_key_free(*out);
        *out = NULL;
        return sl_error_set(error, err, "%s: %s", file, strerror(-err));
    }
    sl_log(SL_LOG_INFO, NULL, "console: made the host key %s", file);
    return 0;
}

/* Without this OpenSSL asks on the terminal, and waits there. */
static int no_passphrase(const char *prompt, char *out, size_t room, int echo, int verify,
                         void *arg)
{
    (void)prompt;
    (void)out;
    (void)room;
    (void)echo;
    (void)verify;
    (void)arg;
    return -1;
}

int sl_host_key_load(const char *state_dir, ssh_key *out, struct sl_error *error)
{
    char file[PATH_MAX], *text = NULL;
    int err;

    *out = NULL;
    if (snprintf(file, sizeof(file), "%s/ssh_host_ed25519_key", state_dir) >= (int)sizeof(file))
        return sl_error_set(error, -ENAMETOOLONG, "state_dir: the name is too long");
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return make_host_key(file, out, error);
    if (fd < 0)
        return sl_error_set(error, -errno, "%s: %s", file, strerror(errno));
    err = read_file(fd, KEY_FILE_MAX, &text);
    (void)close(fd); /* read only: nothing to lose */
    if (err < 0)
        return sl_error_set(error, err, "%s: %s", file, strerror(-err));
    bool good = ssh_pki_import_privkey_base64(text, NULL, no_passphrase, NULL, out) == SSH_OK;
    explicit_bzero(text, strlen(text));
    free(text);
    if (good && ssh_key_type(*out) == SSH_KEYTYPE_ED25519)
        return 0;
    ssh_key_free(*out);
    *out = NULL;
    return sl_error_set(error, -EBADMSG, "%s: not an ed25519 key without a passphrase", file);
}

/* ---- Authorized keys ---- */

static bool is_key_type(const char *word)
{
    return !strncmp(word, "ssh-", 4) || !strncmp(word, "ecdsa-", 6) || !strncmp(word, "sk-", 3);
}

/* "TYPE BASE64 [COMMENT]"; the type is also part of what base64 holds. */
static bool line_has(char *line, const char *base64)
{
    char *rest, *type = strtok_r(line, " \t\r", &rest);
    const char *key = type && is_key_type(type) ? strtok_r(NULL, " \t\r", &rest) : NULL;

    return key && !strcmp(key, base64);
}

static bool is_private(int fd, const char *file)
{
    char quoted[FILE_QUOTED_MAX];
    struct stat about;

    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) &&
        (about.st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return true;
    sl_log(SL_LOG_WARN, NULL, "console: cli.authorized_keys: %s: others may write to it: not used",
           sl_log_quote(quoted, sizeof(quoted), file));
    return false;
}

static bool file_has(int fd, const char *base64)
{
    char *text = NULL, *rest;
    bool found = false;

    if (read_file(fd, AUTHORIZED_FILE_MAX, &text) < 0)
        return false;
    for (char *line = strtok_r(text, "\n", &rest); line && !found;
         line = strtok_r(NULL, "\n", &rest))
        found = line_has(line, base64);
    free(text);
    return found;
}

bool sl_key_is_authorized(const char *file, ssh_key key)
{
    char quoted[FILE_QUOTED_MAX], *base64 = NULL;
    bool found = false;

    if (!file[0] || ssh_pki_export_pubkey_base64(key, &base64) != SSH_OK)
        return false;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* not even a FIFO stops this thread */
    if (fd < 0)
        sl_log(SL_LOG_WARN, NULL, "console: cli.authorized_keys: %s: %s",
               sl_log_quote(quoted, sizeof(quoted), file), strerror(errno));
    else
        found = is_private(fd, file) && file_has(fd, base64);
    if (fd >= 0)
        (void)close(fd); /* read only: nothing to lose */
    ssh_string_free_char(base64);
    return found;
}
