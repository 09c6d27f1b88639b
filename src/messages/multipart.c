/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several bodies in one (RFC 2046 section 5.1), and who they are for (RFC 5365). */
#include "messages/text.h"
#include "messages/xml.h"

void sl_multipart_add(struct sl_buffer *out, const char *boundary, const char *type,
                      const char *disposition, const void *body, size_t len)
{
    sl_add_text(out, "--");
    sl_add_text(out, boundary);
    sl_add_text(out, "\r\nContent-Type: ");
    sl_add_text(out, type);
    if (disposition) {
        sl_add_text(out, "\r\nContent-Disposition: ");
        sl_add_text(out, disposition);
    }
    sl_add_text(out, "\r\n\r\n");
    sl_buffer_append(out, body, len);
    sl_add_text(out, "\r\n");
}

void sl_multipart_end(struct sl_buffer *out, const char *boundary)
{
    sl_add_text(out, "--");
    sl_add_text(out, boundary);
    sl_add_text(out, "--\r\n");
}

void sl_recipients_build(const char *const *uris, size_t count, struct sl_buffer *out)
{
    sl_add_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
                     "<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\"><list>\r\n");
    for (size_t i = 0; i < count; i++) {
        sl_add_text(out, "<entry uri=\"");
        sl_xml_escape(uris[i], out);
        sl_add_text(out, "\"/>\r\n");
    }
    sl_add_text(out, "</list></resource-lists>\r\n");
}
