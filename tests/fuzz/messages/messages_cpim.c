/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as an envelope: what is read of it lies within it. */
#include "messages/messages.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const uint8_t *data, size_t len, struct sl_text_part part)
{
    uintptr_t begin = (uintptr_t)data, at = (uintptr_t)part.at;

    if (part.len > 0 && (at < begin || part.len > len || at - begin > len - part.len))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_cpim cpim;

    if (sl_cpim_parse((const char *)data, len, &cpim) < 0)
        return 0;
    if (cpim.from.count > SL_CPIM_ADDRESSES_MAX || cpim.to.count > SL_CPIM_ADDRESSES_MAX)
        abort();
    for (size_t i = 0; i < cpim.from.count; i++)
        check(data, len, cpim.from.uris[i]);
    for (size_t i = 0; i < cpim.to.count; i++)
        check(data, len, cpim.to.uris[i]);
    check(data, len, cpim.message_id);
    check(data, len, cpim.record_route);
    check(data, len, cpim.type);
    check(data, len, sl_content_type_name(cpim.type));
    check(data, len, cpim.body);
    return 0;
}
