/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as an access unit: payloads stay within their bound, only the last is marked, taken
 * apart again they hold the NAL units of the input and no others, and the assembler makes the same
 * picture of them.
 *
 * Input: a byte for the largest payload, then the access unit.
 */
#include "rtp/rtp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { LEN_MAX = 1 << 13, START_CODE_LEN = 4 };

struct bytes {
    size_t len;
    uint8_t data[LEN_MAX * 3]; /* start codes of three bytes become four */
};

struct trip {
    size_t max_payload, count;
    bool marked;
    struct bytes taken_apart; /* the payloads' NAL units, as Annex B */
    struct sl_assembler *assembler;
    struct bytes frame;
    size_t frame_count;
};

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void append(struct bytes *bytes, const uint8_t *data, size_t len)
{
    check(len <= sizeof(bytes->data) - bytes->len);
    memcpy(bytes->data + bytes->len, data, len);
    bytes->len += len;
}

static void append_nal(struct bytes *bytes, const uint8_t *data, size_t len)
{
    append(bytes, (const uint8_t *)"\0\0\0\1", START_CODE_LEN);
    append(bytes, data, len);
}

/* Byte by byte, to be compared with the fast way. */
static void read_nals(const uint8_t *au, size_t len, struct bytes *out)
{
    size_t i = 0;

    while (i + 3 <= len && memcmp(au + i, "\0\0\1", 3) != 0)
        i++;
    while (i + 3 <= len) {
        size_t start = i + 3, end = start;
        while (end < len && !(end + 3 <= len && memcmp(au + end, "\0\0\1", 3) == 0))
            end++;
        i = end;
        while (end > start && au[end - 1] == 0)
            end--;
        if (end > start && (au[start] & 31) >= 1 && (au[start] & 31) <= 23)
            append_nal(out, au + start, end - start);
    }
}

static void take_apart(struct bytes *out, const uint8_t *payload, size_t len)
{
    uint8_t type = payload[0] & 31;

    if (type == 24) {
        size_t at = 1;
        while (at < len) {
            check(len - at > 2);
            size_t nal_len = (size_t)(payload[at] << 8 | payload[at + 1]);
            check(nal_len > 0 && nal_len <= len - at - 2);
            append_nal(out, payload + at + 2, nal_len);
            at += 2 + nal_len;
        }
    } else if (type == 28) {
        check(len > 2 && (payload[1] & 0xc0) != 0xc0);
        if (payload[1] & 0x80) {
            uint8_t header = (uint8_t)((payload[0] & 0xe0) | (payload[1] & 31));
            append_nal(out, &header, 1);
        }
        append(out, payload + 2, len - 2);
    } else {
        check(type >= 1 && type <= 23);
        append_nal(out, payload, len);
    }
}

static void on_payload(void *arg, const uint8_t *payload, size_t len, bool marker)
{
    struct trip *trip = arg;

    check(len >= 1 && len <= trip->max_payload && !trip->marked);
    trip->marked = marker;
    take_apart(&trip->taken_apart, payload, len);
    sl_assembler_input(trip->assembler, (int64_t)(10 + trip->count), 180, marker, payload, len, 0);
    trip->count++;
}

static void on_frame(void *owner, const struct sl_assembled_frame *frame)
{
    struct trip *trip = owner;

    trip->frame.len = 0;
    append(&trip->frame, frame->data, frame->len);
    trip->frame_count++;
}

/* A key frame, so that whatever follows may be shown. */
static void begin(struct sl_assembler *assembler)
{
    static const char *const nals[] = {
        "\x67\x42\xc0\x1f\xda\x01\x40\x16\xec\x04\x40\0\0\x03\0\x40\0\0\x0c\x83\xc6\x0c\xa8",
        "\x68\xce\x3c\x80", "\x65\x88"};
    static const size_t lens[] = {23, 4, 2};

    for (int i = 0; i < 3; i++)
        sl_assembler_input(assembler, 7 + i, 90, i == 2, (const uint8_t *)nals[i], lens[i], 0);
}

/* True for pictures that the assembler passes on as they are: slices of delta pictures, SEI and
 * what else it does not look into. */
static bool is_plain(const struct bytes *nals)
{
    bool has_slice = false;

    for (size_t i = 0; i + START_CODE_LEN < nals->len; i++) {
        if (memcmp(nals->data + i, "\0\0\0\1", START_CODE_LEN) != 0)
            continue;
        uint8_t type = nals->data[i + START_CODE_LEN] & 31;
        bool empty = i + START_CODE_LEN + 1 == nals->len ||
                     (i + 2 * START_CODE_LEN + 1 <= nals->len &&
                      memcmp(nals->data + i + START_CODE_LEN + 1, "\0\0\0\1", START_CODE_LEN) == 0);
        if (type == 5 || type == 7 || type == 8 || type == 12 || (type <= 2 && empty))
            return false;
        has_slice |= type <= 2;
    }
    return has_slice;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct trip trip;
    static struct bytes expected;
    struct sl_assembler_config config = {
        .codec = SL_CODEC_H264, .on_frame = on_frame, .owner = &trip};

    if (len == 0 || len > LEN_MAX)
        return 0;
    trip = (struct trip){.max_payload = SL_RTP_PAYLOAD_MIN + data[0]};
    trip.assembler = sl_assembler_create(&config);
    begin(trip.assembler);
    check(trip.frame_count == 1);
    sl_packetize_h264(data + 1, len - 1, trip.max_payload, false, on_payload, &trip);
    check(trip.marked == (trip.count > 0));

    expected.len = 0;
    read_nals(data + 1, len - 1, &expected);
    check(trip.taken_apart.len == expected.len);
    check(memcmp(trip.taken_apart.data, expected.data, expected.len) == 0);
    if (is_plain(&expected)) {
        check(trip.frame_count == 2 && trip.frame.len == expected.len);
        check(memcmp(trip.frame.data, expected.data, expected.len) == 0);
    }
    sl_assembler_destroy(trip.assembler);
    return 0;
}
