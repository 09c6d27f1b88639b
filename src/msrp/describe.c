/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What SDP says of MSRP, and how we say it. */
#include "msrp/describe.h"

#include "base/buffer.h"
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char accepted_types[] = "message/cpim text/plain"; /* sip.md 13 */

/* ---- Lines ---- */

static bool next_line(const char **rest, struct sl_text_part *line)
{
    const char *at = *rest;

    if (*at == '\0')
        return false;
    size_t len = strcspn(at, "\n");
    *rest = at + len + (at[len] == '\n');
    if (len > 0 && at[len - 1] == '\r')
        len--;
    *line = (struct sl_text_part){at, len};
    return true;
}

/* What stands behind this beginning, without blanks around; false: it begins otherwise. */
static bool after(struct sl_text_part line, const char *beginning, struct sl_text_part *out)
{
    size_t len = strlen(beginning);

    if (line.len < len || strncasecmp(line.at, beginning, len) != 0)
        return false;
    *out = (struct sl_text_part){line.at + len, line.len - len};
    while (out->len > 0 && out->at[0] == ' ') {
        out->at++;
        out->len--;
    }
    while (out->len > 0 && out->at[out->len - 1] == ' ')
        out->len--;
    return true;
}

static struct sl_text_part take_word(struct sl_text_part *rest)
{
    const char *blank = memchr(rest->at, ' ', rest->len);
    struct sl_text_part word = {rest->at, blank ? (size_t)(blank - rest->at) : rest->len};
    size_t gone = word.len + (blank != NULL);

    rest->at += gone;
    rest->len -= gone;
    return word;
}

static bool is(struct sl_text_part part, const char *text)
{
    return part.len == strlen(text) && strncasecmp(part.at, text, part.len) == 0;
}

static bool keep(struct sl_text_part value, char *out, size_t room)
{
    if (value.len == 0 || value.len >= room)
        return false;
    memcpy(out, value.at, value.len);
    out[value.len] = '\0';
    return true;
}

/* ---- Theirs ---- */

/* KIND PORT ...: so much is needed to refuse it. */
static bool is_media(struct sl_text_part media)
{
    return take_word(&media).len > 0 && take_word(&media).len > 0;
}

/* "message PORT TCP/MSRP *", and not refused. */
static bool is_msrp(struct sl_text_part media, bool *secure)
{
    struct sl_text_part kind = take_word(&media), port = take_word(&media),
                        proto = take_word(&media);

    *secure = is(proto, "TCP/TLS/MSRP");
    return is(kind, "message") && !is(port, "0") && (*secure || is(proto, "TCP/MSRP"));
}

static bool path_is_good(struct sl_text_part path, bool secure)
{
    struct sl_msrp_uri uri;
    size_t count = 0;

    while (path.len > 0) {
        if (sl_msrp_uri_parse(take_word(&path), &uri) < 0 || uri.secure != secure)
            return false;
        count++;
    }
    return count > 0;
}

static enum sl_msrp_setup read_setup(struct sl_text_part value)
{
    return is(value, "active")    ? SL_MSRP_ACTIVE
           : is(value, "passive") ? SL_MSRP_PASSIVE
           : is(value, "actpass") ? SL_MSRP_ACTPASS
                                  : SL_MSRP_SETUP_NONE;
}

/* Decimal; what is no number, or larger than any message, is no limit. */
static int64_t read_size(struct sl_text_part value)
{
    int64_t size = 0;

    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9' || i > 9)
            return -1;
        size = size * 10 + (value.at[i] - '0');
    }
    return value.len > 0 ? size : -1;
}

/* What is being read, and of where: the section's own attributes overrule the session's. */
struct reading {
    struct sl_msrp_description found;
    bool own_fingerprint;
    bool odd_fingerprint; /* there was one that cannot be checked, or proves nothing */
};

