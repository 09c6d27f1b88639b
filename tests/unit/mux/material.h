/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames to mux, coded anew in every run: a moving pattern at 25 pictures a second and a tone. */
#ifndef SL_TEST_MATERIAL_H
#define SL_TEST_MATERIAL_H

#include "mux/mux.h"

enum { MATERIAL_FPS = 25, MATERIAL_MAX = 2048, MATERIAL_RATE_HZ = 48000 };

struct material {
    struct sl_mux_tracks tracks;
    struct sl_mux_sample samples[MATERIAL_MAX]; /* in the order of decoding */
    size_t count;
    uint8_t config[64]; /* of the sound */
};

struct material_pictures {
    enum sl_codec codec;
    int width, height, seconds;
    int b_pictures; /* between two others */
    int gop;        /* pictures from key frame to key frame */
};
/* Both behind what is there already, from begin_us on; sorted. */
void material_add_pictures(struct material *m, const struct material_pictures *what,
                           int64_t begin_us);
void material_add_sound(struct material *m, enum sl_codec codec, int channels, int seconds);
void material_deinit(struct material *m);

#endif
