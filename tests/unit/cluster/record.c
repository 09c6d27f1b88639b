/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of nodes: ours, and what others may have put in their place. */
#include "cluster/record.h"

#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int parse(const char *id, const char *text, struct sl_cluster_node *out)
{
    struct sl_error error = {"nothing"};
    /* Exactly as long as it is, so that a sanitizer sees a byte read too far. */
    size_t len = strlen(text);
    char *copy = malloc(len > 0 ? len : 1);

    assert_non_null(copy);
    memcpy(copy, text, len);
    int err = sl_cluster_record_parse(id, strlen(id), copy, len, out, &error);
    free(copy);
    return err;
}

static void reads_what_it_builds(void **state)
{
    (void)state;
    struct sl_cluster_node node = {.id = "Node1",
                                   .uri = "wss://[2001:db8::1]:8443/x?y=\"z\"",
                                   .load = {3, 40, 12.3},
                                   .started_ms = 1700000000123,
                                   .self = true};
    struct sl_cluster_node read;
    char *text = sl_cluster_record_build(&node);

    assert_int_equal(parse("Node1", text, &read), 0);
    free(text);
    assert_string_equal(read.id, node.id);
    assert_string_equal(read.uri, node.uri);
    assert_int_equal(read.load.streams, 3);
    assert_int_equal(read.load.players, 40);
    assert_true(read.load.cpu_percent == 12.3);
    assert_true(read.started_ms == node.started_ms);
    assert_false(read.self);
}

static void figures_out_of_range_are_brought_into_it(void **state)
{
    (void)state;
    struct sl_cluster_node node = {.uri = "ws://h", .started_ms = -5}, read;
    static const struct {
        double cpu, told;
    } cases[] = {{NAN, 0}, {-1, 0}, {INFINITY, 1e6}, {0, 0}, {100, 100}};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        node.load.cpu_percent = cases[i].cpu;
        char *text = sl_cluster_record_build(&node);
        assert_int_equal(parse("a", text, &read), 0);
        free(text);
        assert_true(read.load.cpu_percent == cases[i].told);
        assert_true(read.started_ms == 0);
    }
}

#define REST ",\"started\":1,\"streams\":2,\"players\":3,\"cpu\":4.5}"

static void refuses_what_is_no_record(void **state)
{
    (void)state;
    static const struct {
        const char *id, *text;
    } cases[] = {
        {"", "{\"uri\":\"ws://h\"" REST},
        {"a-b", "{\"uri\":\"ws://h\"" REST},
        {"a b", "{\"uri\":\"ws://h\"" REST},
        {"a\n", "{\"uri\":\"ws://h\"" REST},
        {"12345678901234567890123456789012345678901234567890123456789012345",
         "{\"uri\":\"ws://h\"" REST},
        {"a", ""},
        {"a", "null"},
        {"a", "[]"},
        {"a", "\"ws://h\""},
        {"a", "{}"},
        {"a", "{\"uri\":\"ws://h\"}"},
        {"a", "{\"uri\":7" REST},
        {"a", "{\"uri\":\"\"" REST},
        {"a", "{\"uri\":\"ws://\"" REST},
        {"a", "{\"uri\":\"ws:///x\"" REST},
        {"a", "{\"uri\":\"http://h\"" REST},
        {"a", "{\"uri\":\"file:///etc/passwd\"" REST},
        {"a", "{\"uri\":\"ws://h h\"" REST},
        {"a", "{\"uri\":\"ws://h\\r\\nX: y\"" REST},
        {"a", "{\"uri\":\"ws://h\\u0000\"" REST},
        {"a", "{\"uri\":\"ws://h\\u007f\"" REST},
        {"a", "{\"uri\":\"ws://h\xc3\xb6\"" REST},
        {"a", "{\"uri\":\"ws://h\xff\"" REST},
        {"a", "{\"uri\":\"ws://h\",\"uri\":\"ws://i\"" REST},
        {"a", "{\"uri\":\"ws://h\"" REST "x"},
        {"a", "{\"uri\":\"ws://h\",\"x\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]" REST},
        {"a", "{\"uri\":\"ws://h\",\"started\":-1,\"streams\":2,\"players\":3,\"cpu\":4}"},
        {"a", "{\"uri\":\"ws://h\",\"started\":1.5,\"streams\":2,\"players\":3,\"cpu\":4}"},
        {"a", "{\"uri\":\"ws://h\",\"started\":9007199254740993,\"streams\":2,\"players\":3,"
              "\"cpu\":4}"},
        {"a", "{\"uri\":\"ws://h\",\"started\":1,\"streams\":4294967296,\"players\":3,\"cpu\":4}"},
        {"a", "{\"uri\":\"ws://h\",\"started\":1,\"streams\":\"2\",\"players\":3,\"cpu\":4}"},
        {"a", "{\"uri\":\"ws://h\",\"started\":1,\"streams\":2,\"players\":null,\"cpu\":4}"},
        {"a", "{\"uri\":\"ws://h\",\"started\":1,\"streams\":2,\"players\":3,\"cpu\":-0.5}"},
        {"a", "{\"uri\":\"ws://h\",\"started\":1,\"streams\":2,\"players\":3,\"cpu\":1e7}"},
        {"a", "{\"uri\":\"ws://h\",\"started\":1,\"streams\":2,\"players\":3,\"cpu\":1e999}"},
        {"a", "{\"uri\":\"ws://h\",\"started\":1,\"streams\":2,\"players\":3}"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_cluster_node node = {.started_ms = 77};
        int err = parse(cases[i].id, cases[i].text, &node);
        if (err != -EBADMSG || node.started_ms != 77)
            fail_msg("id %s: %s: %d", cases[i].id, cases[i].text, err);
    }
}

static void takes_an_address_as_long_as_may_be_and_no_longer(void **state)
{
    (void)state;
    char uri[SL_CLUSTER_URI_MAX + 2] = "ws://", text[SL_CLUSTER_RECORD_MAX + 200];
    struct sl_cluster_node node;

    memset(uri + 5, 'h', sizeof(uri) - 6);
    uri[sizeof(uri) - 1] = '\0';
    (void)snprintf(text, sizeof(text), "{\"uri\":\"%s\"" REST, uri);
    assert_int_equal(parse("a", text, &node), -EBADMSG);
    uri[SL_CLUSTER_URI_MAX] = '\0';
    (void)snprintf(text, sizeof(text), "{\"uri\":\"%s\"" REST, uri);
    assert_int_equal(parse("a", text, &node), 0);
    assert_string_equal(node.uri, uri);
    assert_int_equal(parse("a", "{\"x\":[{}],\"uri\":\"WSS://h\"" REST, &node), 0);
    (void)snprintf(text, sizeof(text), "{\"uri\":\"ws://h\"%*s", SL_CLUSTER_RECORD_MAX, REST);
    assert_int_equal(parse("a", text, &node), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_builds),
        cmocka_unit_test(figures_out_of_range_are_brought_into_it),
        cmocka_unit_test(refuses_what_is_no_record),
        cmocka_unit_test(takes_an_address_as_long_as_may_be_and_no_longer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
