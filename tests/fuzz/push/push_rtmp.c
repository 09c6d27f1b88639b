/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A server that says anything after the handshake (or instead of it): the client says no more in
 * return than a bound, and nothing at all once it has given up.
 *
 * Input: flags (1: no handshake before, 2: connect and createStream were answered), how the rest is
 * cut, then the server's bytes.
 */
#include "base/error.h"
#include "push/rtmp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static const uint8_t answers[] = "\3\0\0\0\0\0\x14\x14\0\0\0\0\2\0\7_result\0\x3f\xf0\0\0\0\0\0\0\5"
                                 "\3\0\0\0\0\0\x1d\x14\0\0\0\0\2\0\7_result\0\x40\x10\0\0\0\0\0\0\5"
                                 "\0\x3f\xf0\0\0\0\0\0\0";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t handshake[1 + 2 * 1536] = {3};
    struct rtmp_config config = {"live", "rtmp://h:1935/live", "s", "FMLE/3.0", "joe", "secret"};
    struct outbox out = {0};
    struct sl_error error;
    int err = 0;

    if (len < 2)
        return 0;
    struct rtmp *rtmp = rtmp_create(&config, &out);
    rtmp_open(rtmp);
    if (!(data[0] & 1))
        check(rtmp_input(rtmp, handshake, sizeof(handshake), &error) == 0);
    if (data[0] == 2)
        check(rtmp_input(rtmp, answers, sizeof(answers) - 1, &error) == 0);
    size_t step = data[1] + 1U;
    for (size_t at = 2; at < len && err == 0; at += step) {
        err = rtmp_input(rtmp, data + at, len - at < step ? len - at : step, &error);
        if (rtmp_is_publishing(rtmp))
            rtmp_send(rtmp, CHUNK_AUDIO, 1, (const uint8_t *)"x", 1, NULL, 0);
    }
    check(outbox_len(&out) < 8192 + 16 * len);
    if (err < 0) {
        size_t said = outbox_len(&out);
        check(!rtmp_is_publishing(rtmp));
        check(rtmp_input(rtmp, data, len, &error) == 0);
        rtmp_close(rtmp);
        check(outbox_len(&out) == said);
    }
    rtmp_destroy(rtmp);
    outbox_deinit(&out);
    return 0;
}
