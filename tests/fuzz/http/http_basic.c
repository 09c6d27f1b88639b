/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: an Authorization header; what is accepted has no control characters and fits. */
#include "http/access.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_text(const char *text)
{
    assert(strnlen(text, SL_BASIC_MAX) < SL_BASIC_MAX);
    for (; *text; text++)
        assert((unsigned char)*text >= 0x20 && *text != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char scheme[] = "Basic ";
    struct sl_basic basic;
    char *header = malloc(len + sizeof(scheme));

    if (!header)
        return 0;
    /* the scheme is given, so that the search goes on behind it */
    memcpy(header, scheme, sizeof(scheme) - 1);
    memcpy(header + sizeof(scheme) - 1, data, len);
    header[len + sizeof(scheme) - 1] = '\0';
    if (sl_basic_parse(header, &basic) == 0) {
        check_text(basic.user);
        check_text(basic.password);
        assert(!strchr(basic.user, ':'));
    }
    (void)sl_basic_parse(header + sizeof(scheme) - 1, &basic);
    free(header);
    return 0;
}
