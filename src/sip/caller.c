/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests as a client: the first INVITE of a call (sip.md 4), those that change it (7), INFO. */
#include "sip/internal.h"

#include "base/random.h"

#include <errno.h>
#include <string.h>

enum {
    REDIRECTS_MAX = 5,
    GLARES_MAX = 3,
    FORKS_MAX = 16,          /* answers to the same call by others, repeated ones too */
    GLARE_OWN_MIN_MS = 2100, /* RFC 3261 section 14.1: of who made the Call-ID */
    GLARE_OWN_SPAN_MS = 1900,
    GLARE_OTHER_SPAN_MS = 2000,
};

/* ---- Sending ---- */

static int make_dialog(struct sl_sip_call *call)
{
    const struct sl_sip_account *account = call->account;
    const char *hop = account->hop;
    char name[SL_SIP_NAME_MAX];

    call->dialog = mem_deref(call->dialog);
    if (sl_sip_uri_is_secure(call->target)) {
        if (account->transport != SL_SIP_TLS)
            return EPROTONOSUPPORT; /* it would be heard in clear */
        sl_sip_call_be_secure(call);
    }
    return sip_dialog_alloc(&call->dialog, call->target, call->to,
                            call->name[0] ? sl_sip_quote_name(call->name, name) : NULL,
                            call->caller, &hop, 1);
}

static int send_invite(struct outgoing *outgoing)
{
    struct sl_sip_call *call = sl_container_of(outgoing, struct sl_sip_call, invite);
    struct sl_buffer head;

    sl_buffer_init(&head, SL_SIP_HEAD_MAX + SL_SIP_RAW_MAX);
    sl_sip_add_credentials(call->account, "INVITE", call->target, &head);
    sl_sip_add(&head, "Allow: " SL_SIP_ALLOW "\r\nUser-Agent: %s\r\n%s",
               call->account->sip->user_agent, call->headers ? call->headers : "");
    sl_sip_session_add_request(call, &head);
    sl_sip_add(&head, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
               strlen(call->sdp), call->sdp);
    sl_buffer_u8(&head, 0);
    call->invite_cseq = sip_dialog_lseq(call->dialog);
    int err = !head.ok ? ENOBUFS
                       : sip_drequestf(&outgoing->handle, call->account->sip->stack, true, "INVITE",
                                       call->dialog, 0, NULL, sl_sip_add_contact,
                                       sl_sip_on_response, outgoing, "%s", (const char *)head.data);
    sl_buffer_deinit(&head);
    return err;
}

int sl_sip_caller_ack(struct sl_sip_call *call)
{
    struct sl_sip *sip = call->account->sip;
    struct sl_buffer head;

    sl_buffer_init(&head, SL_SIP_HEAD_MAX);
    sl_sip_add_credentials(call->account, "ACK", call->target, &head);
    sl_sip_add(&head, "Content-Length: 0\r\n\r\n");
    sl_buffer_u8(&head, 0);
    int err = !head.ok
                  ? ENOBUFS
                  : sip_drequestf(NULL, sip->stack, false, "ACK", call->dialog, call->invite_cseq,
                                  NULL, sl_sip_check_way, NULL, sip, "%s", (const char *)head.data);
    sl_buffer_deinit(&head);
    return err;
}

/* ---- Another one has answered as well ---- */

static void on_fork_response(int err, const struct sip_msg *msg, void *arg)
{
    (void)err; /* whatever it is: it was told to end */
    (void)msg;
    (void)arg;
}

void sl_sip_caller_refuse_fork(struct sl_sip_call *call, const struct sip_msg *msg)
{
    struct sl_sip *sip = call->account->sip;
    struct sip *stack = sip->stack;
    struct sip_dialog *dialog = NULL;

    if (!call->forkable || call->forks >= FORKS_MAX ||
        sip_dialog_fork(&dialog, call->forkable, msg) != 0)
        return;
    call->forks++;
    if (sip_drequestf(NULL, stack, false, "ACK", dialog, call->invite_cseq, NULL, sl_sip_check_way,
                      NULL, sip, "Content-Length: 0\r\n\r\n") == 0)
        (void)sip_drequestf(NULL, stack, true, "BYE", dialog, 0, NULL, sl_sip_check_way,
                            on_fork_response, sip,
                            "Content-Length: 0\r\n\r\n"); /* lost, their 2xx comes again */
    mem_deref(dialog);
}

