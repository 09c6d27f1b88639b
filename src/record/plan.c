/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the configuration says, an order, and the codecs of a stream. */
#include "record/plan.h"

#include "base/config.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "record/record.h"
#include "stream/stream.h"

#include <string.h>

static struct sl_record_formats configured_formats(const struct sl_config *config)
{
    struct sl_record_formats formats;
    struct sl_error error;

    if (sl_record_formats_parse(config->record_formats, &formats, &error) < 0) {
        sl_log(SL_LOG_WARN, NULL, "record_formats: %s", error.text);
        (void)sl_record_formats_parse("", &formats, NULL); /* the default */
    }
    if (config->record_h264_to_ts)
        formats.h264 = SL_MPEGTS;
    return formats;
}

static struct sl_record_rotation configured_rotation(const struct sl_config *config)
{
    struct sl_record_rotation rotation = {0};
    struct sl_error error;

    if (sl_record_rotation_parse(config->record_rotation, &rotation, &error) < 0)
        sl_log(SL_LOG_WARN, NULL, "record_rotation: %s", error.text);
    return rotation;
}

static const char *configured_template(const struct sl_config *config)
{
    struct sl_error error;

    if (strcmp(config->stream_record_policy, "streamName") == 0)
        return "{streamName}";
    if (sl_record_template_check(config->stream_record_policy_template, &error) == 0)
        return config->stream_record_policy_template;
    sl_log(SL_LOG_WARN, NULL, "stream_record_policy_template: %s", error.text);
    return "stream-{mediaSessionId}-{login}";
}

int sl_record_plan_init(const struct sl_config *config, const struct sl_recording_order *order,
                        struct sl_record_plan *plan, struct sl_error *error)
{
    const char *template = order->template ? order->template : configured_template(config);
    struct sl_record_rotation rotation = {0};
    int err = order->template ? sl_record_template_check(template, error) : 0;

    if (err == 0 && order->rotation)
        err = sl_record_rotation_parse(order->rotation, &rotation, error);
    else if (err == 0)
        rotation = configured_rotation(config);
    if (err < 0)
        return err;
    plan->template = sl_strdup(template);
    plan->rotation = rotation;
    return 0;
}

void sl_record_plan_deinit(struct sl_record_plan *plan)
{
    free(plan->template);
    plan->template = NULL;
}

void sl_record_form_choose(const struct sl_config *config, struct sl_stream *stream,
                           struct sl_record_form *out)
{
    struct sl_record_formats formats = configured_formats(config);
    enum sl_codec pictures = sl_stream_codec(stream, SL_VIDEO);

    *out = (struct sl_record_form){
        .container = pictures == SL_CODEC_NONE  ? SL_MP4
                     : pictures == SL_CODEC_VP8 ? formats.vp8
                                                : formats.h264,
        .want.codecs = {[SL_VIDEO] = {pictures == SL_CODEC_VP8 ? SL_CODEC_VP8 : SL_CODEC_H264}},
    };
    bool opus =
        out->container == SL_WEBM || (out->container == SL_MATROSKA && pictures == SL_CODEC_VP8);
    out->want.codecs[SL_AUDIO][0] = opus ? SL_CODEC_OPUS : SL_CODEC_AAC;
}

bool sl_record_forms_equal(const struct sl_record_form *a, const struct sl_record_form *b)
{
    return a->container == b->container &&
           a->want.codecs[SL_AUDIO][0] == b->want.codecs[SL_AUDIO][0] &&
           a->want.codecs[SL_VIDEO][0] == b->want.codecs[SL_VIDEO][0];
}
