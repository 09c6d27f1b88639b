/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The users of passwd(5), and which of them are operators. */
#include "http/local_users.h"

#include "base/log.h"
#include "base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FILE_MAX = 4 << 20,     /* bytes of a file; what lies beyond is not read */
    NAME_MAX_LEN = 32,      /* useradd(8) */
    UID_MIN_DEFAULT = 1000, /* login.defs(5) */
    UID_MAX_DEFAULT = 60000,
    OVERFLOW_UID = 65534, /* where /proc/sys does not tell */
    NUMBER_DIGITS_MAX = 10,
};

struct user {
    uid_t uid;
    bool local;
    char name[NAME_MAX_LEN + 1]; /* "" for one that was named by its number */
};

struct sl_local_users {
    struct user *list; /* sorted by uid */
    size_t count, room;
    uid_t own;
    bool has_stranger; /* users that cannot be told apart share this uid: */
    uid_t stranger;
};

/* ---- Texts ---- */

/* The next line without its end; NULL behind the last. *at moves on. */
static const char *next_line(const char **at, size_t *len)
{
    const char *line = *at;

    if (!line || *line == '\0')
        return NULL;
    *len = strcspn(line, "\n");
    *at = line + *len + (line[*len] == '\n');
    return line;
}

/* A decimal number of len bytes that is a uid; (uid_t)-1 is none. */
static bool parse_uid(const char *text, size_t len, uid_t *out)
{
    uint64_t value = 0;

    if (len == 0 || len > NUMBER_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)text[i]))
            return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (value >= UINT32_MAX)
        return false;
    *out = (uid_t)value;
    return true;
}

/* `KEY value` of login.defs(5); otherwise fallback. */
static uid_t read_bound(const char *text, const char *key, uid_t fallback)
{
    const char *line;
    size_t len, key_len = strlen(key);
    uid_t value = fallback;

    while ((line = next_line(&text, &len))) {
        const char *end = line + len, *at = line;
        while (at < end && isblank((unsigned char)*at))
            at++;
        if ((size_t)(end - at) <= key_len || strncmp(at, key, key_len) != 0 ||
            !isblank((unsigned char)at[key_len]))
            continue;
        at += key_len;
        while (at < end && isblank((unsigned char)*at))
            at++;
        size_t digits = 0;
        while (at + digits < end && isdigit((unsigned char)at[digits]))
            digits++;
        (void)parse_uid(at, digits, &value); /* no number: the last one holds */
    }
    return value;
}

/* A map of one line "0 0 4294967295" is that of the whole machine; an unknown one may be any. */
static bool maps_everyone(const char *uid_map)
{
    unsigned long inside, outside, count;

    return uid_map && sscanf(uid_map, "%lu %lu %lu", &inside, &outside, &count) == 3 &&
           inside == 0 && outside == 0 && count == UINT32_MAX;
}

/* ---- The list ---- */

static void add_user(struct sl_local_users *users, uid_t uid, const char *name, size_t name_len,
                     bool local)
{
    if (users->count == users->room) {
        users->room = users->room ? users->room * 2 : 64; /* bounded by the lines of FILE_MAX */
        struct user *larger = sl_new_array(struct user, users->room);
        if (users->count > 0)
            memcpy(larger, users->list, users->count * sizeof(*larger));
        free(users->list);
        users->list = larger;
    }
    struct user *user = &users->list[users->count++];
    user->uid = uid;
    user->local = local;
    if (name_len > NAME_MAX_LEN)
        name_len = NAME_MAX_LEN; /* cut, for the log */
    if (name_len > 0)
        memcpy(user->name, name, name_len);
    user->name[name_len] = '\0';
}

static bool is_login_shell(const char *shell, size_t len)
{
    static const char *const others[] = {"nologin", "false", "true", "sync", "shutdown", "halt"};

    for (size_t i = len; i > 0; i--) {
        if (shell[i - 1] == '/') {
            shell += i;
            len -= i;
            break;
        }
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(others); i++) {
        if (strlen(others[i]) == len && !strncmp(shell, others[i], len))
            return false;
    }
    return true; /* an empty one is /bin/sh, see passwd(5) */
}

static bool is_named(const char *const *names, size_t count, const char *name, size_t len)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) == len && !strncmp(names[i], name, len))
            return true;
    }
    return false;
}

/* `name:password:uid:gid:comment:home:shell`; anything else is skipped. */
static void add_line(struct sl_local_users *users, const char *line, size_t len, uid_t uid_min,
                     uid_t uid_max, const char *const *names, size_t count)
{
    const char *fields[7], *end = line + len;
    size_t lens[7];
    uid_t uid;

    for (size_t i = 0; i < SL_ARRAY_LEN(fields); i++) {
        const char *colon = memchr(line, ':', (size_t)(end - line));
        bool last = i == SL_ARRAY_LEN(fields) - 1;
        if (last == (colon != NULL))
            return;
        fields[i] = line;
        lens[i] = (size_t)((last ? end : colon) - line);
        line += lens[i] + (last ? 0 : 1);
    }
    if (lens[0] == 0 || !parse_uid(fields[2], lens[2], &uid))
        return;
    bool logs_in = uid >= uid_min && uid <= uid_max && is_login_shell(fields[6], lens[6]);
    add_user(users, uid, fields[0], lens[0], logs_in || is_named(names, count, fields[0], lens[0]));
}

