/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP addresses out of what clients say, so that nothing of it becomes more than it is: what they
 * call, what others see of them, what they add to a Contact (sip.md 2, 4.1). Pure. */
#ifndef SL_SIP_URI_H
#define SL_SIP_URI_H

#include <stdbool.h>
#include <stddef.h>

enum { SL_SIP_URI_MAX = 1024, SL_SIP_NAME_MAX = 512 };

/*
 * Whom a client calls: a SIP or SIPS URI, a tel URI, USER@HOST, a number or a name at domain.
 * Returns 0; -EINVAL: not one of these; -ENODATA: empty; -ENOBUFS.
 */
int sl_sip_uri_of_callee(const char *callee, const char *domain, char out[static SL_SIP_URI_MAX]);
/* Only to be reached by TLS all the way (RFC 3261 section 19.1). */
bool sl_sip_uri_is_secure(const char *uri);
/* `;name=value` at the end of a URI, both escaped as RFC 3261 section 25.1 wants it; of an empty
 * value `;name`. -ENOBUFS. */
int sl_sip_uri_add_param(char uri[static SL_SIP_URI_MAX], const char *name, const char *value);
/* `?name=value` at the end of a URI that has no headers yet, both escaped. -ENOBUFS. */
int sl_sip_uri_add_header(char uri[static SL_SIP_URI_MAX], const char *name, const char *value);
/* sip:USER@DOMAIN with the user part escaped. -ENOBUFS. */
int sl_sip_uri_of_user(const char *user, const char *domain, char out[static SL_SIP_URI_MAX]);
/* The user part of a URI, unescaped and cut; "" if it has none. Returns out. */
char *sl_sip_uri_user(const char *uri, size_t len, char out[static SL_SIP_NAME_MAX]);

/* A display name for between quotes: quotes and backslashes escaped, controls left out. Returns
 * out. */
char *sl_sip_quote_name(const char *name, char out[static SL_SIP_NAME_MAX]);

/* Parameters for behind a Contact: `name[=token or quoted string]`, semicolons between. The leading
 * one is added where it lacks; "0" is what old clients send for nothing. Returns 0; -EINVAL. */
int sl_sip_contact_params(const char *text, char out[static SL_SIP_NAME_MAX]);

enum sl_sip_transport { SL_SIP_UDP, SL_SIP_TCP, SL_SIP_TLS };
/* "udp", "tcp", "tls". */
const char *sl_sip_transport_name(enum sl_sip_transport transport);

/* A host of letters, digits, dots and hyphens, or a literal address, and perhaps `:port` and
 * `;transport=udp|tcp|tls`. */
struct sl_sip_host {
    char host[256];
    unsigned port; /* 0: not said */
    enum sl_sip_transport transport;
};
/* -EINVAL: not of that form; -ENOTSUP: another transport. */
int sl_sip_host_parse(const char *text, struct sl_sip_host *out);

#endif
