/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures offered in several sizes at once, and what is answered (RFC 8851, 8853). */
#include "offers.h"

#include "base/addr.h"
#include "base/mem.h"

#include <stdio.h>

static const enum sl_codec codecs[] = {SL_CODEC_OPUS, SL_CODEC_VP8, SL_CODEC_H264};
static const struct sl_negotiate_config publisher = {.direction = SL_SDP_RECVONLY,
                                                     .allow_bundle = true,
                                                     .simulcast = true,
                                                     .rtx = true,
                                                     .codecs = codecs,
                                                     .codec_count = SL_ARRAY_LEN(codecs)};

#define EXT_RID      "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"
#define EXT_REPAIRED "a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n"

/* What was said of it, and agreed on, as "id parameters" each. */
static const char *chosen_with(const char *lines, const struct sl_negotiate_config *config,
                               struct sl_negotiation *n, struct sl_sdp **offer)
{
    static char text[512];
    char *with_lines = replaced(chromium_publish, EXT_RID, EXT_RID EXT_REPAIRED);
    char *whole = malloc(strlen(with_lines) + strlen(lines) + 1);
    struct sl_error error = {""};
    int len = 0;

    assert_non_null(whole);
    (void)sprintf(whole, "%s%s", with_lines, lines); /* it ends with the video */
    *offer = parsed(whole);
    free(whole);
    free(with_lines);
    assert_int_equal(sl_sdp_negotiate(*offer, config, n, &error), 0);
    text[0] = '\0';
    for (size_t i = 0; i < n->media[1].layer_count; i++)
        len += snprintf(text + len, sizeof(text) - (size_t)len, "%s%s %s", i ? ";" : "",
                        n->media[1].layers[i].id, n->media[1].layers[i].parameters);
    return text;
}

static const char *chosen(const char *lines)
{
    static struct sl_negotiation n;
    struct sl_sdp *offer;
    const char *text = chosen_with(lines, &publisher, &n, &offer);

    sl_sdp_free(offer);
    return text;
}

#define RIDS "a=rid:f send\r\na=rid:h send\r\na=rid:q send\r\n"

static void layers_are_taken_in_the_order_of_preference(void **state)
{
    (void)state;
    static const struct {
        const char *why, *lines, *chosen;
    } cases[] = {
        {"Chromium", RIDS "a=simulcast:send f;h;q\r\n", "f ;h ;q "},
        {"the other way round", RIDS "a=simulcast:send q;h;f\r\n", "q ;h ;f "},
        {"before its rids", "a=simulcast:send q;h\r\n" RIDS, "q ;h "},
        {"Firefox, the second not sent yet",
         "a=rid:a send max-width=640;max-br=1\r\na=rid:b send\r\na=simulcast:send a;~b\r\n",
         "a max-width=640;max-br=1;b "},
        {"the first of its alternatives", RIDS "a=simulcast:send f,q;h,q\r\n", "f ;h "},
        {"both ways", RIDS "a=simulcast:recv x;y send f;h\r\n", "f ;h "},
        {"one is none", RIDS "a=simulcast:send f\r\n", ""},
        {"what we would send", RIDS "a=simulcast:recv f;h;q\r\n", ""},
        {"without its rids", "a=simulcast:send f;h;q\r\n", ""},
        {"rids alone", RIDS, ""},
        {"a name twice", RIDS "a=simulcast:send f;f;h\r\n", "f ;h "},
        {"a format of its own", RIDS "a=rid:x send pt=96\r\na=simulcast:send x;h;q\r\n", "h ;q "},
        {"no names", RIDS "a=simulcast:send ;;%;f;h\r\n", "f ;h "},
        {"a name that is too long",
         RIDS "a=rid:12345678901234567 send\r\na=simulcast:send 12345678901234567;f;h\r\n",
         "f ;h "},
        {"the longest name",
         RIDS "a=rid:1234567890123456 send\r\na=simulcast:send 1234567890123456;f\r\n",
         "1234567890123456 ;f "},
        {"a second line", RIDS "a=simulcast:send f;h\r\na=simulcast:send q;f\r\n", "f ;h "},
        {"too many", RIDS "a=rid:z send\r\na=simulcast:send f;h;q;z\r\n", "f ;h ;q "},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        const char *got = chosen(cases[i].lines);
        if (strcmp(got, cases[i].chosen) != 0)
            fail_msg("%s: %s", cases[i].why, got);
    }
}

