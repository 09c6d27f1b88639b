/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as an access unit: the NAL units found lie inside it, begin behind a start code and end
 * in no zero; the parameter sets found are whole, and found again in themselves. */
#include "media/media.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void walk(const uint8_t *data, size_t len)
{
    const uint8_t *at = data, *end = data + len, *before = data;
    struct sl_nal nal;

    while (sl_annexb_next(&at, end, &nal)) {
        check(nal.len > 0 && nal.data - before >= 3 && nal.data + nal.len <= at && at <= end);
        check(memcmp(nal.data - 3, "\0\0\1", 3) == 0 && nal.data[nal.len - 1] != 0);
        before = nal.data + nal.len;
    }
    check(at == end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_codec_config *config = NULL;

    walk(data, len);
    sl_codec_config_note(&config, data, len);
    if (!config)
        return 0;
    const struct sl_codec_config *first = config;
    check(config->codec == SL_CODEC_H264 && config->width > 0 && config->height > 0);
    check(config->len > 8 && config->len <= SL_PARAMETER_SETS_LEN_MAX);
    walk(config->data, config->len);
    struct sl_codec_config *again = sl_codec_config_ref(config);
    sl_codec_config_note(&config, again->data, again->len);
    check(config == first); /* the same sets are the same configuration */
    sl_codec_config_unref(again);
    sl_codec_config_unref(config);
    return 0;
}
