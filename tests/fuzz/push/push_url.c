/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any URL, name and prefix: what is accepted has no control characters, shows no password, and its
 * tcUrl leads to the same place.
 *
 * Input: flags (1: full URL), then URL, stream and prefix, each up to a newline.
 */
#include "base/error.h"
#include "push/push.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_clean(const char *text)
{
    for (; *text; text++)
        check((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static char *next_line(char **at)
{
    char *line = *at, *end = strchr(line, '\n');

    *at = end ? end + 1 : line + strlen(line);
    if (end)
        *end = '\0';
    return line;
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    while ((text = strstr(text, part))) {
        count++;
        text++;
    }
    return count;
}

static void check_target(const struct sl_push_target *target, const struct sl_push_naming *naming,
                         const char *url)
{
    struct sl_push_naming plain = {.stream = "s"};
    struct sl_push_target again;

    check_clean(target->user);
    check_clean(target->password);
    check_clean(target->app);
    check_clean(target->tc_url);
    check_clean(target->publish);
    check_clean(target->shown);
    check(target->host[0] && target->port > 0 && target->publish[0]);
    /* A password that stands in the URL as it is stands in what is shown once less. */
    if (strcmp(target->password, "secret") == 0 && strstr(url, ":secret@"))
        check(count_of(target->shown, ":secret@") < count_of(url, ":secret@"));
    check(sl_push_target_parse(target->tc_url, &plain, &again, NULL) == 0);
    check(again.tls == target->tls && again.port == target->port);
    check(strcmp(again.host, target->host) == 0);
    check(again.user[0] == '\0' && again.password[0] == '\0');
    check(strncmp(again.app, target->app, strlen(again.app)) == 0);
    if (!naming->full_url)
        check(strcmp(again.app, target->app) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_push_target target;
    struct sl_error error;

    if (len < 1)
        return 0;
    char *text = malloc(len);
    check(text != NULL);
    memcpy(text, data + 1, len - 1);
    text[len - 1] = '\0';
    char *at = text;
    const char *url = next_line(&at), *stream = next_line(&at), *prefix = next_line(&at);
    struct sl_push_naming naming = {stream, prefix, data[0] & 1};
    if (sl_push_target_parse(url, &naming, &target, &error) == 0)
        check_target(&target, &naming, url);
    else
        check(!strstr(error.text, "secret"));
    free(text);
    return 0;
}
