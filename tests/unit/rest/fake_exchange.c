/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists what was added, and forgets what is ended. */
#include "fake_exchange.h"

#include <stdio.h>
#include <string.h>

static bool has_id(const json_t *call, const char *id)
{
    return call && strcmp(json_string_value(json_object_get(call, "callId")), id) == 0;
}

static void each(void *arg, void (*visit)(void *owner, json_t *call), void *owner)
{
    const struct fake_exchange *fake = arg;

    for (size_t i = 0; i < FAKE_CALLS_MAX; i++) {
        if (fake->calls[i])
            visit(owner, fake->calls[i]);
    }
}

static size_t end(void *arg, const char *id)
{
    struct fake_exchange *fake = arg;
    size_t count = 0;

    for (size_t i = 0; i < FAKE_CALLS_MAX; i++) {
        if (!has_id(fake->calls[i], id))
            continue;
        json_decref(fake->calls[i]);
        fake->calls[i] = NULL;
        count++;
    }
    return count;
}

static int send_digits(void *arg, const char *id, const json_t *object)
{
    struct fake_exchange *fake = arg;
    int count = 0;

    for (size_t i = 0; i < FAKE_CALLS_MAX; i++)
        count += has_id(fake->calls[i], id);
    (void)snprintf(fake->digits, sizeof(fake->digits), "%s",
                   json_string_value(json_object_get(object, "dtmf")));
    return count > 0 && fake->refusal < 0 ? fake->refusal : count;
}

static void stats(void *arg, struct sl_exchange_stats *out)
{
    (void)arg;
    *out = (struct sl_exchange_stats){
        .accounts = 7, .registered = 5, .incoming = 3, .outgoing = 2, .established = 1};
}

static void cancel_sounds(void *arg)
{
    (void)arg;
}

void fake_exchange_init(struct fake_exchange *fake)
{
    *fake = (struct fake_exchange){.exchange = {.arg = fake,
                                                .each = each,
                                                .end = end,
                                                .send_digits = send_digits,
                                                .stats = stats,
                                                .cancel_sounds = cancel_sounds}};
}

void fake_exchange_deinit(struct fake_exchange *fake)
{
    for (size_t i = 0; i < FAKE_CALLS_MAX; i++)
        json_decref(fake->calls[i]);
}

void fake_exchange_add(struct fake_exchange *fake, const char *id, const char *callee,
                       const char *status)
{
    size_t i = 0;

    while (fake->calls[i])
        i++;
    fake->calls[i] = json_pack("{s:s, s:s, s:s, s:n}", "callId", id, "callee", callee, "status",
                               status, "rtmpUrl");
}
