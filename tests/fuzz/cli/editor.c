/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as what is typed. The first three give the size of the terminal, how the rest is cut,
 * and whether it is a password. After each piece the line is printable UTF-8 within its bound, the
 * cursor between two characters, and the terminal shows exactly that; however the bytes are cut,
 * the same lines come out.
 */
#include "cli/editor.h"

#include "base/mem.h"
#include "cli/chars.h"
#include "cli/history.h"
#include "cli/output.h"
#include "terminal.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEAD_LEN = 3,
    SENT_MAX = 64 << 20,
    /* A long line is laid out again only now and then: each letter of thousands would take a second
     * for one input. */
    LONG_LINE = 200,
    LONG_LINE_CHECKS = 64,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct sl_history history;
    struct sl_editor editor;
    struct terminal *terminal;
    struct sl_output sent;
    bool secret;
    size_t checks;
    uint64_t digest; /* FNV-1a of all lines */
};

static void digest(struct run *run, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        run->digest = (run->digest ^ (uint8_t)bytes[i]) * 0x100000001b3u;
}

static void check(struct run *run)
{
    const struct sl_editor *editor = &run->editor;
    bool cursor_seen = false;

    terminal_show(run->terminal, &run->sent);
    assert(editor->len <= SL_LINE_MAX && editor->line[editor->len] == '\0');
    if (++run->checks % LONG_LINE_CHECKS != 0 && editor->len > LONG_LINE)
        return;
    for (size_t at = 0; at < editor->len;) {
        uint32_t code = 0;
        int taken = sl_char_decode(editor->line + at, editor->len - at, &code);
        assert(taken > 0 && sl_char_is_safe(code));
        cursor_seen |= at == editor->cursor;
        at += (size_t)taken;
    }
    assert(cursor_seen || editor->cursor == editor->len);
    const char *differs = terminal_differs(run->terminal, editor);
    if (differs) {
        (void)fprintf(stderr, "%s\n", differs);
        abort();
    }
}

static void begin(struct run *run)
{
    sl_editor_begin(&run->editor, run->secret ? "New password: " : "% ", run->secret, &run->sent);
    check(run);
}

static void on_event(struct run *run, enum sl_editor_event event)
{
    struct sl_editor *editor = &run->editor;

    switch (event) {
    case SL_EDITOR_NONE:
        check(run);
        break;
    case SL_EDITOR_COMPLETE:
        check(run);
        /* As a completion would: in the middle, and with a list. */
        if (editor->cursor % 2)
            sl_editor_replace(editor, editor->cursor, "\xc3\xa4pp ", &run->sent);
        else
            sl_editor_list(editor, "app  user\r\n", &run->sent);
        check(run);
        break;
    case SL_EDITOR_LINE:
    case SL_EDITOR_TOO_LONG:
    case SL_EDITOR_CANCEL:
    case SL_EDITOR_END:
        terminal_show(run->terminal, &run->sent);
        assert(run->terminal->column == 0);
        digest(run, editor->line, editor->len + 1);
        if (event == SL_EDITOR_LINE && !run->secret)
            sl_history_add(&run->history, editor->line);
        begin(run);
        break;
    }
}

static uint64_t type(const uint8_t *head, const char *bytes, size_t len, size_t piece)
{
    static struct terminal terminal; /* much memory to make and clear for each input */
    struct run *run = sl_new(struct run);
    size_t columns = 4 + head[0] % 60, rows = 1 + (head[0] / 60u) * 3 + head[1] % 3;

    run->secret = head[2] & 1;
    sl_output_init(&run->sent, SENT_MAX);
    sl_editor_init(&run->editor, &run->history);
    sl_editor_resize(&run->editor, columns, rows);
    run->terminal = &terminal;
    terminal_init(run->terminal, columns, rows);
    begin(run);
    for (size_t at = 0; at < len;) {
        enum sl_editor_event event;
        size_t taken = sl_editor_feed(&run->editor, bytes + at, len - at < piece ? len - at : piece,
                                      &event, &run->sent);
        assert(taken > 0);
        at += taken;
        on_event(run, event);
    }
    digest(run, run->editor.line, run->editor.len);
    uint64_t result = run->digest;
    sl_editor_deinit(&run->editor);
    sl_history_deinit(&run->history);
    sl_output_deinit(&run->sent);
    free(run);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD_LEN || size > 8192)
        return 0;
    const char *bytes = (const char *)data + HEAD_LEN;
    uint64_t whole = type(data, bytes, size - HEAD_LEN, size);
    uint64_t pieces = type(data, bytes, size - HEAD_LEN, 1u + data[1] % 40u);

    assert(whole == pieces);
    return 0;
}
