/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The elements that Matroska is made of (EBML, RFC 8794), and which of them we use (RFC 9559).
 * Private to this directory. */
#ifndef SL_MUX_EBML_H
#define SL_MUX_EBML_H

#include "base/buffer.h"
#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As they stand in the file, with the bits that tell their lengths. */
enum {
    SL_EBML = 0x1a45dfa3,
    SL_EBML_VERSION = 0x4286,
    SL_EBML_READ_VERSION = 0x42f7,
    SL_EBML_MAX_ID_LENGTH = 0x42f2,
    SL_EBML_MAX_SIZE_LENGTH = 0x42f3,
    SL_EBML_DOC_TYPE = 0x4282,
    SL_EBML_DOC_TYPE_VERSION = 0x4287,
    SL_EBML_DOC_TYPE_READ_VERSION = 0x4285,
    SL_EBML_VOID = 0xec,
    SL_MKV_SEGMENT = 0x18538067,
    SL_MKV_SEEK_HEAD = 0x114d9b74,
    SL_MKV_SEEK = 0x4dbb,
    SL_MKV_SEEK_ID = 0x53ab,
    SL_MKV_SEEK_POSITION = 0x53ac,
    SL_MKV_INFO = 0x1549a966,
    SL_MKV_TIMESTAMP_SCALE = 0x2ad7b1,
    SL_MKV_DURATION = 0x4489,
    SL_MKV_MUXING_APP = 0x4d80,
    SL_MKV_WRITING_APP = 0x5741,
    SL_MKV_TRACKS = 0x1654ae6b,
    SL_MKV_TRACK_ENTRY = 0xae,
    SL_MKV_TRACK_NUMBER = 0xd7,
    SL_MKV_TRACK_UID = 0x73c5,
    SL_MKV_TRACK_TYPE = 0x83,
    SL_MKV_FLAG_LACING = 0x9c,
    SL_MKV_LANGUAGE = 0x22b59c,
    SL_MKV_CODEC_ID = 0x86,
    SL_MKV_CODEC_PRIVATE = 0x63a2,
    SL_MKV_SEEK_PRE_ROLL = 0x56bb,
    SL_MKV_VIDEO = 0xe0,
    SL_MKV_PIXEL_WIDTH = 0xb0,
    SL_MKV_PIXEL_HEIGHT = 0xba,
    SL_MKV_AUDIO = 0xe1,
    SL_MKV_SAMPLING_FREQUENCY = 0xb5,
    SL_MKV_CHANNELS = 0x9f,
    SL_MKV_CLUSTER = 0x1f43b675,
    SL_MKV_TIMESTAMP = 0xe7,
    SL_MKV_SIMPLE_BLOCK = 0xa3,
    SL_MKV_CUES = 0x1c53bb6b,
    SL_MKV_CUE_POINT = 0xbb,
    SL_MKV_CUE_TIME = 0xb3,
    SL_MKV_CUE_TRACK_POSITIONS = 0xb7,
    SL_MKV_CUE_TRACK = 0xf7,
    SL_MKV_CUE_CLUSTER_POSITION = 0xf1,
};
#define SL_EBML_UNKNOWN_SIZE UINT64_MAX

/* ---- Writing ---- */

void sl_ebml_id(struct sl_buffer *out, uint32_t id);
/* A size of one, four or eight bytes, whatever it is. */
void sl_ebml_size(struct sl_buffer *out, uint64_t size, int bytes);
/* Whole elements. Numbers have eight bytes where they are to be changed later (fixed), otherwise as
 * few as they need. */
void sl_ebml_number(struct sl_buffer *out, uint32_t id, uint64_t v);
void sl_ebml_fixed(struct sl_buffer *out, uint32_t id, uint64_t v);
void sl_ebml_float(struct sl_buffer *out, uint32_t id, double v);
void sl_ebml_bytes(struct sl_buffer *out, uint32_t id, const void *bytes, size_t len);
void sl_ebml_text(struct sl_buffer *out, uint32_t id, const char *text);
/* So many bytes in all, 2 to 128. */
void sl_ebml_void(struct sl_buffer *out, size_t len);
/* Elements inside: returns what is to be given to sl_ebml_end(). */
size_t sl_ebml_begin(struct sl_buffer *out, uint32_t id);
void sl_ebml_end(struct sl_buffer *out, size_t element);

/* ---- Reading ---- */

struct sl_ebml_head {
    uint32_t id;
    uint64_t size; /* of what follows; SL_EBML_UNKNOWN_SIZE */
};
enum { SL_EBML_HEAD_MAX = 12 };
/* The reader fails if it is cut, or none. */
void sl_ebml_read_head(struct sl_reader *r, struct sl_ebml_head *out);
/* An element and its body; false: none is left, or the rest is none. */
bool sl_ebml_next(struct sl_reader *r, uint32_t *id, struct sl_reader *body);
/* Of all the bytes that are left, 8 at most. */
uint64_t sl_ebml_read_number(struct sl_reader *body);

#endif
