/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The operator's program for each whole file (media-outputs.md 3.4): run without a shell, with two
 * arguments and no environment; a few at a time, the others wait. Control loop. */
#ifndef SL_RECORD_SCRIPT_H
#define SL_RECORD_SCRIPT_H

struct sl_loop;
struct sl_record_scripts;

struct sl_record_scripts *sl_record_scripts_create(struct sl_loop *loop);
/* Those that run are left to themselves. NULL is fine. */
void sl_record_scripts_destroy(struct sl_record_scripts *scripts);
/* program: "" runs nothing. All are copied. */
void sl_record_scripts_run(struct sl_record_scripts *scripts, const char *program,
                           const char *stream, const char *file);

#endif
