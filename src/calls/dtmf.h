/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digits as clients write them (sip.md 9). Pure. */
#ifndef SL_CALLS_DTMF_H
#define SL_CALLS_DTMF_H

enum { SL_DTMF_MAX = 64 };

/* "5", "12345#", or the number of one event, "10" to "16"; a comma is a pause. What there is of it
 * as digits, '*', '#', 'A' to 'D', '!' for flash and ','. -EINVAL: something else; -ENOBUFS. */
int sl_dtmf_parse(const char *text, char out[static SL_DTMF_MAX]);

#endif