/* ---- The first INVITE's answers ---- */

static void on_accepted(struct sl_sip_call *call, const struct sip_msg *msg)
{
    struct sip_dialog *dialog = NULL;

    if (sip_dialog_fork(&dialog, call->dialog, msg) != 0) {
        sl_sip_call_end(call, SL_SIP_UNREACHABLE, msg); /* no Contact: it cannot even be ended */
        return;
    }
    call->forkable = call->dialog; /* others may answer as well */
    call->dialog = dialog;
    sl_sip_call_take_tags(call, &msg->from.tag, &msg->to.tag);
    sl_sip_call_take_target(call, msg);
    sl_sip_call_know_dialog(call);
    sl_sip_call_set_state(call, CALL_CONFIRMED);
    free(call->headers); /* of the first INVITE */
    call->headers = NULL;
    if (sl_sip_caller_ack(call) != 0) { /* nothing within the call would get there */
        sl_sip_call_end(call, SL_SIP_UNREACHABLE, msg);
        return;
    }
    sl_sip_session_take_answer(call, msg);
    if (call->close_wanted)
        sl_sip_call_bye(call);
    else
        sl_sip_call_tell(call, SL_SIP_ANSWERED, msg->scode, msg);
}

/* RFC 3261 section 8.1.3.4. */
static bool follows(struct sl_sip_call *call, const struct sip_msg *msg)
{
    char *before = sl_strdup(call->target);

    if (call->close_wanted || call->redirects++ >= REDIRECTS_MAX)
        goto no;
    sl_sip_call_take_target(call, msg);
    if (strcmp(before, call->target) == 0 || make_dialog(call) != 0)
        goto no;
    free(before);
    sl_sip_send(&call->invite);
    return true;

no:
    free(before);
    return false;
}

/* No word of this one yet, and there is another proxy (RFC 3263 section 4.3). */
static bool goes_elsewhere(struct sl_sip_call *call, const struct sip_msg *msg)
{
    if ((msg && msg->scode != 503) || call->close_wanted || call->heard)
        return false;
    if (!sl_sip_account_next_proxy(call->account) || make_dialog(call) != 0)
        return false;
    sl_sip_send(&call->invite);
    return true;
}

static void on_first_response(struct sl_sip_call *call, int err, const struct sip_msg *msg)
{
    if (goes_elsewhere(call, msg))
        return;
    if (msg && msg->scode != 503) {
        call->heard = true;
        sl_sip_account_keep_proxy(call->account);
    }
    if (!msg)
        sl_sip_call_end(call, err == ETIMEDOUT ? SL_SIP_TIMEOUT : SL_SIP_UNREACHABLE, NULL);
    else if (msg->scode < 200)
        sl_sip_call_tell(call, SL_SIP_PROGRESS, msg->scode, msg);
    else if (msg->scode < 300)
        on_accepted(call, msg);
    else if (!call->close_wanted && sl_sip_session_heeds(call, msg))
        sl_sip_send(&call->invite);
    else if (msg->scode >= 400 || !follows(call, msg))
        sl_sip_call_end(call, msg->scode, msg);
}

/* ---- Those of a later one ---- */

static void on_glare(void *arg);

/* Both sides offer at once; false: it has been so often. */
static bool waits_for_glare(struct sl_sip_call *call)
{
    uint32_t wait_ms;

    if (call->glares++ >= GLARES_MAX)
        return false;
    if (call->incoming)
        wait_ms = sl_random_u32() % GLARE_OTHER_SPAN_MS;
    else
        wait_ms = GLARE_OWN_MIN_MS + sl_random_u32() % GLARE_OWN_SPAN_MS;
    tmr_start(&call->glare, wait_ms, on_glare, call);
    return true;
}

/* What was refused is not said again when the call is refreshed. */
static void tell_changed(struct sl_sip_call *call, int code, const struct sip_msg *msg)
{
    char *old = call->sdp_before;

    if (code >= 300 && old) {
        old = call->sdp;
        call->sdp = call->sdp_before;
    }
    free(old);
    call->sdp_before = NULL;
    sl_sip_call_tell(call, SL_SIP_CHANGED, code, msg);
}

