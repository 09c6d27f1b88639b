/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameter sets by type and id. */
#include "media/parameter_sets.h"

#include "media/h264.h"

#include <errno.h>
#include <string.h>

static struct sl_parameter_set *find(struct sl_parameter_sets *sets, uint8_t type, int id)
{
    for (size_t i = 0; i < sets->count; i++) {
        if (sets->sets[i].type == type && sets->sets[i].id == id)
            return &sets->sets[i];
    }
    return NULL;
}

static struct sl_parameter_set *add(struct sl_parameter_sets *sets)
{
    if (sets->count < SL_PARAMETER_SETS_MAX)
        return &sets->sets[sets->count++];
    sets->oldest = (sets->oldest + 1) % SL_PARAMETER_SETS_MAX;
    return &sets->sets[sets->oldest];
}

int sl_parameter_sets_keep(struct sl_parameter_sets *sets, const uint8_t *nal, size_t len,
                           int64_t seq)
{
    uint8_t type = len > 0 ? nal[0] & SL_NAL_TYPE_MASK : 0;

    if (type != SL_NAL_SPS && type != SL_NAL_PPS)
        return -EBADMSG;
    int id = sl_h264_parameter_set_id(nal, len);
    if (id < 0)
        return id;
    if (len > SL_PARAMETER_SET_LEN_MAX)
        return -ENOBUFS;
    struct sl_parameter_set *set = find(sets, type, id);
    if (set && seq < set->seq)
        return 0;
    if (!set)
        set = add(sets);
    set->type = type;
    set->id = id;
    set->seq = seq;
    set->fresh = true;
    set->len = len;
    memcpy(set->nal, nal, len);
    return 0;
}

static bool has(const struct sl_parameter_sets *sets, uint8_t type)
{
    for (size_t i = 0; i < sets->count; i++) {
        if (sets->sets[i].type == type)
            return true;
    }
    return false;
}

bool sl_parameter_sets_are_whole(const struct sl_parameter_sets *sets)
{
    return has(sets, SL_NAL_SPS) && has(sets, SL_NAL_PPS);
}

static size_t write_type(const struct sl_parameter_sets *sets, uint8_t type, bool all, uint8_t *out)
{
    static const uint8_t start_code[] = {0, 0, 0, 1};
    size_t len = 0;

    for (size_t i = 0; i < sets->count; i++) {
        const struct sl_parameter_set *set = &sets->sets[i];
        if (set->type != type || !(set->fresh || all))
            continue;
        if (out) {
            memcpy(out + len, start_code, sizeof(start_code));
            memcpy(out + len + sizeof(start_code), set->nal, set->len);
        }
        len += sizeof(start_code) + set->len;
    }
    return len;
}

size_t sl_parameter_sets_write(const struct sl_parameter_sets *sets, bool all, uint8_t *out)
{
    size_t len = write_type(sets, SL_NAL_SPS, all, out);

    return len + write_type(sets, SL_NAL_PPS, all, out ? out + len : NULL);
}

void sl_parameter_sets_settle(struct sl_parameter_sets *sets)
{
    for (size_t i = 0; i < sets->count; i++)
        sets->sets[i].fresh = false;
}
