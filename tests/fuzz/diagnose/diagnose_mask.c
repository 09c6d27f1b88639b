/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clients' log lines: masking changes no length, and nothing but into '*'. */
#include "base/mem.h"
#include "diagnose/diagnose.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = sl_strndup((const char *)data, len);
    size_t text_len = strlen(text);

    sl_diagnose_mask(text);
    assert(strlen(text) == text_len);
    for (size_t i = 0; i < text_len; i++)
        assert(text[i] == '*' || text[i] == (char)data[i]);
    free(text);
    return 0;
}
