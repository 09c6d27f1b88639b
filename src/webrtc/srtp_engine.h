/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A thread's crypto machine, as srtp.c and srtp_receive.c see it. */
#ifndef SL_WEBRTC_SRTP_ENGINE_H
#define SL_WEBRTC_SRTP_ENGINE_H

#include "webrtc/srtp_crypto.h"
#include "webrtc/srtp_mb.h"

struct sl_srtp_engine {
    struct sl_srtp_evp evp;
    struct sl_srtp_mb *mb; /* NULL: OpenSSL alone */
};

#endif
