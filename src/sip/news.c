/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a call tells its owner on the control loop. */
#include "sip/internal.h"

#include "net/net.h"

#include <string.h>

struct news {
    struct sl_msg msg;
    struct sl_sip_call *call;
    struct sl_sip_event event;
    char *reason, *raw, *sdp, *type, *target, *replaces;
};

static void on_news(struct sl_msg *msg) /* on the control loop */
{
    struct news *news = sl_container_of(msg, struct news, msg);

    if (news->call->ops)
        news->call->ops->on_event(news->call->owner, &news->event);
    free(news->reason);
    free(news->raw);
    free(news->sdp);
    free(news->type);
    free(news->target);
    free(news->replaces);
    free(news);
}

static struct news *news_create(struct sl_sip_call *call, enum sl_sip_event_kind kind, int code,
                                const struct sip_msg *msg)
{
    struct news *news = sl_new(struct news);

    news->msg.run = on_news;
    news->call = call;
    if (msg) {
        news->reason = msg->req ? NULL : sl_sip_dup(&msg->reason);
        news->raw = sl_sip_raw_text(msg);
        news->sdp = sl_sip_body(msg, "application", "sdp");
    }
    news->event = (struct sl_sip_event){
        .kind = kind, .code = code, .reason = news->reason, .raw = news->raw, .sdp = news->sdp};
    return news;
}

void sl_sip_call_tell_info(struct sl_sip_call *call, const struct sip_msg *msg)
{
    char subtype[64] = "";

    if (call->close_wanted)
        return;
    struct news *news = news_create(call, SL_SIP_INFO, 0, msg);
    (void)pl_strcpy(&msg->ctyp.subtype, subtype, sizeof(subtype)); /* too long: none we know */
    news->type = sl_strdup(subtype);
    news->event.type = news->type;
    free(news->sdp);
    news->sdp = sl_sip_valid_text((const char *)mbuf_buf(msg->mb), mbuf_get_left(msg->mb));
    news->event.sdp = news->sdp;
    sl_loop_post(call->account->sip->control, &news->msg);
}

void sl_sip_call_tell_notified(struct sl_sip_call *call, int code, const char *reason, bool over,
                               const struct sip_msg *msg)
{
    if (call->close_wanted)
        return;
    struct news *news = news_create(call, SL_SIP_TRANSFER_NOTIFIED, code, msg);
    news->reason = sl_sip_valid_text(reason, strlen(reason));
    news->event.reason = news->reason;
    news->event.over = over;
    sl_loop_post(call->account->sip->control, &news->msg);
}

void sl_sip_call_tell_refer(struct sl_sip_call *call, const char *target, const char *replaces,
                            const struct sip_msg *msg)
{
    struct news *news = news_create(call, SL_SIP_REFER, 0, msg);

    news->target = sl_sip_valid_text(target, strlen(target));
    news->replaces = sl_strdup(replaces);
    news->event.target = news->target;
    news->event.replaces = news->replaces;
    sl_loop_post(call->account->sip->control, &news->msg);
}

void sl_sip_call_tell(struct sl_sip_call *call, enum sl_sip_event_kind kind, int code,
                      const struct sip_msg *msg)
{
    if (!call->close_wanted)
        sl_loop_post(call->account->sip->control, &news_create(call, kind, code, msg)->msg);
}

void sl_sip_call_tell_cancel(struct sl_sip_call *call)
{
    struct news *news = news_create(call, SL_SIP_ENDED, 0, NULL);

    news->raw = call->account->sip->cancel;
    call->account->sip->cancel = NULL;
    news->event.raw = news->raw;
    sl_loop_post(call->account->sip->control, &news->msg);
}
