/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a challenge: what is answered is one line of a header. */
#include "sip/digest.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct sl_digest_request request = {"user", "password", "REGISTER", "sip:a", "c", 1};
    struct sl_digest_challenge challenge;
    char answer[SL_DIGEST_ANSWER_MAX];

    if (sl_digest_parse((const char *)data, len, &challenge) < 0)
        return 0;
    int length = sl_digest_answer(&challenge, &request, answer);
    if (length > 0 && (strlen(answer) != (size_t)length || strpbrk(answer, "\r\n")))
        abort();
    return 0;
}
