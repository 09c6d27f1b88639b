/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RIFF WAVE: `RIFF` len `WAVE`, then chunks of id, length and bytes padded to even: `fmt ` tells
 * the format, `data` holds the samples (Multimedia Programming Interface and Data
 * Specifications 1.0, 1991, and WAVEFORMATEXTENSIBLE). Little endian throughout.
 */
#include "media/wav.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/mem.h"

#include <errno.h>

enum { FORMAT_PCM = 1, FORMAT_ALAW = 6, FORMAT_MULAW = 7, FORMAT_EXTENSIBLE = 0xfffe };

struct wav_format {
    unsigned tag, channels, bits;
    uint32_t rate_hz;
};

static const uint32_t rates_hz[] = {8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000};

static uint16_t read_le16(struct sl_reader *r)
{
    uint16_t v = sl_read_u16(r);

    return (uint16_t)(v >> 8 | v << 8);
}

static uint32_t read_le32(struct sl_reader *r)
{
    uint32_t low = read_le16(r);

    return low | (uint32_t)read_le16(r) << 16;
}

/* The rest of a GUID whose first two bytes are the format's number. */
static bool is_wave_guid(const uint8_t *rest)
{
    static const uint8_t tail[14] = {0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80,
                                     0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71};

    return rest && memcmp(rest, tail, sizeof(tail)) == 0;
}

static int read_format(struct sl_reader chunk, struct wav_format *out, struct sl_error *error)
{
    out->tag = read_le16(&chunk);
    out->channels = read_le16(&chunk);
    out->rate_hz = read_le32(&chunk);
    (void)sl_reader_take(&chunk, 6); /* bytes a second and per sample: follow from the rest */
    out->bits = read_le16(&chunk);
    if (!chunk.ok)
        return sl_error_set(error, -EBADMSG, "WAV: fmt chunk too short");
    if (out->tag == FORMAT_EXTENSIBLE) {
        (void)sl_reader_take(&chunk, 8); /* its size, valid bits, speakers */
        out->tag = read_le16(&chunk);
        if (!is_wave_guid(sl_reader_take(&chunk, 14)) || out->tag != FORMAT_PCM)
            return sl_error_set(error, -EBADMSG, "WAV: extensible format other than PCM");
    }
    return 0;
}

static int check_format(const struct wav_format *format, struct sl_error *error)
{
    bool known = (format->tag == FORMAT_PCM && format->bits == 16) ||
                 ((format->tag == FORMAT_ALAW || format->tag == FORMAT_MULAW) && format->bits == 8);

    if (!known)
        return sl_error_set(error, -EBADMSG,
                            "WAV: format %u with %u bits; known are PCM with 16, A-law and mu-law",
                            format->tag, format->bits);
    if (format->channels < 1 || format->channels > 2)
        return sl_error_set(error, -EBADMSG, "WAV: %u channels; 1 or 2 are possible",
                            format->channels);
    for (size_t i = 0; i < SL_ARRAY_LEN(rates_hz); i++) {
        if (rates_hz[i] == format->rate_hz)
            return 0;
    }
    return sl_error_set(error, -EBADMSG, "WAV: rate of %u Hz", format->rate_hz);
}

/* ITU-T G.711 tables 1 and 2, as 16 bits. */
static int16_t from_alaw(uint8_t code)
{
    code ^= 0x55;
    int exponent = (code & 0x70) >> 4;
    int value = (code & 0x0f) << 4 | 8;

    if (exponent > 0)
        value = (value + 0x100) << (exponent - 1);
    return (int16_t)(code & 0x80 ? value : -value);
}

static int16_t from_mulaw(uint8_t code)
{
    code = (uint8_t)~code;
    int value = ((((code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84;

    return (int16_t)(code & 0x80 ? -value : value);
}

static void decode(const struct wav_format *format, const uint8_t *data, int16_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (format->tag == FORMAT_PCM)
            out[i] = (int16_t)(uint16_t)(data[2 * i] | data[2 * i + 1] << 8);
        else if (format->tag == FORMAT_ALAW)
            out[i] = from_alaw(data[i]);
        else
            out[i] = from_mulaw(data[i]);
    }
}

static int take_samples(const struct wav_format *format, const uint8_t *data, size_t len,
                        struct sl_wav *out, struct sl_error *error)
{
    size_t bytes_each = format->bits / 8;
    size_t count = len / bytes_each / format->channels; /* an unfinished last one is left out */

    if (count == 0)
        return sl_error_set(error, -EBADMSG, "WAV: no samples");
    if (count > SL_WAV_LEN_MAX / sizeof(int16_t) / format->channels)
        return sl_error_set(error, -EBADMSG, "WAV: longer than %d MiB of samples",
                            SL_WAV_LEN_MAX >> 20);
    int16_t *samples = malloc(count * format->channels * sizeof(*samples));
    if (!samples)
        return sl_error_set(error, -ENOMEM, "WAV: no memory for it");
    decode(format, data, samples, count * format->channels);
    *out = (struct sl_wav){.rate_hz = (int)format->rate_hz,
                           .channels = (int)format->channels,
                           .count = count,
                           .samples = samples};
    return 0;
}

int sl_wav_parse(const uint8_t *data, size_t len, struct sl_wav *out, struct sl_error *error)
{
    struct sl_reader r = sl_reader_of(data, len);
    const uint8_t *riff = sl_reader_take(&r, 4);
    struct wav_format format = {0}; /* channels 0: no fmt chunk yet */

    (void)read_le32(&r); /* wrong in files that were streamed: the real end counts */
    const uint8_t *wave = sl_reader_take(&r, 4);
    if (!riff || !wave || memcmp(riff, "RIFF", 4) != 0 || memcmp(wave, "WAVE", 4) != 0)
        return sl_error_set(error, -EBADMSG, "WAV: not a RIFF WAVE file");
    while (sl_reader_left(&r) >= 8) {
        const uint8_t *id = sl_reader_take(&r, 4);
        size_t chunk_len = read_le32(&r);
        bool is_data = memcmp(id, "data", 4) == 0;
        if (chunk_len > sl_reader_left(&r)) {
            if (!is_data)
                return sl_error_set(error, -EBADMSG, "WAV: a chunk runs beyond the end");
            chunk_len = sl_reader_left(&r); /* cut off, or 0xffffffff of a streamed file */
        }
        const uint8_t *chunk = sl_reader_take(&r, chunk_len);
        if (is_data && format.channels == 0)
            return sl_error_set(error, -EBADMSG, "WAV: data before fmt");
        if (is_data)
            return take_samples(&format, chunk, chunk_len, out, error);
        if (memcmp(id, "fmt ", 4) == 0) {
            int err = read_format(sl_reader_of(chunk, chunk_len), &format, error);
            if (err == 0)
                err = check_format(&format, error);
            if (err < 0)
                return err;
        }
        if (chunk_len % 2 != 0)
            (void)sl_reader_take(&r, 1);
    }
    return sl_error_set(error, -EBADMSG, "WAV: no data chunk");
}

void sl_wav_deinit(struct sl_wav *wav)
{
    free(wav->samples);
    *wav = (struct sl_wav){0};
}
