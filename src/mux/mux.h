/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What others may include of mux/: containers, as pure readers and writers of bytes. FLV, and AMF0,
 * which its metadata is written in; MP4, WebM, Matroska and MPEG-TS. No threads, no clocks, no I/O;
 * files are read as somebody else gives them (source.c).
 *
 * A file is a head, pieces of one write each and a tail, the same for all containers (muxer.h);
 * mp4*.c, webm*.c and ts*.c are the tables of functions behind it, box.c and ebml.c what they write
 * with, avc.c, av1.c and config.c what they ask of the codecs. What a crash has left is walked over
 * by the same code and finished (repair.c, *_repair.c, index.c).
 */
#ifndef SL_MUX_MUX_H
#define SL_MUX_MUX_H

#include "mux/amf.h"
#include "mux/flv.h"
#include "mux/muxer.h"

#endif
