/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What goes over a media socket, as WebSocket messages that are made once for all who take them:
 * the units of MSE and of WSPlayer (websocket-api.md 14.2, 14.3). Pure.
 */
#ifndef SL_MSE_UNIT_H
#define SL_MSE_UNIT_H

#include "media/media.h"
#include "mux/mux.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_blob;

/* Whose language is spoken. */
enum sl_mse_player { SL_MSE_MSE, SL_MSE_WSPLAYER };
enum { SL_MSE_PLAYERS = SL_MSE_WSPLAYER + 1 };

/* One message on its way to the sockets. */
struct sl_mse_unit {
    struct sl_blob *message; /* a reference */
    enum sl_media_kind kind;
    bool keyframe;   /* of pictures: a player can begin here */
    int64_t time_us; /* since the beginning of time stamps */
};

/* Each of the following makes a message, with one reference. NULL: no memory, or nothing in it. */

/* ---- MSE: FLV tag bodies, behind nine bytes that say what and when ---- */

enum { SL_MSE_HEAD_LEN = 9 };

/* AudioSpecificConfig: before all sound. */
struct sl_blob *sl_mse_build_sound_config(int64_t time_us, const uint8_t *config, size_t len);
struct sl_blob *sl_mse_build_sound(int64_t time_us, const uint8_t *aac, size_t len);
/* One frame again and again, of the given length each: from the first time until before the other.
 * NULL also where there is room for none. */
struct sl_blob *sl_mse_build_row(int64_t time_us, int64_t until_us, int64_t frame_us,
                                 const uint8_t *aac, size_t len);
/* An access unit in Annex B. config, of key frames: goes before it, in the same message. */
struct sl_blob *sl_mse_build_picture(int64_t time_us, const struct sl_flv_avc_config *config,
                                     const uint8_t *au, size_t len);

/* ---- A beginning with which the SDK's player of MSE is not so far behind ---- */

/*
 * It shows nothing before it has times that are two seconds apart, and then stays as far behind as
 * what it has by then is long. Where it runs out of media, though, and has more than three seconds
 * farther on, it goes to a second before the end of that. So there is something short far in front
 * of the first unit, the first picture standing still and silence: it shows that at once, runs out,
 * and goes on a second behind.
 *
 * Without sound there is none: of pictures alone, Chromium does not tell that they have run out
 * while nobody sees the page.
 *
 * The player cuts what comes into pieces of about a tenth of a second. None may reach from the lead
 * to the first unit, so how many frames are in it is no accident (unit.c).
 */
struct sl_mse_lead {
    int64_t time_us;               /* of the first unit */
    const struct sl_blob *picture; /* that is it, a key frame; NULL: there are no pictures */
    const uint8_t *silence;        /* a frame of it */
    size_t silence_len;            /* 0: there is no sound */
    int64_t silence_us;            /* how long one is */
};
/* NULL also where none is possible. */
struct sl_blob *sl_mse_build_lead(const struct sl_mse_lead *lead);

/*
 * That second can be had back: it is one of the player's time, and whose time stamps come closer
 * together than they were captured has less of it in front of it. So a player that has a lead is
 * given times that are half a second in front of the channel's at first, lead and all, and that
 * fall back to these, once it has gone on for sure, by a fourteenth for seven seconds. Pictures
 * pass a little faster, and of the sound it leaves out a frame now and then, by itself.
 *
 * since_us: between the first unit and this one, in the channel's time.
 */
int64_t sl_mse_ahead_us(int64_t since_us);
enum { SL_MSE_AHEAD_US = 500000 }; /* of the first */
/* The units of an MSE message, so much later. NULL: no memory. */
struct sl_blob *sl_mse_build_later(const struct sl_blob *message, int64_t by_us);

/* ---- WSPlayer: one unit a message, with the numbers of RTP ---- */

struct sl_wsplayer_stamp {
    uint32_t ssrc, rtp_time;
};
struct sl_blob *sl_wsplayer_build_picture(const struct sl_wsplayer_stamp *stamp, bool keyframe,
                                          const uint8_t *mpeg1, size_t len);
struct sl_blob *sl_wsplayer_build_sound(const struct sl_wsplayer_stamp *stamp, const uint8_t *pcmu,
                                        size_t len);
/* At which time of the wall clock the stamp's is: a sender report in short. */
struct sl_blob *sl_wsplayer_build_sync(const struct sl_wsplayer_stamp *stamp, int64_t wall_ms);
/* RTP time of so long after the beginning; wraps. */
uint32_t sl_wsplayer_rtp_time(enum sl_media_kind kind, int64_t time_us);

#endif
