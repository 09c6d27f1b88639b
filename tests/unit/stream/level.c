/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which packets of a batch are padded, and by how much. */
#include "stream/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { PACKETS_MAX = 8 };

struct level_case {
    const char *what;
    bool followed;
    size_t count;
    int len[PACKETS_MAX]; /* negative: with an orientation */
    int padding[PACKETS_MAX];
};

static const struct level_case cases[] = {
    {"a picture as browsers split it", false, 5, {1174, 1174, 1175, 1175, 1175}, {1, 1, 0, 0, 0}},
    {"the last may be shorter", false, 3, {1000, 1000, 998}, {0, 0, 0}},
    {"but not when sound follows", true, 3, {1000, 1000, 998}, {0, 0, 2}},
    {"and the last of all ends the message, far shorter", false, 3, {990, 1000, 400}, {10, 0, 0}},
    {"which sound cannot change", true, 3, {990, 1000, 400}, {10, 0, 0}},
    {"what is too far apart stays apart", false, 4, {900, 900, 1000, 1001}, {0, 0, 1, 0}},
    {"17 octets are too many", false, 3, {983, 1000, 1000}, {0, 0, 0}},
    {"16 are not", false, 3, {984, 1000, 1000}, {16, 0, 0}},
    {"nor is a range wider for what lies in between", false, 3, {1000, 1010, 1017}, {10, 0, 0}},
    {"two pictures, and parameter sets before one",
     false,
     6,
     {30, 1100, 1101, 500, 1099, 1100},
     {0, 1, 0, 0, 1, 0}},
    {"an orientation is sent as 8 octets", false, 3, {1000, 1000, -1000}, {8, 8, 0}},
    {"wherever it is", false, 3, {-992, 1001, 1001}, {1, 0, 0}},
    {"a packet alone", false, 1, {500}, {0}},
    {"a payload of nothing gets none", false, 3, {0, 10, 10}, {0, 0, 0}},
    {"the memory ends at 1460", false, 2, {1459, -1460}, {0, 0}},
    {"and up to there it is used", false, 2, {1459, 1460}, {1, 0}},
};

static void check(const struct level_case *c)
{
    static struct sl_rtp_packet packets[PACKETS_MAX];
    struct sl_rtp_packet *batch[PACKETS_MAX];

    for (size_t i = 0; i < c->count; i++) {
        packets[i] = (struct sl_rtp_packet){.orientation = SL_ORIENTATION_NONE};
        if (c->len[i] < 0)
            packets[i].orientation = 1;
        packets[i].payload_len = (uint16_t)(c->len[i] < 0 ? -c->len[i] : c->len[i]);
        memset(packets[i].payload, 0xaa, sizeof(packets[i].payload));
        batch[i] = &packets[i];
    }
    sl_level_batch(batch, c->count, c->followed);
    for (size_t i = 0; i < c->count; i++) {
        size_t len = (size_t)(c->len[i] < 0 ? -c->len[i] : c->len[i]);
        if (packets[i].padding != c->padding[i])
            fail_msg("%s: packet %zu has %d, not %d", c->what, i, packets[i].padding,
                     c->padding[i]);
        assert_int_equal(packets[i].payload_len, len);
        for (size_t at = 0; at < len; at++)
            assert_int_equal(packets[i].payload[at], 0xaa);
        for (int p = 0; p < c->padding[i]; p++)
            assert_int_equal(packets[i].payload[len + (size_t)p],
                             p + 1 < c->padding[i] ? 0 : c->padding[i]);
    }
}

static void packets_that_are_nearly_equal_become_equal(void **state)
{
    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
        check(&cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_that_are_nearly_equal_become_equal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
