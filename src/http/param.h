/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a call of the API takes, as rows of a table: the router checks a body against them before
 * the handler sees it, and the description at /rest-api/openapi.json is made from them. Pure, any
 * thread.
 */
#ifndef SL_HTTP_PARAM_H
#define SL_HTTP_PARAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct sl_error;

enum sl_param_type {
    SL_PARAM_NAME, /* an id, a name, a URL: text without control characters, not empty */
    SL_PARAM_TEXT,
    SL_PARAM_BOOL,    /* also "true" and "false" */
    SL_PARAM_INTEGER, /* also decimal digits in a string */
    SL_PARAM_NAMES,   /* a list of SL_PARAM_NAME, may be empty */
    SL_PARAM_OBJECT,
    SL_PARAM_ANY,
};

enum {
    SL_PARAM_NAME_MAX = 1024, /* bytes: the most that stream_name_max can be */
    SL_PARAM_TEXT_MAX = 65536,
    SL_PARAM_NAMES_MAX = 10000, /* elements */
    SL_PARAM_JSON_MAX = 65536,  /* bytes of an object, or of anything, in compact JSON */
};

struct sl_param {
    const char *name;
    enum sl_param_type type;
    bool required;
    const char *values;  /* of a name: the only ones, separated by blanks; NULL: any */
    size_t len_max;      /* bytes, elements or bytes of JSON; 0: as above */
    json_int_t min, max; /* of an integer; both 0: what 32 bits hold */
    const char *about;
};

/*
 * Checks body, an object, against its rows (rest-api.md section 1, parsing rules): null is absent,
 * unknown fields are left out, values have the type that the row says.
 *
 * Returns  0 and a new object in *out; -EINVAL with words that name the field.
 */
int sl_params_normalise(const struct sl_param *params, size_t count, json_t *body, json_t **out,
                        struct sl_error *error);

/* -EINVAL with words for the first field that has a value and no row. */
int sl_params_check_known(const struct sl_param *params, size_t count, json_t *body,
                          struct sl_error *error);

/* Of normalised parameters: the text of a name or text; NULL if it is not there. Borrowed. */
const char *sl_param_text(json_t *params, const char *name);

#endif
