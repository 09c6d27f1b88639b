/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/mixer over a fake of mixer/: what is asked of it, and which status says what (MIX-14,
 * 15, 16, 17, 24, 26). */
#include "control.h"
#include "fake_mixers.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>

#define MIXER(call)    "/rest-api/mixer/" call
#define START(members) "{'uri':'mixer://m','localStreamName':'out'" members "}"

static struct fake_mixers *start(struct control *control)
{
    struct fake_mixers *fake = fake_mixers_reset();

    publish_live(add_client(control), "one", "stream1");
    publish_live(add_client(control), "two", "stream2");
    assert_int_equal(post(control, MIXER("startup"), START(""), NULL), 200);
    return fake;
}

static void starts_with_parameters_of_its_own(void **state) /* MIX-17 */
{
    struct control *control = *state;
    struct fake_mixers *fake = fake_mixers_reset();

    assert_int_equal(
        post(control, MIXER("startup"),
             START(",'hasAudio':'true','mixerVideoWidth':'640','mixerVideoHeight':360,"
                   "'mixerVideoFps':15,'mixerVideoBitrateKbps':'500','mixerMcuAudio':'false',"
                   "'mixerDesktopAlign':'LEFT','mixerLayoutClass':'x.CenterNoPaddingGridLayout',"
                   "'mixerVideoLayoutDesktopKeyWord':'show','audioMixerOutputCodec':'pcma',"
                   "'audioMixerOutputSampleRate':8000,'mixerRealtime':true,'unheardOf':7"),
             NULL),
        200);
    const struct sl_mixer_settings *settings = &fake->settings;
    assert_string_equal(fake->name, "m");
    assert_string_equal(fake->output, "out");
    assert_true(settings->has_audio && settings->has_video && !settings->mcu_audio);
    assert_int_equal(settings->width, 640);
    assert_int_equal(settings->height, 360);
    assert_int_equal(settings->fps, 15);
    assert_int_equal(settings->bitrate_kbps, 500);
    assert_int_equal(settings->align, SL_MIXER_LEFT);
    assert_int_equal(settings->layout, SL_MIXER_GRID_NO_PADDING);
    assert_int_equal(settings->audio_codec, SL_CODEC_PCMA);
    assert_string_equal(settings->desktop_words, "show");
}

static void refuses_what_is_no_mixer(void **state) /* MIX-24 */
{
    struct control *control = *state;
    static const char *const bad[] = {
        "{}",
        "{'uri':'m','localStreamName':'out'}",
        "{'uri':'mixer://m'}",
        START(",'background':'../x.png'"),
        START(",'background':'http://example.com/x.png'"),
        START(",'watermark':'.hidden.png'"),
        START(",'hasAudio':false,'hasVideo':false"),
        START(",'mixerVideoWidth':641"),
        START(",'mixerVideoWidth':3840"),
        START(",'mixerVideoFps':0"),
        START(",'mixerVideoFps':'fast'"),
        START(",'mixerVideoBitrateKbps':99"),
        START(",'mixerLayoutClass':'MadeUp'"),
        START(",'audioMixerOutputCodec':'mp3'"),
        START(",'mixerMcuAudio':1"),
    };

    fake_mixers_reset();
    for (size_t i = 0; i < SL_ARRAY_LEN(bad); i++) {
        int status = post(control, MIXER("startup"), bad[i], NULL);
        if (status != 400)
            fail_msg("%d: %s", status, bad[i]);
    }
    assert_int_equal(sl_mixers_count(NULL), 0);
}