static void no_more_are_kept_than_the_bound(void **state)
{
    (void)state;
    char lines[4096] = "", list[512] = "a=simulcast:send ";

    for (int i = 0; i < 40; i++) {
        char line[32];
        (void)snprintf(line, sizeof(line), "a=rid:r%d send\r\n", i);
        strcat(lines, line);
        (void)snprintf(line, sizeof(line), "%sr%d", i ? ";" : "", i);
        strcat(list, line);
    }
    strcat(lines, list);
    strcat(lines, "\r\n");
    assert_string_equal(chosen(lines), "r0 ;r1 ;r2 ");
}

static void it_takes_who_receives_pictures_and_can_tell_them_apart(void **state)
{
    (void)state;
    static struct sl_negotiation n;
    struct sl_negotiate_config without = publisher, both = publisher;
    struct sl_sdp *offer;
    static const char lines[] = RIDS "a=simulcast:send f;h;q\r\n";

    without.simulcast = false;
    assert_string_equal(chosen_with(lines, &without, &n, &offer), "");
    assert_int_equal(n.media[1].ext_id[SL_EXT_RID], 0);
    sl_sdp_free(offer);
    assert_string_equal(chosen_with(lines, &both, &n, &offer), "f ;h ;q ");
    assert_int_equal(n.media[1].ext_id[SL_EXT_RID], 10);
    assert_int_equal(n.media[1].ext_id[SL_EXT_REPAIRED_RID], 11);
    assert_int_equal(n.media[0].ext_id[SL_EXT_RID], 0);
    assert_int_equal(n.media[0].layer_count, 0);
    for (size_t i = 0; i < offer->sections[1].extmap_count; i++)
        if (offer->sections[1].extmap[i].id == 10)
            offer->sections[1].extmap[i].uri[0] = 'x';
    assert_int_equal(sl_sdp_negotiate(offer, &publisher, &n, NULL), 0);
    assert_int_equal(n.media[1].layer_count, 0);
    sl_sdp_free(offer);
}

static void the_answer_names_what_was_taken(void **state)
{
    (void)state;
    static struct sl_negotiation n;
    static char text[SL_SDP_TEXT_MAX];
    struct sl_sdp_answer_config config = {.product = "Sluice",
                                          .version = "0",
                                          .fingerprint = FINGERPRINT,
                                          .setup = SL_SDP_PASSIVE,
                                          .cname_id = "id"};
    struct sl_sdp *offer;
    struct sl_addr addr;

    assert_int_equal(sl_addr_parse_ip("192.0.2.1", 31000, &addr), 0);
    config.transports[0].candidates = &addr;
    config.transports[0].candidate_count = 1;
    config.transports[0].udp = true;
    (void)chosen_with("a=rid:f send max-fps=30\r\na=rid:h send\r\na=rid:q send\r\n"
                      "a=simulcast:send f;h;q\r\n",
                      &publisher, &n, &offer);
    assert_true(sl_sdp_build_answer(offer, &n, &config, text, sizeof(text)) > 0);
    assert_non_null(strstr(text, "a=rid:f recv max-fps=30\r\na=rid:h recv\r\na=rid:q recv\r\n"
                                 "a=simulcast:recv f;h;q\r\n"));
    assert_non_null(strstr(text, EXT_RID));
    assert_non_null(strstr(text, EXT_REPAIRED));
    n.media[1].layer_count = 0;
    assert_true(sl_sdp_build_answer(offer, &n, &config, text, sizeof(text)) > 0);
    assert_null(strstr(text, "simulcast"));
    assert_null(strstr(text, "a=rid"));
    sl_sdp_free(offer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_are_taken_in_the_order_of_preference),
        cmocka_unit_test(no_more_are_kept_than_the_bound),
        cmocka_unit_test(it_takes_who_receives_pictures_and_can_tell_them_apart),
        cmocka_unit_test(the_answer_names_what_was_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