/* Those of the strongest hash are to be checked (RFC 8122 section 5.1); SHA-1 proves nothing. */
static void read_fingerprint(struct reading *reading, struct sl_text_part value)
{
    struct sl_msrp_description *out = &reading->found;
    char hash[16], digest[SL_FINGERPRINT_TEXT_MAX];
    struct sl_fingerprint fingerprint;

    if (!keep(take_word(&value), hash, sizeof(hash)) || !keep(value, digest, sizeof(digest)) ||
        sl_fingerprint_parse(hash, digest, &fingerprint) < 0 || fingerprint.len < 32) {
        reading->odd_fingerprint = true;
        return;
    }
    uint8_t strength = out->fingerprint_count > 0 ? out->fingerprints[0].len : 0;
    if (fingerprint.len > strength)
        out->fingerprint_count = 0;
    if (fingerprint.len >= strength && out->fingerprint_count < SL_MSRP_FINGERPRINTS_MAX)
        out->fingerprints[out->fingerprint_count++] = fingerprint;
}

/* Those that may stand before the first section as well. */
static void read_common(struct reading *reading, struct sl_text_part line, bool inside)
{
    struct sl_text_part value;

    if (after(line, "a=setup:", &value)) {
        reading->found.setup = read_setup(value);
    } else if (after(line, "a=fingerprint:", &value)) {
        if (inside && !reading->own_fingerprint) {
            reading->found.fingerprint_count = 0;
            reading->odd_fingerprint = false;
        }
        reading->own_fingerprint = inside;
        read_fingerprint(reading, value);
    }
}

static void read_attribute(struct reading *reading, struct sl_text_part line)
{
    struct sl_msrp_description *out = &reading->found;
    struct sl_text_part value;

    if (after(line, "a=path:", &value)) {
        if (!path_is_good(value, out->secure) || !keep(value, out->path, sizeof(out->path)))
            out->path[0] = '\0';
    } else if (after(line, "a=accept-types:", &value)) {
        if (!keep(value, out->types, sizeof(out->types)))
            out->types[0] = '\0';
    } else if (after(line, "a=max-size:", &value)) {
        out->max_size = read_size(value);
    } else {
        read_common(reading, line, true);
    }
}

static int check(const struct reading *reading, struct sl_error *error)
{
    const struct sl_msrp_description *found = &reading->found;

    if (found->path[0] == '\0' || found->types[0] == '\0')
        return sl_error_set(error, -EBADMSG, "MSRP: a=%s is missing, or cannot be read",
                            found->path[0] == '\0' ? "path" : "accept-types");
    if (found->secure && found->fingerprint_count == 0 && reading->odd_fingerprint)
        return sl_error_set(error, -EBADMSG,
                            "MSRP: a=fingerprint: one of sha-256, sha-384 or sha-512 is wanted");
    return 0;
}

int sl_msrp_describe_parse(const char *sdp, struct sl_msrp_description *out, struct sl_error *error)
{
    struct reading reading = {.found = {.max_size = -1}};
    struct sl_text_part line, media;
    bool inside = false, any = false, secure;
    size_t count = 0;

    while (next_line(&sdp, &line)) {
        if (!after(line, "m=", &media)) {
            if (inside)
                read_attribute(&reading, line);
            else if (count == 0)
                read_common(&reading, line, false);
            continue;
        }
        if (count++ == SL_MSRP_SECTIONS_MAX || !is_media(media))
            return sl_error_set(error, -EBADMSG, "m-line %zu: not one, or too many", count);
        inside = !any && is_msrp(media, &secure);
        if (inside) {
            reading.found.section = count - 1;
            reading.found.secure = secure;
            any = true;
        }
    }
    if (!any)
        return sl_error_set(error, -ENOMSG, "no MSRP session in the description");
    int err = check(&reading, error);
    if (err == 0)
        *out = reading.found;
    return err;
}

