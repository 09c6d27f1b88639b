/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RTP time on local time.
 *
 * A track's line is the local time of its RTP time 0; to it, media time is added. Two things tell
 * of it. Arrivals: the least of (arrival - media time) over some seconds is the line of a packet
 * that waited nowhere; this alone is enough to play a track. Reports: a track's NTP time at its RTP
 * time 0, which says how two tracks of one source belong together, however long each is encoded.
 *
 * Arrivals lead, and reports shift one track against the other: so a report can be as wrong as it
 * likes and costs its own track some synchronism at worst. One counts if its RTP time is of the
 * present, as the packets show (a silent track's is often that of its last packet), and if its
 * line is not a new one, or said three times. Lines are not moved at once but by a hundredth of the
 * time that passes.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "rtp/rtp.h"

enum {
    WINDOW_US = 10 * SL_US_PER_S, /* of the least arrival; two of them count */
    /* A stamp that is so far off is odd; if all are for so long, and so many, the source's stamps
     * have jumped. A burst after a stall is odd, too, but short. */
    ODD_US = SL_US_PER_S,
    ODD_TIME_US = SL_US_PER_S,
    ODD_MIN = 10,
    /* A report's RTP time against the packets': before them by what an encoder holds back. */
    REPORT_AHEAD_US = 4 * SL_US_PER_S,
    REPORT_BEHIND_US = 3 * SL_US_PER_S / 2,
    REPORT_TOLERANCE_US = 50 * SL_US_PER_MS, /* of a line that is said again */
    REPORT_REPEATS = 3,
    SYNC_MAX_US = 3 * SL_US_PER_S, /* tracks that seem further apart have clocks of their own */
    SLEW = 100,                    /* a line moves by a hundredth of the time */
    MOVE_US = 20 * SL_US_PER_MS,   /* how often at most */
    BEGIN_US = 10 * SL_US_PER_S,   /* as long it may still leap */
    ANCHOR_US = SL_US_PER_S,       /* how often a line is told anew at least */
};

/* Years of media; as microseconds of any clock it still fits 64 bits. Only stamps that leap get
 * there. */
#define TICKS_MAX (INT64_C(1) << 42)

struct line {
    bool heard;
    uint32_t clock_hz;
    uint32_t timestamp; /* of the last packet ... */
    int64_t ticks;      /* ... and widened: RTP time since the first one's */
    int64_t begun_us, told_us, moved_us;

    int64_t window_us, current_us, previous_us;
    size_t odd_count; /* in a row */
    int64_t odd_since_us, odd_us;

    bool reported, ever_reported;
    int64_t ntp_us; /* at media time 0 */
    size_t candidate_count;
    int64_t candidate_us; /* a new one */

    int64_t line_us; /* what is told */
};

struct sl_sync {
    struct line lines[SL_SYNC_TRACKS];
};

struct sl_sync *sl_sync_create(void)
{
    return sl_new(struct sl_sync);
}

void sl_sync_destroy(struct sl_sync *sync)
{
    free(sync);
}

void sl_sync_forget(struct sl_sync *sync, size_t track)
{
    sync->lines[track] = (struct line){.heard = false};
}

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

static int64_t media_us(const struct line *line, int64_t ticks)
{
    return ticks * SL_US_PER_S / line->clock_hz;
}

static int64_t by_arrival(const struct line *line)
{
    return line->current_us < line->previous_us ? line->current_us : line->previous_us;
}

/* Where the line should be. */
static int64_t target_of(const struct sl_sync *sync, size_t track)
{
    const struct line *line = &sync->lines[track], *other = &sync->lines[1 - track];
    int64_t own_us = by_arrival(line);

    if (!line->reported || !other->heard || !other->reported)
        return own_us;
    /* By how much longer the other's way is: for that one waits. */
    int64_t longer_us = (by_arrival(other) - other->ntp_us) - (own_us - line->ntp_us);
    return longer_us > 0 && longer_us <= SYNC_MAX_US ? own_us + longer_us : own_us;
}

/* Towards its target, by a hundredth of the time since the last move. */
static bool move(const struct sl_sync *sync, size_t track, struct line *line, int64_t now_us)
{
    int64_t passed_us = now_us - line->moved_us;

    if (passed_us < MOVE_US)
        return false;
    line->moved_us = now_us;
    if (passed_us > SL_US_PER_S)
        passed_us = SL_US_PER_S;
    int64_t way_us = target_of(sync, track) - line->line_us, step_us = passed_us / SLEW;
    if (way_us > step_us)
        way_us = step_us;
    if (way_us < -step_us)
        way_us = -step_us;
    line->line_us += way_us;
    return way_us != 0;
}

static void begin(struct line *line, uint32_t clock_hz, uint32_t timestamp, int64_t now_us)
{
    *line = (struct line){
        .heard = true,
        .clock_hz = clock_hz,
        .timestamp = timestamp,
        .begun_us = now_us,
        .told_us = now_us,
        .moved_us = now_us,
        .window_us = now_us,
        .current_us = now_us,
        .previous_us = now_us,
        .line_us = now_us,
    };
}

/* The source's stamps have jumped: its line does, too, and what was said of the old one is void. */
static void jump(struct line *line, int64_t now_us)
{
    line->line_us += line->odd_us - by_arrival(line);
    line->window_us = now_us;
    line->current_us = line->odd_us;
    line->previous_us = line->odd_us;
    line->odd_count = 0;
    line->reported = false;
    line->candidate_count = 0;
}

/* True if the line jumped. */
static bool note_odd(struct line *line, int64_t arrival_line_us, int64_t now_us)
{
    if (line->odd_count == 0 || distance(arrival_line_us, line->odd_us) > ODD_US) {
        line->odd_count = 1;
        line->odd_since_us = now_us;
        line->odd_us = arrival_line_us;
        return false;
    }
    line->odd_count++;
    if (arrival_line_us < line->odd_us)
        line->odd_us = arrival_line_us;
    if (line->odd_count < ODD_MIN || now_us - line->odd_since_us < ODD_TIME_US)
        return false;
    jump(line, now_us);
    return true;
}

static void note_arrival(struct line *line, int64_t arrival_line_us, int64_t now_us)
{
    line->odd_count = 0;
    if (now_us - line->window_us > WINDOW_US) {
        line->window_us = now_us;
        line->previous_us = line->current_us;
        line->current_us = arrival_line_us;
    } else if (arrival_line_us < line->current_us) {
        line->current_us = arrival_line_us;
    }
}

bool sl_sync_packet(struct sl_sync *sync, size_t track, uint32_t clock_hz, uint32_t timestamp,
                    int64_t now_us)
{
    struct line *line = &sync->lines[track];
    bool moved = false;

    if (!line->heard || line->clock_hz != clock_hz) {
        begin(line, clock_hz, timestamp, now_us);
        return true;
    }
    if (timestamp == line->timestamp)
        return false; /* of the same picture */
    line->ticks += (int32_t)(timestamp - line->timestamp);
    line->timestamp = timestamp;
    if (line->ticks > TICKS_MAX || line->ticks < -TICKS_MAX) {
        begin(line, clock_hz, timestamp, now_us);
        return true;
    }
    int64_t arrival_line_us = now_us - media_us(line, line->ticks);
    if (distance(arrival_line_us, by_arrival(line)) > ODD_US)
        moved = note_odd(line, arrival_line_us, now_us);
    else
        note_arrival(line, arrival_line_us, now_us);
    moved |= move(sync, track, line, now_us);
    if (!moved && now_us - line->told_us < ANCHOR_US)
        return false;
    line->told_us = now_us;
    return true;
}

/* A line that differs from the known one: one report may err. */
static bool is_repeated(struct line *line, int64_t ntp_us)
{
    if (distance(ntp_us, line->candidate_us) > REPORT_TOLERANCE_US)
        line->candidate_count = 0;
    line->candidate_us = ntp_us;
    return ++line->candidate_count >= REPORT_REPEATS;
}

void sl_sync_report(struct sl_sync *sync, size_t track, uint64_t ntp, uint32_t timestamp,
                    int64_t now_us)
{
    struct line *line = &sync->lines[track];

    if (!line->heard)
        return;
    int64_t at_us = media_us(line, line->ticks + (int32_t)(timestamp - line->timestamp));
    int64_t late_us = now_us - (by_arrival(line) + at_us);
    if (late_us > REPORT_BEHIND_US || late_us < -REPORT_AHEAD_US)
        return;
    int64_t ntp_us = (int64_t)((ntp >> 32) * SL_US_PER_S) +
                     (int64_t)(((ntp & 0xffffffffU) * SL_US_PER_S) >> 32) - at_us;
    if (line->reported && distance(ntp_us, line->ntp_us) > REPORT_TOLERANCE_US &&
        !is_repeated(line, ntp_us))
        return;
    bool first = !line->ever_reported;
    line->reported = true;
    line->ever_reported = true;
    line->ntp_us = ntp_us;
    line->candidate_count = 0;
    if (!first)
        return;
    /* What belongs together becomes known: nobody has got used to anything yet. Forwards only: a
     * gap is less than pictures of one time. */
    for (size_t i = 0; i < SL_SYNC_TRACKS; i++) {
        struct line *each = &sync->lines[i];
        if (each->heard && now_us - each->begun_us < BEGIN_US && target_of(sync, i) > each->line_us)
            each->line_us = target_of(sync, i);
    }
}

bool sl_sync_line(const struct sl_sync *sync, size_t track, uint32_t *timestamp, int64_t *local_us)
{
    const struct line *line = &sync->lines[track];

    if (!line->heard)
        return false;
    *timestamp = line->timestamp;
    *local_us = line->line_us + media_us(line, line->ticks);
    return true;
}
