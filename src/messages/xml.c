/* SPDX-License-Identifier: GPL-3.0-or-later */
/* expat, within bounds. A document type ends it: then there are no entities but the five of XML's
 * own, and nothing grows by being read. */
#include "messages/xml.h"

#include "base/buffer.h"
#include "base/mem.h"

#include <errno.h>
#include <expat.h>
#include <string.h>

struct reader {
    XML_Parser parser;
    const struct sl_xml_ops *ops;
    void *arg;
    unsigned depth;
};

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');

    return colon ? colon + 1 : name;
}

static void XMLCALL on_open(void *arg, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *reader = arg;

    if (++reader->depth > SL_XML_DEPTH_MAX) {
        (void)XML_StopParser(reader->parser, XML_FALSE); /* it is running */
        return;
    }
    reader->ops->on_open(reader->arg, local_name(name), (const char *const *)attributes);
}

static void XMLCALL on_close(void *arg, const XML_Char *name)
{
    struct reader *reader = arg;

    reader->depth--;
    reader->ops->on_close(reader->arg, local_name(name));
}

static void XMLCALL on_text(void *arg, const XML_Char *text, int len)
{
    struct reader *reader = arg;

    reader->ops->on_text(reader->arg, text, (size_t)len);
}

static void XMLCALL on_doctype(void *arg, const XML_Char *name, const XML_Char *system_id,
                               const XML_Char *public_id, int has_internal_subset)
{
    struct reader *reader = arg;

    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_internal_subset;
    (void)XML_StopParser(reader->parser, XML_FALSE);
}

int sl_xml_parse(const char *text, size_t len, const struct sl_xml_ops *ops, void *arg)
{
    static const XML_Memory_Handling_Suite memory = {sl_mem_alloc, sl_mem_realloc, free};
    struct reader reader = {.ops = ops, .arg = arg};

    if (len > INT32_MAX)
        return -EBADMSG;
    reader.parser = XML_ParserCreate_MM(NULL, &memory, NULL);
    if (!reader.parser)
        return -EBADMSG;
    XML_SetUserData(reader.parser, &reader);
    XML_SetElementHandler(reader.parser, on_open, on_close);
    XML_SetCharacterDataHandler(reader.parser, on_text);
    XML_SetStartDoctypeDeclHandler(reader.parser, on_doctype);
    enum XML_Status status = XML_Parse(reader.parser, text, (int)len, 1);
    XML_ParserFree(reader.parser);
    return status == XML_STATUS_OK ? 0 : -EBADMSG;
}

const char *sl_xml_attribute(const char *const *attributes, const char *name)
{
    for (; attributes[0]; attributes += 2) {
        if (strcmp(local_name(attributes[0]), name) == 0)
            return attributes[1];
    }
    return NULL;
}

void sl_xml_escape(const char *text, struct sl_buffer *out)
{
    static const struct {
        char character;
        const char *entity;
    } rows[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}};

    for (; *text; text++) {
        const char *written = NULL;
        for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
            if (rows[i].character == *text)
                written = rows[i].entity;
        }
        if (written)
            sl_buffer_append(out, written, strlen(written));
        else if ((unsigned char)*text >= 0x20) /* the others are no characters of XML */
            sl_buffer_u8(out, (uint8_t)*text);
    }
}
