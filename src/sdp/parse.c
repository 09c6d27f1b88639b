/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines and m-lines of a session description; the attributes are read in attribute.c. */
#include "base/addr.h"
#include "base/error.h"
#include "base/mem.h"
#include "sdp/format.h"
#include "sdp/parser.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Payload types that need no rtpmap (RFC 3551 table 4 and 5), as far as someone offers them. */
static const struct {
    const char *name;
    uint32_t clock_hz;
    uint8_t payload_type;
} static_types[] = {
    {"PCMU", 8000, 0},   {"GSM", 8000, 3},    {"G723", 8000, 4},   {"PCMA", 8000, 8},
    {"G722", 8000, 9},   {"CN", 8000, 13},    {"G728", 8000, 15},  {"G729", 8000, 18},
    {"JPEG", 90000, 26}, {"H261", 90000, 31}, {"H263", 90000, 34},
};

static void init_format(struct sl_sdp_format *format, uint8_t payload_type)
{
    *format = (struct sl_sdp_format){.payload_type = payload_type, .channels = 1, .apt = -1};
    for (size_t i = 0; i < SL_ARRAY_LEN(static_types); i++) {
        if (static_types[i].payload_type != payload_type)
            continue;
        (void)snprintf(format->name, sizeof(format->name), "%s", static_types[i].name);
        format->clock_hz = static_types[i].clock_hz;
    }
}

static void parse_formats(struct sl_sdp_parser *p, struct sl_span rest)
{
    struct sl_sdp_section *section = p->current;

    for (struct sl_span word = sl_span_word(&rest); word.len > 0; word = sl_span_word(&rest)) {
        uint32_t payload_type;
        if (!sl_span_number(word, 127, &payload_type)) {
            sl_sdp_parser_odd(p, "payload type must be a number up to 127");
            continue;
        }
        if (sl_sdp_format_find(section, (uint8_t)payload_type))
            continue;
        if (section->format_count == SL_SDP_FORMATS_MAX) {
            sl_sdp_parser_odd(p, "more than %d payload types", SL_SDP_FORMATS_MAX);
            return; /* the least wanted ones come last */
        }
        section->formats = sl_mem_realloc(section->formats,
                                          (section->format_count + 1) * sizeof(*section->formats));
        init_format(&section->formats[section->format_count++], (uint8_t)payload_type);
    }
}

static bool is_protocol(struct sl_span proto)
{
    do {
        if (!sl_span_is_token(sl_span_cut(&proto, '/')))
            return false;
    } while (proto.len > 0);
    return true;
}

/* A part of the m-line, which the answer has to repeat; what cannot be read becomes `otherwise`. */
static void take_part(struct sl_sdp_parser *p, struct sl_span part, bool good, char *out,
                      size_t size, const char *otherwise, const char *expected)
{
    if (good && sl_span_copy(part, out, size))
        return;
    (void)snprintf(out, size, "%s", otherwise);
    p->current->malformed = true;
    sl_sdp_parser_odd(p, "m-line needs %s of at most %zu characters", expected, size - 1);
}

/* m=<kind> <port>[/<count>] <proto> <format> ... (RFC 8866 section 5.14). The section is there
 * whatever the line says, for others are known by their place. */