/* Not while an offer of theirs, or the ACK to our answer, is under way (RFC 3261 section 14.1). */
static void offer_when_quiet(struct sl_sip_call *call)
{
    if (call->state != CALL_CONFIRMED)
        return; /* its end is told, or was */
    if (!call->invite.handle && !call->transaction && !call->ok) {
        call->refreshing &= !call->sdp_before;
        sl_sip_send(&call->invite);
    } else if (!waits_for_glare(call) && (!call->refreshing || call->sdp_before)) {
        tell_changed(call, 491, NULL);
    }
}

static void on_glare(void *arg)
{
    offer_when_quiet(arg);
}

static void on_change_response(struct sl_sip_call *call, int err, const struct sip_msg *msg)
{
    int code = msg ? msg->scode : err == ETIMEDOUT ? SL_SIP_TIMEOUT : SL_SIP_UNREACHABLE;

    if (code < 200)
        return;
    if (code < 300) {
        (void)sip_dialog_update(call->dialog, msg); /* without a Contact it stays */
        sl_sip_call_take_target(call, msg);
        (void)sl_sip_caller_ack(call); /* lost, their 2xx comes again */
        sl_sip_session_take_answer(call, msg);
    } else if (code == 491 && call->state == CALL_CONFIRMED && waits_for_glare(call)) {
        return;
    }
    if (call->state != CALL_CONFIRMED)
        return;
    /* RFC 3261 section 14.1: nobody is there any more */
    if (code == SL_SIP_TIMEOUT || code == 481) {
        sl_sip_call_tell(call, SL_SIP_ENDED, code, msg);
        sl_sip_call_bye(call);
        return;
    }
    if (!call->refreshing)
        tell_changed(call, code, msg);
    call->refreshing = false;
}

static void on_response(struct outgoing *outgoing, int err, const struct sip_msg *msg)
{
    struct sl_sip_call *call = sl_container_of(outgoing, struct sl_sip_call, invite);

    if (call->state == CALL_CALLING)
        on_first_response(call, err, msg);
    else
        on_change_response(call, err, msg);
}

/* ---- INFO ---- */

static int send_info(struct outgoing *outgoing)
{
    struct sl_sip_call *call = sl_container_of(outgoing, struct sl_sip_call, info);
    struct sl_buffer head;

    sl_buffer_init(&head, SL_SIP_HEAD_MAX);
    sl_sip_add_credentials(call->account, "INFO", call->target, &head);
    sl_sip_add(&head, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s", call->info_type,
               strlen(call->info_body), call->info_body);
    sl_buffer_u8(&head, 0);
    int err = !head.ok ? ENOBUFS
                       : sip_drequestf(&outgoing->handle, call->account->sip->stack, true, "INFO",
                                       call->dialog, 0, NULL, sl_sip_add_contact,
                                       sl_sip_on_response, outgoing, "%s", (const char *)head.data);
    sl_buffer_deinit(&head);
    return err;
}

static void on_info_response(struct outgoing *outgoing, int err, const struct sip_msg *msg)
{
    struct sl_sip_call *call = sl_container_of(outgoing, struct sl_sip_call, info);

    (void)err;
    if (!msg || msg->scode >= 200)
        sl_sip_call_tell(call, SL_SIP_INFORMED, msg ? msg->scode : SL_SIP_TIMEOUT, msg);
}

/* ---- Orders ---- */

void sl_sip_caller_init(struct sl_sip_call *call)
{
    call->invite = (struct outgoing){
        .account = call->account, .send = send_invite, .on_response = on_response};
    call->info = (struct outgoing){
        .account = call->account, .send = send_info, .on_response = on_info_response};
}

void sl_sip_caller_start(struct sl_sip_call *call)
{
    if (make_dialog(call) != 0)
        sl_sip_call_end(call, SL_SIP_UNREACHABLE, NULL);
    else
        sl_sip_send(&call->invite);
}

void sl_sip_caller_refresh(struct sl_sip_call *call)
{
    if (call->invite.handle || tmr_isrunning(&call->glare))
        return; /* one is on its way */
    call->glares = 0;
    call->refreshing = true;
    offer_when_quiet(call);
}

void sl_sip_caller_change(struct sl_sip_call *call, char *sdp)
{
    if (!call->invite.handle) /* else the answer of that one is not this one's */
        call->refreshing = false;
    if (call->sdp_before)
        free(call->sdp);
    else
        call->sdp_before = call->sdp;
    call->sdp = sdp;
    call->glares = 0;
    offer_when_quiet(call);
}
