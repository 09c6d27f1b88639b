/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Units, their heads and their bodies. */
#include "mse/unit.h"

#include "base/clock.h"
#include "http/http.h"

/* ---- MSE ---- */

/*
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------+-----------------------------------------------+
 *  |     type      |  time stamp, ms (32)                          |
 *  +---------------+-----------------------------------------------+
 *  |    ... ms     |  bytes that follow (32)                       |
 *  +---------------+-----------------------------------------------+
 *  |  ... bytes    |  ...                                          |
 */
enum { TYPE_SOUND = 8, TYPE_PICTURE = 9 }; /* of FLV tags */
/* What FLV has in front of sound is left out but for its second byte (E.4.2.2). */
enum { AAC_CONFIG = 0, AAC_FRAME = 1, SOUND_HEAD_LEN = 1 };

static uint8_t *write_head(uint8_t *to, uint8_t type, int64_t time_us, size_t len)
{
    to[0] = type;
    sl_store_u32(to + 1, (uint32_t)(time_us / SL_US_PER_MS));
    sl_store_u32(to + 5, (uint32_t)len);
    return to + SL_MSE_HEAD_LEN;
}

enum { SOUND_LEN = SL_MSE_HEAD_LEN + SOUND_HEAD_LEN };

static uint8_t *write_sound(uint8_t *to, int64_t time_us, uint8_t what, const uint8_t *data,
                            size_t len)
{
    to = write_head(to, TYPE_SOUND, time_us, SOUND_HEAD_LEN + len);
    *to = what;
    memcpy(to + SOUND_HEAD_LEN, data, len);
    return to + SOUND_HEAD_LEN + len;
}

static struct sl_blob *build_sound(int64_t time_us, uint8_t what, const uint8_t *data, size_t len)
{
    uint8_t *to;
    struct sl_blob *message = sl_ws_message_create(SOUND_LEN + len, &to);

    if (message)
        (void)write_sound(to, time_us, what, data, len);
    return message;
}

struct sl_blob *sl_mse_build_sound_config(int64_t time_us, const uint8_t *config, size_t len)
{
    return build_sound(time_us, AAC_CONFIG, config, len);
}

struct sl_blob *sl_mse_build_sound(int64_t time_us, const uint8_t *aac, size_t len)
{
    return build_sound(time_us, AAC_FRAME, aac, len);
}

struct sl_blob *sl_mse_build_row(int64_t time_us, int64_t until_us, int64_t frame_us,
                                 const uint8_t *aac, size_t len)
{
    size_t count = until_us > time_us ? (size_t)((until_us - time_us) / frame_us) : 0;
    uint8_t *to;
    struct sl_blob *message =
        count > 0 ? sl_ws_message_create(count * (SOUND_LEN + len), &to) : NULL;

    for (size_t i = 0; message && i < count; i++)
        to = write_sound(to, time_us + (int64_t)i * frame_us, AAC_FRAME, aac, len);
    return message;
}

static uint8_t *write_config(uint8_t *to, int64_t time_us, const struct sl_flv_avc_config *config)
{
    to = write_head(to, TYPE_PICTURE, time_us, SL_FLV_HEAD_MAX + config->len);
    to += sl_flv_video_head(to, true, true, 0);
    memcpy(to, config->bytes, config->len);
    return to + config->len;
}

struct sl_blob *sl_mse_build_picture(int64_t time_us, const struct sl_flv_avc_config *config,
                                     const uint8_t *au, size_t len)
{
    size_t body_len = sl_flv_avc_len(au, len);
    size_t config_len = config ? SL_MSE_HEAD_LEN + SL_FLV_HEAD_MAX + config->len : 0;
    uint8_t *to;

    if (body_len == 0)
        return NULL;
    struct sl_blob *message =
        sl_ws_message_create(config_len + SL_MSE_HEAD_LEN + SL_FLV_HEAD_MAX + body_len, &to);
    if (!message)
        return NULL;
    if (config)
        to = write_config(to, time_us, config);
    to = write_head(to, TYPE_PICTURE, time_us, SL_FLV_HEAD_MAX + body_len);
    to += sl_flv_video_head(to, config != NULL, false, 0);
    (void)sl_flv_avc_convert(au, len, to); /* body_len of them */
    return message;
}

/* ---- A lead ---- */

