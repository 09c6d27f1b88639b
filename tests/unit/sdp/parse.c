/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading session descriptions: what browsers write, what they should not, and the bounds. */
#include "offers.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>

static void reads_what_chromium_publishes(void **state)
{
    (void)state;
    struct sl_sdp *sdp = parsed(chromium_publish);

    assert_int_equal(sdp->section_count, 2);
    assert_false(sdp->ice_lite);
    const struct sl_sdp_section *audio = &sdp->sections[0], *video = &sdp->sections[1];
    assert_string_equal(audio->kind, "audio");
    assert_string_equal(audio->proto, "UDP/TLS/RTP/SAVPF");
    assert_int_equal(audio->port, 9);
    assert_string_equal(audio->mid, "0");
    assert_true(audio->bundled);
    assert_int_equal(audio->direction, SL_SDP_SENDONLY);
    assert_int_equal(audio->setup, SL_SDP_ACTPASS);
    assert_true(audio->rtcp_mux && audio->rtcp_rsize);
    assert_string_equal(audio->ufrag, "rkQf");
    assert_string_equal(audio->pwd, "5B2vem4ajjf4MZ+Ss7QrdX29");
    assert_string_equal(audio->fingerprint_hash, "sha-256");
    assert_string_equal(audio->fingerprint, FINGERPRINT);
    assert_int_equal(audio->format_count, 8);
    assert_string_equal(audio->formats[0].name, "opus");
    assert_int_equal(audio->formats[0].clock_hz, 48000);
    assert_int_equal(audio->formats[0].channels, 2);
    assert_string_equal(audio->formats[0].fmtp, "minptime=10;useinbandfec=1");
    assert_true(audio->formats[0].transport_cc);
    assert_int_equal(audio->extmap_count, 4);
    assert_int_equal(audio->ssrcs[0].ssrc, 3852055522U);
    assert_int_equal(audio->candidate_count, 0);

    assert_int_equal(video->format_count, 23);
    assert_int_equal(video->formats[3].payload_type, 103);
    assert_int_equal(video->formats[3].apt, 102);
    assert_int_equal(video->formats[2].apt, -1);
    const struct sl_sdp_format *h264 = &video->formats[2];
    assert_true(h264->nack && h264->pli && h264->fir && h264->remb && h264->transport_cc);
    assert_int_equal(video->ssrc_count, 1);
    assert_int_equal(video->ssrcs[0].ssrc, 4251493467U);
    assert_int_equal(video->ssrcs[0].rtx_ssrc, 778306379);
    sl_sdp_free(sdp);
}

static void reads_what_chromium_plays(void **state)
{
    (void)state;
    struct sl_sdp *sdp = parsed(chromium_play);
    const struct sl_sdp_section *video = &sdp->sections[1];

    assert_int_equal(video->direction, SL_SDP_RECVONLY);
    assert_int_equal(video->ssrc_count, 0);
    assert_int_equal(video->format_count, 24);
    assert_string_equal(video->formats[23].name, "flexfec-03");
    assert_int_equal(video->extmap_count, 7);
    sl_sdp_free(sdp);
}

/* WS-32: what stripCodecs of the SDK leaves behind. */
static void tolerates_bare_lf_trailing_blanks_and_dangling_rtx(void **state)
{
    (void)state;
    char *lf = replaced(chromium_publish, "\r\n", " \t\n");
    char *stripped = replaced(lf, " 102 103 104 107 108 109 114 115 116 117 39 40 ", " 103 107 ");
    struct sl_sdp *sdp = parsed(stripped);

    assert_int_equal(sdp->section_count, 2);
    assert_int_equal(sdp->sections[1].formats[2].apt, 102); /* 102 itself is gone */
    assert_string_equal(sdp->sections[1].mid, "1");
    assert_string_equal(sdp->sections[0].formats[0].fmtp, "minptime=10;useinbandfec=1");
    sl_sdp_free(sdp);
    free(stripped);
    free(lf);
}

