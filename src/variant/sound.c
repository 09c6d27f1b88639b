/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The form of sound, and sounds played in it. */
#include "variant/sound.h"

#include "base/mem.h"
#include "variant/audio.h"

#include <errno.h>
#include <string.h>

enum {
    CHANNELS_MAX = 2,
    CHUNKS_PER_S = 50,
    BLOCK_SAMPLES = 960,
    SILENT_BLOCKS = 8,    /* until an encoder has nothing else in mind */
    CHUNK_SAMPLES = 4096, /* a chunk of 20 ms at 48 kHz, with a wide margin */
    CODED_MAX = 8192,     /* of one frame: 6144 bits a channel (ISO 14496-3 section 4.5.1.1) */
    TAIL_CHUNKS = 3,      /* of silence behind the end: what the encoder still holds comes out */
};

/* ---- The form ---- */

static void keep_silence(void *arg, const struct sl_coded *coded)
{
    struct sl_variant_sound *form = arg;

    form->silence_len = 0;
    if (coded->len > sizeof(form->silence))
        return;
    memcpy(form->silence, coded->data, coded->len);
    form->silence_len = coded->len;
}

static int make_silence(struct sl_audio_encoder *encoder, struct sl_variant_sound *form)
{
    static const int16_t zeros[BLOCK_SAMPLES * CHANNELS_MAX];
    struct sl_pcm pcm = {.rate_hz = form->rate_hz,
                         .channels = form->channels,
                         .count = BLOCK_SAMPLES,
                         .samples = zeros};
    int err = 0;

    for (int i = 0; i < SILENT_BLOCKS && err == 0; i++)
        err = sl_audio_encoder_encode(encoder, &pcm, keep_silence, form);
    return err < 0 ? err : form->silence_len == 0 ? -ENOMEM : 0;
}

static int open_encoder(const struct sl_variant_sound *form, struct sl_audio_encoder **out)
{
    struct sl_audio_encoder_config config = {
        .codec = form->codec, .rate_hz = form->rate_hz, .channels = form->channels};

    return sl_audio_encoder_create(&config, out);
}

int sl_variant_sound_init(enum sl_codec codec, enum sl_codec from, struct sl_variant_sound *out)
{
    const struct sl_conversion *conversion = sl_conversion_find(from, codec);
    struct sl_audio_encoder *encoder;
    struct sl_variant_sound form = {.codec = codec};

    if (!conversion)
        return -ENOSYS;
    form.rate_hz = conversion->rate_hz;
    form.channels = conversion->channels;
    int err = open_encoder(&form, &encoder);
    if (err < 0)
        return err;
    const uint8_t *config = sl_audio_encoder_extradata(encoder, &form.config_len);
    if (form.config_len > sizeof(form.config))
        err = -ENOSYS; /* 5 bytes in all builds there are */
    if (err == 0 && form.config_len > 0)
        memcpy(form.config, config, form.config_len);
    if (err == 0)
        err = make_silence(encoder, &form);
    sl_audio_encoder_destroy(encoder);
    if (err == 0)
        *out = form;
    return err;
}

/* ---- Sounds ---- */

struct sl_sound *sl_sound_ref(struct sl_sound *sound)
{
    if (sound)
        (void)atomic_fetch_add_explicit(&sound->refs, 1, memory_order_relaxed);
    return sound;
}

void sl_sound_unref(struct sl_sound *sound)
{
    if (!sound || atomic_fetch_sub_explicit(&sound->refs, 1, memory_order_acq_rel) != 1)
        return;
    sl_wav_deinit(&sound->wav);
    free(sound);
}

/* Brought to the form's rate a chunk at a time, because whole it could be twelve times as large as
 * the file. */
struct sl_player {
    const struct sl_variant_sound *form;
    struct sl_sound *sound;
    bool loop;
    size_t at; /* next sample of the file */
    int tail;  /* chunks of silence given after the end */
    struct sl_resampler *resampler;
    struct sl_audio_encoder *encoder;
    uint8_t coded[CODED_MAX]; /* frames that wait, each with its length in front */
    size_t first, end;
};

struct sl_player *sl_player_create(const struct sl_variant_sound *form, struct sl_sound *sound,
                                   bool loop)
{
    struct sl_player *player = sl_new(struct sl_player);

    player->form = form;
    player->sound = sl_sound_ref(sound);
    player->loop = loop;
    if (sl_resampler_create(form->rate_hz, form->channels, &player->resampler) < 0 ||
        open_encoder(form, &player->encoder) < 0) {
        sl_player_destroy(player);
        return NULL;
    }
    return player;
}

void sl_player_destroy(struct sl_player *player)
{
    if (!player)
        return;
    sl_audio_encoder_destroy(player->encoder);
    sl_resampler_destroy(player->resampler);
    sl_sound_unref(player->sound);
    free(player);
}

static void on_coded(void *arg, const struct sl_coded *coded)
{
    struct sl_player *player = arg;
    uint16_t len = (uint16_t)coded->len;

    if (coded->len > UINT16_MAX || sizeof(player->coded) - player->end < sizeof(len) + coded->len)
        return; /* no encoder makes so much of a chunk */
    memcpy(player->coded + player->end, &len, sizeof(len));
    memcpy(player->coded + player->end + sizeof(len), coded->data, coded->len);
    player->end += sizeof(len) + coded->len;
}

static void on_pcm(void *arg, const struct sl_pcm *pcm)
{
    struct sl_player *player = arg;

    /* It fails only without memory: some of the sound is then missing. */
    (void)sl_audio_encoder_encode(player->encoder, pcm, on_coded, player);
}

/* The next chunk of the file, or of what follows its end; false behind that. */
static bool play_chunk(struct sl_player *player)
{
    static const int16_t zeros[CHUNK_SAMPLES * CHANNELS_MAX];
    const struct sl_wav *wav = &player->sound->wav;
    size_t count = (size_t)(wav->rate_hz / CHUNKS_PER_S);
    const int16_t *samples = zeros;

    if (player->at == wav->count && player->loop)
        player->at = 0;
    if (player->at == wav->count && ++player->tail > TAIL_CHUNKS)
        return false;
    if (player->at < wav->count) {
        if (count > wav->count - player->at)
            count = wav->count - player->at;
        samples = wav->samples + player->at * (size_t)wav->channels;
        player->at += count;
    }
    struct sl_pcm pcm = {
        .rate_hz = wav->rate_hz, .channels = wav->channels, .count = count, .samples = samples};
    return sl_resampler_convert(player->resampler, &pcm, on_pcm, player) == 0;
}

bool sl_player_next(struct sl_player *player, const uint8_t **data, size_t *len)
{
    uint16_t coded_len;

    if (player->first == player->end) {
        player->first = 0;
        player->end = 0;
    }
    while (player->end == 0) {
        if (player->sound->wav.count == 0 || !play_chunk(player))
            return false;
    }
    memcpy(&coded_len, player->coded + player->first, sizeof(coded_len));
    *data = player->coded + player->first + sizeof(coded_len);
    *len = coded_len;
    player->first += sizeof(coded_len) + coded_len;
    return true;
}
