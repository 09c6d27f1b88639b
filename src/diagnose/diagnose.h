/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files about one client, for whoever looks for a fault (rooms-mixers-diagnostics.md 3): debug
 * sessions, bug reports, logs of clients. Knows how they are called, written and kept within
 * bounds, not what is in them. Disks are touched by one job at a time on libuv's pool; all calls
 * and callbacks on the control loop.
 */
#ifndef SL_DIAGNOSE_DIAGNOSE_H
#define SL_DIAGNOSE_DIAGNOSE_H

#include "base/list.h"
#include "diagnose/metrics.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct sl_config;
struct sl_diagnose;
struct sl_loop;

enum { SL_DIAGNOSE_NAME_MAX = 80 };

/* Makes its directories, and looks at what is there: blocks, at start only. One that cannot be made
 * is told in the log; what belongs there is then refused. Both outlive it. */
struct sl_diagnose *sl_diagnose_create(const struct sl_config *config, struct sl_loop *loop);
/* What is being written is waited for; no callbacks any more. NULL is fine. */
void sl_diagnose_destroy(struct sl_diagnose *diagnose);

/* ---- Secrets ---- */

/* Overwrites with '*' what stands behind the names of passwords, tokens, keys and headers that have
 * them, behind a=ice-pwd and a=fingerprint of descriptions, and behind the user in addresses: in
 * quotes to the quote that ends it, otherwise two words or the header's line. Pure, any thread. */
void sl_diagnose_mask(char *text);

/* ---- Debug sessions ---- */

struct sl_debug_file;

/* debug-<YYYYMMDD-HHMMSS>-<32 hex>.log. NULL: off, too many, or no directory. */
struct sl_debug_file *sl_debug_file_open(struct sl_diagnose *diagnose);
/* Its name. */
const char *sl_debug_file_name(const struct sl_debug_file *file);
/* One line, len bytes with its newline; copied. False: the file has its length, this is no part. */
bool sl_debug_file_add(struct sl_debug_file *file, const char *line, size_t len);
/* Finishes it: on_closed, unless NULL, tells when it is whole: err 0, or why it is not. Never from
 * within. The file is gone with that. */
void sl_debug_file_close(struct sl_debug_file *file, void (*on_closed)(void *owner, int err),
                         void *owner);
/* No on_closed any more; after close only. */
void sl_debug_file_forget(struct sl_debug_file *file);
/* For downloads; negative: there is none. Borrowed. */
int sl_diagnose_debug_dir(const struct sl_diagnose *diagnose);
/* True: this could be a debug file's name, and nothing else. Pure. */
bool sl_debug_name_valid(const char *name);

/* ---- Bug reports ---- */

struct sl_report_call;
/*
 * Writes a report: bugreport-<YYYYMMDD-HHMMSS>-<16 hex>.json. on_written, never from within: its
 * name and 0; -ENOBUFS, there are bug_reports_max bytes of them; another negative errno value.
 *
 * text  len bytes, taken: freed by free()
 */
struct sl_report_call *sl_report_write(struct sl_diagnose *diagnose, char *text, size_t len,
                                       void (*on_written)(void *owner, const char *name, int err),
                                       void *owner);
/* Only its name, for a report that is nowhere but in the log. */
void sl_report_name(char name[static SL_DIAGNOSE_NAME_MAX]);
/* Reports are written to files. */
bool sl_diagnose_keeps_reports(const struct sl_diagnose *diagnose);
/* No on_written any more; it is written all the same. */
void sl_report_forget(struct sl_report_call *call);

/* ---- What clients measure (metrics.h) ---- */

/* What they are told to; NULL: they are not. Borrowed. */
const json_t *sl_diagnose_metrics_description(const struct sl_diagnose *diagnose);
/* One line with its newline, for client_metrics_file; copied. What is too much is left out. */
void sl_diagnose_add_metrics(struct sl_diagnose *diagnose, const char *line, size_t len);

/* ---- Logs of clients ---- */

/* <day>/<session_id>.log, where each character but letters, digits, '.' and '-' is '_'. */
struct sl_client_log;
/* NULL: there is no directory for them. */
struct sl_client_log *sl_client_log_open(struct sl_diagnose *diagnose, const char *session_id);
/* One line, without controls; copied. What is too much is left out. */
void sl_client_log_add(struct sl_client_log *log, const char *line);
/* NULL is fine. */
void sl_client_log_close(struct sl_client_log *log);

#endif
