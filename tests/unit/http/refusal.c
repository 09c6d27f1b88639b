/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What those who were taken for strangers, and the log, are told, and how often. */
#include "http/refusal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/local_users.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct sl_local_users_texts texts = {
    .passwd = "www-data:x:33:33::/var/www:/usr/sbin/nologin\n",
    .uid_map = "0 0 4294967295",
    .overflow = 65534,
};

static void strangers_read_what_would_help_but_no_users_name(void **state)
{
    (void)state;
    static const struct {
        struct sl_refusal refusal;
        const char *words; /* "": none at all */
    } cases[] = {
        {{.locality = SL_LOCAL}, ""},
        {{.locality = SL_ELSEWHERE}, ""},
        {{.locality = SL_OTHER_HOST}, "; callers on the server's own machine"},
        {{.locality = SL_PROXIED, .proxy_sign = "via"}, "; via tells of a proxy"},
        {{.locality = SL_OTHER_USER, .uid = 33}, "is in rest_local_users"},
        {{.locality = SL_UNKNOWN_USER}, "; the kernel does not tell"},
    };

    assert_int_equal(SL_ARRAY_LEN(cases), SL_LOCALITY_COUNT);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char out[SL_REFUSAL_WORDS_MAX];
        const char *got = sl_refusal_explain(&cases[i].refusal, out);
        if (cases[i].words[0] == '\0' ? got[0] != '\0' : !strstr(got, cases[i].words))
            fail_msg("case %zu: %s", i, got);
        assert_null(strstr(got, "33"));
        assert_true(strlen(got) < SL_REFUSAL_WORDS_MAX - 1); /* nothing was cut */
    }
}

static void each_reason_is_logged_once_a_minute_and_the_others_counted(void **state)
{
    (void)state;
    char path[] = "/tmp/sluice-refusal-XXXXXX", text[4096];
    struct sl_refusal_log log = {0};
    struct sl_local_users *users = sl_local_users_parse(&texts, NULL, 0, NULL);
    const struct sl_refusal service = {.locality = SL_OTHER_USER, .uid = 33};
    const struct sl_refusal proxied = {.locality = SL_PROXIED, .proxy_sign = "HTTP/1.0"};
    const struct sl_refusal elsewhere = {.locality = SL_ELSEWHERE};
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(sl_log_open(path), 0);
    for (int64_t s = 1; s <= 62; s++) {
        sl_refusal_note(&log, &service, users, "GET", "/metrics", s * SL_US_PER_S);
        sl_refusal_note(&log, &elsewhere, users, "GET", "/metrics", s * SL_US_PER_S);
    }
    sl_refusal_note(&log, &proxied, users, "POST", "/rest-api/stream/find", SL_US_PER_S);
    assert_int_equal(sl_log_open(NULL), 0);

    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    (void)fclose(file); /* read only */
    unlink(path);
    const char *lines[4] = {NULL};
    size_t count = 0;
    char *rest = NULL;
    for (char *at = strtok_r(text, "\n", &rest); at && count < 4; at = strtok_r(NULL, "\n", &rest))
        lines[count++] = at;
    assert_int_equal(count, 3);
    assert_non_null(strstr(lines[0], "rest: GET /metrics from a loopback address was refused: its "
                                     "program belongs to www-data (uid 33), who does not log in"));
    assert_non_null(strstr(lines[1], "was refused (and 59 before it): its program belongs to"));
    assert_non_null(strstr(lines[2], "rest: POST /rest-api/stream/find from a loopback address was "
                                     "refused: HTTP/1.0 tells of a proxy"));
    sl_local_users_destroy(users);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_read_what_would_help_but_no_users_name),
        cmocka_unit_test(each_reason_is_logged_once_a_minute_and_the_others_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
