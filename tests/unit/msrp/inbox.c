/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "msrp/inbox.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
    *state = sl_msrp_inbox_create();
    return 0;
}

static int tear_down(void **state)
{
    sl_msrp_inbox_destroy(*state);
    return 0;
}

static int open_chunk(struct sl_msrp_inbox *inbox, const char *id, int64_t from, int64_t total)
{
    const struct sl_msrp_head head = {
        .message_id = {id, strlen(id)}, .type = {"text/plain", 10}, .range = {from, -1, total}};

    return sl_msrp_inbox_open(inbox, &head);
}

/* A chunk as it was meant; the message if it is whole. */
static struct sl_msrp_message *add(struct sl_msrp_inbox *inbox, const char *id, int64_t from,
                                   int64_t total, const char *text, char flag)
{
    assert_int_equal(open_chunk(inbox, id, from, total), 0);
    for (size_t i = 0; i < strlen(text); i++)
        assert_int_equal(sl_msrp_inbox_add(inbox, text + i, 1), 0);
    return sl_msrp_inbox_close(inbox, (enum sl_msrp_flag)flag);
}

static void is(struct sl_msrp_message *message, const char *text)
{
    assert_non_null(message);
    assert_int_equal(message->body.len, strlen(text));
    assert_memory_equal(message->body.data, text, strlen(text));
    assert_string_equal(message->type, "text/plain");
    sl_msrp_message_destroy(message);
}

static void chunks_are_put_together(void **state)
{
    struct sl_msrp_inbox *inbox = *state;

    is(add(inbox, "a", 1, 5, "hello", '$'), "hello");
    assert_null(add(inbox, "a", 1, -1, "he", '+'));
    assert_null(add(inbox, "b", 1, 6, "wor", '+'));
    is(add(inbox, "a", 3, -1, "llo", '$'), "hello");
    is(add(inbox, "b", 4, 6, "ld!", '$'), "world!");
    assert_null(add(inbox, "c", 7, 9, "ghi", '$')); /* from behind, and twice */
    assert_null(add(inbox, "c", 6, 9, "fg", '+'));
    assert_null(add(inbox, "c", 1, 9, "abc", '+'));
    is(add(inbox, "c", 3, 9, "cdef", '+'), "abcdefghi");
}

static void what_is_given_up_or_empty_is_no_message(void **state)
{
    struct sl_msrp_inbox *inbox = *state;

    assert_null(add(inbox, "a", 1, 5, "he", '+'));
    assert_null(add(inbox, "a", 3, 5, "l", '#'));
    assert_null(add(inbox, "a", 3, 5, "llo", '$')); /* its beginning is gone */
    assert_null(add(inbox, "b", 1, 0, "", '$'));
    assert_null(sl_msrp_inbox_close(inbox, SL_MSRP_LAST));
    is(add(inbox, "b", 1, -1, "x", '$'), "x");
}

static void what_is_too_large_is_refused(void **state)
{
    struct sl_msrp_inbox *inbox = *state;
    static char piece[1 << 16];

    assert_int_equal(open_chunk(inbox, "a", 1, SL_MSRP_MESSAGE_MAX + 1), 413);
    assert_int_equal(open_chunk(inbox, "a", SL_MSRP_MESSAGE_MAX + 1, -1), 413);
    assert_int_equal(open_chunk(inbox, "", 1, 1), 400);
    assert_int_equal(open_chunk(inbox, "a", 1, -1), 0);
    for (size_t sum = 0; sum < SL_MSRP_MESSAGE_MAX; sum += sizeof(piece))
        assert_int_equal(sl_msrp_inbox_add(inbox, piece, sizeof(piece)), 0);
    assert_int_equal(sl_msrp_inbox_add(inbox, piece, 1), 413);
    assert_int_equal(sl_msrp_inbox_add(inbox, piece, 1), 413);
    assert_null(sl_msrp_inbox_close(inbox, SL_MSRP_LAST));
    assert_int_equal(open_chunk(inbox, "b", 1, 3), 0); /* longer than it says */
    assert_int_equal(sl_msrp_inbox_add(inbox, piece, 4), 413);
    assert_int_equal(open_chunk(inbox, "c", 1, -1), 0);
    for (size_t sum = 0; sum < SL_MSRP_MESSAGE_MAX; sum += sizeof(piece))
        assert_int_equal(sl_msrp_inbox_add(inbox, piece, sizeof(piece)), 0);
    struct sl_msrp_message *message = sl_msrp_inbox_close(inbox, SL_MSRP_LAST);
    assert_non_null(message);
    assert_int_equal(message->body.len, SL_MSRP_MESSAGE_MAX);
    sl_msrp_message_destroy(message);
}

/* Of messages that are never finished, and of pieces that never meet. */
static void what_is_not_whole_is_bounded(void **state)
{
    struct sl_msrp_inbox *inbox = *state;
    char id[16];

    for (int i = 0; i < 100; i++) {
        (void)snprintf(id, sizeof(id), "m%d", i);
        assert_null(add(inbox, id, SL_MSRP_MESSAGE_MAX - 1, -1, "ab", '+'));
    }
    assert_null(add(inbox, "m0", 1, 4, "cd", '+')); /* forgotten long ago */
    is(add(inbox, "m0", 3, 4, "ab", '$'), "cdab");
    for (int i = 0; i < 16; i++)
        assert_null(add(inbox, "holes", 1 + 2 * i, 100, "x", '+'));
    assert_null(add(inbox, "holes", 99, 100, "x", '+')); /* one too many: all of it goes */
    for (int i = 0; i < 50; i++)
        assert_null(add(inbox, "holes", 2 + 2 * i, 100, "y", '#'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(chunks_are_put_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_given_up_or_empty_is_no_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_too_large_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_whole_is_bounded, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("msrp inbox", tests, NULL, NULL);
}
