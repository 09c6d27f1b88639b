/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bytes on their way to somebody who may read slowly: written at the end, taken at the front. What
 * does not fit below the bound is left out and remembered. Pure.
 */
#ifndef SL_CLI_OUTPUT_H
#define SL_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct sl_output {
    char *bytes; /* NULL while it is empty */
    size_t len, capacity;
    size_t max;
    bool cut; /* something was left out */
};

void sl_output_init(struct sl_output *output, size_t max);
/* May be called twice. */
void sl_output_deinit(struct sl_output *output);

void sl_output_add(struct sl_output *output, const char *bytes, size_t len);
void sl_output_text(struct sl_output *output, const char *text);
void sl_output_repeat(struct sl_output *output, char byte, size_t count);
void sl_output_format(struct sl_output *output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Forgets the first len bytes. */
void sl_output_take(struct sl_output *output, size_t len);
void sl_output_clear(struct sl_output *output);

#endif
