/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes that wait to leave: whatever pieces they come and go in, they are the same in the same
 * order. */
#include "net/chunk.h"

#include "base/blob.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/uio.h>

#include <cmocka.h>

static struct sl_chunk *chunk_with(const char *text)
{
    struct sl_chunk *chunk = sl_chunk_create(strlen(text));

    memcpy(chunk->data, text, chunk->len);
    return chunk;
}

static void add(struct sl_chunk_queue *queue, const char *text)
{
    sl_chunk_queue_add(queue, chunk_with(text));
}

/* All that waits, in pieces of one look at it. */
static void assert_waits(const struct sl_chunk_queue *queue, const char *text, size_t pieces)
{
    struct iovec iov[8];
    char bytes[64] = "";
    size_t len = 0;

    assert_int_equal(sl_chunk_queue_peek(queue, iov, SL_ARRAY_LEN(iov)), pieces);
    for (size_t i = 0; i < pieces; i++) {
        assert_true(iov[i].iov_len > 0 && len + iov[i].iov_len < sizeof(bytes));
        memcpy(bytes + len, iov[i].iov_base, iov[i].iov_len);
        len += iov[i].iov_len;
    }
    assert_string_equal(bytes, text);
    assert_int_equal(queue->queued, len);
    assert_true((queue->first == NULL) == (len == 0) && (queue->last == NULL) == (len == 0));
}

static void what_was_written_in_part_goes_on_behind_that(void **state)
{
    (void)state;
    static const char text[] = "abcdefghij";

    for (size_t step = 1; step < sizeof(text); step++) {
        struct sl_chunk_queue queue = {0};
        size_t left = strlen(text);
        add(&queue, "abc");
        add(&queue, "d");
        add(&queue, "efghij");
        assert_waits(&queue, text, 3);
        while (left > 0) {
            size_t len = step < left ? step : left;
            size_t gone = strlen(text) - left + len;
            sl_chunk_queue_pop(&queue, len);
            left -= len;
            assert_waits(&queue, text + gone, (gone < 3) + (gone < 4) + (gone < 10));
        }
        add(&queue, "again");
        assert_waits(&queue, "again", 1);
        sl_chunk_queue_drop(&queue, false);
    }
}

static void a_chain_is_taken_without_its_empty_chunks(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "ab", "", "", "cd", ""};
    struct sl_chunk_queue queue = {0};
    struct sl_chunk *chain = NULL;

    for (size_t i = SL_ARRAY_LEN(texts); i-- > 0;) {
        struct sl_chunk *chunk = chunk_with(texts[i]);
        chunk->next = chain;
        chain = chunk;
    }
    sl_chunk_queue_add(&queue, chain);
    assert_waits(&queue, "abcd", 2);
    sl_chunk_queue_pop(&queue, 0);
    sl_chunk_queue_add(&queue, NULL);
    add(&queue, "ef");
    assert_waits(&queue, "abcdef", 3);
    sl_chunk_queue_pop(&queue, 6);
    add(&queue, "");
    assert_waits(&queue, "", 0);
}

static void a_look_gives_no_more_pieces_than_asked_for(void **state)
{
    (void)state;
    struct sl_chunk_queue queue = {0};
    struct iovec iov[16];
    char expected = 'a';

    for (char c = 'a'; c <= 'z'; c++)
        add(&queue, (const char[]){c, '\0'});
    while (queue.queued > 0) {
        size_t count = sl_chunk_queue_peek(&queue, iov, SL_ARRAY_LEN(iov));
        assert_int_equal(count, queue.queued < 16 ? queue.queued : 16);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(*(char *)iov[i].iov_base, expected++);
        sl_chunk_queue_pop(&queue, count);
    }
    assert_int_equal(expected, 'z' + 1);
}

static void what_is_dropped_leaves_the_first_chunk_if_told_to(void **state)
{
    (void)state;
    struct sl_chunk_queue queue = {0};

    sl_chunk_queue_drop(&queue, true);
    sl_chunk_queue_drop(&queue, false);
    add(&queue, "abc");
    add(&queue, "def");
    add(&queue, "ghi");
    sl_chunk_queue_pop(&queue, 1);
    sl_chunk_queue_drop(&queue, true);
    assert_waits(&queue, "bc", 1);
    add(&queue, "jkl");
    assert_waits(&queue, "bcjkl", 2);
    sl_chunk_queue_drop(&queue, false);
    assert_waits(&queue, "", 0);
    add(&queue, "mno");
    assert_waits(&queue, "mno", 1);
    sl_chunk_queue_drop(&queue, false);
}

static void a_queue_goes_on_where_it_was_copied_to(void **state)
{
    (void)state;
    struct sl_chunk_queue from = {0}, to;

    add(&from, "abc");
    sl_chunk_queue_pop(&from, 1);
    to = from;
    from = (struct sl_chunk_queue){0};
    add(&to, "def");
    assert_waits(&to, "bcdef", 2);
    assert_waits(&from, "", 0);
    sl_chunk_queue_drop(&to, false);
}

static void shared_bytes_are_held_while_they_wait(void **state)
{
    (void)state;
    struct sl_blob *blob = sl_blob_create(3);
    struct sl_chunk_queue queue = {0};

    memcpy(blob->data, "xyz", 3);
    sl_chunk_queue_add(&queue, sl_chunk_of(blob));
    sl_chunk_queue_add(&queue, sl_chunk_of(blob));
    assert_int_equal(blob->refs, 3);
    sl_chunk_queue_pop(&queue, 4);
    assert_int_equal(blob->refs, 2);
    assert_waits(&queue, "yz", 1);
    sl_chunk_queue_drop(&queue, false);
    assert_int_equal(blob->refs, 1);
    assert_memory_equal(blob->data, "xyz", 3);
    sl_blob_unref(blob);
}

static void a_part_of_shared_bytes_ends_before_they_do(void **state)
{
    (void)state;
    struct sl_blob *blob = sl_blob_create(6);
    struct sl_chunk_queue queue = {0};

    memcpy(blob->data, "abcdef", 6);
    sl_chunk_queue_add(&queue, sl_chunk_of_part(blob, 2, 3));
    sl_chunk_queue_add(&queue, sl_chunk_of_part(blob, 6, 0));
    sl_chunk_queue_add(&queue, sl_chunk_of_part(blob, 5, 1));
    assert_waits(&queue, "cdef", 2);
    sl_chunk_queue_pop(&queue, 1);
    assert_waits(&queue, "def", 2);
    sl_chunk_queue_pop(&queue, 3);
    assert_waits(&queue, "", 0);
    assert_int_equal(blob->refs, 1);
    sl_blob_unref(blob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_in_part_goes_on_behind_that),
        cmocka_unit_test(a_chain_is_taken_without_its_empty_chunks),
        cmocka_unit_test(a_look_gives_no_more_pieces_than_asked_for),
        cmocka_unit_test(what_is_dropped_leaves_the_first_chunk_if_told_to),
        cmocka_unit_test(a_queue_goes_on_where_it_was_copied_to),
        cmocka_unit_test(shared_bytes_are_held_while_they_wait),
        cmocka_unit_test(a_part_of_shared_bytes_ends_before_they_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
