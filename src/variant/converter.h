/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of a variant: frames and orders in, frames out. Knows no thread and no stream; time is
 * an argument. */
#ifndef SL_VARIANT_CONVERTER_H
#define SL_VARIANT_CONVERTER_H

#include "variant/variant.h"

struct sl_frame;

struct sl_converter_ops {
    void (*on_frame)(void *owner, const struct sl_variant_frame *frame);
    /* Pictures cannot be decoded any more. */
    void (*on_keyframe_wanted)(void *owner);
};

struct sl_converter;
/* -ENOSYS: this build of FFmpeg lacks a codec of the form. -ENOMEM. */
int sl_converter_create(const struct sl_variant_form *form, const struct sl_converter_ops *ops,
                        void *owner, struct sl_converter **out);
void sl_converter_destroy(struct sl_converter *converter); /* NULL is fine */
const struct sl_variant_sound *sl_converter_sound(const struct sl_converter *converter);

void sl_converter_input(struct sl_converter *converter, const struct sl_frame *frame,
                        int64_t arrival_us);
/* Every 20 ms or so: silence where no sound comes. */
void sl_converter_tick(struct sl_converter *converter, int64_t now_us);
void sl_converter_begin_sound(struct sl_converter *converter, int64_t now_us);

#endif
