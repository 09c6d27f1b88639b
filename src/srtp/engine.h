/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A thread's crypto machine, as srtp.c and srtp_receive.c see it. */
#ifndef SL_SRTP_ENGINE_H
#define SL_SRTP_ENGINE_H

#include "srtp/crypto.h"
#include "srtp/mb.h"

struct sl_srtp_engine {
    struct sl_srtp_evp evp;
    struct sl_srtp_mb *mb; /* NULL: OpenSSL alone */
};

#endif
