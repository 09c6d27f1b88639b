/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Windows and the lists that are written of them: each is held against RFC 8216 by itself, and
 * against the one before. */
#include "hls/window.h"

#include "base/blob.h"
#include "base/clock.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SEGMENTS_MAX = 64, URI_MAX = 80 };

/* ---- The validator ---- */

struct listed {
    int version;
    int64_t target_s;
    long long sequence, discontinuity_sequence;
    bool ended;
    size_t count, discontinuities, parts, maps, dates;
    char uris[SEGMENTS_MAX][URI_MAX];
    bool discontinuity[SEGMENTS_MAX];
    char hint[URI_MAX];
};

static void read_segment(struct listed *list, const char *line, double duration, bool discontinuity)
{
    assert_true(duration > 0); /* EXTINF came before */
    assert_true((int64_t)(duration + 0.5) <= list->target_s);
    assert_true(list->count < SEGMENTS_MAX);
    (void)snprintf(list->uris[list->count], URI_MAX, "%s", line);
    list->discontinuity[list->count++] = discontinuity;
    list->discontinuities += discontinuity;
}

static void read_list(char *text, struct listed *list)
{
    double duration = 0, part;
    bool discontinuity = false;
    char *rest = NULL;

    *list = (struct listed){.sequence = -1};
    assert_int_equal(text[strlen(text) - 1], '\n');
    assert_string_equal(strtok_r(text, "\n", &rest), "#EXTM3U");
    for (char *line = strtok_r(NULL, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        assert_false(list->ended); /* nothing behind it */
        if (sscanf(line, "#EXT-X-VERSION:%d", &list->version) == 1 ||
            sscanf(line, "#EXT-X-TARGETDURATION:%ld", &list->target_s) == 1 ||
            sscanf(line, "#EXT-X-MEDIA-SEQUENCE:%lld", &list->sequence) == 1 ||
            sscanf(line, "#EXT-X-DISCONTINUITY-SEQUENCE:%lld", &list->discontinuity_sequence) == 1)
            assert_int_equal(list->count, 0); /* RFC 8216 section 4.3.3 */
        else if (strcmp(line, "#EXT-X-DISCONTINUITY") == 0)
            discontinuity = true;
        else if (strcmp(line, "#EXT-X-ENDLIST") == 0)
            list->ended = true;
        else if (strncmp(line, "#EXT-X-PROGRAM-DATE-TIME:", 25) == 0)
            list->dates++;
        else if (strncmp(line, "#EXT-X-MAP:URI=", 15) == 0)
            list->maps++;
        else if (sscanf(line, "#EXT-X-PART:DURATION=%lf", &part) == 1)
            list->parts++;
        else if (sscanf(line, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"%79[^\"]", list->hint) == 1)
            continue;
        else if (strncmp(line, "#EXT-X-SERVER-CONTROL:", 22) == 0 ||
                 strncmp(line, "#EXT-X-PART-INF:", 16) == 0)
            assert_int_equal(list->version, 9);
        else if (sscanf(line, "#EXTINF:%lf,", &duration) == 1)
            continue;
        else if (line[0] != '#') {
            read_segment(list, line, duration, discontinuity);
            duration = 0;
            discontinuity = false;
        } else
            fail_msg("unknown line: %s", line);
    }
    assert_true(list->sequence >= 0);
    assert_true(list->version >= 3);
}

static void write_list(struct sl_hls_window *window, const char *query, bool ended,
                       struct listed *out)
{
    size_t len;
    char *text = sl_hls_window_write(window, query, ended, &len);

    assert_non_null(text);
    assert_int_equal(strlen(text), len);
    read_list(text, out);
    free(text);
}

/* RFC 8216 section 6.2.1, 6.2.2: what may change from one list to the next. */
static void check_next(const struct listed *before, const struct listed *after)
{
    long long gone = after->sequence - before->sequence, left = 0;

    assert_true(gone >= 0);
    assert_int_equal(after->target_s, before->target_s);
    assert_true(after->sequence + (long long)after->count >=
                before->sequence + (long long)before->count);
    for (long long i = 0; i < (long long)before->count; i++) {
        if (i < gone)
            left += before->discontinuity[i];
        else
            assert_string_equal(before->uris[i], after->uris[i - gone]);
    }
    assert_int_equal(after->discontinuity_sequence, before->discontinuity_sequence + left);
}

/* ---- Windows ---- */

static struct sl_hls_piece *piece_of(int64_t duration_ms, size_t len, bool discontinuity)
{
    struct sl_hls_piece *piece = sl_new(struct sl_hls_piece);

    piece->data = sl_blob_create(len);
    piece->duration_us = duration_ms * SL_US_PER_MS;
    piece->wall_ms = 1700000000123;
    piece->independent = true;
    piece->last = true;
    piece->discontinuity = discontinuity;
    return piece;
}

static void add(struct sl_hls_window *window, int64_t duration_ms)
{
    sl_hls_window_add(window, piece_of(duration_ms, 100, false));
}

static struct sl_hls_window *open_window(size_t list_size, size_t hold_size)
{
    return sl_hls_window_create(&(struct sl_hls_window_config){.list_size = list_size,
                                                               .hold_size = hold_size,
                                                               .time_us = 2 * SL_US_PER_S,
                                                               .extension = "ts"});
}

static void lists_follow_from_one_another(void **state)
{
    (void)state;
    struct sl_hls_window *window = open_window(5, 3);
    struct listed before, after;
    bool head;

    for (int i = 0; i < 3; i++)
        add(window, 1000);
    write_list(window, "?a=%22", false, &before);
    assert_int_equal(before.count, 3);
    assert_int_equal(before.dates, 1);
    assert_string_equal(strchr(before.uris[0], '?'), "?a=%22");
    write_list(window, "", false, &before);
    for (int i = 0; i < 40; i++) {
        if (i % 4 == 3)
            sl_hls_window_break(window);
        sl_hls_window_add(window, piece_of(2000 + i % 3 * 200, 100, i % 7 == 6));
        write_list(window, "", false, &after);
        check_next(&before, &after);
        assert_int_equal(after.dates, 1 + after.discontinuities - after.discontinuity[0]);
        if (before.sequence < after.sequence) /* held for who has the list of before */
            assert_non_null(sl_hls_window_find(window, before.uris[0], &head));
        before = after;
    }
    assert_int_equal(after.count, 5);
    assert_int_equal(sl_hls_window_count(window), 8);
    assert_int_equal(sl_hls_window_bytes(window), 800);
    write_list(window, "", true, &after);
    assert_true(after.ended);
    sl_hls_window_destroy(window);
}

static void a_list_keeps_three_target_durations(void **state)
{
    (void)state;
    struct sl_hls_window *window = open_window(3, 0);
    struct listed list;

    for (int i = 0; i < 30; i++)
        add(window, 500);
    write_list(window, "", false, &list);
    assert_int_equal(list.target_s, 2);
    assert_true(list.count >= 12); /* 6 s */
    assert_true(list.count < 15);
    sl_hls_window_destroy(window);
}

static void the_target_is_settled_by_the_first_list(void **state)
{
    (void)state;
    static const struct {
        int64_t longest_ms, target_s;
    } cases[] = {{900, 2}, {2400, 2}, {2600, 3}, {8400, 8}, {11900, 12}};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_hls_window *window = open_window(5, 3);
        add(window, cases[i].longest_ms);
        assert_false(sl_hls_window_has_target(window));
        assert_int_equal(sl_hls_window_target_s(window), cases[i].target_s);
        add(window, 1000);
        assert_int_equal(sl_hls_window_target_s(window), cases[i].target_s);
        sl_hls_window_destroy(window);
    }
}

