/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the keys of a description to those of SRTP (RFC 4568 section 6.1). */
#include "flow/flow.h"

#include "base/random.h"

#include <string.h>

static enum sl_srtp_profile profile_of(enum sl_sdp_suite suite)
{
    switch (suite) {
    case SL_SDP_AES_CM_128_HMAC_SHA1_32:
        return SL_SRTP_AES128_CM_SHA1_32;
    case SL_SDP_AEAD_AES_128_GCM:
        return SL_SRTP_AEAD_AES_128_GCM;
    case SL_SDP_AEAD_AES_256_GCM:
        return SL_SRTP_AEAD_AES_256_GCM;
    case SL_SDP_NO_SUITE:
    case SL_SDP_AES_CM_128_HMAC_SHA1_80:
        break;
    }
    return SL_SRTP_AES128_CM_SHA1_80;
}

bool sl_flow_keys(const struct sl_sdp_crypto *crypto, struct sl_srtp_keys *out)
{
    if (crypto->suite == SL_SDP_NO_SUITE)
        return false;
    *out = (struct sl_srtp_keys){.profile = profile_of(crypto->suite)};
    size_t key_len = sl_srtp_key_len(out->profile);
    memcpy(out->key, crypto->key, key_len);
    memcpy(out->salt, crypto->key + key_len, sl_srtp_salt_len(out->profile));
    return true;
}

void sl_flow_draw_crypto(enum sl_sdp_suite suite, uint32_t tag, struct sl_sdp_crypto *out)
{
    *out = (struct sl_sdp_crypto){.suite = suite, .tag = tag};
    sl_random_bytes(out->key, sl_sdp_suite_key_len(suite));
}