static void tolerates_what_does_not_matter(void **state)
{
    (void)state;
    static const struct {
        const char *why, *text;
    } cases[] = {
        {"no s= and t=", "v=0\r\nm=audio 9 RTP/SAVPF 0\r\n"},
        {"empty lines", "\r\n\nv=0\r\n\r\nm=audio 9 RTP/SAVPF 0\r\n\r\n"},
        {"no line end at the end", "v=0\nm=audio 9 RTP/SAVPF 0"},
        {"unknown lines", "v=0\nx=y\na=nonsense:1\na=\nm=audio 9 RTP/SAVPF 0\nz=\na=ssrc:x\n"},
        {"rtpmap of a type that is not there", "v=0\nm=audio 9 RTP/SAVPF 0\na=rtpmap:96 /\n"},
        {"port with a count", "v=0\nm=audio 9/2 RTP/SAVPF 0\n"},
        {"payload type twice", "v=0\nm=audio 9 RTP/SAVPF 0 0\n"},
        {"extmap ids out of range",
         "v=0\na=extmap:0 urn:a\na=extmap:15 urn:a\na=extmap:4096 urn:a\nm=audio 9 RTP/SAVPF 0\n"},
        {"UTF-8 in what nobody reads", "v=0\ns=\xc3\xa4\nm=audio 9 RTP/SAVPF 0\n"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_sdp *sdp = parsed(cases[i].text);
        if (sdp->section_count != 1 || sdp->sections[0].format_count != 1 ||
            sdp->sections[0].extmap_count != 0)
            fail_msg("%s", cases[i].why);
        sl_sdp_free(sdp);
    }
}

#define M          "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\n"
#define THIRTY_TWO "abcdefghijklmnopqrstuvwxyz012345"

/* hardening.md class 7 and 8 */
static void refuses_what_is_no_description(void **state)
{
    (void)state;
    static const char *const cases[] = {"", "\r\n\r\n", "m=audio 9 RTP/SAVPF 0\r\n", "v=1\r\n",
                                        "hello\r\nv=0\r\n"};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_error error = {""};
        struct sl_sdp *sdp = NULL;
        int err = sl_sdp_parse(cases[i], strlen(cases[i]), &sdp, &error);
        if (err != -EBADMSG || sdp || strcmp(error.text, "line 1: expected v=0") != 0)
            fail_msg("%s: got %d \"%s\"", cases[i], err, error.text);
    }
}