static void nothing_is_found_by_guessing(void **state)
{
    (void)state;
    struct sl_hls_window *window = open_window(5, 3), *other = open_window(5, 3);
    struct listed a, b;
    bool head;

    add(window, 1000);
    add(window, 1000);
    add(other, 1000);
    write_list(window, "", false, &a);
    write_list(other, "", false, &b);
    assert_string_not_equal(a.uris[0] + 11, a.uris[1] + 11);
    assert_string_not_equal(a.uris[0], b.uris[0]);
    assert_null(sl_hls_window_find(window, b.uris[0], &head));
    assert_null(sl_hls_window_find(window, "", &head));
    assert_non_null(sl_hls_window_find(window, a.uris[1], &head));
    assert_false(head);
    sl_hls_window_destroy(window);
    sl_hls_window_destroy(other);
}

static void the_oldest_goes_when_memory_is_short(void **state)
{
    (void)state;
    struct sl_hls_window *window = open_window(5, 3);
    struct listed before, after;

    for (int i = 0; i < 4; i++)
        add(window, 2000);
    write_list(window, "", false, &before);
    assert_true(sl_hls_window_drop(window));
    assert_int_equal(sl_hls_window_bytes(window), 300);
    write_list(window, "", false, &after);
    check_next(&before, &after);
    assert_true(sl_hls_window_drop(window));
    assert_true(sl_hls_window_drop(window));
    assert_false(sl_hls_window_drop(window));
    sl_hls_window_destroy(window);
}

/* ---- Parts ---- */

static void parts_become_segments(void **state)
{
    (void)state;
    struct sl_hls_window *window =
        sl_hls_window_create(&(struct sl_hls_window_config){.list_size = 5,
                                                            .hold_size = 3,
                                                            .time_us = 2 * SL_US_PER_S,
                                                            .part_us = SL_US_PER_S / 2,
                                                            .extension = "m4s"});
    struct listed list;
    char hint[URI_MAX] = "";
    bool head;

    for (int i = 0; i < 10; i++) {
        struct sl_hls_piece *piece = piece_of(500, 100, false);
        piece->last = i % 4 == 3;
        if (i == 0)
            piece->head = sl_blob_create(10);
        if (i > 0)
            assert_true(sl_hls_window_is_hint(window, hint));
        sl_hls_window_add(window, piece);
        if (i > 0)
            assert_non_null(sl_hls_window_find(window, hint, &head));
        write_list(window, "", false, &list);
        assert_int_equal(list.count, (i + 1) / 4);
        assert_int_equal(list.parts, i + 1);
        assert_int_equal(list.maps, 1);
        memcpy(hint, list.hint, sizeof(hint));
    }
    assert_int_equal(sl_hls_window_next(window), 2);
    assert_true(sl_hls_window_has(window, 1, -1));
    assert_true(sl_hls_window_has(window, 1, 7));
    assert_true(sl_hls_window_has(window, 2, 1));
    assert_false(sl_hls_window_has(window, 2, 2));
    assert_false(sl_hls_window_has(window, 2, -1));
    assert_false(sl_hls_window_has(window, 3, 0));
    struct sl_blob *whole = sl_hls_window_find(window, list.uris[0], &head);
    assert_non_null(whole);
    assert_int_equal(whole->len, 400);
    sl_hls_window_break(window); /* what is open is a short segment then */
    write_list(window, "", true, &list);
    assert_int_equal(list.count, 3);
    sl_hls_window_destroy(window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_follow_from_one_another),
        cmocka_unit_test(a_list_keeps_three_target_durations),
        cmocka_unit_test(the_target_is_settled_by_the_first_list),
        cmocka_unit_test(nothing_is_found_by_guessing),
        cmocka_unit_test(the_oldest_goes_when_memory_is_short),
        cmocka_unit_test(parts_become_segments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
