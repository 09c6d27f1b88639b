/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The description of the API for programs, made from the tables that route and check. Pure. */
#ifndef SL_REST_OPENAPI_H
#define SL_REST_OPENAPI_H

#include <jansson.h>

struct sl_router;

/* An OpenAPI 3.0.3 document of every route; new reference. */
json_t *sl_openapi_build(const struct sl_router *router);

#endif
