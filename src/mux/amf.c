/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AMF0: a marker byte, then the value; numbers are doubles in network order, strings have a length
 * of 16 bits, objects are keys and values up to an empty key and the end marker. */
#include "mux/amf.h"

enum {
    NUMBER = 0x00,
    BOOLEAN = 0x01,
    STRING = 0x02,
    OBJECT = 0x03,
    NULL_VALUE = 0x05,
    UNDEFINED = 0x06,
    REFERENCE = 0x07,
    ECMA_ARRAY = 0x08,
    OBJECT_END = 0x09,
    STRICT_ARRAY = 0x0a,
    DATE = 0x0b,
    LONG_STRING = 0x0c,
};

enum { DEPTH_MAX = 16 };

/* ---- Writing ---- */

static void write_text(struct sl_writer *w, const char *text)
{
    size_t len = strlen(text);

    if (len > UINT16_MAX) {
        w->ok = false;
        return;
    }
    sl_write_u16(w, (uint16_t)len);
    sl_write_bytes(w, text, len);
}

void sl_amf_write_string(struct sl_writer *w, const char *text)
{
    sl_write_u8(w, STRING);
    write_text(w, text);
}

void sl_amf_write_number(struct sl_writer *w, double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof(bits));
    sl_write_u8(w, NUMBER);
    sl_write_u32(w, (uint32_t)(bits >> 32));
    sl_write_u32(w, (uint32_t)bits);
}

void sl_amf_write_null(struct sl_writer *w)
{
    sl_write_u8(w, NULL_VALUE);
}

void sl_amf_write_object_begin(struct sl_writer *w)
{
    sl_write_u8(w, OBJECT);
}

void sl_amf_write_array_begin(struct sl_writer *w, uint32_t count)
{
    sl_write_u8(w, ECMA_ARRAY);
    sl_write_u32(w, count);
}

void sl_amf_write_key(struct sl_writer *w, const char *key)
{
    write_text(w, key);
}

void sl_amf_write_bool(struct sl_writer *w, bool value)
{
    sl_write_u8(w, BOOLEAN);
    sl_write_u8(w, value);
}

void sl_amf_write_object_end(struct sl_writer *w)
{
    sl_write_u16(w, 0);
    sl_write_u8(w, OBJECT_END);
}

/* ---- Reading ---- */

static void take_text(struct sl_reader *r, size_t len, struct sl_amf_text *out)
{
    const uint8_t *bytes = sl_reader_take(r, len);

    out->text[0] = '\0';
    if (!bytes)
        return;
    if (len >= SL_AMF_TEXT_MAX)
        len = SL_AMF_TEXT_MAX - 1;
    memcpy(out->text, bytes, len);
    out->text[len] = '\0';
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] < 0x20 || bytes[i] == 0x7f)
            out->text[i] = '?';
    }
}

static void expect(struct sl_reader *r, uint8_t marker)
{
    if (sl_read_u8(r) != marker)
        r->ok = false;
}

void sl_amf_read_string(struct sl_reader *r, struct sl_amf_text *out)
{
    expect(r, STRING);
    take_text(r, sl_read_u16(r), out);
    if (!r->ok)
        out->text[0] = '\0';
}

double sl_amf_read_number(struct sl_reader *r)
{
    double number;

    expect(r, NUMBER);
    uint64_t bits = (uint64_t)sl_read_u32(r) << 32;
    bits |= sl_read_u32(r);
    memcpy(&number, &bits, sizeof(number));
    return r->ok ? number : 0;
}

static void skip(struct sl_reader *r, int depth);

/* Keys and values up to the end of an object. */
static void skip_members(struct sl_reader *r, int depth)
{
    while (r->ok) {
        uint16_t key_len = sl_read_u16(r);
        if (key_len == 0 && sl_reader_left(r) > 0 && *r->at == OBJECT_END) {
            (void)sl_read_u8(r);
            return;
        }
        (void)sl_reader_take(r, key_len);
        skip(r, depth + 1);
    }
}

