/* SPDX-License-Identifier: GPL-3.0-or-later */
/* XML of strangers, element by element. Private to messages/. */
#ifndef SL_MESSAGES_XML_H
#define SL_MESSAGES_XML_H

#include <stdbool.h>
#include <stddef.h>

/* Names without their prefixes. */
struct sl_xml_ops {
    /* attributes: names and values in turn, up to a NULL. */
    void (*on_open)(void *arg, const char *name, const char *const *attributes);
    void (*on_text)(void *arg, const char *text, size_t len);
    void (*on_close)(void *arg, const char *name);
};
/* -EBADMSG: not well-formed, deeper than SL_XML_DEPTH_MAX, or with a document type. */
enum { SL_XML_DEPTH_MAX = 32 };
int sl_xml_parse(const char *text, size_t len, const struct sl_xml_ops *ops, void *arg);
/* NULL: there is none. */
const char *sl_xml_attribute(const char *const *attributes, const char *name);
/* Text in which nothing is markup. */
struct sl_buffer;
void sl_xml_escape(const char *text, struct sl_buffer *out);

#endif
