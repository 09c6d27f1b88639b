/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stream of an ICE-TCP connection. The first two bytes of the input say how it is cut into
 * reads, and after how many frames no more is wanted. However it is cut, the same frames come out,
 * each inside the buffer, and built again they are the bytes that went in; the verdict is the same.
 */
#include "webrtc/framing.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct record {
    struct sl_framing *framing;
    uint8_t *built; /* as many bytes as went in */
    size_t len, frames, wanted;
    int result;
};

static int on_frame(void *owner, uint8_t *data, size_t len)
{
    struct record *record = owner;
    const uint8_t *end = record->framing->bytes + sizeof(record->framing->bytes);

    assert(data >= record->framing->bytes + SL_FRAME_HEAD && data <= end);
    assert(len <= SL_FRAME_MAX && len <= (size_t)(end - data));
    sl_framing_build_head(record->built + record->len, len);
    memcpy(record->built + record->len + SL_FRAME_HEAD, data, len);
    record->len += SL_FRAME_HEAD + len;
    memset(data, 0xee, len); /* as unprotecting in place does */
    return ++record->frames > record->wanted ? -EPIPE : 0;
}

static struct record play(struct sl_framing *framing, const uint8_t *bytes, size_t len, size_t step,
                          size_t wanted)
{
    struct record record = {.framing = framing, .built = sl_alloc(len + 1), .wanted = wanted};

    framing->have = 0;
    while (len > 0 && record.result == 0) {
        size_t room;
        uint8_t *at = sl_framing_room(framing, &room);
        size_t part = step > 0 && step < room ? step : room;
        assert(room > 0); /* or the connection would stand still */
        if (part > len)
            part = len;
        memcpy(at, bytes, part);
        record.result = sl_framing_input(framing, part, on_frame, &record);
        bytes += part;
        len -= part;
    }
    assert(record.result == 0 || record.result == -EBADMSG || record.result == -EPIPE);
    return record;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const uint8_t *bytes = data + 2;
    size_t len = size - 2, wanted = data[1];
    struct sl_framing *framing = sl_new(struct sl_framing);
    struct record whole = play(framing, bytes, len, 0, wanted);
    struct record pieces = play(framing, bytes, len, 1u + data[0] * 5u, wanted);

    assert(whole.len <= len && memcmp(whole.built, bytes, whole.len) == 0);
    assert(whole.frames == pieces.frames && whole.len == pieces.len);
    assert(memcmp(whole.built, pieces.built, whole.len) == 0);
    assert(whole.result == pieces.result);
    free(whole.built);
    free(pieces.built);
    free(framing);
    return 0;
}
