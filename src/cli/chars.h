/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Characters of UTF-8 and terminals: which bytes are one, how wide it is, and whether it may reach
 * an administrator's terminal as it is. The C library could tell, but only in a locale that a
 * server does not run in. Pure.
 */
#ifndef SL_CLI_CHARS_H
#define SL_CLI_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_output;

enum { SL_CHAR_BYTES_MAX = 4 };

/* Returns how many bytes the character at text takes; 0: len bytes are only its beginning (or
 * none); -1: not UTF-8 (overlong forms and surrogates included). */
int sl_char_decode(const char *text, size_t len, uint32_t *code);
/* Columns on a terminal: 0 for what is put onto the character before, 2 for East Asian wide ones
 * and pictures, otherwise 1. */
unsigned sl_char_width(uint32_t code);
/* False for what would move the cursor, hide itself or turn the text around: control characters
 * (C0, DEL, C1), line separators, bidirectional controls, tags (hardening.md, log injection). */
bool sl_char_is_safe(uint32_t code);

/* Columns of len bytes; what is not UTF-8 counts as 1 a byte. */
size_t sl_chars_width(const char *text, size_t len);
/* Adds len bytes, unsafe characters as \u{1b} and bytes that are not UTF-8 as \xff. Line feeds
 * stay if keep_lines. */
void sl_chars_escape(struct sl_output *output, const char *text, size_t len, bool keep_lines);

#endif
