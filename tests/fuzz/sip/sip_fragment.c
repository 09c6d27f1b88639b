/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as what NOTIFY brings, and as whom a Refer-To names: what comes of it stays in its place
 * in a SIP message. */
#include "sip/fragment.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool is_one_line(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_sip_refer_to to;
    char reason[SL_SIP_NAME_MAX];
    int code;

    if (sl_sip_fragment_parse((const char *)data, len, &code, reason) == 0 &&
        (code < 100 || code > 699 || !is_one_line(reason) || strlen(reason) >= len))
        abort();
    if (sl_sip_refer_to_parse((const char *)data, len, &to) == 0 &&
        (strpbrk(to.uri, "<>\" \r\n\t?") || !is_one_line(to.replaces) || strlen(to.uri) > len))
        abort();
    return 0;
}
