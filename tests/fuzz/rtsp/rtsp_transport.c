/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text as a Transport header: what is taken can be done, and its answer is taken as the same.
 */
#include "rtsp/transport.h"

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
    const struct sl_rtsp_transport other = {.channel = 4, .rtcp_channel = 5};
    struct sl_addr peer = {.ip = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 7}};
    const struct sl_rtsp_transport_wish wish = {.peer = &peer, .other = &other};
    char *text = malloc(len + 1), answer[SL_RTSP_TRANSPORT_TEXT_MAX];
    struct sl_rtsp_transport taken, again;

    check(text != NULL);
    memcpy(text, data, len);
    text[len] = '\0';
    if (sl_rtsp_transport_choose(text, &wish, &taken) == 0) {
        check(taken.lower == SL_RTSP_UDP || taken.lower == SL_RTSP_TCP);
        check(taken.lower != SL_RTSP_UDP || (taken.client_port && taken.client_rtcp_port));
        check(taken.lower != SL_RTSP_TCP ||
              (taken.channel != taken.rtcp_channel && taken.channel != 4 && taken.channel != 5 &&
               taken.rtcp_channel != 4 && taken.rtcp_channel != 5));
        (void)sl_rtsp_transport_build(&taken, 7000, 1, answer);
        check(sl_rtsp_transport_choose(answer, &wish, &again) == 0);
        check(again.lower == taken.lower &&
              (taken.lower == SL_RTSP_UDP ? again.client_port == taken.client_port
                                          : again.channel == taken.channel));
    }
    free(text);
    return 0;
}