enum {
    LEAD_US = 4800000, /* from its beginning to the first unit; a jump of 5 s would be a reset */
    STEP_US = 150000,  /* from picture to picture */
    LEAD_PICTURES = 5, /* four are wanted before anything is shown */
    LEAD_PICTURE_MAX = 128 * 1024,
    CUT_PICTURES = 3, /* are a piece of the player's, if two more are behind them */
    CUT_FRAMES = 6,   /* of sound alone: a tenth of a second */
    SOUND_PIECES = 7,
    SILENCE_MIN_US = 20000, /* one of AAC at 48 kHz or 44.1 */
    SILENCE_MAX_US = 24000,
    CONFIG_TYPE_AT = SL_MSE_HEAD_LEN + 1,
};

/* What is in the message of a key frame. */
struct lead_picture {
    const uint8_t *config, *picture; /* whole units */
    size_t config_len, picture_len;
};

static size_t unit_len(const uint8_t *unit, size_t len)
{
    if (len < SL_MSE_HEAD_LEN)
        return 0;
    size_t body_len = sl_load_u32(unit + 5);
    return body_len > len - SL_MSE_HEAD_LEN ? 0 : SL_MSE_HEAD_LEN + body_len;
}

static bool find_picture(const struct sl_blob *message, struct lead_picture *out)
{
    size_t len;
    const uint8_t *payload = sl_ws_message_payload(message, &len);

    out->config = payload;
    out->config_len = unit_len(payload, len);
    out->picture = payload + out->config_len;
    out->picture_len = unit_len(out->picture, len - out->config_len);
    return out->config_len > CONFIG_TYPE_AT && out->picture_len > 0 &&
           out->picture_len <= LEAD_PICTURE_MAX;
}

/* A unit again, at another time. */
static uint8_t *repeat_unit(uint8_t *to, int64_t time_us, const uint8_t *unit, size_t len)
{
    memcpy(to, unit, len);
    sl_store_u32(to + 1, (uint32_t)(time_us / SL_US_PER_MS));
    return to + len;
}

static uint8_t *write_silence(uint8_t *to, int64_t time_us, const struct sl_mse_lead *lead)
{
    return write_sound(to, time_us, AAC_FRAME, lead->silence, lead->silence_len);
}

static uint8_t *write_row(uint8_t *to, int64_t begin_us, size_t count,
                          const struct sl_mse_lead *lead)
{
    for (size_t i = 0; i < count; i++)
        to = write_silence(to, begin_us + (int64_t)i * lead->silence_us, lead);
    return to;
}

/* The configuration and the picture that follows it, and that one again. */
static uint8_t *write_pictures(uint8_t *to, int64_t begin_us, const struct lead_picture *picture)
{
    to = repeat_unit(to, begin_us, picture->config, picture->config_len);
    for (int64_t i = 0; i < LEAD_PICTURES; i++)
        to = repeat_unit(to, begin_us + i * STEP_US, picture->picture, picture->picture_len);
    return to;
}

static size_t pictures_len(const struct lead_picture *picture)
{
    return picture->config_len + LEAD_PICTURES * picture->picture_len;
}

/*
 * Sound reaches just over the last picture of the first piece, so that all of it is in that; the
 * two pictures behind it are the second one, with a frame of sound in front of the first unit. What
 * was left of the sound would reach over the gap.
 */
static struct sl_blob *lead_of_both(const struct sl_mse_lead *lead,
                                    const struct lead_picture *picture)
{
    int64_t begin_us = lead->time_us - LEAD_US;
    int64_t piece_us = (CUT_PICTURES - 1) * STEP_US;
    size_t row = (size_t)((piece_us + lead->silence_us - 1) / lead->silence_us) + 1;
    uint8_t *to;
    struct sl_blob *message = sl_ws_message_create(
        (row + 1) * (SOUND_LEN + lead->silence_len) + pictures_len(picture), &to);

    if (!message)
        return NULL;
    to = write_row(to, begin_us, row, lead);
    to = write_pictures(to, begin_us, picture);
    (void)write_silence(to, lead->time_us - lead->silence_us, lead);
    return message;
}

static struct sl_blob *lead_of_sound(const struct sl_mse_lead *lead)
{
    size_t row = SOUND_PIECES * CUT_FRAMES;
    uint8_t *to;
    struct sl_blob *message = sl_ws_message_create(row * (SOUND_LEN + lead->silence_len), &to);

    if (message)
        (void)write_row(to, lead->time_us - LEAD_US, row, lead);
    return message;
}

struct sl_blob *sl_mse_build_lead(const struct sl_mse_lead *lead)
{
    struct lead_picture picture;

