/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a player asks for: "640x360,800k,PCMA", in any order; "plain": as it is published. */
#ifndef SL_BENCH_FORM_H
#define SL_BENCH_FORM_H

#include "media/media.h"

#include <stdbool.h>

struct form {
    int width, height, kbps; /* 0: as it is published */
    enum sl_codec codecs[2]; /* by kind: what it can take */
};

/* As browsers publish, and most play. */
#define FORM_PLAIN ((struct form){.codecs = {SL_CODEC_OPUS, SL_CODEC_H264}})

bool form_parse(const char *text, struct form *out);

#endif
