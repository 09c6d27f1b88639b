/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a transfer is told by: the status line in a message/sipfrag (RFC 3515, RFC 3420), and whom a
 * Refer-To names. Pure. */
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

#endif
