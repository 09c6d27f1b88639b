/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files and segments from coded frames, in memory: fragmented MP4 (ISO 14496-12), WebM and Matroska
 * (RFC 9559), MPEG-TS (ISO 13818-1), all by the same calls:
 *
 *   create    what stands at the beginning (nothing in MPEG-TS)
 *   add       a frame, in the order of time of both tracks; copied
 *   cut       all that was added since as one piece: a fragment, a cluster, a segment
 *   finish    the beginning anew with what is only known now, and an index for the end
 *
 * So a file is head, pieces, tail, each of them one write; it is whole after every piece. Pure: no
 * clocks, no I/O. Threads: one at a time.
 *
 * Time is that of the file, in microseconds: the owner says what its 0 is (as a rule the first key
 * frame) and takes it from the frames' times. Sound is not before 0. Of pictures that is so for the
 * time of showing; where pictures are reordered, those of decoding may be, by delay_us.
 */
#ifndef SL_MUX_MUXER_H
#define SL_MUX_MUXER_H

#include "base/buffer.h"
#include "media/media.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_container { SL_MP4, SL_WEBM, SL_MATROSKA, SL_MPEGTS };

/* "mp4", "webm", "mkv", "ts". */
const char *sl_container_extension(enum sl_container container);
/* MP4: H264, AAC, opus. WebM: VP8, VP9, AV1, H264, opus. Matroska: those and AAC. MPEG-TS: H264,
 * AAC. (H264 is no WebM in the strict sense; browsers write and read it.) */
bool sl_container_takes(enum sl_container container, enum sl_codec codec);

/* What is known of the tracks before the first frame. All borrowed. */
struct sl_mux_tracks {
    enum sl_codec codecs[2]; /* by enum sl_media_kind; SL_CODEC_NONE: no such track */
    /* What a decoder must have first. H264: Annex B with an SPS and a PPS, as a key frame or its
     * sl_codec_config has them; later ones stand in the frames, so they may change; MPEG-TS
     * does without. AV1: a key frame. AAC: AudioSpecificConfig; NULL: made from rate and channels.
     * Others: NULL. */
    const uint8_t *configs[2];
    size_t config_lens[2];
    uint16_t width, height; /* of the first picture */
    int rotation;           /* clockwise, to show it: 0, 90, 180, 270; MP4 only */
    /* How much earlier than it is shown the first picture is decoded; MP4 only. Without it a file
     * whose pictures are reordered plays, but FFmpeg (and so Chromium) shows them that much
     * late. */
    int64_t delay_us;
    int rate_hz, channels; /* of sound: 1 or 2 channels; opus: 48000 */
};
/* As the CODECS attribute of HLS and MediaSource name them (RFC 6381): "avc1.42e01f,mp4a.40.2".
 * Returns text. */
enum { SL_MUX_CODECS_TEXT_MAX = 64 };
char *sl_mux_codecs_text(const struct sl_mux_tracks *tracks, char text[SL_MUX_CODECS_TEXT_MAX]);

/* One frame, as of struct sl_program_frame: borrowed. */
struct sl_mux_sample {
    enum sl_media_kind kind;
    bool keyframe; /* of pictures */
    int64_t pts_us, dts_us;
    const uint8_t *data;
    size_t len;
};

/* ---- Writing ---- */

struct sl_muxer;
struct sl_muxer_config {
    enum sl_container container;
    struct sl_mux_tracks tracks;
    size_t piece_max; /* bytes of one piece at most, in memory; 0: SL_MUX_PIECE_MAX */
    /* MPEG-TS: PAT and PMT also at key frames and so often; 0: at the beginning of pieces only. */
    int64_t tables_us;
};
enum {
    SL_MUX_PIECE_MAX = 64 << 20,
    SL_MUX_SAMPLES_MAX = 16384, /* of one track in a piece */
    SL_MUX_INDEX_MAX = 32768,  /* key frames in an index, of 16 bytes; then every other one stays */
    SL_MUX_HEAD_MAX = 4096,    /* bytes that create and finish append to head ... */
    SL_MUX_TAIL_MAX = 2 << 20, /* ... and finish to tail */
};

