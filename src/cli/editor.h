/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A line as it is typed at a terminal: bytes of the keyboard in, the line and what the terminal has
 * to be sent out. Knows UTF-8, wide characters, lines longer than the terminal is wide and taller
 * than it is high, history, and pasted text of many lines. Pure.
 *
 * Keys: arrows, Home, End, Delete, Backspace; Ctrl-A E B F (move), Alt-B F and Ctrl-arrows (by
 * words), Ctrl-K U W (cut), Ctrl-Y (paste), Ctrl-P N (history), Ctrl-L (clear), Ctrl-C, Ctrl-D,
 * TAB.
 */
#ifndef SL_CLI_EDITOR_H
#define SL_CLI_EDITOR_H

#include "cli/words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_history;
struct sl_output;

enum sl_editor_event {
    SL_EDITOR_NONE,     /* all bytes are consumed */
    SL_EDITOR_LINE,     /* Enter */
    SL_EDITOR_TOO_LONG, /* Enter behind a line of which something was left out */
    SL_EDITOR_CANCEL,   /* Ctrl-C */
    SL_EDITOR_END,      /* Ctrl-D on an empty line */
    SL_EDITOR_COMPLETE, /* TAB; the line goes on */
};

/* What the next byte may be part of. */
enum sl_editor_input { SL_INPUT_PLAIN, SL_INPUT_ESCAPE, SL_INPUT_CSI, SL_INPUT_SS3 };

struct sl_editor {
    char line[SL_LINE_MAX + 1]; /* len bytes and a NUL */
    size_t len, cursor;         /* cursor: bytes before it */
    bool too_long;              /* something did not fit */
    bool secret;                /* nothing of the line is shown, kept or completed */

    char *cut; /* what Ctrl-Y brings back; NULL */

    const struct sl_history *history; /* outlives the editor */
    uint64_t history_at;              /* the line shown, while there is a draft: */
    char *draft;                      /* what was typed before walking through the history */

    char prompt[64];

    /* The terminal. Rows count from that of the prompt; those above `top` do not fit on it. */
    size_t columns, rows;
    size_t top, row, column; /* where the cursor stands on it */
    enum { SL_SHOWN, SL_MOVED, SL_CHANGED } stale;

    enum sl_editor_input input;
    char parameters[16];
    size_t parameter_len;
    char partial[4]; /* of a character of several bytes */
    size_t partial_len;
    bool after_cr; /* a line feed now belongs to it */
    bool pasting;  /* the terminal said so (bracketed paste) */
};

void sl_editor_init(struct sl_editor *editor, const struct sl_history *history);
void sl_editor_deinit(struct sl_editor *editor);

/* Of the terminal; 0: not known (then 80 and 24). */
void sl_editor_resize(struct sl_editor *editor, size_t columns, size_t rows);

/* A new, empty line behind this prompt (ASCII). The cursor of the terminal is at a row's begin. */
void sl_editor_begin(struct sl_editor *editor, const char *prompt, bool secret,
                     struct sl_output *screen);

/*
 * Takes bytes up to the one that makes an event and returns how many those are. After LINE,
 * TOO_LONG, CANCEL and END the terminal is at the begin of a row, and sl_editor_begin() must follow
 * before more bytes do; `line` is the line until then. After COMPLETE, sl_editor_replace() and
 * sl_editor_list() may follow.
 */
size_t sl_editor_feed(struct sl_editor *editor, const char *bytes, size_t len,
                      enum sl_editor_event *event, struct sl_output *screen);

/* The bytes from start to the cursor become text. */
void sl_editor_replace(struct sl_editor *editor, size_t start, const char *text,
                       struct sl_output *screen);
/* Shows text (lines that end with \r\n) below the line, and the line again below it. */
void sl_editor_list(struct sl_editor *editor, const char *text, struct sl_output *screen);
void sl_editor_bell(struct sl_output *screen);

#endif
