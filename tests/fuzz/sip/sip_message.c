/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a datagram at the SIP port, taken apart by libre and looked at as sip/ does. What is
 * told of it is text; what is answered to it is a dialog or nothing. */
#include "sip/internal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool visit(const struct sip_hdr *header, const struct sip_msg *msg, void *arg)
{
    struct sl_digest_challenge challenge;
    struct sip_addr addr;
    struct pl value;
    size_t *seen = arg;

    (void)msg;
    (*seen)++;
    if (header->id == SIP_HDR_WWW_AUTHENTICATE)
        (void)sl_digest_parse(header->val.p, header->val.l, &challenge);
    else if (sip_addr_decode(&addr, &header->val) == 0 &&
             msg_param_decode(&addr.uri.params, "id", &value) == 0)
        check(value.p >= header->val.p && value.p + value.l <= header->val.p + header->val.l);
    return false;
}

/* A text that is freed at once. */
static void read_text(char *text)
{
    check(!text || strlen(text) <= 3 * SL_SIP_RAW_MAX);
    free(text);
}

static void read_message(const struct sip_msg *msg)
{
    size_t seen = 0;
    struct pl value;

    read_text(sl_sip_raw_text(msg));
    read_text(sl_sip_body(msg, "application", "sdp"));
    read_text(sl_sip_dup(&msg->from.auri));
    read_text(sl_sip_display_name(&msg->from.dname));
    read_text(sl_sip_user(&msg->to.auri));
    read_text(sl_sip_user(&msg->ruri));
    read_text(sl_sip_contact(msg));
    (void)msg_param_decode(&msg->uri.params, "id", &value);
    (void)sip_msg_hdr_apply(msg, true, SIP_HDR_CONTACT, visit, &seen);
    (void)sip_msg_hdr_apply(msg, true, SIP_HDR_WWW_AUTHENTICATE, visit, &seen);
    check(seen <= msg->mb->end);
}

static void read_request(const struct sip_msg *msg)
{
    struct sip_dialog *dialog = NULL;

    if (sl_sip_fault(msg))
        return;
    check(msg->from.tag.l > 0 && msg->callid.p && msg->via.branch.l > 0);
    if (sip_dialog_accept(&dialog, msg) == 0) {
        (void)sip_dialog_update(dialog, msg);
        (void)sip_dialog_rseq_valid(dialog, msg);
    }
    mem_deref(dialog);
}

static void read_response(const struct sip_msg *msg)
{
    const char *hop = "sip:192.0.2.1:5060";
    struct sip_dialog *dialog = NULL;

    check(sip_dialog_alloc(&dialog, "sip:a@b", "sip:a@b", NULL, "sip:c@d", &hop, 1) == 0);
    (void)sip_dialog_create(dialog, msg);
    (void)sip_dialog_update(dialog, msg);
    mem_deref(dialog);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct mbuf *bytes = mbuf_alloc(len + 1);
    struct sip_msg *msg = NULL;

    check(bytes && mbuf_write_mem(bytes, data, len) == 0);
    bytes->pos = 0;
    if (sip_msg_decode(&msg, bytes) == 0) {
        read_message(msg);
        if (msg->req)
            read_request(msg);
        else
            read_response(msg);
    }
    mem_deref(msg);
    mem_deref(bytes);
    return 0;
}
