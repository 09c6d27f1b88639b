/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What texts between telephones consist of (sip.md 10, 11): bytes in, parts out, and back. No I/O,
 * no state; any thread.
 *
 *   cpim.c       a text in its envelope (RFC 3862), and what it asks for (RFC 5438)
 *   multipart.c  several of them in one body (RFC 2046)
 *   imdn.c       notifications of delivery (RFC 5438)
 *   reginfo.c    states of registrations (RFC 3680)
 *   xml.c        expat, within bounds: no document type, so no entity of its own
 */
#ifndef SL_MESSAGES_MESSAGES_H
#define SL_MESSAGES_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>

struct sl_buffer;

/* Bytes in somebody else's text: nothing is owned, nothing ends with a NUL. */
struct sl_text_part {
    const char *at;
    size_t len;
};

/* `type` of "TYPE; PARAMETERS", in whatever letters. */
bool sl_content_type_is(struct sl_text_part value, const char *type);
/* Without parameters and blanks. */
struct sl_text_part sl_content_type_name(struct sl_text_part value);

/* ---- CPIM ---- */

enum { SL_CPIM_ADDRESSES_MAX = 16 };

struct sl_cpim_addresses {
    struct sl_text_part uris[SL_CPIM_ADDRESSES_MAX]; /* what stood in angle brackets */
    size_t count;
};

struct sl_cpim {
    struct sl_cpim_addresses from, to;
    struct sl_text_part message_id;   /* empty: none */
    struct sl_text_part record_route; /* URI of the last one; empty: none */
    bool wants_delivery;              /* positive-delivery */
    struct sl_text_part type;         /* Content-Type of what is in it; empty: not said */
    struct sl_text_part body;
};
/* -EBADMSG: no whole envelope; more addresses than SL_CPIM_ADDRESSES_MAX. *out changes on success
 * only, and points into text. */
int sl_cpim_parse(const char *text, size_t len, struct sl_cpim *out);

/* Texts have no line ends and addresses no angle brackets: the caller's word. */
struct sl_cpim_content {
    const char *from, *to;  /* URIs */
    const char *date_time;  /* RFC 3339 */
    const char *message_id; /* NULL: it is not to be spoken of */
    bool asks;              /* for a notification of delivery or of its failure */
    const char *type;
    const char *disposition; /* NULL: none */
    const char *body;
    size_t len;
};
void sl_cpim_build(const struct sl_cpim_content *content, struct sl_buffer *out);

/* ---- multipart/mixed ---- */

/* boundary: letters and digits that no part has. disposition NULL: none. */
void sl_multipart_add(struct sl_buffer *out, const char *boundary, const char *type,
                      const char *disposition, const void *body, size_t len);
void sl_multipart_end(struct sl_buffer *out, const char *boundary);

/* ---- Notifications of delivery ---- */

enum sl_imdn_status { SL_IMDN_DELIVERED, SL_IMDN_FAILED, SL_IMDN_FORBIDDEN, SL_IMDN_ERROR };

enum { SL_IMDN_ID_MAX = 160 };

struct sl_imdn {
    char message_id[SL_IMDN_ID_MAX + 1];
    enum sl_imdn_status status;
};
/* -EBADMSG: no such document; -ENOTSUP: one of another kind, as of what was displayed. */
int sl_imdn_parse(const char *text, size_t len, struct sl_imdn *out);
/* That it was delivered. */
void sl_imdn_build(const char *message_id, const char *date_time, const char *recipient,
                   struct sl_buffer *out);

/* A message's id as it may stand in a header (RFC 5438 section 6.3): a token of at most 128
 * characters. */
bool sl_imdn_is_id(const char *text);

/* ---- Registration states ---- */

struct sl_reginfo {
    bool aor_terminated;     /* nobody is registered by that address */
    bool contact_terminated; /* nor by that contact */
};
/* aor: URI of an address of record; contact: what only the URI of the contact has in it. -EBADMSG.
 */
int sl_reginfo_parse(const char *text, size_t len, const char *aor, const char *contact,
                     struct sl_reginfo *out);

/* ---- Recipients (RFC 5365) ---- */

/* application/resource-lists+xml of count URIs. */
void sl_recipients_build(const char *const *uris, size_t count, struct sl_buffer *out);

#endif
