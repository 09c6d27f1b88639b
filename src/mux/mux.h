/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What others may include of mux/: containers, as pure readers and writers of bytes. FLV, and AMF0,
 * which its metadata is written in. No threads, no clocks, no I/O. */
#ifndef SL_MUX_MUX_H
#define SL_MUX_MUX_H

#include "mux/amf.h"
#include "mux/flv.h"

#endif