static void reads_its_images_first(void **state) /* MIX-24 */
{
    struct control *control = *state;
    struct fake_mixers *fake = fake_mixers_reset();
    static const struct {
        const char *body;
        int status;
        bool background, watermark;
    } cases[] = {
        {START(",'watermark':'none.png'"), 404, false, false},
        {START(",'background':'a.png','watermark':'none.png'"), 404, false, false},
        {START(",'background':'text.png'"), 400, false, false},
        {START(",'background':'slow.png'"), 500, false, false},
        {START(",'background':'a.png'"), 200, true, false},
        {START(",'watermark':'a.png'"), 200, false, true},
        {START(",'background':'a.png','watermark':'b.png'"), 200, true, true},
        {START(",'background':null"), 200, false, false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        fake->count = 0;
        int status = post(control, MIXER("startup"), cases[i].body, NULL);
        if (status != cases[i].status)
            fail_msg("%d: %s", status, cases[i].body);
        assert_int_equal(fake->count, status == 200);
        if (status == 200) {
            assert_int_equal(fake->background != NULL, cases[i].background);
            assert_int_equal(fake->watermark != NULL, cases[i].watermark);
        }
    }
}

static void claims_its_name_among_all_nodes(void **state)
{
    struct control *control = *state;
    struct fake_mixers *fake = fake_mixers_reset();
    static const struct {
        int err, status;
    } cases[] = {{-EEXIST, 409}, {-EINVAL, 400}, {-ENOBUFS, 500}};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        control->directory.err = cases[i].err;
        assert_int_equal(post(control, MIXER("startup"), START(""), NULL), cases[i].status);
        assert_int_equal(fake->count, 0);
    }
    control->directory.err = 0;
    assert_int_equal(post(control, MIXER("startup"), START(""), NULL), 200);
    assert_string_equal(control->directory.claimed, "out");
    assert_int_equal(control->directory.held, 0); /* the stream holds it from there on */
    fake->refusal = -EBUSY;
    assert_int_equal(post(control, MIXER("startup"), START(""), NULL), 500);
    assert_int_equal(control->directory.held, 0);
}

static void whoever_waits_is_answered_at_the_end(void **state)
{
    static const char *const bodies[] = {START(",'watermark':'never.png'"), START("")};
    struct control *control = *state;
    struct sl_http_request requests[SL_ARRAY_LEN(bodies)];

    fake_mixers_reset();
    control->directory.waits = true;
    for (size_t i = 0; i < SL_ARRAY_LEN(bodies); i++)
        send_request(control, &requests[i], "POST", MIXER("startup"), bodies[i]);
    fake_settle();
    sl_rest_destroy(control->rest);
    control->rest = NULL;
    for (size_t i = 0; i < SL_ARRAY_LEN(bodies); i++) {
        assert_int_equal(requests[i].status, 503);
        fake_deinit(&requests[i]);
    }
    assert_int_equal(sl_mixers_count(NULL), 0);
}

static void says_why_there_is_none(void **state) /* MIX-14, 15, 26 */
{
    struct control *control = *state;
    static const struct {
        int err, start, add;
    } cases[] = {{-EEXIST, 409, 409}, {-EBUSY, 500, 409}, {-EINVAL, 400, 409}, {-ELOOP, 500, 409}};
    struct fake_mixers *fake = start(control);

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        fake->refusal = cases[i].err;
        assert_int_equal(post(control, MIXER("startup"), START(""), NULL), cases[i].start);
        assert_int_equal(
            post(control, MIXER("add"), "{'uri':'mixer://m','remoteStreamName':'stream1'}", NULL),
            cases[i].add);
    }
}

static void adds_lists_and_removes(void **state) /* MIX-14 */
{
    struct control *control = *state;
    struct fake_mixers *fake = start(control);
    json_t *answer;

    assert_int_equal(post(control, MIXER("add"),
                          "{'uri':'mixer://m','remoteStreamName':'stream1','localStreamName':'x',"
                          "'hasAudio':'false','avatar':'http://example.com/a.png'}",
                          NULL),
                     200);
    assert_true(fake->use.has_video && !fake->use.has_audio);
    assert_int_equal(
        post(control, MIXER("add"), "{'uri':'mixer://m','remoteStreamName':'nobody'}", NULL), 404);
    assert_int_equal(
        post(control, MIXER("add"), "{'uri':'mixer://x','remoteStreamName':'stream1'}", NULL), 404);
    assert_int_equal(post(control, MIXER("find_all"), "", &answer), 200);
    json_t *item = json_array_get(answer, 0);
    assert_string_equal(json_string_value(json_object_get(item, "uri")), "mixer://m");
    assert_string_equal(json_string_value(json_object_get(item, "status")), "PROCESSED_LOCAL");
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(item, "mediaSessions"), 0)), "stream1");
    assert_int_equal(json_integer_value(json_object_get(item, "mixerVideoWidth")), 1280);
    json_decref(answer);
    assert_int_equal(
        post(control, MIXER("remove"), "{'uri':'mixer://m','remoteStreamName':'stream2'}", NULL),
        404);
    assert_int_equal(
        post(control, MIXER("remove"), "{'uri':'mixer://m','remoteStreamName':'stream1'}", NULL),
        200);
    assert_int_equal(post(control, MIXER("terminate"), "{'uri':'mixer://m'}", NULL), 200);
    assert_int_equal(post(control, MIXER("terminate"), "{'uri':'mixer://m'}", NULL), 404);
    assert_int_equal(post(control, MIXER("find_all"), "", NULL), 404);
}

