/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objects that the API answers with, as rows: for its description (openapi.h), and for the
 * tests that hold answers against them. Constant tables. */
#ifndef SL_REST_SCHEMA_H
#define SL_REST_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

struct sl_field {
    const char *name;
    const char *type; /* JSON Schema's: "string", "integer", "boolean", "object", "strings" */
    bool nullable;
    const char *about;
};

struct sl_schema {
    const char *name;
    const char *about;
    const struct sl_field *fields;
    size_t field_count;
};

/* All schemas; *count is their number. */
const struct sl_schema *sl_schemas(size_t *count);
/* NULL if there is none of this name. */
const struct sl_schema *sl_schema_find(const char *name);

#endif
