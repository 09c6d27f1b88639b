/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to config*.c: options.def as a table, and how one value is read and written. */
#ifndef SL_BASE_CONFIG_TABLE_H
#define SL_BASE_CONFIG_TABLE_H

#include "base/config.h"

enum sl_option_type { SL_TYPE_BOOL, SL_TYPE_INT, SL_TYPE_STRING, SL_TYPE_LIST };

/* The flags as options.def writes them. */
enum sl_option_flags {
    RELOAD = 1 << 0,
    STRICT = 1 << 1,
    SECRET = 1 << 2,
};

/* What a string, or each element of a list, must be. */
struct sl_option_check {
    bool (*is_good)(const char *text); /* never called with an empty string */
    const char *expected;              /* "an IP address" */
    bool needed;                       /* empty is no value */
};

struct sl_option {
    const char *key, *value, *help; /* value: the default as text */
    enum sl_option_type type;
    unsigned flags;
    size_t offset;                       /* of the field in struct sl_config */
    int64_t min, max;                    /* numbers only */
    const struct sl_option_check *check; /* strings and lists only */
};

extern const struct sl_option sl_options[];
extern const size_t sl_option_count;

extern const char *const sl_accepted_keys[]; /* a final '*' stands for more */
extern const size_t sl_accepted_key_count;

/* NULL for an unknown key. */
const struct sl_option *sl_option_find(const char *key);
/* True for keys of the original without a meaning here. */
bool sl_option_is_accepted(const char *key);
/* The option whose key is most like this one, NULL if none is near enough to be meant. */
const struct sl_option *sl_option_nearest(const char *key);

/* Reads text into the option's field. -EINVAL with words (key, value unless secret, what is
 * allowed); the field is then unchanged. */
int sl_option_assign(struct sl_config *config, const struct sl_option *option, const char *text,
                     struct sl_error *error);
void sl_option_assign_default(struct sl_config *config, const struct sl_option *option);
/* Writes the field's value as it would stand in a file; secrets too. */
void sl_option_write(const struct sl_config *config, const struct sl_option *option, FILE *out);
/* A string or list without anything in it. */
bool sl_option_is_empty(const struct sl_config *config, const struct sl_option *option);
bool sl_option_equal(const struct sl_config *a, const struct sl_config *b,
                     const struct sl_option *option);
void sl_option_swap(struct sl_config *a, struct sl_config *b, const struct sl_option *option);
void sl_option_free(struct sl_config *config, const struct sl_option *option);

/* To the report, or to the log when there is none. */
void sl_config_finding(const struct sl_config_report *report, enum sl_log_level level,
                       const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
