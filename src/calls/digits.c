/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digits on their way, one after the other, among the sound or by INFO (sip.md 9); and key frames
 * that are asked for by INFO (14.5). */
#include "calls/call.h"
#include "calls/media.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum {
    PAUSE_MS = 500, /* a comma among digits */
    TONE_MS = 210,  /* how long one takes among the sound */
};

#define MEDIA_CONTROL "media_control+xml"

static void send_next(struct sl_call *call);

static void inform(struct sl_call *call, const char *type, const char *body)
{
    call->informing = true;
    sl_sip_call_inform(call->sip, type, body);
}

/* ---- Digits ---- */

static void on_digit_timer(void *owner)
{
    struct sl_call *call = owner;

    call->digit_waits = false;
    send_next(call);
}

static void wait_ms(struct sl_call *call, uint64_t ms)
{
    call->digit_waits = true;
    if (!call->digit_timer)
        call->digit_timer = sl_timer_create(call->phone->calls->config.loop, on_digit_timer, call);
    sl_timer_start(call->digit_timer, ms, 0);
}

static char take_first(struct sl_call_digits *digits, enum sl_call_digit_way *way)
{
    char digit = digits->text[0];

    *way = digits->ways[0];
    memmove(digits->text, digits->text + 1, sizeof(digits->text) - 1);
    memmove(digits->ways, digits->ways + 1, sizeof(digits->ways) - sizeof(*digits->ways));
    return digit;
}

static void send_digit(struct sl_call *call)
{
    enum sl_call_digit_way way;
    char body[64], digit = take_first(&call->digits, &way);

    if (digit == ',') {
        wait_ms(call, PAUSE_MS);
    } else if (way == SL_CALL_BY_EVENT && sl_call_media_has_tones(call->media)) {
        sl_call_media_dial(call->media, digit);
        wait_ms(call, TONE_MS);
    } else if (way == SL_CALL_BY_INFO) {
        (void)snprintf(body, sizeof(body), "%c", digit);
        inform(call, "application/dtmf", body);
    } else {
        (void)snprintf(body, sizeof(body), "Signal=%c\r\nDuration=160\r\n", digit);
        inform(call, "application/dtmf-relay", body);
    }
}

static enum sl_call_digit_way way_of(const struct sl_call *call, const json_t *object)
{
    const char *type = sl_call_text(object, "type");

    if (type[0] == '\0')
        type = call->phone->calls->config.config->dtmf;
    if (strcasecmp(type, "RFC2833") == 0)
        return SL_CALL_BY_EVENT;
    return strcasecmp(type, "INFO") == 0 ? SL_CALL_BY_INFO : SL_CALL_BY_INFO_RELAY;
}

int sl_call_take_digits(struct sl_call *call, const json_t *object)
{
    const json_t *value = json_object_get(object, "dtmf");
    char text[SL_DTMF_MAX] = "", digits[SL_DTMF_MAX];
    size_t waiting = strlen(call->digits.text);

    if (json_is_integer(value))
        (void)snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
    if (call->is_msrp || !sl_call_is_established(call))
        return -EAGAIN;
    if (sl_dtmf_parse(json_is_string(value) ? json_string_value(value) : text, digits) < 0 ||
        waiting + strlen(digits) >= sizeof(call->digits.text)) {
        sl_log(SL_LOG_WARN, &call->log, "digits that are none, or too many, are left out");
        return -EINVAL;
    }
    for (size_t i = 0; i < strlen(digits); i++)
        call->digits.ways[waiting + i] = way_of(call, object);
    memcpy(call->digits.text + waiting, digits, strlen(digits) + 1);
    send_next(call);
    return 0;
}

/* ---- Key frames (RFC 5168) ---- */

void sl_call_want_keyframe(void *owner)
{
    struct sl_call *call = owner;

    if (call->keyframe_deaf || !call->sip || !sl_call_is_established(call))
        return;
    call->keyframe_due = true;
    send_next(call);
}

static void send_keyframe_request(struct sl_call *call)
{
    call->keyframe_due = false;
    call->informs_keyframe = true;
    inform(call, "application/" MEDIA_CONTROL,
           "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n"
           "<media_control><vc_primitive><to_encoder><picture_fast_update/>"
           "</to_encoder></vc_primitive></media_control>\r\n");
}

/* Digits have no other effect: no client hears of them (sip.md 9). */
void sl_call_take_info(struct sl_call *call, const char *type, const char *body)
{
    if (type && body && strcasecmp(type, MEDIA_CONTROL) == 0 && strstr(body, "picture_fast_update"))
        sl_call_media_refresh(call->media);
}

/* ---- One after the other ---- */

static void send_next(struct sl_call *call)
{
    if (!call->sip || call->informing)
        return;
    if (call->keyframe_due)
        send_keyframe_request(call);
    else if (call->digits.text[0] != '\0' && !call->digit_waits)
        send_digit(call);
}

void sl_call_informed(struct sl_call *call, int code)
{
    call->informing = false;
    if (call->informs_keyframe && code >= 300)
        call->keyframe_deaf = true;
    call->informs_keyframe = false;
    send_next(call);
}
