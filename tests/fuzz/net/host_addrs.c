/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What rtnetlink says of addresses and links. It comes from the kernel, but in a form that is read
 * as strangers' is. The list stays within its bound, and what it holds is an address. */
#include "net/host_addrs.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_host_addrs list = {.count = 0};

    for (int round = 0; round < 3; round++) {
        int result = sl_host_addrs_take(&list, data, len);
        if (result > 1 || result <= -4096 || list.count > SL_HOST_ADDRS_MAX)
            abort();
        for (size_t i = 0; i < list.count; i++)
            if (list.items[i].addr.port != 0)
                abort();
    }
    return 0;
}
