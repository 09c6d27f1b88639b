/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each medium has a row of its own, as each has a worker of its own that writes there. */
#include "session/traffic.h"
#include "base/clock.h"
#include "net/net.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    TICK_MS = 500, /* how often it looks whether there are more media */
    TICKS = 10,
    ROWS_MAX = 16,
    ENTRIES_MAX = 20000, /* of all rows together */
    LOOKS_MAX = 10,      /* of all clients at once: each may hold a megabyte and more */
    LINE_MAX_LEN = 192,
};

struct row {
    char *id, *name;
    bool publish;
    struct sl_capture *capture;
};

struct traffic {
    struct sl_session *session;
    struct sl_timer *timer;
    unsigned ticks;
    struct row rows[ROWS_MAX];
    size_t count;
    void (*on_done)(void *owner);
    void *owner;
};

static bool is_watched(const struct traffic *traffic, const struct sl_media_session *media)
{
    for (size_t i = 0; i < traffic->count; i++) {
        if (strcmp(traffic->rows[i].id, media->id) == 0)
            return true;
    }
    return false;
}

static void watch_new(struct traffic *traffic)
{
    const struct sl_media_session *media;

    sl_list_foreach(media, &traffic->session->media, struct sl_media_session, in_session)
    {
        if (traffic->count == ROWS_MAX || !media->medium || !media->provider->watch ||
            is_watched(traffic, media))
            continue;
        struct row *row = &traffic->rows[traffic->count++];
        row->id = sl_strdup(media->id);
        row->name = sl_strdup(media->name);
        row->publish = media->publish;
        row->capture = sl_capture_create(ENTRIES_MAX);
        media->provider->watch(media->medium, row->capture);
    }
}

static void end_rows(struct traffic *traffic)
{
    for (size_t i = 0; i < traffic->count; i++)
        sl_capture_end(traffic->rows[i].capture);
}

static void on_tick(void *owner)
{
    struct traffic *traffic = owner;

    if (++traffic->ticks < TICKS) {
        watch_new(traffic);
        return;
    }
    sl_timer_stop(traffic->timer);
    end_rows(traffic);
    traffic->on_done(traffic->owner); /* may destroy it */
}

struct traffic *sl_traffic_begin(struct sl_session *session, void (*on_done)(void *owner),
                                 void *owner)
{
    if (session->sessions->traffic_looks >= LOOKS_MAX)
        return NULL;
    struct traffic *traffic = sl_new(struct traffic);
    session->sessions->traffic_looks++;
    traffic->session = session;
    traffic->on_done = on_done;
    traffic->owner = owner;
    traffic->timer = sl_timer_create(session->sessions->config.loop, on_tick, traffic);
    sl_timer_start(traffic->timer, TICK_MS, TICK_MS);
    watch_new(traffic);
    return traffic;
}

void sl_traffic_destroy(struct traffic *traffic)
{
    if (!traffic)
        return;
    traffic->session->sessions->traffic_looks--;
    sl_timer_destroy(traffic->timer);
    end_rows(traffic);
    for (size_t i = 0; i < traffic->count; i++) {
        sl_capture_unref(traffic->rows[i].capture);
        free(traffic->rows[i].id);
        free(traffic->rows[i].name);
    }
    free(traffic);
}

/* ---- What it has seen ---- */

static const char *name_of_stun(uint16_t type)
{
    switch (type) { /* RFC 8489 section 18.2: the binding method's classes */
    case 0x001:
        return "request";
    case 0x011:
        return "indication";
    case 0x101:
        return "success";
    case 0x111:
        return "error";
    default:
        return "other";
    }
}

static const char *name_of_dtls(uint16_t type)
{
    static const char *const names[] = {"change-cipher-spec", "alert", "handshake",
                                        "application-data"};

    return type >= 20 && type < 20 + SL_ARRAY_LEN(names) ? names[type - 20] : "other";
}

static void say_head(const struct sl_captured *entry, char *out, size_t len)
{
    switch (entry->kind) {
    case SL_CAPTURED_STUN:
        (void)snprintf(out, len, "STUN %s", name_of_stun(entry->type));
        break;
    case SL_CAPTURED_DTLS:
        (void)snprintf(out, len, "DTLS %s", name_of_dtls(entry->type));
        break;
    case SL_CAPTURED_RTP:
        (void)snprintf(out, len, "RTP pt=%u seq=%u ts=%u ssrc=%u", entry->type, entry->seq,
                       entry->timestamp, entry->ssrc);
        break;
    case SL_CAPTURED_RTCP:
        (void)snprintf(out, len, "RTCP pt=%u ssrc=%u", entry->type, entry->ssrc);
        break;
    case SL_CAPTURED_OTHER:
        (void)snprintf(out, len, "other");
        break;
    }
}

/* shift_us: from the monotonic clock to the wall's. */
static json_t *describe_entry(const struct sl_captured *entry, int64_t shift_us)
{
    char line[LINE_MAX_LEN], head[LINE_MAX_LEN / 2], remote[SL_ADDR_TEXT_MAX];

    say_head(entry, head, sizeof(head));
    (void)snprintf(line, sizeof(line), "%lld.%03d %s %s %u %s",
                   (long long)((entry->at_us + shift_us) / 1000),
                   (int)((entry->at_us + shift_us) % 1000), entry->out ? "out" : "in",
                   sl_addr_format(&entry->remote, remote), entry->len, head);
    return json_string(line);
}

json_t *sl_traffic_describe(const struct traffic *traffic)
{
    int64_t shift_us = sl_wall_ms() * 1000 - sl_now_us();
    size_t left = ENTRIES_MAX;
    json_t *out = json_array();

    for (size_t i = 0; i < traffic->count; i++) {
        const struct row *row = &traffic->rows[i];
        size_t count = sl_capture_count(row->capture);
        json_t *lines = json_array();
        count = count < left ? count : left;
        left -= count;
        for (size_t n = 0; n < count; n++)
            (void)json_array_append_new(lines,
                                        describe_entry(sl_capture_at(row->capture, n), shift_us));
        (void)json_array_append_new(out, json_pack("{s:s, s:b, s:o}", "stream", row->name,
                                                   "published", row->publish, "packets", lines));
    }
    return out;
}