/* *out: the caller's, to be destroyed; head: gets the beginning appended, which is at offset 0 of
 * the file, or the init segment of MP4. -ENOSYS: a codec that the container does not take, or no
 * track at all; -EINVAL: a configuration that is missing or broken, or a rate or number of channels
 * that cannot be said; -ENOMEM: head is not ok. */
int sl_muxer_create(const struct sl_muxer_config *config, struct sl_buffer *head,
                    struct sl_muxer **out);
void sl_muxer_destroy(struct sl_muxer *muxer); /* NULL is fine */

/*
 * -EINVAL   no such track, empty, shown before it is decoded or before 0, or not decoded after the
 *           track's last one
 * -ENOBUFS  the piece is full: cut. WebM: also if it is longer than 30 s
 * -ENOMEM   there is no memory
 * In all of them the frame is left out and nothing else; after a picture was, those up to the next
 * key frame are of no use.
 */
int sl_muxer_add(struct sl_muxer *muxer, const struct sl_mux_sample *sample);

/* What a piece has. */
struct sl_mux_piece {
    /* From the first frame of the pictures (sound, if the track has no pictures) to next_us of
     * sl_muxer_cut(), in time of decoding. */
    int64_t begin_us, end_us;
    bool independent; /* its pictures begin with a key frame, or it has none */
    size_t pictures, sounds;
};
/* No frame comes after the piece. */
#define SL_MUX_LAST INT64_MAX
/*
 * Appends the piece to out, and begins a new one.
 *
 * next_us   dts of the next picture (without pictures: sound) which goes into the next piece: the
 *           last one lasts until then. SL_MUX_LAST: as long as the one before.
 * piece     NULL is fine
 * Returns   0; -ENOENT: nothing was added, and nothing is written; -ENOMEM: out is not ok, the
 *           piece is lost, and the file goes on without it if out is set back to where it was.
 */
int sl_muxer_cut(struct sl_muxer *muxer, int64_t next_us, struct sl_buffer *out,
                 struct sl_mux_piece *piece);
/*
 * After the last cut, for a file. head: gets what is to be written over the beginning of the file,
 * of the same length as at first. tail: gets what is to be written at its end. Either may be
 * nothing. The head may only be written after the tail was. -ENOMEM: one of them is not ok; the
 * file plays without. Once.
 */
int sl_muxer_finish(struct sl_muxer *muxer, struct sl_buffer *head, struct sl_buffer *tail);
/* Bytes of the file so far: of the head and of all pieces. */
uint64_t sl_muxer_len(const struct sl_muxer *muxer);
/* Until when the file plays so far. */
int64_t sl_muxer_duration_us(const struct sl_muxer *muxer);

/* ---- Repair ---- */

/* A file that is read piecewise. */
struct sl_mux_source {
    uint64_t len;
    /* Up to len bytes at this offset; returns how many (fewer: the end), or a negative errno. */
    int (*read)(void *owner, uint64_t offset, uint8_t *out, size_t len);
    void *owner;
};
/* What becomes of a file of ours that was not finished. */
struct sl_mux_repair {
    uint64_t len;          /* cut it here: behind the last whole piece ... */
    struct sl_buffer head; /* ... write this over its beginning ... */
    struct sl_buffer tail; /* ... and this behind that */
    int64_t duration_us;
    size_t pieces, keyframes; /* key frames: of those in the index */
};
/* Walks over the pieces; reads no more than their headers (of WebM: of each frame). Takes any
 * bytes. -EBADMSG: there is not one whole piece, or it is no file of ours; -ENOMEM; or what read
 * returned. *out then holds nothing; otherwise it is the caller's. MPEG-TS: only
 * len is told, packets are not looked into. */
int sl_mux_repair(enum sl_container container, const struct sl_mux_source *source,
                  struct sl_mux_repair *out);
void sl_mux_repair_deinit(struct sl_mux_repair *repair);

#endif