/* Behind each odd line a section that knows nothing of it. */
static void leaves_out_what_it_cannot_read_and_names_the_line(void **state)
{
    (void)state;
    static const char behind[] =
        "m=video 9 RTP/SAVPF 98\r\na=mid:good\r\na=rtpmap:98 VP8/90000\r\n";
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"v=0\r\nhello\r\n", "line 2: expected <type>=<value>"},
        {"v=0\r\na\r\n", "line 2: expected <type>=<value>"},
        {"v=0\r\nm=\r\n", "line 2: m-line needs a kind of media of at most 63 characters"},
        {"v=0\r\nm=" THIRTY_TWO THIRTY_TWO " 9 RTP/SAVPF 0\r\n",
         "line 2: m-line needs a kind of media of at most 63 characters"},
        {"v=0\r\nm=audio\r\n", "line 2: m-line needs a port up to 65535"},
        {"v=0\r\nm=audio 65536 RTP/SAVPF 0\r\n", "line 2: m-line needs a port up to 65535"},
        {"v=0\r\nm=audio -1 RTP/SAVPF 0\r\n", "line 2: m-line needs a port up to 65535"},
        {"v=0\r\nm=audio 9\r\n",
         "line 2: m-line needs a protocol like UDP/TLS/RTP/SAVPF of at most 63 characters"},
        {"v=0\r\nm=audio 9 RTP//X 0\r\n",
         "line 2: m-line needs a protocol like UDP/TLS/RTP/SAVPF of at most 63 characters"},
        {"v=0\r\nm=audio 9 RTP/" THIRTY_TWO THIRTY_TWO " 0\r\n",
         "line 2: m-line needs a protocol like UDP/TLS/RTP/SAVPF of at most 63 characters"},
        {"v=0\r\nm=audio 9 RTP/SAVPF\r\n",
         "line 2: m-line needs a format of at most 32 characters"},
        {"v=0\r\nm=audio 9 RTP/SAVPF 128\r\n", "line 2: payload type must be a number up to 127"},
        {"v=0\r\nm=audio 9 RTP/SAVPF 0 x\r\n", "line 2: payload type must be a number up to 127"},
        {M "a=mid:\r\n", "line 3: mid must be a token of at most 64 characters"},
        {M "a=mid:a b\r\n", "line 3: mid must be a token of at most 64 characters"},
        {M "a=mid:\"\r\n", "line 3: mid must be a token of at most 64 characters"},
        {M "a=mid:" THIRTY_TWO THIRTY_TWO "6\r\n",
         "line 3: mid must be a token of at most 64 characters"},
        {M "a=mid:x\r\nm=video 9 RTP/SAVPF 97\r\na=mid:x\r\n",
         "line 8: m-line 2 has the mid of m-line 1"},
        {M "a=ice-ufrag:abc\r\n", "line 3: ice-ufrag must have 4 to 256 characters"},
        {M "a=ice-ufrag:ab cd\r\n", "line 3: ice-ufrag must have 4 to 256 characters"},
        {M "a=ice-pwd:abcdefghijklmnopqrstu\r\n", "line 3: ice-pwd must have 22 to 256 characters"},
        {M "a=setup:holdconn\r\n", "line 3: setup must be actpass, active or passive"},
        {M "a=fingerprint:sha-256 AA:BB\r\n", "line 3: fingerprint does not fit its hash"},
        {M "a=fingerprint:sha-1 " FINGERPRINT "\r\n", "line 3: fingerprint does not fit its hash"},
        {M "a=rtpmap:96 VP8\r\n", "line 3: expected rtpmap:<type> <name>/<clock>[/<channels>]"},
        {M "a=rtpmap:96 VP8/x\r\n", "line 3: expected rtpmap:<type> <name>/<clock>[/<channels>]"},
        {M "a=rtpmap:96 opus/48000/999\r\n",
         "line 3: expected rtpmap:<type> <name>/<clock>[/<channels>]"},
        {M "a=rtpmap:96 " THIRTY_TWO "/8000\r\n",
         "line 3: expected rtpmap:<type> <name>/<clock>[/<channels>]"},
        {M "a=fmtp:96 \xc3\xa4\r\n",
         "line 3: fmtp must be printable and of at most 255 characters"},
        {M "a=fmtp:96 a\tb\r\n", "line 3: fmtp must be printable and of at most 255 characters"},
        {M "a=fmtp:96 a\rb\r\n", "line 3: control character"},
        {M "a=mid:a\x01\r\n", "line 3: control character"},
        {M "a=nobody-reads-this \x7f\r\n", "line 3: control character"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char text[1024];
        struct sl_error error = {""};
        struct sl_sdp *sdp = NULL;
        int len = snprintf(text, sizeof(text), "%s%s", cases[i].text, behind);
        int err = sl_sdp_parse(text, (size_t)len, &sdp, &error);
        if (err < 0 || sdp->odd_count != 1 || strcmp(sdp->odd.text, cases[i].words) != 0)
            fail_msg("%s: got %d \"%s\"", cases[i].words, err, err < 0 ? "" : sdp->odd.text);
        const struct sl_sdp_section *last = &sdp->sections[sdp->section_count - 1];
        if (strcmp(last->mid, "good") != 0 || last->port != 9 ||
            strcmp(last->formats[0].name, "VP8") != 0)
            fail_msg("%s: the section behind it", cases[i].words);
        sl_sdp_free(sdp);
    }
}

