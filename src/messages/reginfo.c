/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is registered, as a registrar tells it (RFC 3680 section 5). */
#include "messages/text.h"
#include "messages/xml.h"

#include <errno.h>
#include <strings.h>

enum { URI_MAX = 1024 };

struct reading {
    const char *aor, *contact;
    bool is_reginfo, in_aor, contact_over, in_uri;
    char uri[URI_MAX];
    size_t len;
    struct sl_reginfo reginfo;
};

static bool is_terminated(const char *const *attributes)
{
    const char *state = sl_xml_attribute(attributes, "state");

    return state && strcmp(state, "terminated") == 0;
}

static void on_open(void *arg, const char *name, const char *const *attributes)
{
    struct reading *reading = arg;

    if (strcmp(name, "reginfo") == 0) {
        reading->is_reginfo = true;
    } else if (strcmp(name, "registration") == 0) {
        const char *aor = sl_xml_attribute(attributes, "aor");
        reading->in_aor = aor && strcasecmp(aor, reading->aor) == 0;
        reading->reginfo.aor_terminated |= reading->in_aor && is_terminated(attributes);
    } else if (strcmp(name, "contact") == 0) {
        reading->contact_over = is_terminated(attributes);
    } else if (strcmp(name, "uri") == 0) {
        reading->in_uri = true;
        reading->len = 0;
    }
}

static void on_text(void *arg, const char *text, size_t len)
{
    struct reading *reading = arg;

    if (!reading->in_uri)
        return;
    if (len > URI_MAX - 1 - reading->len)
        len = URI_MAX - 1 - reading->len; /* none of ours is so long */
    memcpy(reading->uri + reading->len, text, len);
    reading->len += len;
}

static void on_close(void *arg, const char *name)
{
    struct reading *reading = arg;

    if (strcmp(name, "uri") == 0) {
        reading->uri[reading->len] = '\0';
        reading->in_uri = false;
        reading->reginfo.contact_terminated |= reading->in_aor && reading->contact_over &&
                                               strstr(reading->uri, reading->contact) != NULL;
    } else if (strcmp(name, "registration") == 0) {
        reading->in_aor = false;
    }
}

int sl_reginfo_parse(const char *text, size_t len, const char *aor, const char *contact,
                     struct sl_reginfo *out)
{
    static const struct sl_xml_ops ops = {on_open, on_text, on_close};
    struct reading reading = {.aor = aor, .contact = contact};

    if (sl_xml_parse(text, len, &ops, &reading) < 0 || !reading.is_reginfo)
        return -EBADMSG;
    *out = reading.reginfo;
    return 0;
}
