/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Notifications of delivery (RFC 5438 section 7.2, 11.1). */
#include "messages/text.h"
#include "messages/xml.h"

#include <ctype.h>
#include <errno.h>

enum { ID_MAX = 128 };

struct reading {
    bool in_id, in_delivery, in_status;
    bool has_id, has_status, too_long;
    size_t len;
    struct sl_imdn imdn;
};

static void on_open(void *arg, const char *name, const char *const *attributes)
{
    static const char *const statuses[] = {[SL_IMDN_DELIVERED] = "delivered",
                                           [SL_IMDN_FAILED] = "failed",
                                           [SL_IMDN_FORBIDDEN] = "forbidden",
                                           [SL_IMDN_ERROR] = "error"};
    struct reading *reading = arg;

    (void)attributes;
    if (strcmp(name, "message-id") == 0) {
        reading->in_id = !reading->has_id; /* the first one */
        reading->has_id = true;
    } else if (strcmp(name, "delivery-notification") == 0) {
        reading->in_delivery = true;
    } else if (strcmp(name, "status") == 0) {
        reading->in_status = reading->in_delivery;
    } else if (reading->in_status && !reading->has_status) {
        for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
            if (strcmp(name, statuses[i]) == 0) {
                reading->imdn.status = (enum sl_imdn_status)i;
                reading->has_status = true;
            }
        }
    }
}

static void on_text(void *arg, const char *text, size_t len)
{
    struct reading *reading = arg;

    for (size_t i = 0; reading->in_id && i < len; i++) {
        if (isspace((unsigned char)text[i]))
            continue;
        if (reading->len == SL_IMDN_ID_MAX) {
            reading->too_long = true;
            return;
        }
        reading->imdn.message_id[reading->len++] = text[i];
    }
}

static void on_close(void *arg, const char *name)
{
    struct reading *reading = arg;

    if (strcmp(name, "message-id") == 0)
        reading->in_id = false;
    else if (strcmp(name, "delivery-notification") == 0)
        reading->in_delivery = reading->in_status = false;
    else if (strcmp(name, "status") == 0)
        reading->in_status = false;
}

int sl_imdn_parse(const char *text, size_t len, struct sl_imdn *out)
{
    static const struct sl_xml_ops ops = {on_open, on_text, on_close};
    struct reading reading = {.len = 0};

    if (sl_xml_parse(text, len, &ops, &reading) < 0 || reading.len == 0 || reading.too_long)
        return -EBADMSG;
    if (!reading.has_status)
        return -ENOTSUP;
    *out = reading.imdn;
    return 0;
}

void sl_imdn_build(const char *message_id, const char *date_time, const char *recipient,
                   struct sl_buffer *out)
{
    sl_add_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
                     "<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\">\r\n<message-id>");
    sl_xml_escape(message_id, out);
    sl_add_text(out, "</message-id>\r\n<datetime>");
    sl_xml_escape(date_time, out);
    sl_add_text(out, "</datetime>\r\n<recipient-uri>");
    sl_xml_escape(recipient, out);
    sl_add_text(out, "</recipient-uri>\r\n<delivery-notification><status><delivered/></status>"
                     "</delivery-notification>\r\n</imdn>\r\n");
}

bool sl_imdn_is_id(const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || len > ID_MAX)
        return false;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x80 || (!isalnum(c) && !strchr("-.!%*_+`'~@", c)))
            return false;
    }
    return true;
}
