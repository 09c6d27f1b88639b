/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * WebSocket bytes. The first byte of the input says whether masks are expected (bit 0) and where to
 * cut. However the bytes are cut, the same messages and the same verdict come out; text is UTF-8,
 * no message is longer than the limit.
 */
#include "http/ws_reader.h"
#include "base/mem.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum { MESSAGE_MAX = 600 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct record {
    bool stops;
    size_t messages, len;
    uint64_t digest; /* FNV-1a of all there was */
};

static void digest(struct record *record, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        record->digest = (record->digest ^ bytes[i]) * 0x100000001b3u;
}

static bool on_message(void *owner, enum sl_ws_opcode opcode, const uint8_t *payload, size_t len)
{
    struct record *record = owner;
    uint8_t kind = (uint8_t)opcode;

    assert(payload[len] == '\0');
    assert(len <= (kind >= SL_WS_CLOSE ? SL_WS_CONTROL_MAX : MESSAGE_MAX));
    assert(kind != SL_WS_TEXT || sl_utf8_valid(payload, len));
    record->messages++;
    record->len += len;
    digest(record, &kind, 1);
    digest(record, payload, len);
    return !record->stops;
}

/* stops: whoever gets a message takes no more at once; the rest is fed again. */
static int feed(const uint8_t *data, size_t size, bool masked, size_t step, bool stops,
                struct record *record)
{
    struct sl_ws_reader reader;
    const char *why = NULL;
    int code = 0;

    memset(record, 0, sizeof(*record));
    record->stops = stops;
    sl_ws_reader_init(&reader, masked, MESSAGE_MAX);
    while (size > 0 && code == 0) {
        size_t piece = step > 0 && step < size ? step : size;
        uint8_t *copy = sl_alloc(piece + 1);
        memcpy(copy, data, piece);
        size_t used;
        code = sl_ws_reader_feed(&reader, copy, piece, on_message, record, &used, &why);
        assert(used <= piece && (stops || code != 0 || used == piece));
        free(copy);
        data += used;
        size -= used;
    }
    record->stops = false;
    assert(reader.message_len <= MESSAGE_MAX);
    assert(code == 0 || why);
    sl_ws_reader_deinit(&reader);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record whole, pieces;

    if (size == 0)
        return 0;
    bool masked = data[0] & 1;
    size_t step = (data[0] >> 1) + 1u;
    int code = feed(data + 1, size - 1, masked, 0, false, &whole);
    /* An error in the first bytes of a frame may be seen before what stands behind it in one piece,
     * never before what stands in front: the messages are the same. */
    for (int stops = 0; stops <= 1; stops++) {
        assert(feed(data + 1, size - 1, masked, step, stops == 1, &pieces) == code);
        assert(memcmp(&whole, &pieces, sizeof(whole)) == 0);
    }
    return 0;
}
