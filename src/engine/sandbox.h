/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a codec process may still do: compute, and talk on the sockets it was given. Private to this
 * directory (and its tests). */
#ifndef SL_ENGINE_SANDBOX_H
#define SL_ENGINE_SANDBOX_H

#include "engine/engine.h"

/*
 * Everything that can be given up before strangers' bytes come: descriptors but the first four,
 * the environment, signals that are meant for the server, memory without bound, the wish to
 * outlive whoever started it; and what people see of it. Negative errno.
 */
int sl_sandbox_settle(enum sl_engine_role role);
/* From here on the kernel refuses whatever no codec needs: a few calls with an error, since
 * libraries try them, the rest with SIGSYS. There is no way back. Negative errno. */
int sl_sandbox_lock(void);

#endif
