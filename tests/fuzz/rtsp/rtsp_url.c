/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text as a URL: what is accepted names a stream that can be, and its control URLs name the
 * same one and a track, and can stand in a header. */
#include "rtsp/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1), control[SL_RTSP_BASE_MAX + 16];
    struct sl_rtsp_url url, again;

    check(text != NULL);
    memcpy(text, data, len);
    text[len] = '\0';
    if (sl_rtsp_url_parse(text, &url) == 0) {
        check(sl_stream_name_is_valid(url.name) && strlen(url.base) <= SL_RTSP_BASE_MAX);
        for (const char *at = url.base; *at; at++)
            check(*at > 0x20 && *at < 0x7f);
        (void)snprintf(control, sizeof(control), "%s/trackID=1", url.base);
        check(sl_rtsp_url_parse(control, &again) == 0);
        check(strcmp(again.name, url.name) == 0 && strcmp(again.base, url.base) == 0);
        check(again.track == 1 && json_object_size(again.params) == 0);
        sl_rtsp_url_deinit(&again);
        sl_rtsp_url_deinit(&url);
    }
    free(text);
    return 0;
}
