/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Levels begin together and are waited for one after the other. */
#include "hls/master.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/percent.h"
#include "hls/playlist.h"

#include <stdio.h>
#include <string.h>

enum {
    OK = 200,
    NOT_FOUND = 404,
    WAIT_US = 12 * (int)SL_US_PER_S, /* as a first list's */
    ENCODED_MAX = 3 * SL_STREAM_NAME_MAX,
    URI_MAX = 2 * ENCODED_MAX + 16, /* ../NAME/NAME.m3u8 */
    KBPS = 1000,
    SOUND_BPS = 128000,
    OVERHEAD_PERCENT = 10, /* of MPEG-TS, on segments of a second */
};

struct levels {
    const struct sl_hls_profile *profiles[SL_HLS_PROFILES_MAX];
    size_t count;
};

static struct levels levels_of(const struct sl_master *master)
{
    struct levels levels;

    levels.count = sl_broadcasts_levels(master->broadcasts, master->source, levels.profiles);
    return levels;
}

/* NULL: it has not begun, or is over. */
static struct sl_broadcast *find_level(const struct sl_master *master,
                                       const struct sl_hls_profile *profile)
{
    char name[SL_STREAM_NAME_MAX + 1];

    return sl_hls_level_name(master->source, profile, name)
               ? sl_broadcasts_find(master->broadcasts, name)
               : NULL;
}

/* ---- Waiting ---- */

static int finish(const struct sl_master *master)
{
    struct levels levels = levels_of(master);

    for (size_t i = 0; i < levels.count; i++) {
        struct sl_broadcast *broadcast = find_level(master, levels.profiles[i]);
        if (broadcast && sl_hls_window_newest(sl_broadcast_window(broadcast)))
            return OK;
    }
    return master->status;
}

static void on_level(struct sl_broadcast_wait *wait, int status);

static bool has_waited(const struct sl_master *master, const struct sl_hls_profile *profile)
{
    for (size_t i = 0; i < master->waited_count; i++) {
        if (master->waited[i] == profile)
            return true;
    }
    return false;
}

/* There may be more of them each time. NULL: it has waited for all. */
static const struct sl_hls_profile *next_level(struct sl_master *master)
{
    struct levels levels = levels_of(master);

    for (size_t i = 0; i < levels.count; i++) {
        if (!has_waited(master, levels.profiles[i]))
            return master->waited[master->waited_count++] = levels.profiles[i];
    }
    return NULL;
}

static int wait_for_levels(struct sl_master *master, int64_t now_us)
{
    const struct sl_hls_profile *profile;

    while (now_us < master->deadline_us && (profile = next_level(master))) {
        struct sl_broadcast *broadcast = find_level(master, profile);
        if (!broadcast)
            continue;
        master->wait.msn = -1;
        master->wait.part = -1;
        master->wait.on_ready = on_level;
        int status = sl_broadcast_wait(broadcast, &master->wait, now_us);
        if (status == 0)
            return 0;
        if (status != OK)
            master->status = status;
    }
    return finish(master);
}

static void on_level(struct sl_broadcast_wait *wait, int status)
{
    struct sl_master *master = sl_container_of(wait, struct sl_master, wait);

    if (status != OK)
        master->status = status;
    status = wait_for_levels(master, sl_now_us());
    if (status != 0)
        master->on_ready(master, status);
}

int sl_master_begin(struct sl_master *master, const struct sl_broadcast_viewer *viewer,
                    int64_t now_us)
{
    bool complete = sl_broadcasts_begin(master->broadcasts, master->source, viewer);

    master->waited_count = 0;
    master->status = complete ? NOT_FOUND : 503;
    master->deadline_us = now_us + WAIT_US;
    return wait_for_levels(master, now_us);
}

void sl_master_cancel(struct sl_master *master)
{
    sl_broadcast_wait_cancel(&master->wait);
}

/* ---- Writing ---- */

/* Nothing may need more (section 4.3.4.2), and not all that will come is known. */
static int64_t bandwidth_of(const struct sl_hls_profile *profile,
                            const struct sl_hls_window *window)
{
    int64_t nominal_bps = (int64_t)profile->bitrate_kbps * KBPS + SOUND_BPS;
    int64_t seen_bps = sl_hls_window_bps(window);

    nominal_bps += nominal_bps * OVERHEAD_PERCENT / 100;
    return seen_bps > nominal_bps ? seen_bps : nominal_bps;
}

static void write_uri(const struct sl_broadcast *broadcast, char uri[static URI_MAX])
{
    char name[ENCODED_MAX + 1];

    (void)sl_percent_encode(name, sl_broadcast_name(broadcast));
    (void)snprintf(uri, URI_MAX, "../%s/%s.m3u8", name, name);
}

char *sl_master_write(const struct sl_master *master, const char *query, size_t *len)
{
    struct levels levels = levels_of(master);
    struct sl_playlist_variant variants[SL_HLS_PROFILES_MAX];
    char(*uris)[URI_MAX] = sl_alloc(SL_HLS_PROFILES_MAX * sizeof(*uris));
    size_t count = 0;

    for (size_t i = 0; i < levels.count; i++) {
        struct sl_broadcast *broadcast = find_level(master, levels.profiles[i]);
        const struct sl_hls_window *window = broadcast ? sl_broadcast_window(broadcast) : NULL;
        const struct sl_hls_piece *piece = window ? sl_hls_window_newest(window) : NULL;
        if (!piece)
            continue;
        write_uri(broadcast, uris[count]);
        variants[count] = (struct sl_playlist_variant){
            .uri = uris[count],
            .bandwidth_bps = bandwidth_of(levels.profiles[i], window),
            .width = piece->width,
            .height = piece->height,
            .codecs = piece->codecs,
        };
        count++;
    }
    char *text = sl_playlist_write_master(variants, count, query, len);
    free(uris);
    return text;
}
