/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON from outside: looked at before a parser makes a tree of it, and passed on as it came.
 *
 * A parser that recurses has its own bound, compiled in and far too high, and a tree of many small
 * values costs forty times its text in memory and time (hardening.md, hostile JSON). A number or a
 * string that a parser cannot hold is no reason not to pass it on to who can. Any thread.
 */
#ifndef SL_BASE_JSON_H
#define SL_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    SL_JSON_DEPTH_MAX = 32,
    SL_JSON_VALUES_MAX = 8192,   /* of one text: its tree takes a parser about a millisecond */
    SL_JSON_PAYLOAD_MAX = 65536, /* bytes of what one client may have passed on to others */
};

/* ---- Before it is parsed ---- */

enum sl_json_fault {
    SL_JSON_GOOD,
    SL_JSON_MALFORMED, /* not one JSON text (RFC 8259), or something behind it */
    SL_JSON_TOO_DEEP,
    SL_JSON_TOO_MANY,
};

/*
 * The first fault of a text, found in one pass without memory. UTF-8 is not checked, nor whether
 * escapes of surrogates come in pairs.
 *
 * depth_max   objects and arrays open at once
 * values_max  values in all: objects, arrays, strings, numbers, words; keys do not count
 */
enum sl_json_fault sl_json_check(const char *text, size_t len, size_t depth_max, size_t values_max);
/* A few words for a log; "" for SL_JSON_GOOD. */
const char *sl_json_fault_words(enum sl_json_fault fault);

/* Bytes of a byte order mark of UTF-8 at the beginning of a text: some programs write one, and a
 * reader may skip it (RFC 8259 section 8.1). */
size_t sl_json_bom_len(const char *text, size_t len);

/* ---- Parts of a text that sl_json_check() has called good ---- */

struct sl_json_span {
    const char *text; /* NULL: there is none */
    size_t len;
};
/* The value of the last member of this name of an object; none if span is none, or no object, or if
 * the name is spelled with escapes there. */
struct sl_json_span sl_json_member(struct sl_json_span span, const char *name);
/* The first element of an array. */
struct sl_json_span sl_json_first(struct sl_json_span span);

/*
 * The tree of a text in which the values at these spans count as null: what a tree cannot hold
 * (numbers without bound, U+0000, halves of surrogate pairs) may stand there. Nothing may stand
 * behind the text. New reference; NULL: malformed, why (NULL is fine) tells.
 *
 * spans  parts of text, in any order, none inside another; those without text do not count
 */
json_t *sl_json_load_without(const char *text, size_t len, const struct sl_json_span *spans,
                             size_t count, json_error_t *why);

/* ---- Texts as values of a tree ---- */

/*
 * A value that is written as this text, whatever it is; to everybody else it is a string that
 * begins with a NUL. No text that is parsed without JSON_ALLOW_NUL can bring one. New reference.
 *
 * text  one good JSON text in UTF-8; copied
 */
json_t *sl_json_raw(const char *text, size_t len);
/* Its text; none if value is another. Borrowed. */
struct sl_json_span sl_json_raw_text(const json_t *value);

/* The compact text of value, raw ones as they came; NULL if a string is not UTF-8. To be freed
 * with free(). *len may be NULL. */
char *sl_json_dump(json_t *value, size_t *len);
/* Its length alone; 0 if it cannot be written. */
size_t sl_json_dump_len(json_t *value);

#endif
