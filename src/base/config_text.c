/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration in words: values, help and the reference page. */
#include "base/config.h"

#include "base/config_table.h"
#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static const char mask[] = "********";

static void print_value(const struct sl_config *config, const struct sl_option *option, FILE *out)
{
    (void)fprintf(out, "%s=", option->key);
    if (option->flags & SECRET && !sl_option_is_empty(config, option))
        (void)fputs(mask, out);
    else
        sl_option_write(config, option, out);
}

static int by_key(const void *a, const void *b)
{
    const struct sl_option *const *left = a, *const *right = b;

    return strcmp((*left)->key, (*right)->key);
}

void sl_config_print(const struct sl_config *config, FILE *out)
{
    const struct sl_option **sorted = sl_new_array(const struct sl_option *, sl_option_count);

    for (size_t i = 0; i < sl_option_count; i++)
        sorted[i] = &sl_options[i];
    qsort(sorted, sl_option_count, sizeof(*sorted), by_key); // NOLINT: pointers are sorted
    for (size_t i = 0; i < sl_option_count; i++) {
        print_value(config, sorted[i], out);
        (void)fputc('\n', out);
    }
    free(sorted);
}

bool sl_config_print_one(const struct sl_config *config, const char *key, FILE *out)
{
    const struct sl_option *option = sl_option_find(key);

    if (option)
        print_value(config, option, out);
    return option != NULL;
}

void sl_config_print_help(FILE *out)
{
    for (size_t i = 0; i < sl_option_count; i++) {
        const struct sl_option *option = &sl_options[i];
        (void)fprintf(out, "  %s=%s\n      %s\n", option->key, option->value, option->help);
    }
}

/* ---- The reference page ---- */

static const char reference_head[] =
    "<!-- Written by `sluice --print-reference` from src/base/options.def: change it there. -->\n"
    "# Configuration reference\n"
    "\n"
    "Sluice starts without any configuration. Values come, later ones winning, from the defaults,\n"
    "the file (`-c FILE`, else `/etc/sluice/sluice.properties` if it exists), the environment, "
    "and\n"
    "`-o key=value` on the command line. `sluice --print-config` shows the outcome, `sluice "
    "--check`\n"
    "says what is wrong with it.\n"
    "\n"
    "## The file\n"
    "\n"
    "One `key=value` a line; `:` separates as well, blanks around it are ignored. Lines that "
    "begin\n"
    "with `#` or `!` are comments, and there are no comments after a value. A `\\` at the end "
    "joins\n"
    "the next line. Keys are case-sensitive. A key that stands twice has its last value. Numbers "
    "are\n"
    "decimal, lists are comma separated, yes and no are `true` and `false`. The\n"
    "`flashphoner.properties` of a Web Call Server 5.2 can be used as it is.\n"
    "\n"
    "An unknown key is warned of and ignored. A bad value is logged as an error and the default "
    "is\n"
    "used; where the table says *refused*, the server does not start instead (exit status 78).\n"
    "\n"
    "## The environment\n"
    "\n"
    "`SLUICE_` and the key in capitals, `_` for `.`: `SLUICE_WS_PORT=9000` is `ws.port=9000`. A "
    "bad\n"
    "value is always refused, as with `-o`.\n"
    "\n"
    "## Changing values while running\n"
    "\n"
    "SIGHUP reads file and environment again. Options marked *SIGHUP* take effect, changes of\n"
    "others are named in the log and wait for a restart.\n";

static void print_section(FILE *out, const char *title, const char *text)
{
    (void)fprintf(out, "\n## %s\n\n%s%s", title, text, *text ? "\n\n" : "");
    (void)fputs("| key | default | allowed | bad value | changes by | meaning |\n"
                "|---|---|---|---|---|---|\n",
                out);
}

static void print_row(FILE *out, const char *key)
{
    const struct sl_option *option = sl_option_find(key);

    assert(option);
    (void)fprintf(out, "| `%s` | ", key);
    if (*option->value)
        (void)fprintf(out, "`%s` | ", option->value);
    else
        (void)fputs("empty | ", out);
    switch (option->type) {
    case SL_TYPE_BOOL:
        (void)fputs("true, false", out);
        break;
    case SL_TYPE_INT:
        (void)fprintf(out, "%" PRId64 " to %" PRId64, option->min, option->max);
        break;
    case SL_TYPE_STRING:
        (void)fputs(option->check->expected, out);
        break;
    case SL_TYPE_LIST:
        (void)fprintf(out, "list of %s", option->check->expected);
        break;
    }
    (void)fprintf(out, " | %s | %s | %s%s |\n", option->flags & STRICT ? "refused" : "default",
                  option->flags & RELOAD ? "SIGHUP" : "restart", option->help,
                  option->flags & SECRET ? ". Never shown" : "");
}

void sl_config_print_reference(FILE *out)
{
    (void)fputs(reference_head, out);
#define SL_OPTION_SECTION(title, text)                          print_section(out, title, text);
#define SL_OPTION_BOOL(field, key, value, flags, help)          print_row(out, key);
#define SL_OPTION_INT(field, key, value, min, max, flags, help) print_row(out, key);
#define SL_OPTION_STRING(field, key, value, check, flags, help) print_row(out, key);
#define SL_OPTION_LIST(field, key, value, check, flags, help)   print_row(out, key);
#include "base/options.def"
    (void)fputs("\n## Accepted and ignored\n\n"
                "Keys of the original that mean nothing here; they are not warned of.\n\n",
                out);
    for (size_t i = 0; i < sl_accepted_key_count; i++)
        (void)fprintf(out, "%s`%s`", i > 0 ? ", " : "", sl_accepted_keys[i]);
    (void)fputc('\n', out);
}
