/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of options, and reading and writing one value of it. */
#include "base/config_table.h"

#include "base/addr.h"
#include "base/error.h"
#include "base/mem.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* ---- Checks ---- */

static bool is_any(const char *text)
{
    (void)text;
    return true;
}

static bool is_token(const char *text)
{
    while (isalnum((unsigned char)*text) || (*text && strchr("-_.+", *text)))
        text++;
    return *text == '\0';
}

static bool is_word(const char *text)
{
    return strpbrk(text, " \t\"\\") == NULL;
}

/* A user's name (passwd(5)) or number. */
static bool is_user(const char *text)
{
    return *text != '-' && is_token(text);
}

static bool is_ip(const char *text)
{
    struct sl_addr addr;

    return sl_addr_parse_ip(text, 0, &addr) == 0;
}

static bool is_cidr(const char *text)
{
    struct sl_cidr cidr;

    return sl_cidr_parse(text, &cidr) == 0;
}

/* A network or a host name. A name whose last label is a number is refused: resolvers read such
 * names as addresses ("10.1", "0x7f.1"), so they would allow what nobody wrote (class 14). */
static bool is_host(const char *text)
{
    const char *label = text;

    if (is_cidr(text))
        return true;
    for (const char *at = text; *at; at++) {
        if (!isalnum((unsigned char)*at) && !strchr("-_.", *at))
            return false;
        if (*at == '.' && at[1] != '\0')
            label = at + 1;
    }
    return strspn(label, "0123456789.") != strlen(label) && strncasecmp(label, "0x", 2) != 0;
}

static bool is_ip_port(const char *text)
{
    char ip[SL_ADDR_TEXT_MAX];
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0, digits = colon ? strlen(colon + 1) : 0;
    struct sl_addr addr;

    if (len == 0 || len >= sizeof(ip) || digits == 0 || digits > 5 ||
        strspn(colon + 1, "0123456789") != digits)
        return false;
    memcpy(ip, text, len);
    ip[len] = '\0';
    if (strchr(ip, ':') && ip[0] != '[')
        return false; /* "::1:5" could be read in two ways */
    long port = strtol(colon + 1, NULL, 10);
    return sl_addr_parse_ip(ip, 0, &addr) == 0 && port > 0 && port <= UINT16_MAX;
}

static bool is_log_level(const char *text)
{
    return sl_log_level_parse(text) >= 0;
}

static bool is_keep_alive(const char *text)
{
    return !strcmp(text, "HIGH_LEVEL") || !strcmp(text, "INTERNAL") || !strcmp(text, "NONE");
}

static bool is_record_access(const char *text)
{
    return !strcmp(text, "name") || !strcmp(text, "rest") || !strcmp(text, "off");
}

static bool is_record_policy(const char *text)
{
    return !strcmp(text, "template") || !strcmp(text, "streamName");
}