/* What is left of the section, codec or attribute that the line belongs to. */
static void an_odd_line_costs_what_it_belongs_to(void **state)
{
    (void)state;
    static const char long_fmtp[] =
        M "a=rtpmap:96 H264/90000\r\n"
          "a=fmtp:96 profile-level-id=42e01f;sprop-parameter-sets=" THIRTY_TWO THIRTY_TWO THIRTY_TWO
              THIRTY_TWO THIRTY_TWO THIRTY_TWO THIRTY_TWO THIRTY_TWO ";packetization-mode=1\r\n";
    struct sl_sdp *sdp = parsed(long_fmtp);
    assert_string_equal(sdp->sections[0].formats[0].fmtp,
                        "profile-level-id=42e01f;packetization-mode=1");
    sl_sdp_free(sdp);

    sdp = parsed("v=0\r\na=ice-ufrag:abcd\r\nm=au\x07 9 RTP/SAVPF 0\r\nm=audio x RTP/SAVPF 0\r\n"
                 "m=audio 9 RTP/SAVPF 0 300 0 8\r\na=ice-ufrag:x\r\na=rtpmap:0 PCMU\r\n"
                 "a=rtpmap:0 PCMU/\r\na=setup:holdconn\r\na=sendonly\r\n");
    assert_int_equal(sdp->section_count, 3);
    assert_string_equal(sdp->sections[0].kind, "unknown");
    assert_int_equal(sdp->sections[0].port, 0);
    assert_string_equal(sdp->sections[1].kind, "audio");
    assert_int_equal(sdp->sections[1].port, 0);
    const struct sl_sdp_section *audio = &sdp->sections[2];
    assert_int_equal(audio->port, 9);
    assert_int_equal(audio->format_count, 2);
    assert_string_equal(audio->formats[0].name, "PCMU");
    assert_int_equal(audio->formats[1].payload_type, 8);
    assert_string_equal(audio->ufrag, ""); /* not another's */
    assert_int_equal(audio->setup, SL_SDP_SETUP_NONE);
    assert_int_equal(audio->direction, SL_SDP_SENDONLY);
    assert_int_equal(sdp->odd_count, 7);
    sl_sdp_free(sdp);
}

static void refuses_nul_bytes(void **state)
{
    (void)state;
    static const char text[] = M "a=mid:a\0b\r\n";
    struct sl_error error = {""};
    struct sl_sdp *sdp = NULL;

    assert_int_equal(sl_sdp_parse(text, sizeof(text) - 1, &sdp, &error), -EBADMSG);
    assert_string_equal(error.text, "NUL byte");
    assert_int_equal(sl_sdp_parse(text, sizeof(text) - 1, &sdp, NULL), -EBADMSG);
}

/* A text of one beginning and a line repeated; with %zu in the line: its number. */
static char *repeated(const char *begin, size_t count, const char *end, const char *line)
{
    size_t size = strlen(begin) + count * (strlen(line) + 1) + strlen(end) + 1;
    char *text = malloc(size);

    assert_non_null(text);
    size_t len = (size_t)snprintf(text, size, "%s", begin);
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, size - len, "%s", line);
    (void)snprintf(text + len, size - len, "%s", end);
    return text;
}

