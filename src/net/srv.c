/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SRV records. */
#include "net/srv.h"

#include <ctype.h>
#include <errno.h>
#include <resolv.h>
#include <stdbool.h>
#include <string.h>

enum {
    HEADER_LEN = 12,
    QUESTION_LEN = 4, /* type and class, behind its name */
    RECORD_LEN = 10,  /* type, class, lifetime and length */
    SRV_LEN = 6,      /* priority, weight and port, before the target */
    TYPE_SRV = 33,
    CLASS_IN = 1,
};

static unsigned u16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* Past the name at `at` and `more` bytes behind it; NULL: it is not whole. */
static const uint8_t *skip(const uint8_t *at, const uint8_t *end, size_t more)
{
    int len = at < end ? dn_skipname(at, end) : -1;

    if (len < 0 || (size_t)(end - at) < (size_t)len + more)
        return NULL;
    return at + len + more;
}

static bool is_host(const char *host)
{
    if (*host == '\0')
        return false; /* ".": the service is not there */
    for (; *host; host++) {
        if (!isalnum((unsigned char)*host) && !strchr("-_.", *host))
            return false;
    }
    return true;
}

static bool read_target(const uint8_t *answer, const uint8_t *end, const uint8_t *data,
                        struct sl_srv_target *out)
{
    out->priority = (uint16_t)u16(data);
    out->weight = (uint16_t)u16(data + 2);
    out->port = (uint16_t)u16(data + 4);
    return out->port != 0 &&
           dn_expand(answer, end, data + SRV_LEN, out->host, sizeof(out->host)) >= 0 &&
           is_host(out->host);
}

int sl_srv_parse(const uint8_t *answer, size_t len,
                 struct sl_srv_target out[static SL_SRV_TARGETS_MAX])
{
    const uint8_t *end = answer + len, *at = answer + HEADER_LEN;
    int count = 0;

    if (len < HEADER_LEN)
        return -EBADMSG;
    for (unsigned i = 0; i < u16(answer + 4) && at; i++)
        at = skip(at, end, QUESTION_LEN);
    for (unsigned i = 0; i < u16(answer + 6) && at; i++) {
        const uint8_t *data = skip(at, end, RECORD_LEN);
        if (!data || (size_t)(end - data) < u16(data - 2))
            return -EBADMSG;
        at = data + u16(data - 2);
        if (u16(data - 10) != TYPE_SRV || u16(data - 8) != CLASS_IN || at - data <= SRV_LEN ||
            count == SL_SRV_TARGETS_MAX)
            continue;
        if (read_target(answer, end, data, &out[count]))
            count++;
    }
    return at ? count : -EBADMSG;
}

/* Which of these comes next. */
static size_t choose(const struct sl_srv_target *targets, size_t count, uint32_t (*draw)(void))
{
    uint32_t sum = 0, drawn;

    for (size_t i = 0; i < count; i++)
        sum += targets[i].weight + 1u; /* who has none shall have a chance as well */
    drawn = draw() % sum;
    for (size_t i = 0; i < count; i++) {
        if (drawn < targets[i].weight + 1u)
            return i;
        drawn -= targets[i].weight + 1u;
    }
    return 0; /* not reached */
}

static void swap(struct sl_srv_target *a, struct sl_srv_target *b)
{
    struct sl_srv_target kept = *a;

    *a = *b;
    *b = kept;
}

void sl_srv_order(struct sl_srv_target *targets, size_t count, uint32_t (*draw)(void))
{
    for (size_t i = 0; i < count; i++) {
        size_t least = i, same = i;
        for (size_t j = i + 1; j < count; j++) {
            if (targets[j].priority < targets[least].priority)
                least = j;
        }
        uint16_t priority = targets[least].priority;
        for (size_t j = i; j < count; j++) {
            if (targets[j].priority == priority)
                swap(&targets[same++], &targets[j]);
        }
        swap(&targets[i], &targets[i + choose(&targets[i], same - i, draw)]);
    }
}
