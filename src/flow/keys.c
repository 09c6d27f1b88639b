/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the keys of a description to those of SRTP (RFC 4568 section 6.1). */
#include "flow/flow.h"

#include "base/random.h"

#include <string.h>

bool sl_flow_keys(const struct sl_sdp_crypto *crypto, struct sl_srtp_keys *out)
{
    size_t len = sl_sdp_suite_key_len(crypto->suite);

    if (len == 0)
        return false;
    *out = (struct sl_srtp_keys){.profile = crypto->suite == SL_SDP_AEAD_AES_128_GCM
                                                ? SL_SRTP_AEAD_AES_128_GCM
                                                : SL_SRTP_AES128_CM_SHA1_80};
    memcpy(out->key, crypto->key, SL_SRTP_KEY_LEN);
    memcpy(out->salt, crypto->key + SL_SRTP_KEY_LEN, len - SL_SRTP_KEY_LEN);
    return true;
}

void sl_flow_draw_crypto(enum sl_sdp_suite suite, uint32_t tag, struct sl_sdp_crypto *out)
{
    *out = (struct sl_sdp_crypto){.suite = suite, .tag = tag};
    sl_random_bytes(out->key, sl_sdp_suite_key_len(suite));
}
