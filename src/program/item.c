/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "program/item.h"

#include "program/program.h"

#include <stdlib.h>
#include <string.h>

struct sl_program_item *sl_program_item_create(const struct sl_program_frame *frame)
{
    struct sl_program_item *item = malloc(sizeof(*item) + frame->len);

    if (!item)
        return NULL;
    *item = (struct sl_program_item){
        .order = {.kind = sl_codec_kind(frame->codec), .dts_us = frame->dts_us},
        .keyframe = frame->keyframe,
        .width = frame->width,
        .height = frame->height,
        .pts_us = frame->pts_us,
        .len = frame->len,
    };
    memcpy(item->data, frame->data, frame->len);
    return item;
}