static void parse_m_line(struct sl_sdp_parser *p, struct sl_span rest)
{
    struct sl_sdp_section *section = &p->sdp->sections[p->sdp->section_count++];
    struct sl_span kind = sl_span_word(&rest);
    struct sl_span ports = sl_span_word(&rest);
    struct sl_span proto = sl_span_word(&rest);
    struct sl_span formats = rest;
    struct sl_span first = sl_span_word(&rest);
    uint32_t port = 0;

    *section = *p->session;
    section->extmap = sl_new_array(struct sl_sdp_extmap, section->extmap_count);
    if (section->extmap_count > 0)
        memcpy(section->extmap, p->session->extmap,
               section->extmap_count * sizeof(*section->extmap));
    p->current = section;
    p->own_fingerprint = false;
    take_part(p, kind, sl_span_is_token(kind), section->kind, sizeof(section->kind), "unknown",
              "a kind of media");
    if (!sl_span_number(sl_span_cut(&ports, '/'), UINT16_MAX, &port)) {
        section->malformed = true;
        sl_sdp_parser_odd(p, "m-line needs a port up to 65535");
    }
    section->port = (uint16_t)port;
    take_part(p, proto, is_protocol(proto), section->proto, sizeof(section->proto), "UDP",
              "a protocol like UDP/TLS/RTP/SAVPF");
    take_part(p, first, sl_span_is_token(first), section->first_format,
              sizeof(section->first_format), "0", "a format");
    if (strstr(section->proto, "RTP/"))
        parse_formats(p, formats);
}

/* c=IN <IP4 or IP6> <address>[/...] (RFC 8866 section 5.7); of plain RTP only. A name is none. */
static void parse_connection(struct sl_sdp_parser *p, struct sl_span rest)
{
    struct sl_span network = sl_span_word(&rest), family = sl_span_word(&rest);
    struct sl_span literal = sl_span_cut(&rest, '/');
    char text[SL_ADDR_TEXT_MAX];
    struct sl_addr addr;

    p->current->address[0] = '\0';
    if (!sl_span_is(network, "IN") || family.len == 0 ||
        !sl_span_copy(sl_span_trim(literal), text, sizeof(text)) ||
        sl_addr_parse_ip(text, 0, &addr) < 0)
        return;
    (void)snprintf(p->current->address, sizeof(p->current->address), "%s",
                   sl_addr_format_ip(&addr, text));
}

static void parse_line(struct sl_sdp_parser *p, struct sl_span line)
{
    if (line.len < 2 || line.at[1] != '=') {
        sl_sdp_parser_odd(p, "expected <type>=<value>");
        return;
    }
    struct sl_span value = {line.at + 2, line.len - 2};
    if (line.at[0] == 'm') {
        parse_m_line(p, value);
        return;
    }
    /* What we echo must not begin a line of its own; nobody needs the others (hardening.md 7). */
    for (size_t i = 0; i < line.len; i++) {
        if (((unsigned char)line.at[i] < 0x20 && line.at[i] != '\t') || line.at[i] == 0x7f) {
            sl_sdp_parser_odd(p, "control character");
            return;
        }
    }
    if (line.at[0] == 'a')
        sl_sdp_parse_attribute(p, value);
    else if (line.at[0] == 'c')
        parse_connection(p, value);
    /* s=, t=, b= and the like: nothing in them for us, present or not */
}

/* The next line without its end: LF or CRLF, and blanks before it (websocket-api.md 6.1). */
static struct sl_span next_line(struct sl_span *rest)
{
    struct sl_span line = sl_span_cut(rest, '\n');

    while (line.len > 0 && strchr(" \t\r", line.at[line.len - 1]))
        line.len--;
    return line;
}

/* Lines and m-lines are counted first, so that what is allocated is what is there. */
static int measure(struct sl_span text, size_t *sections, struct sl_error *error)
{
    size_t lines = 0;

    if (text.len > SL_SDP_TEXT_MAX)
        return sl_error_set(error, -ENOBUFS, "longer than %d bytes", SL_SDP_TEXT_MAX);
    if (text.len > 0 && memchr(text.at, '\0', text.len))
        return sl_error_set(error, -EBADMSG, "NUL byte");
    while (text.len > 0) {
        struct sl_span line = next_line(&text);
        lines++;
        *sections += line.len >= 2 && memcmp(line.at, "m=", 2) == 0;
    }
    if (lines > SL_SDP_LINES_MAX)
        return sl_error_set(error, -ENOBUFS, "more than %d lines", SL_SDP_LINES_MAX);
    if (*sections > SL_SDP_SECTIONS_MAX)
        return sl_error_set(error, -ENOBUFS, "more than %d m-lines", SL_SDP_SECTIONS_MAX);
    return 0;
}