static void skip(struct sl_reader *r, int depth)
{
    uint8_t marker = sl_read_u8(r);

    if (depth > DEPTH_MAX)
        r->ok = false;
    if (!r->ok)
        return;
    switch (marker) {
    case NUMBER:
        (void)sl_reader_take(r, 8);
        return;
    case BOOLEAN:
        (void)sl_reader_take(r, 1);
        return;
    case STRING:
        (void)sl_reader_take(r, sl_read_u16(r));
        return;
    case LONG_STRING:
        (void)sl_reader_take(r, sl_read_u32(r));
        return;
    case REFERENCE:
        (void)sl_reader_take(r, 2);
        return;
    case DATE:
        (void)sl_reader_take(r, 10);
        return;
    case NULL_VALUE:
    case UNDEFINED:
        return;
    case ECMA_ARRAY:
        (void)sl_reader_take(r, 4);
        skip_members(r, depth);
        return;
    case OBJECT:
        skip_members(r, depth);
        return;
    case STRICT_ARRAY:
        for (uint32_t left = sl_read_u32(r); left > 0 && r->ok; left--)
            skip(r, depth + 1);
        return;
    default:
        r->ok = false;
    }
}

void sl_amf_skip(struct sl_reader *r)
{
    skip(r, 0);
}

/* The fields wanted of one object, and where they go. */
struct wanted {
    const char *const *names;
    struct sl_amf_text *out;
    size_t count;
};

/* The rest of name after "prefix." and key; NULL: it is another's. */
static const char *after_key(const char *name, const char *prefix, const char *key)
{
    size_t prefix_len = strlen(prefix), key_len = strlen(key);

    if (prefix_len > 0) {
        if (strncmp(name, prefix, prefix_len) != 0 || name[prefix_len] != '.')
            return NULL;
        name += prefix_len + 1;
    }
    return key_len > 0 && strncmp(name, key, key_len) == 0 ? name + key_len : NULL;
}

static struct sl_amf_text *find_field(const struct wanted *wanted, const char *prefix,
                                      const char *key)
{
    for (size_t i = 0; i < wanted->count; i++) {
        const char *rest = after_key(wanted->names[i], prefix, key);
        if (rest && rest[0] == '\0')
            return &wanted->out[i];
    }
    return NULL;
}

static bool has_fields(const struct wanted *wanted, const char *key)
{
    for (size_t i = 0; i < wanted->count; i++) {
        const char *rest = after_key(wanted->names[i], "", key);
        if (rest && rest[0] == '.')
            return true;
    }
    return false;
}

/* prefix: the field that this object is, "" for the outermost; none is looked for deeper. */
static void read_fields(struct sl_reader *r, const struct wanted *wanted, const char *prefix)
{
    struct sl_amf_text key;
    uint8_t marker = sl_read_u8(r);

    if (marker == ECMA_ARRAY)
        (void)sl_reader_take(r, 4);
    else if (marker != OBJECT)
        r->ok = false;
    while (r->ok) {
        take_text(r, sl_read_u16(r), &key);
        if (key.text[0] == '\0' && sl_reader_left(r) > 0 && *r->at == OBJECT_END) {
            (void)sl_read_u8(r);
            return;
        }
        struct sl_amf_text *field = find_field(wanted, prefix, key.text);
        uint8_t value = sl_reader_left(r) > 0 ? *r->at : NULL_VALUE;
        if (field && value == STRING)
            sl_amf_read_string(r, field);
        else if (prefix[0] == '\0' && (value == OBJECT || value == ECMA_ARRAY) &&
                 has_fields(wanted, key.text))
            read_fields(r, wanted, key.text);
        else
            sl_amf_skip(r);
    }
}

void sl_amf_read_fields(struct sl_reader *r, const char *const *names, struct sl_amf_text *out,
                        size_t count)
{
    const struct wanted wanted = {names, out, count};

    for (size_t i = 0; i < count; i++)
        out[i].text[0] = '\0';
    read_fields(r, &wanted, "");
}
