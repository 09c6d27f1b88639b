/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "calls/taste.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* "opus PCMA | H264/1 VP8": sound and pictures in their order. */
static const char *shown(const struct sl_call_taste *taste, char out[static 256])
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t kind = 0; kind < 2; kind++) {
        const struct sl_call_codecs *codecs = &taste->of[kind];
        for (size_t i = 0; i < codecs->count; i++) {
            const struct sl_source_codec *item = &codecs->items[i];
            len += (size_t)snprintf(out + len, 256 - len, "%s%s%s%s", len > 0 ? " " : "",
                                    sl_codec_name(item->codec), item->fmtp[0] ? ":" : "",
                                    item->codec == SL_CODEC_H264 ? item->fmtp : "");
        }
    }
    return out;
}

static void read_from(const char *sections, struct sl_call_taste *out)
{
    char text[2048];
    struct sl_sdp *sdp;

    (void)snprintf(text, sizeof(text),
                   "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n%s",
                   sections);
    assert_int_equal(sl_sdp_parse(text, strlen(text), &sdp, NULL), 0);
    sl_call_taste_read(sdp, out);
    sl_sdp_free(sdp);
}

static void is_what_the_sections_name_in_their_order(void **state)
{
    (void)state;
    static const struct {
        const char *why, *sections, *expected;
    } cases[] = {
        {"sound", "m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n",
         "PCMA PCMU"},
        {"one mode of H264 each, the usual profile if there is one",
         "m=video 4002 RTP/AVP 97 98 99 100\r\n"
         "a=rtpmap:97 H264/90000\r\na=fmtp:97 packetization-mode=1;profile-level-id=640028\r\n"
         "a=rtpmap:98 H264/90000\r\na=fmtp:98 packetization-mode=1;profile-level-id=42e01f\r\n"
         "a=rtpmap:99 VP8/90000\r\n"
         "a=rtpmap:100 H264/90000\r\na=fmtp:100 profile-level-id=42e01f\r\n",
         "H264:packetization-mode=1;profile-level-id=42e01f VP8 H264:profile-level-id=42e01f"},
        {"a section that is refused",
         "m=audio 4000 RTP/AVP 8\r\nm=video 0 RTP/AVP 99\r\n"
         "a=rtpmap:99 VP8/90000\r\n",
         "PCMA"},
        {"mode 2, and what nobody has",
         "m=video 4002 RTP/AVP 97 34\r\na=rtpmap:97 H264/90000\r\na=fmtp:97 "
         "packetization-mode=2\r\n"
         "a=rtpmap:34 H263/90000\r\n",
         ""},
        {"a codec of pictures among sound",
         "m=audio 4000 RTP/AVP 99 8\r\na=rtpmap:99 VP8/90000\r\n", "PCMA"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sl_call_taste taste;
        char text[256];
        read_from(cases[i].sections, &taste);
        if (strcmp(shown(&taste, text), cases[i].expected) != 0)
            fail_msg("%s: got %s", cases[i].why, text);
    }
}

static struct sl_string_list list_of(char **items, size_t count)
{
    return (struct sl_string_list){.items = items, .count = count};
}

static void sound_is_as_configured_and_pictures_only_as_preferred(void **state)
{
    (void)state;
    char *codecs[] = {(char[]){"opus"},
                      (char[]){"alaw"},
                      (char[]){"ulaw"},
                      (char[]){"g722"},
                      (char[]){"telephone-event"},
                      (char[]){"h264"},
                      (char[]){"vp8"}};
    char *excluded[] = {(char[]){"ulaw"}, (char[]){"vp8"}};
    struct sl_config config = {.codecs = list_of(codecs, 7),
                               .codecs_exclude_sip = list_of(excluded, 2),
                               .video_enabled = true};
    struct sl_call_taste preferred, chosen;
    char text[256];

    read_from(
        "m=audio 4000 RTP/AVP 9 8 0\r\nm=video 4002 RTP/AVP 99 97\r\na=rtpmap:99 VP8/90000\r\n"
        "a=rtpmap:97 H264/90000\r\n",
        &preferred);
    sl_call_taste_choose(&config, &preferred, &chosen);
    assert_string_equal(shown(&chosen, text), "G722 PCMA opus: H264");
    sl_call_taste_add_events(&config, &chosen.of[SL_AUDIO]);
    assert_int_equal(chosen.of[SL_AUDIO].count, 5);
    assert_int_equal(chosen.of[SL_AUDIO].items[3].clock_hz, 8000);
    assert_int_equal(chosen.of[SL_AUDIO].items[4].clock_hz, 48000);
    config.video_enabled = false;
    sl_call_taste_choose(&config, &preferred, &chosen);
    assert_int_equal(chosen.of[SL_VIDEO].count, 0);
    config.codecs.count = 4;
    sl_call_taste_add_events(&config, &chosen.of[SL_AUDIO]);
    assert_int_equal(chosen.of[SL_AUDIO].count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_what_the_sections_name_in_their_order),
        cmocka_unit_test(sound_is_as_configured_and_pictures_only_as_preferred),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