/* hardening.md class 8: what is within a bound is read, one more is refused. */
static void keeps_every_bound(void **state)
{
    (void)state;
    static const struct {
        const char *begin, *line;
        size_t max;
        const char *words;
    } cases[] = {
        {"v=0\n", "i=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abc\n",
         (SL_SDP_TEXT_MAX - 4) / 64, "longer than 65536 bytes"},
        {"v=0\n", "i=x\n", SL_SDP_LINES_MAX - 1, "more than 2000 lines"},
        {"v=0\n", "\n", SL_SDP_LINES_MAX - 1, "more than 2000 lines"},
        {"v=0\n", "m=audio 9 RTP/SAVPF 0\n", SL_SDP_SECTIONS_MAX, "more than 64 m-lines"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_error error = {""};
        struct sl_sdp *sdp = NULL;
        char *fits = repeated(cases[i].begin, cases[i].max, "", cases[i].line);
        char *more = repeated(cases[i].begin, cases[i].max + 1, "", cases[i].line);
        if (sl_sdp_parse(fits, strlen(fits), &sdp, &error) != 0)
            fail_msg("%s: %s", cases[i].words, error.text);
        sl_sdp_free(sdp);
        sdp = NULL;
        if (sl_sdp_parse(more, strlen(more), &sdp, &error) != -ENOBUFS || sdp ||
            strcmp(error.text, cases[i].words) != 0)
            fail_msg("%s: got \"%s\"", cases[i].words, error.text);
        free(fits);
        free(more);
    }
}

static void keeps_the_bounds_of_numbered_things(void **state)
{
    (void)state;
    static const struct {
        const char *begin, *format;
        unsigned from, max;
        const char *words;
    } cases[] = {
        {"v=0\nm=audio 9 RTP/SAVPF 32", " %u", 33, SL_SDP_FORMATS_MAX - 1,
         "line 2: more than 64 payload types"},
        {M, "a=extmap:%u urn:x\n", 16, SL_SDP_EXTMAP_MAX, "line 35: more than 32 extmaps"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char text[4096];
        struct sl_error error = {""};
        struct sl_sdp *sdp = NULL;
        int len = snprintf(text, sizeof(text), "%s", cases[i].begin);
        for (unsigned j = 0; j <= cases[i].max; j++) {
            if (j == cases[i].max) {
                assert_int_equal(sl_sdp_parse(text, (size_t)len, &sdp, &error), 0);
                assert_int_equal(sdp->odd_count, 0);
                sl_sdp_free(sdp);
            }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the table above is the only source */
            len += snprintf(text + len, sizeof(text) - (size_t)len, cases[i].format,
                            cases[i].from + j);
#pragma GCC diagnostic pop
        }
        assert_int_equal(sl_sdp_parse(text, (size_t)len, &sdp, &error), 0);
        assert_string_equal(sdp->odd.text, cases[i].words); /* the rest is left out */
        sl_sdp_free(sdp);
    }
}

/* 680 characters: 510 bytes, which no length before them fits any more */
#define BASE64_10 "AAAAAAAAAA"
#define BASE64_170                                                                                 \
    BASE64_10 BASE64_10 BASE64_10 BASE64_10 BASE64_10 BASE64_10 BASE64_10 BASE64_10 BASE64_10      \
        BASE64_10 BASE64_10 BASE64_10 BASE64_10 BASE64_10 BASE64_10 BASE64_10 BASE64_10
#define BASE64_680 BASE64_170 BASE64_170 BASE64_170 BASE64_170

/* RFC 6184 section 8.1: a malformed set costs itself, and no answer may echo any. */
static void takes_parameter_sets_out_of_the_fmtp(void **state)
{
    (void)state;
#define SETS "\0\4\x67\x42\xe0\x1f\0\3\x68\xce\x38"
    static const struct {
        const char *fmtp, *rest, *sets;
        size_t sets_len;
    } cases[] = {
#define TEXT(text) text, sizeof(text) - 1
        {"a=1;sprop-parameter-sets=Z0LgHw==,aM44;b=2", "a=1;b=2", TEXT(SETS)},
        {"sprop-parameter-sets=Z0LgHw==,aM44;b=2", "b=2", TEXT(SETS)},
        {"a=1; Sprop-Parameter-Sets = Z0LgHw== , aM44", "a=1", TEXT(SETS)},
        {"sprop-parameter-sets=Z0LgHw,aM44", "", TEXT(SETS)},
        {"a=1;sprop-parameter-sets=Z0L*Hw==,aM44;b=2", "a=1;b=2", TEXT("\0\3\x68\xce\x38")},
        {"a=1;sprop-parameter-sets=", "a=1", TEXT("")},
        {"a=1;sprop-parameter-sets;b=2", "a=1;b=2", TEXT("")},
        {"sprop-parameter-sets=,,,aM44,", "", TEXT("\0\3\x68\xce\x38")},
        {"sprop-parameter-sets=" BASE64_680 "BBBB,aM44", "", TEXT("\0\3\x68\xce\x38")},
        {"sprop-parameter-sets=aM44," BASE64_680 ",aM44", "",
         TEXT("\0\3\x68\xce\x38\0\3\x68\xce\x38")},
        {"a=1;b=sprop-parameter-sets", "a=1;b=sprop-parameter-sets", TEXT("")},
#undef TEXT
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char text[2048];
        (void)snprintf(text, sizeof(text), "%sa=fmtp:96 %s\r\n", M, cases[i].fmtp);
        struct sl_sdp *sdp = parsed(text);
        const struct sl_sdp_section *section = &sdp->sections[0];
        assert_string_equal(section->formats[0].fmtp, cases[i].rest);
        size_t len = section->sprop_count > 0 ? section->sprops[0].sets.len : 0;
        if (len != cases[i].sets_len ||
            memcmp(section->sprops[0].sets.bytes, cases[i].sets, len) != 0)
            fail_msg("%s: %zu bytes", cases[i].fmtp, len);
        sl_sdp_free(sdp);
    }
}

static void counts_no_more_ssrcs_and_candidates_than_it_keeps(void **state)
{
    (void)state;
    char text[8192];
    int len = snprintf(text, sizeof(text), "%s", M);

    for (unsigned i = 1; i <= 40; i++)
        len += snprintf(text + len, sizeof(text) - (size_t)len,
                        "a=ssrc:%u cname:x\na=candidate:%u 1 udp 1 192.0.2.%u 5000 typ host\n", i,
                        i, i);
    struct sl_sdp *sdp = parsed(text);
    assert_int_equal(sdp->sections[0].ssrc_count, SL_SDP_SSRCS_MAX);
    assert_int_equal(sdp->sections[0].candidate_count, SL_SDP_CANDIDATES_MAX);
    assert_string_equal(sdp->sections[0].candidates[31].ip, "192.0.2.32");
    sl_sdp_free(sdp);
}

static void merges_session_attributes_into_sections(void **state)
{
    (void)state;
    struct sl_sdp *sdp = parsed("v=0\r\n"
                                "a=ice-lite\r\n"
                                "a=ice-ufrag:session\r\n"
                                "a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\n"
                                "a=fingerprint:sha-256 " FINGERPRINT "\r\n"
                                "a=setup:active\r\n"
                                "a=recvonly\r\n"
                                "a=extmap:1 urn:one\r\n"
                                "a=extmap:2 urn:two\r\n"
                                "a=mid:nonsense-here\r\n"
                                "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"
                                "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
                                "a=ice-ufrag:section\r\n"
                                "a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb\r\n"
                                "a=fingerprint:sha-1 "
                                "01:23:45:67:89:ab:cd:ef:01:23:45:67:89:ab:cd:ef:01:23:45:67\r\n"
                                "a=setup:passive\r\n"
                                "a=sendrecv\r\n"
                                "a=extmap:2 urn:other\r\n"
                                "a=extmap:3/sendonly urn:three with attributes\r\n");
    const struct sl_sdp_section *audio = &sdp->sections[0], *video = &sdp->sections[1];

    assert_true(sdp->ice_lite);
    assert_string_equal(audio->ufrag, "session");
    assert_string_equal(audio->fingerprint, FINGERPRINT);
    assert_int_equal(audio->setup, SL_SDP_ACTIVE);
    assert_int_equal(audio->direction, SL_SDP_RECVONLY);
    assert_int_equal(audio->extmap_count, 2);
    assert_string_equal(audio->mid, "");
    assert_string_equal(video->ufrag, "section");
    assert_string_equal(video->pwd, "bbbbbbbbbbbbbbbbbbbbbbbb");
    assert_string_equal(video->fingerprint_hash, "sha-1");
    assert_string_equal(video->fingerprint,
                        "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67");
    assert_int_equal(video->setup, SL_SDP_PASSIVE);
    assert_int_equal(video->direction, SL_SDP_SENDRECV);
    assert_int_equal(video->extmap_count, 3);
    assert_string_equal(video->extmap[1].uri, "urn:other");
    assert_string_equal(video->extmap[2].uri, "urn:three");
    sl_sdp_free(sdp);
}

static void prefers_the_sha256_fingerprint_of_several(void **state)
{
    (void)state;
#define SHA1   "a=fingerprint:SHA-1 01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67\r\n"
#define SHA256 "a=fingerprint:SHA-256 " FINGERPRINT "\r\n"
    static const struct {
        const char *text, *hash;
    } cases[] = {
        {M SHA1 SHA256, "sha-256"},
        {M SHA256 SHA1, "sha-256"},
        {M SHA1, "sha-1"},
        {M "a=fingerprint:md5 00:11\r\na=fingerprint:sha3-256 x\r\n", ""},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_sdp *sdp = parsed(cases[i].text);
        assert_string_equal(sdp->sections[0].fingerprint_hash, cases[i].hash);
        sl_sdp_free(sdp);
    }
}

static void applies_feedback_to_the_formats_it_names(void **state)
{
    (void)state;
    struct sl_sdp *sdp = parsed("v=0\n"
                                "m=video 9 UDP/TLS/RTP/SAVPF 96 98\n"
                                "a=rtcp-fb:* ccm fir\n"
                                "a=rtcp-fb:* nack\n"
                                "a=rtcp-fb:98 nack pli\n"
                                "a=rtcp-fb:98 goog-remb\n"
                                "a=rtcp-fb:98 ccm tmmbr\n"
                                "a=rtcp-fb:98 nack rpsi\n"
                                "a=rtcp-fb:99 transport-cc\n");
    const struct sl_sdp_format *a = &sdp->sections[0].formats[0];
    const struct sl_sdp_format *b = &sdp->sections[0].formats[1];

    assert_true(a->fir && a->nack && !a->pli && !a->remb && !a->transport_cc);
    assert_true(b->fir && b->nack && b->pli && b->remb && !b->transport_cc);
    sl_sdp_free(sdp);
}

static void finds_the_primary_ssrcs_in_any_order_of_lines(void **state)
{
    (void)state;
    static const char *const texts[] = {
        M "a=ssrc-group:FID 1 2\na=ssrc:1 cname:x\na=ssrc:1 msid:x\na=ssrc:2 cname:x\n",
        M "a=ssrc:1 cname:x\na=ssrc:2 cname:x\na=ssrc-group:FID 1 2\n",
        M "a=ssrc:2 cname:x\na=ssrc:1 cname:x\na=ssrc-group:FID 1 2\n",
        M "a=ssrc-group:FID 1 2\n",
        M "a=ssrc-group:FID 1 2\na=ssrc-group:FEC-FR 1 3\na=ssrc-group:FID 1 1\na=ssrc:0 x\n",
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(texts); i++) {
        struct sl_sdp *sdp = parsed(texts[i]);
        assert_int_equal(sdp->sections[0].ssrc_count, 1);
        assert_int_equal(sdp->sections[0].ssrcs[0].ssrc, 1);
        assert_int_equal(sdp->sections[0].ssrcs[0].rtx_ssrc, 2);
        sl_sdp_free(sdp);
    }
}

static void keeps_the_candidates_it_could_reach(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool kept, tcp;
    } cases[] = {
        {"a=candidate:1 1 udp 2130706431 192.0.2.1 31000 typ host", true, false},
        {"a=candidate:1 1 UDP 2130706431 192.0.2.1 31000 typ srflx raddr 10.0.0.1 rport 9", true,
         false},
        {"a=candidate:1 1 udp 2130706431 2001:db8::1 31000 typ host generation 0", true, false},
        {"a=candidate:1 1 tcp 2130706431 192.0.2.1 31000 typ host tcptype passive", true, true},
        {"a=candidate:1 1 tcp 2130706431 192.0.2.1 9 typ host tcptype active", false, false},
        {"a=candidate:1 1 udp 2130706431 b2f7.local 31000 typ host", false, false},
        {"a=candidate:1 1 udp 2130706431 192.0.2.1 0 typ host", false, false},
        {"a=candidate:1 1 udp 2130706431 192.0.2.1 65536 typ host", false, false},
        {"a=candidate:1 1 udp 4294967296 192.0.2.1 31000 typ host", false, false},
        {"a=candidate:1 1 sctp 1 192.0.2.1 31000 typ host", false, false},
        {"a=candidate:1 1 udp 1 192.0.2.1 31000", false, false},
        {"a=candidate:", false, false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char text[256];
        (void)snprintf(text, sizeof(text), "%s%s\r\na=end-of-candidates\r\n", M, cases[i].line);
        struct sl_sdp *sdp = parsed(text);
        const struct sl_sdp_section *section = &sdp->sections[0];
        if (section->candidate_count != cases[i].kept ||
            (cases[i].kept &&
             (section->candidates[0].tcp != cases[i].tcp || section->candidates[0].port != 31000 ||
              section->candidates[0].component != 1)))
            fail_msg("%s", cases[i].line);
        assert_true(section->end_of_candidates);
        sl_sdp_free(sdp);
    }
}

static void knows_static_payload_types_without_rtpmap(void **state)
{
    (void)state;
    struct sl_sdp *sdp = parsed("v=0\nm=audio 9 RTP/SAVPF 0 8 9 96\na=rtpmap:8 pcma/8000/1\n");
    const struct sl_sdp_format *formats = sdp->sections[0].formats;

    assert_string_equal(formats[0].name, "PCMU");
    assert_int_equal(formats[0].clock_hz, 8000);
    assert_string_equal(formats[1].name, "pcma");
    assert_int_equal(formats[1].channels, 1);
    assert_string_equal(formats[2].name, "G722");
    assert_string_equal(formats[3].name, "");
    assert_int_equal(formats[3].clock_hz, 0);
    sl_sdp_free(sdp);
}

static void joins_two_fmtp_lines_of_one_payload_type(void **state)
{
    (void)state;
    struct sl_sdp *sdp = parsed(M "a=fmtp:96 stereo=1\na=fmtp:96  minptime=10 \n");

    assert_string_equal(sdp->sections[0].formats[0].fmtp, "stereo=1;minptime=10");
    sl_sdp_free(sdp);
}

static void tells_bundle_only_sections_from_refused_ones(void **state)
{
    (void)state;
    struct sl_sdp *sdp = parsed("v=0\na=group:BUNDLE 0 1\na=group:BUNDLE 2\n"
                                "m=audio 9 UDP/TLS/RTP/SAVPF 0\na=mid:0\n"
                                "m=video 0 UDP/TLS/RTP/SAVPF 96\na=mid:1\na=bundle-only\n"
                                "m=video 0 UDP/TLS/RTP/SAVPF 96\na=mid:2\na=bundle-only\n"
                                "m=video 0 UDP/TLS/RTP/SAVPF 96\n");

    assert_int_equal(sdp->sections[1].port, 9);
    assert_true(sdp->sections[1].bundled && sdp->sections[1].bundle_only);
    assert_int_equal(sdp->sections[2].port, 0); /* only the first group counts */
    assert_int_equal(sdp->sections[3].port, 0);
    assert_false(sdp->sections[3].bundled);
    sl_sdp_free(sdp);
}

static void looks_into_the_first_sections_only(void **state)
{
    (void)state;
    char *text = repeated("v=0\n", SL_SDP_MEDIA_MAX + 1,
                          "a=mid:last\na=rtpmap:96 VP8/90000\na=ice-ufrag:x\n",
                          "m=video 9 UDP/TLS/RTP/SAVPF 96 97\n");
    struct sl_sdp *sdp = parsed(text);
    const struct sl_sdp_section *last = &sdp->sections[SL_SDP_MEDIA_MAX];

    assert_int_equal(sdp->section_count, SL_SDP_MEDIA_MAX + 1);
    assert_string_equal(last->kind, "video");
    assert_string_equal(last->mid, "last");
    assert_string_equal(last->first_format, "96");
    assert_int_equal(last->format_count, 2);
    assert_string_equal(last->formats[0].name, "");
    sl_sdp_free(sdp);
    free(text);
}

static void takes_sections_that_are_not_rtp(void **state)
{
    (void)state;
    struct sl_sdp *sdp = parsed("v=0\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\na=mid:2\n");

    assert_string_equal(sdp->sections[0].first_format, "webrtc-datachannel");
    assert_int_equal(sdp->sections[0].format_count, 0);
    sl_sdp_free(sdp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_chromium_publishes),
        cmocka_unit_test(reads_what_chromium_plays),
        cmocka_unit_test(tolerates_bare_lf_trailing_blanks_and_dangling_rtx),
        cmocka_unit_test(tolerates_what_does_not_matter),
        cmocka_unit_test(refuses_what_is_no_description),
        cmocka_unit_test(leaves_out_what_it_cannot_read_and_names_the_line),
        cmocka_unit_test(an_odd_line_costs_what_it_belongs_to),
        cmocka_unit_test(refuses_nul_bytes),
        cmocka_unit_test(keeps_every_bound),
        cmocka_unit_test(keeps_the_bounds_of_numbered_things),
        cmocka_unit_test(takes_parameter_sets_out_of_the_fmtp),
        cmocka_unit_test(counts_no_more_ssrcs_and_candidates_than_it_keeps),
        cmocka_unit_test(merges_session_attributes_into_sections),
        cmocka_unit_test(prefers_the_sha256_fingerprint_of_several),
        cmocka_unit_test(applies_feedback_to_the_formats_it_names),
        cmocka_unit_test(finds_the_primary_ssrcs_in_any_order_of_lines),
        cmocka_unit_test(keeps_the_candidates_it_could_reach),
        cmocka_unit_test(knows_static_payload_types_without_rtpmap),
        cmocka_unit_test(joins_two_fmtp_lines_of_one_payload_type),
        cmocka_unit_test(tells_bundle_only_sections_from_refused_ones),
        cmocka_unit_test(looks_into_the_first_sections_only),
        cmocka_unit_test(takes_sections_that_are_not_rtp),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
