/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets of MPEG-TS: tables, clock, and frames in PES packets. Private to this directory. */
#ifndef SL_MUX_TS_H
#define SL_MUX_TS_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SL_TS_PACKET_LEN = 188,
    SL_TS_HZ = 90000,
    SL_TS_PMT_PID = 0x1000,
    SL_TS_VIDEO_PID = 0x100,
    SL_TS_AUDIO_PID = 0x101,
    SL_TS_VIDEO_STREAM = 0xe0,
    SL_TS_AUDIO_STREAM = 0xc0,
};
#define SL_TS_NO_PCR INT64_MIN

/* Zeroed, but for packets, which is to be initialised. */
struct sl_ts {
    struct sl_buffer packets;
    struct {
        uint8_t pat, pmt, video, audio;
    } counters; /* of the next packet; four bits count */
};

/* PAT and PMT, a packet each. */
void sl_ts_write_tables(struct sl_ts *ts, bool has_video, bool has_audio);
/* The clock alone. pcr: ticks of 90 kHz, here as below cut to 33 bits. */
void sl_ts_write_clock(struct sl_ts *ts, uint16_t pid, int64_t pcr);

/* One access unit, or several frames of sound. */
struct sl_ts_pes {
    uint16_t pid;
    uint8_t stream_id;
    int64_t pts, dts;
    int64_t pcr; /* SL_TS_NO_PCR: none */
    bool keyframe;
    const uint8_t *data;
    size_t len;
};
void sl_ts_write_pes(struct sl_ts *ts, const struct sl_ts_pes *pes);

#endif
