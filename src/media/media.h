/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What others may include of media/: what is said of sound and pictures whatever carries them, RTP,
 * FLV, MP4 or a file. Pure: no threads, no clocks, no I/O. */
#ifndef SL_MEDIA_MEDIA_H
#define SL_MEDIA_MEDIA_H

#include "media/codec.h"
#include "media/frame.h"
#include "media/h264.h"
#include "media/interleave.h"
#include "media/parameter_sets.h"
#include "media/reorder.h"
#include "media/steady.h"
#include "media/timeline.h"

#endif
