/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What others may include of media/: what is said of sound and pictures whatever carries them, RTP,
 * FLV, MP4 or a file. Pure: no threads, no clocks, no I/O.
 *
 *   codec.h          the codecs: names, kinds, clocks
 *   frame.h          one coded frame, with both its times and its codec's configuration; shared
 *   h264.h, aac.h    what a codec's bytes say of themselves: sizes, orders, rates
 *   parameter_sets.h those of H264, kept by type and id; reorder.h: pictures shown in another order
 *   timeline.h, steady.h, interleave.h
 *                    samples against a clock, a source's clock against ours, two tracks by time
 *   wav.h, png.h     sound files; what a picture's file says of its size
 *
 * Begin with frame.h: it is what tracks, codec processes and containers hand to one another.
 */
#ifndef SL_MEDIA_MEDIA_H
#define SL_MEDIA_MEDIA_H

#include "media/aac.h"
#include "media/codec.h"
#include "media/frame.h"
#include "media/h264.h"
#include "media/interleave.h"
#include "media/parameter_sets.h"
#include "media/png.h"
#include "media/reorder.h"
#include "media/steady.h"
#include "media/timeline.h"
#include "media/wav.h"

#endif
