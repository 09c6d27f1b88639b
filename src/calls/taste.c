/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "calls/taste.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The profile that every telephone with H264 has (RFC 6184 section 8.1, constrained baseline). */
#define USUAL_PROFILE "42e0"

static bool is_for_calls(enum sl_codec codec)
{
    return codec == SL_CODEC_OPUS || codec == SL_CODEC_PCMA || codec == SL_CODEC_PCMU ||
           codec == SL_CODEC_G722 || codec == SL_CODEC_H264 || codec == SL_CODEC_VP8;
}

/* configuration.md 3.5: two codecs go by other names there. */
static enum sl_codec codec_of_option(const char *name)
{
    if (strcasecmp(name, "alaw") == 0)
        return SL_CODEC_PCMA;
    return strcasecmp(name, "ulaw") == 0 ? SL_CODEC_PCMU : sl_codec_from_name(name);
}

const struct sl_source_codec *sl_call_codecs_find(const struct sl_call_codecs *codecs,
                                                  enum sl_codec codec)
{
    for (size_t i = 0; i < codecs->count; i++) {
        if (codecs->items[i].codec == codec)
            return &codecs->items[i];
    }
    return NULL;
}

static bool is_usual(const char *fmtp)
{
    const char *profile = strstr(fmtp, "profile-level-id=");

    return profile && strncasecmp(profile + strlen("profile-level-id="), USUAL_PROFILE,
                                  strlen(USUAL_PROFILE)) == 0;
}

static int mode_of(const char *fmtp)
{
    const char *mode = strstr(fmtp, "packetization-mode=");

    return mode ? mode[strlen("packetization-mode=")] - '0' : 0;
}

/* Of several profiles of H264 the usual one is kept, else the first. */
static void add(struct sl_call_codecs *codecs, enum sl_codec codec, const char *fmtp)
{
    if (!is_for_calls(codec) || (codec == SL_CODEC_H264 && mode_of(fmtp) > 1))
        return;
    for (size_t i = 0; i < codecs->count; i++) {
        struct sl_source_codec *item = &codecs->items[i];
        if (item->codec != codec ||
            (codec == SL_CODEC_H264 && mode_of(item->fmtp) != mode_of(fmtp)))
            continue;
        if (codec == SL_CODEC_H264 && is_usual(fmtp) && !is_usual(item->fmtp))
            (void)snprintf(item->fmtp, sizeof(item->fmtp), "%s", fmtp);
        return;
    }
    if (codecs->count == SL_CALL_CODECS_MAX)
        return;
    struct sl_source_codec *item = &codecs->items[codecs->count++];
    *item = (struct sl_source_codec){.codec = codec};
    if (codec == SL_CODEC_OPUS)
        fmtp = "minptime=10;useinbandfec=1";
    if (codec == SL_CODEC_OPUS || codec == SL_CODEC_H264)
        (void)snprintf(item->fmtp, sizeof(item->fmtp), "%s", fmtp);
}

void sl_call_taste_read(const struct sl_sdp *sdp, struct sl_call_taste *out)
{
    out->of[SL_AUDIO].count = out->of[SL_VIDEO].count = 0;
    for (size_t i = 0; sdp && i < sdp->section_count; i++) {
        const struct sl_sdp_section *section = &sdp->sections[i];
        for (size_t j = 0; section->port != 0 && j < section->format_count; j++) {
            enum sl_codec codec = sl_codec_from_name(section->formats[j].name);
            bool audio = strcmp(section->kind, "audio") == 0;
            if (codec != SL_CODEC_NONE && (audio || strcmp(section->kind, "video") == 0) &&
                (sl_codec_kind(codec) == SL_AUDIO) == audio)
                add(&out->of[sl_codec_kind(codec)], codec, section->formats[j].fmtp);
        }
    }
}

void sl_call_taste_agreed(const struct sl_negotiation *negotiation, struct sl_call_taste *out)
{
    out->of[SL_AUDIO].count = out->of[SL_VIDEO].count = 0;
    for (size_t i = 0; negotiation && i < negotiation->media_count; i++) {
        const struct sl_media *media = &negotiation->media[i];
        for (size_t j = 0; media->accepted && j < media->codec_count; j++)
            add(&out->of[media->kind], media->codecs[j].codec, media->codecs[j].fmtp);
    }
}

/* Whether telephones are to have it. */
static bool is_configured(const struct sl_config *config, enum sl_codec codec)
{
    for (size_t i = 0; i < config->codecs.count; i++) {
        const char *name = config->codecs.items[i];
        if (codec_of_option(name) == codec)
            return !sl_string_list_has(&config->codecs_exclude_sip, name);
    }
    return false;
}

void sl_call_taste_choose(const struct sl_config *config, const struct sl_call_taste *preferred,
                          struct sl_call_taste *out)
{
    struct sl_call_taste chosen = {.of = {{.count = 0}}};

    for (size_t kind = 0; kind < 2; kind++) {
        for (size_t i = 0; i < preferred->of[kind].count; i++) {
            const struct sl_source_codec *item = &preferred->of[kind].items[i];
            if (is_configured(config, item->codec) && (kind == SL_AUDIO || config->video_enabled))
                add(&chosen.of[kind], item->codec, item->fmtp);
        }
    }
    for (size_t i = 0; i < config->codecs.count; i++) {
        enum sl_codec codec = codec_of_option(config->codecs.items[i]);
        if (codec != SL_CODEC_NONE && sl_codec_kind(codec) == SL_AUDIO &&
            is_configured(config, codec))
            add(&chosen.of[SL_AUDIO], codec, "");
    }
    *out = chosen;
}

void sl_call_taste_add_pictures(struct sl_call_codecs *codecs)
{
    add(codecs, SL_CODEC_H264, "profile-level-id=" USUAL_PROFILE "1f;packetization-mode=1");
    add(codecs, SL_CODEC_VP8, "");
}

static bool is_named(const struct sl_string_list *names, enum sl_codec codec)
{
    for (size_t i = 0; i < names->count; i++) {
        if (codec_of_option(names->items[i]) == codec)
            return true;
    }
    return false;
}

void sl_call_taste_leave_out(const struct sl_string_list *names, struct sl_call_taste *taste)
{
    for (size_t kind = 0; kind < 2; kind++) {
        struct sl_call_codecs *codecs = &taste->of[kind];
        size_t kept = 0;
        for (size_t i = 0; i < codecs->count; i++) {
            if (!is_named(names, codecs->items[i].codec))
                codecs->items[kept++] = codecs->items[i];
        }
        codecs->count = kept;
    }
}

void sl_call_taste_add_events(const struct sl_config *config, struct sl_call_codecs *codecs)
{
    static const uint32_t clocks_hz[] = {8000, 48000};
    bool may = is_configured(config, SL_CODEC_TELEPHONE_EVENT);
    bool has[2] = {may, may && sl_call_codecs_find(codecs, SL_CODEC_OPUS)};

    for (size_t i = 0; i < 2 && codecs->count < SL_CALL_CODECS_MAX; i++) {
        if (has[i])
            codecs->items[codecs->count++] = (struct sl_source_codec){
                .codec = SL_CODEC_TELEPHONE_EVENT, .fmtp = "0-16", .clock_hz = clocks_hz[i]};
    }
}
