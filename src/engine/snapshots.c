/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One PNG for all who take it, smaller ones for those who do not. */
#include "engine/snapshots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE_MIN = 16 }; /* nobody sees anything on less */

int sl_snapshots_add(struct sl_snapshots *snapshots, uint32_t output, uint32_t len_max)
{
    struct sl_snapshot_request request = {output, len_max};
    size_t at = 0;

    if (snapshots->count == SL_SNAPSHOTS_MAX)
        return -ENOBUFS;
    if (len_max == 0 || len_max > SL_ENGINE_DATA_MAX)
        request.len_max = SL_ENGINE_DATA_MAX;
    while (at < snapshots->count && snapshots->requests[at].len_max >= request.len_max)
        at++;
    memmove(&snapshots->requests[at + 1], &snapshots->requests[at],
            (snapshots->count - at) * sizeof(request));
    snapshots->requests[at] = request;
    snapshots->count++;
    return 0;
}

struct png {
    const struct sl_picture *picture;
    struct sl_size size; /* of the next one to be made */
    struct sl_size made;
    uint8_t *data; /* NULL: none made yet */
    size_t len;
};

/* Halves until it fits. */
static int make(struct png *png, size_t len_max)
{
    while (!png->data || png->len > len_max) {
        if (png->data && (png->size.width < SIDE_MIN || png->size.height < SIDE_MIN))
            return -ENOBUFS;
        free(png->data);
        png->data = NULL;
        int err =
            sl_png_encode(png->picture, png->size.width, png->size.height, &png->data, &png->len);
        if (err < 0)
            return err;
        png->made = png->size;
        png->size.width /= 2;
        png->size.height /= 2;
    }
    return 0;
}

static void answer(const struct png *png, uint32_t output,
                   const struct sl_engine_reporter *reporter)
{
    struct sl_engine_message report = {
        .type = SL_ENGINE_PICTURE,
        .output = output,
        .width = (uint16_t)png->made.width,
        .height = (uint16_t)png->made.height,
        .data = png->data,
        .len = png->len,
    };

    sl_engine_report(reporter, &report);
}

void sl_snapshots_take(struct sl_snapshots *snapshots, const struct sl_picture *picture,
                       struct sl_size size, const struct sl_engine_reporter *reporter)
{
    struct png png = {.picture = picture, .size = size};
    int err = 0;

    for (size_t i = 0; i < snapshots->count; i++) {
        const struct sl_snapshot_request *request = &snapshots->requests[i];
        if (err == 0)
            err = make(&png, request->len_max);
        if (err == 0)
            answer(&png, request->output, reporter);
        else
            sl_engine_report_failure(reporter, request->output, err);
    }
    free(png.data);
    snapshots->count = 0;
}
