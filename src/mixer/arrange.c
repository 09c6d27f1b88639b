/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A mixer on its worker: who is shown where, and how loud, as its jobs are told when it changes. */
#include "mixer/internal.h"
#include "mixer/layout.h"

#include <string.h>

static void send_cell(struct stage *stage, struct input *input, struct sl_engine_cell cell)
{
    struct sl_engine_message place = {.type = SL_ENGINE_PLACE, .input = input->id, .cell = cell};

    if (memcmp(&cell, &input->cell, sizeof(cell)) == 0)
        return;
    input->cell = cell;
    sl_stage_order(stage, SL_VIDEO, &place);
}

static void arrange_pictures(struct stage *stage)
{
    struct sl_mixer_seat seats[SL_ENGINE_INPUTS_MAX];
    struct input *input, *seated[SL_ENGINE_INPUTS_MAX];
    size_t count = 0;

    sl_list_foreach(input, &stage->inputs, struct input, on_stage)
    {
        if (sl_input_is_seen(input) && count < SL_ENGINE_INPUTS_MAX) {
            seated[count] = input;
            seats[count++] = (struct sl_mixer_seat){.name = input->name};
        } else if (stage->open[SL_VIDEO] && input->lanes[SL_VIDEO].sink) {
            send_cell(stage, input, (struct sl_engine_cell){0});
        }
    }
    int leads =
        sl_mixer_layout(&stage->settings, stage->leader ? stage->leader->name : NULL, seats, count);
    stage->leader = leads >= 0 ? seated[leads] : NULL;
    for (size_t i = 0; stage->open[SL_VIDEO] && i < count; i++)
        send_cell(stage, seated[i], seats[i].cell);
}

static void arrange_sound(struct stage *stage)
{
    struct input *input;

    sl_list_foreach(input, &stage->inputs, struct input, on_stage)
    {
        struct sl_engine_message level = {
            .type = SL_ENGINE_LEVEL, .input = input->id, .percent = input->heard_percent};
        if (input->lanes[SL_AUDIO].sink)
            sl_stage_order(stage, SL_AUDIO, &level);
    }
}

void sl_stage_arrange(struct sl_mixer *mixer)
{
    arrange_pictures(&mixer->stage); /* who leads was there first, seen or not */
    if (mixer->stage.open[SL_AUDIO])
        arrange_sound(&mixer->stage);
}