static bool is_in_list(const struct sl_local_users *users, const char *name)
{
    for (size_t i = 0; i < users->count; i++) {
        if (!strcmp(users->list[i].name, name))
            return true;
    }
    return false;
}

static int compare_users(const void *a, const void *b)
{
    const struct user *first = a, *second = b;

    return first->uid < second->uid ? -1 : first->uid > second->uid;
}

struct sl_local_users *sl_local_users_parse(const struct sl_local_users_texts *texts,
                                            const char *const *names, size_t count,
                                            void (*on_unknown)(const char *name))
{
    struct sl_local_users *users = sl_new(struct sl_local_users);
    uid_t uid_min = read_bound(texts->login_defs, "UID_MIN", UID_MIN_DEFAULT);
    uid_t uid_max = read_bound(texts->login_defs, "UID_MAX", UID_MAX_DEFAULT);
    const char *at = texts->passwd, *line;
    size_t len;
    uid_t uid;

    users->own = texts->own;
    users->has_stranger = !maps_everyone(texts->uid_map);
    users->stranger = texts->overflow;
    while ((line = next_line(&at, &len)))
        add_line(users, line, len, uid_min, uid_max, names, count);
    for (size_t i = 0; i < count; i++) {
        if (is_in_list(users, names[i]))
            continue;
        if (parse_uid(names[i], strlen(names[i]), &uid))
            add_user(users, uid, "", 0, true);
        else if (on_unknown)
            on_unknown(names[i]);
    }
    if (users->count > 0)
        qsort(users->list, users->count, sizeof(*users->list), compare_users);
    return users;
}

void sl_local_users_destroy(struct sl_local_users *users)
{
    if (!users)
        return;
    free(users->list);
    free(users);
}

/* The first entry of this uid, or where it would be. Several names may share one. */
static size_t lower_bound(const struct sl_local_users *users, uid_t uid)
{
    size_t low = 0, high = users->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (users->list[middle].uid < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool sl_local_users_tells(const struct sl_local_users *users, uid_t uid)
{
    return !users->has_stranger || uid != users->stranger;
}

bool sl_local_users_has(const struct sl_local_users *users, uid_t uid)
{
    if (!sl_local_users_tells(users, uid))
        return false; /* anybody */
    if (uid == 0 || uid == users->own)
        return true;
    for (size_t i = lower_bound(users, uid); i < users->count && users->list[i].uid == uid; i++) {
        if (users->list[i].local)
            return true;
    }
    return false;
}

char *sl_local_users_describe(const struct sl_local_users *users, uid_t uid,
                              char out[static SL_USER_TEXT_MAX])
{
    for (size_t i = lower_bound(users, uid); i < users->count && users->list[i].uid == uid; i++) {
        if (users->list[i].name[0] != '\0') {
            (void)snprintf(out, SL_USER_TEXT_MAX, "%s (uid %u)", users->list[i].name,
                           (unsigned)uid);
            return out;
        }
    }
    (void)snprintf(out, SL_USER_TEXT_MAX, "uid %u", (unsigned)uid);
    return out;
}

/* ---- Files ---- */

/* The text of a file, NULL if there is none; cut after a whole line if it is very long. */
static char *read_file(const char *name)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    size_t len = 0, room = 4096;
    char *text;

    if (fd < 0) {
        if (errno != ENOENT)
            sl_log(SL_LOG_WARN, NULL, "rest: %s: %s", name, strerror(errno));
        return NULL;
    }
    text = sl_alloc(room + 1);
    for (;;) {
        ssize_t n = read(fd, text + len, room - len);
        if (n <= 0)
            break; /* what could be read counts */
        len += (size_t)n;
        if (len < room)
            continue;
        if (room == FILE_MAX)
            break;
        char *larger = sl_alloc(room * 2 + 1);
        memcpy(larger, text, len);
        free(text);
        text = larger;
        room *= 2;
    }
    (void)close(fd); /* read only */
    while (len == FILE_MAX && len > 0 && text[len - 1] != '\n')
        len--;
    text[len] = '\0';
    return text;
}

static void warn_unknown(const char *name)
{
    char quoted[NAME_MAX_LEN * 2];

    sl_log(SL_LOG_WARN, NULL,
           "rest_local_users: no user %s in /etc/passwd; give the number of one that comes from "
           "elsewhere",
           sl_log_quote(quoted, sizeof(quoted), name));
}

struct sl_local_users *sl_local_users_create(const char *const *names, size_t count)
{
    char *passwd = read_file("/etc/passwd"), *login_defs = read_file("/etc/login.defs");
    char *uid_map = read_file("/proc/self/uid_map");
    char *overflow = read_file("/proc/sys/kernel/overflowuid");
    struct sl_local_users_texts texts = {.passwd = passwd,
                                         .login_defs = login_defs,
                                         .uid_map = uid_map,
                                         .own = geteuid(),
                                         .overflow = OVERFLOW_UID};

    if (overflow)
        (void)parse_uid(overflow, strcspn(overflow, "\n"), &texts.overflow);
    struct sl_local_users *users = sl_local_users_parse(&texts, names, count, warn_unknown);
    free(passwd);
    free(login_defs);
    free(uid_map);
    free(overflow);
    return users;
}
