/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sizes and rates that streams are shown in (`hls_abr_profiles`, media-outputs.md 4.4), and
 * what they are for one stream: its levels, each with an address of its own, `STREAM-PROFILE`.
 * Pure, but for the file.
 */
#ifndef SL_HLS_PROFILES_H
#define SL_HLS_PROFILES_H

#include "stream/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_error;

enum { SL_HLS_PROFILES_MAX = 8, SL_HLS_PROFILE_NAME_MAX = 32 };

struct sl_hls_profile {
    char name[SL_HLS_PROFILE_NAME_MAX + 1];
    uint16_t width, height; /* width 0: by the source's shape */
    uint32_t bitrate_kbps;  /* 0: by size */
    uint8_t fps;            /* at most; 0: the source's */
    uint16_t gop;           /* pictures from key frame to key frame, at most; 0: as configured */
};

struct sl_hls_profiles {
    struct sl_hls_profile rows[SL_HLS_PROFILES_MAX];
    size_t count; /* 0: streams are shown as they are */
};

/*
 * Of YAML, what the file needs: keys and values, one a line, nested by their indentation.
 *
 *     profiles:
 *       720p:
 *         video:
 *           height: 720
 *           bitrate: 1500
 *
 * A dash in front of a profile's name is no part of it; what is said of sound, and keys of pictures
 * but for those above, is passed over. -EBADMSG with words that name the line.
 */
int sl_hls_profiles_parse(const char *text, size_t len, struct sl_hls_profiles *out,
                          struct sl_error *error);
/* With words; also where the file cannot be read. */
int sl_hls_profiles_load(const char *path, struct sl_hls_profiles *out, struct sl_error *error);

/* A source of this height is shown in it: it is no larger, or the smallest of all. 0: unknown, and
 * only that one is. */
bool sl_hls_profiles_suits(const struct sl_hls_profiles *profiles, size_t index, uint16_t height);
/* The address of a level. False: it would be too long for a name. */
bool sl_hls_level_name(const char *source, const struct sl_hls_profile *profile,
                       char out[static SL_STREAM_NAME_MAX + 1]);
/* Is name that of a level? Its profile, and the stream in source; NULL: it is not. */
const struct sl_hls_profile *sl_hls_level_of(const struct sl_hls_profiles *profiles,
                                             const char *name,
                                             char source[static SL_STREAM_NAME_MAX + 1]);

#endif
