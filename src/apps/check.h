/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What texts may be: of an application, of a user. Pure; the words name the field. */
#ifndef SL_APPS_CHECK_H
#define SL_APPS_CHECK_H

#include <stddef.h>

struct sl_error;

enum {
    SL_APP_NAME_MAX = 128, /* bytes; the key's too */
    SL_APP_URL_MAX = 1024,
    SL_APP_TEXT_MAX = 256, /* all other texts of an application */
    SL_USER_NAME_MAX = 64,
};

/* All: 0 or -EINVAL with words. */

/* min..max bytes of UTF-8 without control characters (C0, DEL, C1). */
int sl_check_text(const char *field, const char *text, size_t min, size_t max,
                  struct sl_error *error);
/* An absolute http(s) URL to which "/METHOD" can be added: host, port if any, path; no user, no
 * query, no fragment (rest-hooks.md section 2). */
int sl_check_url(const char *field, const char *url, struct sl_error *error);
/* Length without the slashes at its end. */
size_t sl_url_base_len(const char *url);
/* As it can stand in a command line and before the colon of HTTP Basic. */
int sl_check_user_name(const char *field, const char *name, struct sl_error *error);
int sl_check_password(const char *password, struct sl_error *error);

#endif
