/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a notification of delivery and as states of registrations. */
#include "messages/messages.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_reginfo reginfo;
    struct sl_imdn imdn;

    if (sl_imdn_parse((const char *)data, len, &imdn) == 0 &&
        (imdn.message_id[0] == '\0' || strlen(imdn.message_id) > SL_IMDN_ID_MAX))
        abort();
    (void)sl_reginfo_parse((const char *)data, len, "sip:u1@sip.test", "ours", &reginfo);
    return 0;
}
