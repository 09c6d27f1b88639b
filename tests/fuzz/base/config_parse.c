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

static void require_equal(const struct sl_config *a, const struct sl_config *b)
{
    for (size_t i = 0; i < sl_option_count; i++)
        require(sl_option_equal(a, b, &sl_options[i]));
}

static void parse_again(const struct sl_config *config)
{
    struct sl_config *again = sl_config_create();
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    require(out != NULL);
    for (size_t i = 0; i < sl_option_count; i++) {
        (void)fprintf(out, "%s=", sl_options[i].key);
        sl_option_write(config, &sl_options[i], out);
        (void)fputc('\n', out);
    }
    (void)fclose(out);
    require(sl_config_parse(again, text, len, "again", &none, NULL) == 0);
    require_equal(config, again);
    free(text);
    sl_config_destroy(again);
}

static void try_command_line(const uint8_t *data, size_t len)
{
    static struct sl_config *defaults; /* never changed */
    struct sl_config *config = sl_config_create();
    char *assignment = sl_strndup((const char *)data, len);
    struct sl_error error = {""};
    int err = sl_config_set(config, assignment, &error);

    if (!defaults)
        defaults = sl_config_create();
    require(err == 0 || ((err == -EINVAL || err == -ENOENT) && error.text[0]));
    require(strpbrk(error.text, "\r\n") == NULL);
    if (err < 0)
        require_equal(config, defaults);
    free(assignment);
    sl_config_destroy(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_config *config = sl_config_create();
    struct sl_error error = {""};
    int err = sl_config_parse(config, (const char *)data, len, "file", &any, &error);

    require(err >= 0 || ((err == -EINVAL || err == -EFBIG) && error.text[0]));
    require(strpbrk(error.text, "\r\n") == NULL);
    if (err >= 0) {
        parse_again(config);
        err = sl_config_validate(config, &any, &error);
        require(err == 0 || err == -EINVAL);
    }
    sl_config_destroy(config);
    try_command_line(data, len);
    return 0;
}