static bool ends_in(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static bool is_mixer_layout(const char *text)
{
    return ends_in(text, "GridLayout");
}

static bool is_mixer_align(const char *text)
{
    return !strcmp(text, "TOP") || !strcmp(text, "BOTTOM") || !strcmp(text, "LEFT") ||
           !strcmp(text, "RIGHT") || !strcmp(text, "CENTER");
}

static bool is_mixer_codec(const char *text)
{
    return !strcmp(text, "opus") || !strcmp(text, "pcma") || !strcmp(text, "pcmu") ||
           !strcmp(text, "alaw") || !strcmp(text, "ulaw");
}

static bool is_ask_publisher(const char *text)
{
    return strcmp(text, "off") == 0 || strcmp(text, "sole") == 0 || strcmp(text, "lowest") == 0;
}

static bool is_hold_direction(const char *text)
{
    return strcmp(text, "sendonly") == 0 || strcmp(text, "inactive") == 0;
}

static bool is_srtp(const char *text)
{
    return strcmp(text, "disabled") == 0 || strcmp(text, "optional") == 0 ||
           strcmp(text, "mandatory") == 0;
}

static bool is_dtmf(const char *text)
{
    return strcasecmp(text, "rfc2833") == 0 || strcasecmp(text, "INFO") == 0 ||
           strcasecmp(text, "INFO_RELAY") == 0;
}

static const struct sl_option_check check_hold_direction = {is_hold_direction,
                                                            "sendonly or inactive", true};
static const struct sl_option_check check_srtp = {is_srtp, "disabled, optional or mandatory", true};
static const struct sl_option_check check_dtmf = {is_dtmf, "rfc2833, INFO or INFO_RELAY", true};
static const struct sl_option_check check_any = {is_any, "text", false};
static const struct sl_option_check check_word_list = {is_word, "words", false};
static const struct sl_option_check check_word_needed = {is_word, "a word", true};
static const struct sl_option_check check_path = {is_any, "a path", true};
static const struct sl_option_check check_token_list = {is_token, "names", false};
static const struct sl_option_check check_user_list = {is_user, "names or numbers of users", false};
static const struct sl_option_check check_ip = {is_ip, "an IP address", false};
static const struct sl_option_check check_ip_needed = {is_ip, "an IP address", true};
static const struct sl_option_check check_ip_list = {is_ip, "IP addresses", false};
static const struct sl_option_check check_ip_list_needed = {is_ip, "IP addresses", true};
static const struct sl_option_check check_ip_port = {is_ip_port, "ADDRESS:PORT", false};
static const struct sl_option_check check_cidr_list = {is_cidr, "networks (10.0.0.0/8, ::1)",
                                                       false};
static const struct sl_option_check check_host_list = {is_host, "networks or host names", false};
static const struct sl_option_check check_log_level = {is_log_level, "ERROR, WARN, INFO or DEBUG",
                                                       true};
static const struct sl_option_check check_keep_alive = {is_keep_alive,
                                                        "HIGH_LEVEL, INTERNAL or NONE", true};
static const struct sl_option_check check_record_access = {is_record_access, "name, rest or off",
                                                           true};
static const struct sl_option_check check_mixer_layout = {is_mixer_layout, "...GridLayout", true};
static const struct sl_option_check check_mixer_align = {
    is_mixer_align, "TOP, BOTTOM, LEFT, RIGHT or CENTER", true};
static const struct sl_option_check check_mixer_codec = {is_mixer_codec, "opus, pcma or pcmu",
                                                         true};
static const struct sl_option_check check_ask_publisher = {is_ask_publisher, "off, sole or lowest",
                                                           true};
static const struct sl_option_check check_record_policy = {is_record_policy,
                                                           "template or streamName", true};

/* ---- The table ---- */

#define FIELD(field) offsetof(struct sl_config, field)

const struct sl_option sl_options[] = {
#define SL_OPTION_BOOL(field, key, value, flags, help)                                             \
    {key, #value, help, SL_TYPE_BOOL, (flags), FIELD(field), 0, 1, NULL},
#define SL_OPTION_INT(field, key, value, min, max, flags, help)                                    \
    {key, #value, help, SL_TYPE_INT, (flags), FIELD(field), min, max, NULL},
#define SL_OPTION_STRING(field, key, value, check, flags, help)                                    \
    {key, value, help, SL_TYPE_STRING, (flags), FIELD(field), 0, 0, &check_##check},
#define SL_OPTION_LIST(field, key, value, check, flags, help)                                      \
    {key, value, help, SL_TYPE_LIST, (flags), FIELD(field), 0, 0, &check_##check},
#include "base/options.def"
};
const size_t sl_option_count = SL_ARRAY_LEN(sl_options);

const char *const sl_accepted_keys[] = {
#define SL_OPTION_ACCEPTED(key) key,
#include "base/options.def"
};
const size_t sl_accepted_key_count = SL_ARRAY_LEN(sl_accepted_keys);

static const void *field_of(const struct sl_config *config, const struct sl_option *option)
{
    return (const char *)config + option->offset;
}

static void *field_to_change(struct sl_config *config, const struct sl_option *option)
{
    return (char *)config + option->offset;
}

const struct sl_option *sl_option_find(const char *key)
{
    for (size_t i = 0; i < sl_option_count; i++) {
        if (sl_options[i].key[0] == key[0] && strcmp(sl_options[i].key, key) == 0)
            return &sl_options[i];
    }
    return NULL;
}

bool sl_option_is_accepted(const char *key)
{
    for (size_t i = 0; i < sl_accepted_key_count; i++) {
        const char *accepted = sl_accepted_keys[i];
        size_t len = strlen(accepted);
        if (accepted[len - 1] == '*' ? !strncmp(accepted, key, len - 1) : !strcmp(accepted, key))
            return true;
    }
    return false;
}

/* ---- The nearest name ---- */

enum { KEY_LEN_MAX = 64 };

/* Letters to insert, delete or replace (Levenshtein), or anything from bound on when they are as
 * many: most keys are found to be that far after their first letters. */
static size_t distance(const char *a, const char *b, size_t bound)
{
    size_t row[KEY_LEN_MAX + 1];
    size_t a_len = strlen(a), b_len = strlen(b);

    if (a_len >= KEY_LEN_MAX || b_len >= KEY_LEN_MAX)
        return KEY_LEN_MAX;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0], least = i;
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            size_t other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replaced < other ? replaced : other;
            least = row[j] < least ? row[j] : least;
        }
        if (least >= bound)
            return least; /* no later row has less */
    }
    return row[b_len];
}

const struct sl_option *sl_option_nearest(const char *key)
{
    const struct sl_option *nearest = NULL;
    size_t len = strlen(key), best = len / 3 + 1; /* a third of it wrong is another word */

    for (size_t i = 0; i < sl_option_count; i++) {
        size_t other_len = strlen(sl_options[i].key);
        if ((len > other_len ? len - other_len : other_len - len) >= best)
            continue; /* so many letters to insert or delete at least */
        size_t here = distance(key, sl_options[i].key, best);
        if (here < best) {
            best = here;
            nearest = &sl_options[i];
        }
    }
    return nearest;
}

/* ---- One value ---- */

/* CR, LF or NUL in a value could end a header or a log line (class 7); other controls help nobody.
 */
static bool has_controls(const char *text)
{
    for (; *text; text++) {
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
            return true;
    }
    return false;
}

static int refuse(const struct sl_option *option, const char *text, struct sl_error *error)
{
    char quoted[80], allowed[64];

    if (option->type == SL_TYPE_BOOL)
        (void)snprintf(allowed, sizeof(allowed), "true or false");
    else if (option->type == SL_TYPE_INT)
        (void)snprintf(allowed, sizeof(allowed), "a number from %" PRId64 " to %" PRId64,
                       option->min, option->max);
    else
        (void)snprintf(allowed, sizeof(allowed), "%s", option->check->expected);
    return sl_error_set(
        error, -EINVAL, "%s=%s: must be %s", option->key,
        option->flags & SECRET ? "********" : sl_log_quote(quoted, sizeof(quoted), text), allowed);
}

static bool read_bool(const char *text, bool *out)
{
    if (strcasecmp(text, "true") != 0 && strcasecmp(text, "false") != 0)
        return false;
    *out = !strcasecmp(text, "true");
    return true;
}

static bool read_int(const struct sl_option *option, const char *text, int64_t *out)
{
    char *end;
    const char *digits = *text == '-' ? text + 1 : text;

    if (!isdigit((unsigned char)*digits)) /* strtoll would take blanks and a plus */
        return false;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0' || value < option->min || value > option->max)
        return false;
    *out = value;
    return true;
}

static void free_list(struct sl_string_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct sl_string_list){0};
}

/* The elements between the commas without the blanks around them; empty ones are left out. */
static bool read_list(const struct sl_option_check *check, const char *text,
                      struct sl_string_list *out)
{
    struct sl_string_list list = {0};
    size_t room = 1;

    for (const char *at = text; *at; at++)
        room += *at == ',';
    list.items = sl_new_array(char *, room);
    while (*text) {
        text += strspn(text, ", \t");
        size_t len = strcspn(text, ",");
        const char *next = text + len;
        while (len > 0 && strchr(" \t", text[len - 1]))
            len--;
        if (len > 0) {
            char *item = sl_strndup(text, len);
            list.items[list.count++] = item;
            if (!check->is_good(item)) {
                free_list(&list);
                return false;
            }
        }
        text = next;
    }
    if (check->needed && list.count == 0) {
        free_list(&list);
        return false;
    }
    *out = list;
    return true;
}

int sl_option_assign(struct sl_config *config, const struct sl_option *option, const char *text,
                     struct sl_error *error)
{
    void *field = field_to_change(config, option);
    const struct sl_option_check *check = option->check;
    struct sl_string_list list;

    if (has_controls(text))
        return refuse(option, text, error);
    switch (option->type) {
    case SL_TYPE_BOOL:
        return read_bool(text, field) ? 0 : refuse(option, text, error);
    case SL_TYPE_INT:
        return read_int(option, text, field) ? 0 : refuse(option, text, error);
    case SL_TYPE_STRING:
        if (*text ? !check->is_good(text) : check->needed)
            return refuse(option, text, error);
        sl_option_free(config, option);
        *(char **)field = sl_strdup(text);
        return 0;
    case SL_TYPE_LIST:
        if (!read_list(check, text, &list))
            return refuse(option, text, error);
        sl_option_free(config, option);
        *(struct sl_string_list *)field = list;
        return 0;
    }
    return -EINVAL; /* not reached: the switch is complete */
}

void sl_option_assign_default(struct sl_config *config, const struct sl_option *option)
{
    int err = sl_option_assign(config, option, option->value, NULL);

    assert(err == 0); /* a default that fails its own check is our mistake */
    (void)err;
}

void sl_option_free(struct sl_config *config, const struct sl_option *option)
{
    void *field = field_to_change(config, option);

    if (option->type == SL_TYPE_STRING) {
        free(*(char **)field);
        *(char **)field = NULL;
    } else if (option->type == SL_TYPE_LIST) {
        free_list(field);
    }
}

void sl_option_write(const struct sl_config *config, const struct sl_option *option, FILE *out)
{
    const void *field = field_of(config, option);

    switch (option->type) {
    case SL_TYPE_BOOL:
        (void)fputs(*(const bool *)field ? "true" : "false", out);
        break;
    case SL_TYPE_INT:
        (void)fprintf(out, "%" PRId64, *(const int64_t *)field);
        break;
    case SL_TYPE_STRING:
        (void)fputs(*(char *const *)field, out);
        break;
    case SL_TYPE_LIST: {
        const struct sl_string_list *list = field;
        for (size_t i = 0; i < list->count; i++)
            (void)fprintf(out, "%s%s", i > 0 ? "," : "", list->items[i]);
        break;
    }
    }
}

bool sl_option_is_empty(const struct sl_config *config, const struct sl_option *option)
{
    const void *field = field_of(config, option);

    if (option->type == SL_TYPE_LIST)
        return ((const struct sl_string_list *)field)->count == 0;
    return option->type == SL_TYPE_STRING && **(char *const *)field == '\0';
}

static bool list_equal(const struct sl_string_list *a, const struct sl_string_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    }
    return true;
}

bool sl_option_equal(const struct sl_config *a, const struct sl_config *b,
                     const struct sl_option *option)
{
    const void *left = field_of(a, option), *right = field_of(b, option);

    switch (option->type) {
    case SL_TYPE_BOOL:
        return *(const bool *)left == *(const bool *)right;
    case SL_TYPE_INT:
        return *(const int64_t *)left == *(const int64_t *)right;
    case SL_TYPE_STRING:
        return strcmp(*(char *const *)left, *(char *const *)right) == 0;
    case SL_TYPE_LIST:
        return list_equal(left, right);
    }
    return false; /* not reached */
}

void sl_option_swap(struct sl_config *a, struct sl_config *b, const struct sl_option *option)
{
    static const size_t sizes[] = {sizeof(bool), sizeof(int64_t), sizeof(char *),
                                   sizeof(struct sl_string_list)}; /* by enum sl_option_type */
    char kept[sizeof(struct sl_string_list)];
    size_t size = sizes[option->type];

    memcpy(kept, field_of(a, option), size);
    memcpy(field_to_change(a, option), field_of(b, option), size);
    memcpy(field_to_change(b, option), kept, size);
}
