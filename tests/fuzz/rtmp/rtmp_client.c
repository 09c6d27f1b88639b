/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A server that says anything after the handshake (or instead of it): the client says no more in
 * return than a bound, and nothing at all once it has given up.
 *
 * Input: flags (1: no handshake before, 2: connect and createStream were answered), how the rest is
 * cut, then the server's bytes.
 */
#include "base/error.h"
#include "rtmp/rtmp.h"

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
    struct sl_rtmp_client_config config = {"live",  "rtmp://h:1935/live", "s", "FMLE/3.0", "joe",
                                           "secret"};
    struct sl_outbox out = {0};
    struct sl_error error;
    int err = 0;

    if (len < 2)
        return 0;
    struct sl_rtmp_client *rtmp = sl_rtmp_client_create(&config, &out);
    sl_rtmp_client_open(rtmp);
    if (!(data[0] & 1))
        check(sl_rtmp_client_input(rtmp, handshake, sizeof(handshake), &error) == 0);
    if (data[0] == 2)
        check(sl_rtmp_client_input(rtmp, answers, sizeof(answers) - 1, &error) == 0);
    size_t step = data[1] + 1U;
    for (size_t at = 2; at < len && err == 0; at += step) {
        err = sl_rtmp_client_input(rtmp, data + at, len - at < step ? len - at : step, &error);
        if (sl_rtmp_client_is_publishing(rtmp))
            sl_rtmp_client_send(rtmp, SL_RTMP_AUDIO, 1, (const uint8_t *)"x", 1, NULL, 0);
    }
    check(sl_outbox_len(&out) < 8192 + 16 * len);
    if (err < 0) {
        size_t said = sl_outbox_len(&out);
        check(!sl_rtmp_client_is_publishing(rtmp));
        check(sl_rtmp_client_input(rtmp, data, len, &error) == 0);
        sl_rtmp_client_close(rtmp);
        check(sl_outbox_len(&out) == said);
    }
    sl_rtmp_client_destroy(rtmp);
    sl_outbox_deinit(&out);
    return 0;
}
