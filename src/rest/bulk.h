/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls about many sessions or streams: something done with each, or a list of them, slice by slice
 * (walk.h) and answered at the end. */
#ifndef SL_REST_BULK_H
#define SL_REST_BULK_H

#include "rest/parts.h"

/*
 * ids   as in sl_walk_start(); both functions take the reference
 * none  words of the 404 when there are none
 *
 * Both take the call. params are its parameters.
 */

/* One of them; id may name nothing any more. */
typedef void sl_bulk_step(const struct sl_control *control, const char *id, json_t *params);
/* Does it with each, also after the client has gone; 200 without a body. */
void sl_bulk_do(const struct sl_control *control, struct sl_call *call, json_t *ids,
                sl_bulk_step *step, const char *none);

/* One item of the list, a new reference; NULL if it does not match, or is no more. */
typedef json_t *sl_bulk_describe(const struct sl_control *control, const char *id, json_t *params);
/* 200 with a JSON array. */
void sl_bulk_list(const struct sl_control *control, struct sl_call *call, json_t *ids,
                  sl_bulk_describe *describe, const char *none);

#endif