static int parse_lines(struct sl_sdp_parser *p, struct sl_span text, struct sl_error *error)
{
    bool begun = false;

    while (text.len > 0) {
        struct sl_span line = next_line(&text);

        p->line++;
        if (line.len == 0)
            continue;
        if (!begun && !sl_span_is(line, "v=0"))
            return sl_error_set(error, -EBADMSG, "line %zu: expected v=0", p->line);
        if (begun)
            parse_line(p, line);
        begun = true;
    }
    return begun ? 0 : sl_error_set(error, -EBADMSG, "line 1: expected v=0");
}

static bool group_names(struct sl_span mids, const char *mid)
{
    for (struct sl_span word = sl_span_word(&mids); word.len > 0; word = sl_span_word(&mids))
        if (sl_span_is(word, mid))
            return true;
    return false;
}

/* What only makes sense once all lines of the section were read. */
static void finish_section(struct sl_sdp_section *section, struct sl_span bundle)
{
    section->bundled = section->mid[0] != '\0' && group_names(bundle, section->mid);
    for (size_t i = 0; i < section->format_count; i++) {
        struct sl_sdp_format *format = &section->formats[i];
        char apt[8];
        uint32_t payload_type;
        if (strcasecmp(format->name, "rtx") == 0 &&
            sl_sdp_fmtp_param(format->fmtp, "apt", apt, sizeof(apt)) &&
            sl_span_number((struct sl_span){apt, strlen(apt)}, 127, &payload_type))
            format->apt = (int)payload_type;
    }
    /* Port 0 on a bundle-only section means "see the bundle", not "refused" (RFC 9143, 6). */
    if (section->port == 0 && section->bundle_only && section->bundled)
        section->port = 9;
    if (section->malformed) {
        section->port = 0;
        section->bundled = false;
    }
}

/* A mid names one section: the first that has it. */
static void drop_repeated_mid(struct sl_sdp_parser *p, size_t index)
{
    struct sl_sdp_section *section = &p->sdp->sections[index];

    for (size_t i = 0; section->mid[0] != '\0' && i < index; i++) {
        if (strcmp(p->sdp->sections[i].mid, section->mid) != 0)
            continue;
        sl_sdp_parser_odd(p, "m-line %zu has the mid of m-line %zu", index + 1, i + 1);
        section->mid[0] = '\0';
        section->malformed = true;
    }
}

static int parse_all(struct sl_sdp_parser *p, struct sl_span text, struct sl_error *error)
{
    int err = parse_lines(p, text, error);

    for (size_t i = 0; err == 0 && i < p->sdp->section_count; i++) {
        drop_repeated_mid(p, i);
        finish_section(&p->sdp->sections[i], p->bundle);
    }
    return err;
}

int sl_sdp_parse(const char *text, size_t len, struct sl_sdp **out, struct sl_error *error)
{
    struct sl_span whole = {text, len};
    size_t sections = 0;
    int err = measure(whole, &sections, error);

    if (err < 0)
        return err;
    struct sl_sdp *sdp = sl_new(struct sl_sdp);
    struct sl_sdp_section *session = sl_new(struct sl_sdp_section);
    struct sl_sdp_parser parser = {
        .sdp = sdp, .session = session, .current = session, .bundle = {"", 0}};
    sdp->sections = sl_new_array(struct sl_sdp_section, sections);
    err = parse_all(&parser, whole, error);
    free(session->extmap);
    free(session);
    if (err < 0) {
        sl_sdp_free(sdp);
        return err;
    }
    *out = sdp;
    return 0;
}

void sl_sdp_free(struct sl_sdp *sdp)
{
    if (!sdp)
        return;
    for (size_t i = 0; i < sdp->section_count; i++) {
        free(sdp->sections[i].formats);
        free(sdp->sections[i].extmap);
    }
    free(sdp->sections);
    free(sdp);
}