bool sl_msrp_describe_is_alone(const char *sdp)
{
    struct sl_text_part line, media;
    size_t count = 0;

    while (next_line(&sdp, &line)) {
        if (!after(line, "m=", &media))
            continue;
        (void)take_word(&media);
        count += !is(take_word(&media), "0");
    }
    return count == 1;
}

bool sl_msrp_describe_takes(const struct sl_msrp_description *description, const char *type)
{
    struct sl_text_part rest = {description->types, strlen(description->types)};
    struct sl_text_part name = sl_content_type_name((struct sl_text_part){type, strlen(type)});

    while (rest.len > 0) {
        struct sl_text_part word = take_word(&rest);
        if (is(word, "*"))
            return true;
        if (word.len > 2 && word.at[word.len - 1] == '*' && word.at[word.len - 2] == '/')
            word.len--; /* TYPE/ */
        else if (word.len != name.len)
            continue;
        if (word.len > 0 && word.len <= name.len && strncasecmp(word.at, name.at, word.len) == 0)
            return true;
    }
    return false;
}

/* ---- Ours ---- */

static void add(struct sl_buffer *out, const char *text)
{
    sl_buffer_append(out, text, strlen(text));
}

static void add_section(const struct sl_msrp_local *local, struct sl_buffer *out)
{
    static const char *const setups[] = {[SL_MSRP_SETUP_NONE] = "",
                                         [SL_MSRP_ACTIVE] = "a=setup:active\r\n",
                                         [SL_MSRP_PASSIVE] = "a=setup:passive\r\n",
                                         [SL_MSRP_ACTPASS] = "a=setup:actpass\r\n"};
    char text[SL_MSRP_URI_MAX + 256], digest[SL_FINGERPRINT_TEXT_MAX];

    (void)snprintf(text, sizeof(text),
                   "m=message %u %s *\r\na=accept-types:%s\r\na=path:%s\r\na=max-size:%lld\r\n",
                   local->addr.port, local->fingerprint ? "TCP/TLS/MSRP" : "TCP/MSRP",
                   accepted_types, local->uri, (long long)local->max_size);
    add(out, text);
    add(out, setups[local->setup]);
    if (!local->fingerprint)
        return;
    (void)snprintf(text, sizeof(text), "a=fingerprint:sha-256 %s\r\n",
                   sl_fingerprint_format(local->fingerprint, digest));
    add(out, text);
}

/* One of theirs that is not taken: as it was, with port 0 (RFC 3264 section 6). */
static void add_refusal(struct sl_text_part media, struct sl_buffer *out)
{
    struct sl_text_part kind = take_word(&media);

    (void)take_word(&media);
    add(out, "m=");
    sl_buffer_append(out, kind.at, kind.len);
    add(out, " 0 ");
    sl_buffer_append(out, media.at, media.len);
    add(out, "\r\n");
}

void sl_msrp_describe_build(const struct sl_msrp_local *local, const char *offer, size_t section,
                            struct sl_buffer *out)
{
    char ip[SL_ADDR_TEXT_MAX], text[3 * SL_ADDR_TEXT_MAX];
    const char *version = sl_addr_is_v4(&local->addr) ? "IP4" : "IP6";
    struct sl_text_part line, media;
    size_t count = 0;

    sl_addr_format_ip(&local->addr, ip);
    (void)snprintf(text, sizeof(text), "v=0\r\no=- %llu %llu IN %s %s\r\ns=-\r\n",
                   (unsigned long long)local->id, (unsigned long long)local->version, version, ip);
    add(out, text);
    (void)snprintf(text, sizeof(text), "c=IN %s %s\r\nt=0 0\r\n", version, ip);
    add(out, text);
    if (!offer) {
        add_section(local, out);
        return;
    }
    while (next_line(&offer, &line)) {
        if (!after(line, "m=", &media))
            continue;
        if (count++ == section)
            add_section(local, out);
        else
            add_refusal(media, out);
    }
}