static void sets_inputs_by_name_and_by_expression(void **state) /* MIX-16 */
{
    struct control *control = *state;
    static const struct {
        const char *body;
        int status, level, muted;
    } cases[] = {
        {"'streams':['stream1','x'],'audioLevel':50", 200, 50, -1},
        {"'streams':'^stream.*','videoMuted':'true'", 200, -1, 1},
        {"'streams':'stream','audioLevel':0", 404, 0, -1}, /* a whole name */
        {"'streams':['x'],'audioLevel':0", 404, 0, -1},
        {"'streams':'(','audioLevel':0", 400, 0, -1},
        {"'streams':'((a{1,255}){1,255}){1,255}','audioLevel':0", 400, 0, -1},
        {"'streams':7,'audioLevel':0", 400, 0, -1},
        {"'streams':['stream1'],'audioLevel':101", 400, 0, -1},
        {"'audioLevel':50", 400, 0, -1},
    };
    struct fake_mixers *fake = start(control);
    char body[256];

    for (size_t i = 1; i <= 2; i++) {
        (void)snprintf(body, sizeof(body), "{'uri':'mixer://m','remoteStreamName':'stream%zu'}", i);
        assert_int_equal(post(control, MIXER("add"), body, NULL), 200);
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        (void)snprintf(body, sizeof(body), "{'uri':'mixer://m',%s}", cases[i].body);
        int status = post(control, MIXER("setAudioVideo"), body, NULL);
        if (status != cases[i].status)
            fail_msg("%d: %s", status, body);
        if (status == 200) {
            assert_int_equal(fake->level, cases[i].level);
            assert_int_equal(fake->muted, cases[i].muted);
        }
    }
    assert_int_equal(post(control, MIXER("setAudioVideo"),
                          "{'uri':'mixer://x','streams':['stream1'],'audioLevel':1}", NULL),
                     404);
}

static void changes_only_what_may_change(void **state)
{
    struct control *control = *state;
    static const struct {
        const char *body;
        int status;
    } cases[] = {
        {"{'uri':'mixer://m','mixerDesktopAlign':'BOTTOM','mixerIdleTimeout':5}", 200},
        {"{'uri':'mixer://m','mixerVideoWidth':640}", 400},
        {"{'uri':'mixer://m','mixerDesktopAlign':'MIDDLE'}", 400},
        {"{'uri':'mixer://m','unheardOf':1}", 400},
        {"{'uri':'mixer://m','mixerIdleTimeout':7,'unheardOf':1}", 400},
        {"{'uri':'mixer://m','mixerIdleTimeout':5,'unheardOf':null}", 200},
        {"{'uri':'mixer://m','mixerVoiceActivity':true}", 200},
        {"{'uri':'mixer://m'}", 400},
        {"{'uri':'mixer://x','mixerDesktopAlign':'TOP'}", 404},
    };
    struct fake_mixers *fake = start(control);

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        int status = post(control, MIXER("set_parameter"), cases[i].body, NULL);
        if (status != cases[i].status)
            fail_msg("%d: %s", status, cases[i].body);
    }
    assert_int_equal(fake->settings.align, SL_MIXER_BOTTOM);
    assert_int_equal(fake->settings.idle_timeout_ms, 5);
    assert_int_equal(fake->settings.width, 1280);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(starts_with_parameters_of_its_own, control_set_up,
                                        control_tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_is_no_mixer, control_set_up,
                                        control_tear_down),
        CONTROL_TEST(reads_its_images_first),
        CONTROL_TEST(claims_its_name_among_all_nodes),
        CONTROL_TEST(whoever_waits_is_answered_at_the_end),
        cmocka_unit_test_setup_teardown(says_why_there_is_none, control_set_up, control_tear_down),
        cmocka_unit_test_setup_teardown(adds_lists_and_removes, control_set_up, control_tear_down),
        cmocka_unit_test_setup_teardown(sets_inputs_by_name_and_by_expression, control_set_up,
                                        control_tear_down),
        cmocka_unit_test_setup_teardown(changes_only_what_may_change, control_set_up,
                                        control_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
