/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as what NOTIFY brings, as whom a Refer-To names, and as a Contact and a dialog to name
 * in one: what comes of it stays in its place in a SIP message. */
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

/* Each line one of the texts. */
static void build(const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1), *rest = text, uri[SL_SIP_URI_MAX];
    const char *lines[4];
    struct sl_sip_refer_to to;

    if (!text)
        abort();
    memcpy(text, data, len);
    text[len] = '\0';
    for (size_t i = 0; i < 4; i++)
        lines[i] = rest ? strsep(&rest, "\n") : "";
    const struct sl_sip_dialog_id dialog = {lines[1], lines[2], lines[3]};
    if (sl_sip_refer_to_build(lines[0], &dialog, uri) == 0 &&
        (strpbrk(uri, "<>\" \r\n\t") ||
         (sl_sip_refer_to_parse(uri, strlen(uri), &to) == 0 && to.replaces[0] == '\0')))
        abort();
    free(text);
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
    build(data, len);
    return 0;
}
