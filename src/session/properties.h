/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client says of itself, and its texts. Control loop. */
#ifndef SL_SESSION_PROPERTIES_H
#define SL_SESSION_PROPERTIES_H

#include "session/internal.h"

/* Copies the known fields of the right type into properties, over what is there. */
void sl_properties_merge(json_t *properties, json_t *fields);
/* A copy without passwords; with_null: the password as null instead of left out. New reference. */
json_t *sl_properties_public(json_t *properties, bool with_null);
/* The fields of a SIP account, with its password. New reference. */
json_t *sl_properties_sip(json_t *properties);
/* NULL if value is null or larger than CUSTOM_MAX, otherwise value. Borrowed. */
json_t *sl_custom_or_null(json_t *value);
bool sl_custom_is_too_large(json_t *value);
/* Copies at most max bytes, whole UTF-8 characters. */
char *sl_text_cut(const char *text, size_t max);
/* Words for a client from wherever they come: printable ASCII, cut; `otherwise` for NULL. */
void sl_info_copy(char out[static INFO_MAX], const char *info, const char *otherwise);

#endif
