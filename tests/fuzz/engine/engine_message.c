/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as what a codec process or the server says: what is taken lies inside the input and
 * inside its bounds, and builds the same bytes again.
 *
 * Input: a byte that says which of the two speaks, and the bytes.
 */
#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_message(const struct sl_engine_message *message, bool reports)
{
    check((unsigned)message->type < SL_ENGINE_TYPES && (unsigned)message->codec < SL_CODECS);
    check(sl_engine_is_report(message->type) == reports &&
          (int)message->kind < (int)SL_ENGINE_KINDS);
    check(message->dts_us <= message->pts_us && message->len <= SL_ENGINE_DATA_MAX);
    check(message->width <= SL_ENGINE_SIDE_MAX && message->height <= SL_ENGINE_SIDE_MAX);
    check(message->cell.x + message->cell.width <= SL_ENGINE_SIDE_MAX &&
          message->cell.y + message->cell.height <= SL_ENGINE_SIDE_MAX && message->percent <= 100);
    check((message->len == 0) == (message->data == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *at = data + 1, *end = data + len;

    if (len < 1)
        return 0;
    bool reports = data[0] & 1;
    for (;;) {
        struct sl_engine_message message;
        uint8_t head[SL_ENGINE_HEAD_LEN];
        size_t needed = 0, left = (size_t)(end - at);
        int64_t taken = sl_engine_parse(at, left, reports, &message, &needed);
        if (taken == 0)
            check(needed > left && needed <= SL_ENGINE_HEAD_LEN + SL_ENGINE_DATA_MAX);
        if (taken <= 0)
            return 0;
        check((uint64_t)taken <= left && (size_t)taken == SL_ENGINE_HEAD_LEN + message.len);
        check(message.len == 0 || message.data == at + SL_ENGINE_HEAD_LEN);
        check_message(&message, reports);
        sl_engine_build(&message, head);
        check(memcmp(head, at, sizeof(head)) == 0);
        at += taken;
    }
}
