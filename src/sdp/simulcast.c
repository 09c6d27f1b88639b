/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures in several sizes at once: a=rid and a=simulcast as they are read, and what of it is
 * taken (RFC 8851, 8853). */
#include "sdp/format.h"
#include "sdp/parser.h"

#include <string.h>

/* Letters, digits, - and _ (RFC 8851 section 10). */
static bool copy_rid(struct sl_span span, char out[SL_SDP_RID_MAX + 1])
{
    for (size_t i = 0; i < span.len; i++) {
        char c = span.at[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            c != '-' && c != '_')
            return false;
    }
    return span.len > 0 && sl_span_copy(span, out, SL_SDP_RID_MAX + 1);
}

static const struct sl_sdp_rid *find_rid(const struct sl_sdp_section *section, const char *id)
{
    for (size_t i = 0; i < section->rid_count; i++)
        if (strcmp(section->rids[i].id, id) == 0)
            return &section->rids[i];
    return NULL;
}

/* rid:<id> send|recv [<parameters>] (RFC 8851 section 4). Which formats one may have (pt=) we leave
 * to no line: such a one is left out, and so are parameters that are longer than any real ones. */
void sl_sdp_parse_rid(struct sl_sdp_parser *p, struct sl_span value)
{
    struct sl_sdp_section *section = p->current;
    struct sl_sdp_rid rid = {.id = ""};
    struct sl_span id = sl_span_word(&value), direction = sl_span_word(&value);

    value = sl_span_trim(value);
    if (!copy_rid(id, rid.id)) {
        sl_sdp_parser_odd(p, "rid must have 1 to %d letters, digits, - or _", SL_SDP_RID_MAX);
        return;
    }
    if (!sl_span_is(direction, "send") || section->rid_count == SL_SDP_RIDS_MAX ||
        find_rid(section, rid.id) || sl_span_contains(value, "pt=") ||
        !sl_span_is_printable(value) ||
        !sl_span_copy(value, rid.parameters, sizeof(rid.parameters)))
        return;
    section->rids[section->rid_count++] = rid;
}

static void add_stream(struct sl_sdp_section *section, struct sl_span alternatives)
{
    struct sl_span first = sl_span_cut(&alternatives, ',');

    if (first.len > 0 && first.at[0] == '~') { /* not sent yet: it may come any time */
        first.at++;
        first.len--;
    }
    if (section->simulcast_count < SL_SDP_RIDS_MAX &&
        copy_rid(first, section->simulcast[section->simulcast_count]))
        section->simulcast_count++;
}

/* simulcast:send|recv <streams> [send|recv <streams>], streams divided by ; (RFC 8853 section 5.1)
 */
void sl_sdp_parse_simulcast(struct sl_sdp_parser *p, struct sl_span value)
{
    struct sl_sdp_section *section = p->current;

    if (section->simulcast_count > 0) {
        sl_sdp_parser_odd(p, "more than one simulcast");
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        struct sl_span direction = sl_span_word(&value), streams = sl_span_word(&value);
        while (sl_span_is(direction, "send") && streams.len > 0)
            add_stream(section, sl_span_cut(&streams, ';'));
    }
}

static bool is_chosen(const struct sl_media *media, const char *id)
{
    for (size_t i = 0; i < media->layer_count; i++)
        if (strcmp(media->layers[i].id, id) == 0)
            return true;
    return false;
}

void sl_sdp_choose_layers(const struct sl_sdp_section *section, struct sl_media *media)
{
    uint8_t rid_ext = sl_sdp_ext_id(section, SL_EXT_RID);

    for (size_t i = 0; i < section->simulcast_count && media->layer_count < SL_MEDIA_LAYERS_MAX;
         i++) {
        const struct sl_sdp_rid *rid = find_rid(section, section->simulcast[i]);
        if (rid && !is_chosen(media, rid->id))
            media->layers[media->layer_count++] = *rid;
    }
    if (rid_ext == 0 || media->layer_count < 2) {
        media->layer_count = 0;
        return;
    }
    media->ext_id[SL_EXT_RID] = rid_ext;
    media->ext_id[SL_EXT_REPAIRED_RID] = sl_sdp_ext_id(section, SL_EXT_REPAIRED_RID);
}