    if (lead->time_us < LEAD_US || lead->silence_len == 0 || lead->silence_us < SILENCE_MIN_US ||
        lead->silence_us > SILENCE_MAX_US)
        return NULL;
    if (!lead->picture)
        return lead_of_sound(lead);
    return find_picture(lead->picture, &picture) ? lead_of_both(lead, &picture) : NULL;
}

/* ---- Times that fall back ---- */

enum {
    CATCH_FROM_US = 3 * (int)SL_US_PER_S, /* the lead is over, also on a slow machine */
    CATCH_US = 7 * (int)SL_US_PER_S,
};

int64_t sl_mse_ahead_us(int64_t since_us)
{
    if (since_us <= CATCH_FROM_US)
        return SL_MSE_AHEAD_US;
    if (since_us >= CATCH_FROM_US + CATCH_US)
        return 0;
    return SL_MSE_AHEAD_US - (since_us - CATCH_FROM_US) * SL_MSE_AHEAD_US / CATCH_US;
}

struct sl_blob *sl_mse_build_later(const struct sl_blob *message, int64_t by_us)
{
    size_t len, at = 0, unit;
    const uint8_t *payload = sl_ws_message_payload(message, &len);
    uint8_t *to;
    struct sl_blob *later = sl_ws_message_create(len, &to);

    if (!later)
        return NULL;
    memcpy(to, payload, len);
    while ((unit = unit_len(payload + at, len - at)) > 0) {
        sl_store_u32(to + at + 1, sl_load_u32(payload + at + 1) + (uint32_t)(by_us / SL_US_PER_MS));
        at += unit;
    }
    return later;
}

/* ---- WSPlayer ---- */

enum {
    FLAG_KEYFRAME = 1 << 4,
    TYPE_SHIFT = 2,
    UNIT_PICTURE = 1 << TYPE_SHIFT,
    UNIT_SOUND = 2 << TYPE_SHIFT,
    UNIT_SYNC = 3 << TYPE_SHIFT,
    FLAG_SSRC = 1 << 1,
    FLAG_TIME = 1 << 0,
    STAMP_LEN = 1 + 4 + 4,
    NTP_LEN = 8,
    NTP_UNIX_S = 2208988800U, /* from 1900 to 1970 (RFC 868) */
};

/* The len bytes behind the stamp are to be written at *rest. */
static struct sl_blob *build(uint8_t flags, const struct sl_wsplayer_stamp *stamp, size_t len,
                             uint8_t **rest)
{
    uint8_t *to;
    struct sl_blob *message = sl_ws_message_create(STAMP_LEN + len, &to);

    if (!message)
        return NULL;
    to[0] = flags | FLAG_SSRC | FLAG_TIME;
    sl_store_u32(to + 1, stamp->ssrc);
    sl_store_u32(to + 5, stamp->rtp_time);
    *rest = to + STAMP_LEN;
    return message;
}

static struct sl_blob *build_media(uint8_t flags, const struct sl_wsplayer_stamp *stamp,
                                   const uint8_t *data, size_t len)
{
    uint8_t *rest;
    struct sl_blob *message = len > 0 ? build(flags, stamp, len, &rest) : NULL;

    if (message)
        memcpy(rest, data, len);
    return message;
}

struct sl_blob *sl_wsplayer_build_picture(const struct sl_wsplayer_stamp *stamp, bool keyframe,
                                          const uint8_t *mpeg1, size_t len)
{
    return build_media(UNIT_PICTURE | (keyframe ? FLAG_KEYFRAME : 0), stamp, mpeg1, len);
}

struct sl_blob *sl_wsplayer_build_sound(const struct sl_wsplayer_stamp *stamp, const uint8_t *pcmu,
                                        size_t len)
{
    return build_media(UNIT_SOUND, stamp, pcmu, len);
}

struct sl_blob *sl_wsplayer_build_sync(const struct sl_wsplayer_stamp *stamp, int64_t wall_ms)
{
    uint8_t *rest;
    struct sl_blob *message = build(UNIT_SYNC, stamp, NTP_LEN, &rest);

    if (!message)
        return NULL;
    sl_store_u32(rest, (uint32_t)(wall_ms / 1000 + NTP_UNIX_S));
    sl_store_u32(rest + 4, (uint32_t)(((uint64_t)(wall_ms % 1000) << 32) / 1000));
    return message;
}

uint32_t sl_wsplayer_rtp_time(enum sl_media_kind kind, int64_t time_us)
{
    int64_t clock_hz = sl_codec_clock_hz(kind == SL_AUDIO ? SL_CODEC_PCMU : SL_CODEC_MPEG1);

    return (uint32_t)(time_us * clock_hz / SL_US_PER_S);
}
