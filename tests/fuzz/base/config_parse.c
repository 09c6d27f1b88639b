/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Properties files: what was accepted, written out again, gives the same configuration without a
 * finding; a refused -o changes nothing. */
#include "base/config.h"
#include "base/config_table.h"
#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void ignore(void *arg, enum sl_log_level level, const char *text)
{
    (void)arg;
    (void)level;
    require(strpbrk(text, "\r\n") == NULL); /* hardening class 7 */
}

static void refuse_finding(void *arg, enum sl_log_level level, const char *text)
{
    (void)arg;
    (void)level;
    (void)fprintf(stderr, "%s\n", text);
    abort();
}

static const struct sl_config_report any = {ignore, NULL}, none = {refuse_finding, NULL};

/* What an input changes is few options of many: one configuration is made once, and they are set
 * back. */
struct kept {
    struct sl_config *config;
    const struct sl_config *defaults;
};

static void keep(struct kept *kept)
{
    static struct sl_config *defaults;

    if (!defaults)
        defaults = sl_config_create();
    if (!kept->config)
        kept->config = sl_config_create();
    kept->defaults = defaults;
}

static bool is_default(const struct kept *kept, size_t option)
{
    return sl_option_equal(kept->config, kept->defaults, &sl_options[option]);
}

static void set_back(struct kept *kept)
{
    for (size_t i = 0; i < sl_option_count; i++)
        if (!is_default(kept, i))
            sl_option_assign_default(kept->config, &sl_options[i]);
}

static void require_equal(const struct sl_config *a, const struct sl_config *b)
{
    for (size_t i = 0; i < sl_option_count; i++)
        require(sl_option_equal(a, b, &sl_options[i]));
}

/* The options that are as they always are say nothing new: all of them for the first input only. */
static void parse_again(const struct kept *parsed)
{
    static struct kept again;
    static bool knows_defaults;
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    require(out != NULL);
    keep(&again);
    for (size_t i = 0; i < sl_option_count; i++) {
        if (knows_defaults && is_default(parsed, i))
            continue;
        (void)fprintf(out, "%s=", sl_options[i].key);
        sl_option_write(parsed->config, &sl_options[i], out);
        (void)fputc('\n', out);
    }
    (void)fclose(out);
    knows_defaults = true;
    require(sl_config_parse(again.config, text, len, "again", &none, NULL) == 0);
    require_equal(parsed->config, again.config);
    free(text);
    set_back(&again);
}

static void try_command_line(const uint8_t *data, size_t len)
{
    static struct kept kept;
    char *assignment = sl_strndup((const char *)data, len);
    struct sl_error error = {""};

    keep(&kept);
    int err = sl_config_set(kept.config, assignment, &error);
    require(err == 0 || ((err == -EINVAL || err == -ENOENT) && error.text[0]));
    require(strpbrk(error.text, "\r\n") == NULL);
    if (err < 0)
        require_equal(kept.config, kept.defaults);
    else
        set_back(&kept);
    free(assignment);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct kept kept;
    struct sl_error error = {""};

    keep(&kept);
    int err = sl_config_parse(kept.config, (const char *)data, len, "file", &any, &error);
    require(err >= 0 || ((err == -EINVAL || err == -EFBIG) && error.text[0]));
    require(strpbrk(error.text, "\r\n") == NULL);
    if (err >= 0) {
        parse_again(&kept);
        err = sl_config_validate(kept.config, &any, &error);
        require(err == 0 || err == -EINVAL);
    }
    set_back(&kept);
    try_command_line(data, len);
    return 0;
}
