/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a transfer is told by: the status line in a message/sipfrag (RFC 3515, RFC 3420), and whom a
 * Refer-To names, with the dialog that is to be replaced there (RFC 3891). Pure. */
#ifndef SL_SIP_FRAGMENT_H
#define SL_SIP_FRAGMENT_H

#include "sip/uri.h"

/* The status line that the text begins with. reason: cut. -EBADMSG: there is none. */
int sl_sip_fragment_parse(const char *text, size_t len, int *code,
                          char reason[static SL_SIP_NAME_MAX]);

/* Of a URI in Refer-To: itself without its headers, and the value of the Replaces among them,
 * unescaped ("": none). -EINVAL: neither sip: nor tel:, or with controls; -ENOBUFS. */
struct sl_sip_refer_to {
    char uri[SL_SIP_URI_MAX];
    char replaces[SL_SIP_NAME_MAX];
};
int sl_sip_refer_to_parse(const char *text, size_t len, struct sl_sip_refer_to *out);

/* The other way round: the Contact of somebody with whom we have a dialog, without headers of its
 * own, and that dialog as its Replaces, as they will look for it: to-tag is theirs, from-tag ours
 * (RFC 3891 section 3). No Require beside it: some telephones refuse that though they know
 * Replaces. -EINVAL: a Contact that would not stay between its brackets; -ENOBUFS. */
struct sl_sip_dialog_id {
    const char *call_id, *local_tag, *remote_tag;
};
int sl_sip_refer_to_build(const char *contact, const struct sl_sip_dialog_id *dialog,
                          char out[static SL_SIP_URI_MAX]);

#endif
