/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The configuration: rows of options.def. Struct, parser, checks, help and the reference page are
 * all made from them.
 *
 * Order at start: sl_config_create() (defaults), sl_config_load(), sl_config_environment(),
 * sl_config_set() for each -o, sl_config_validate(). From then on it changes only by
 * sl_config_reload() on the control loop: other threads get copies of what they need at their
 * start.
 */
#ifndef SL_BASE_CONFIG_H
#define SL_BASE_CONFIG_H

#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct sl_error;

struct sl_string_list {
    char **items; /* trimmed, never empty strings */
    size_t count;
};

bool sl_string_list_has(const struct sl_string_list *list, const char *text);

/* One field per option: ws.port is ws_port. Strings are never NULL. */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): one of it, in the page's order */
struct sl_config {
#define SL_OPTION_BOOL(field, key, value, flags, help)          bool field;
#define SL_OPTION_INT(field, key, value, min, max, flags, help) int64_t field;
#define SL_OPTION_STRING(field, key, value, check, flags, help) char *field;
#define SL_OPTION_LIST(field, key, value, check, flags, help)   struct sl_string_list field;
#include "base/options.def"
};

/* Where findings go that do not stop us. report NULL: to the log. Secrets are never in the text. */
struct sl_config_report {
    void (*on_finding)(void *arg, enum sl_log_level level, const char *text);
    void *arg;
};

/* All defaults. */
struct sl_config *sl_config_create(void);
/* NULL is fine. */
void sl_config_destroy(struct sl_config *config);

enum { SL_CONFIG_FILE_MAX = 1 << 20 }; /* bytes; larger is not a configuration */

/*
 * Take over the keys of one file (configuration.md section 1.1): unknown and repeated keys are
 * warned of, keys of the original that mean nothing here get a debug line. A bad value is reported
 * as an error and the default used, except that ports, addresses and secrets are not guessed.
 *
 * name     the file's name in findings; text: its len bytes
 * Returns  how many values were replaced by their defaults; -EINVAL with words (file, line, key)
 * for a bad value of an option marked strict, -EFBIG. *config is then half changed: destroy it.
 *          sl_config_load() besides: the errno value of opening or reading.
 * Threads  any.
 */
int sl_config_load(struct sl_config *config, const char *file,
                   const struct sl_config_report *report, struct sl_error *error);
int sl_config_parse(struct sl_config *config, const char *text, size_t len, const char *name,
                    const struct sl_config_report *report, struct sl_error *error);

/* Take over SLUICE_WS_PORT=... and the like: SLUICE_, then the key in capitals, '_' for '.' and
 * '-'. Other SLUICE_ names are warned of. Any bad value: -EINVAL with words. */
int sl_config_environment(struct sl_config *config, const char *const *environment,
                          const struct sl_config_report *report, struct sl_error *error);

/* One "key=value" (-o). -EINVAL with words for a bad value or a line without '='; -ENOENT for an
 * unknown key, naming the nearest one. *config is then unchanged. */
int sl_config_set(struct sl_config *config, const char *assignment, struct sl_error *error);

/* What concerns several options together: port ranges, pairs of files, signing without a key.
 * -EINVAL with words naming the keys; what merely has no effect is reported as a warning. */
int sl_config_validate(struct sl_config *config, const struct sl_config_report *report,
                       struct sl_error *error);

/* All options as `key=value`, sorted by key, secrets as ******** (CFG-21). */
void sl_config_print(const struct sl_config *config, FILE *out);
/* The same for one key, without a newline; false for an unknown key. */
bool sl_config_print_one(const struct sl_config *config, const char *key, FILE *out);
/* doc/configuration.md. */
void sl_config_print_reference(FILE *out);
/* One line per option: key, default, what it is. */
void sl_config_print_help(FILE *out);

/*
 * Take the values of *fresh (loaded and validated) that may change while running; the others stay.
 * Every key that differs is told to on_change (may be NULL): applied, or kept until a restart.
 *
 * Strings and lists of reloadable options are replaced: keep no pointers to them across this call.
 * Returns  how many were applied. *fresh then holds the old values; the caller destroys it.
 * Threads  control loop.
 */
size_t sl_config_reload(struct sl_config *config, struct sl_config *fresh,
                        void (*on_change)(void *arg, const char *key, bool applied), void *arg);

/* The directory of sound files, to be freed. */
char *sl_config_media_dir(const struct sl_config *config);

#endif
