/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One stream's tags for many takers on several loops: the same bytes, once, and no call after a
 * taker has gone. */
#include "../engine_loopback.h"
#include "../streams.h"
#include "rtmp/rtmp.h"

#include <errno.h>

enum { TAKERS = 8, SEEN_MAX = 4096 };

struct taker {
    struct sl_channel_taker taker;
    struct sl_channel *channel;
    struct sl_job_loop *loop;
    _Atomic int attached, tags;
    _Atomic bool detached;
    struct sl_flv_tag *seen[SEEN_MAX]; /* references */
};

static void on_attached(void *owner, const struct sl_program_sound *sound)
{
    struct taker *taker = owner;

    assert_non_null(sound);
    assert_int_equal(sound->codec, SL_CODEC_PCMU);
    assert_true(sound->silence_len > 0);
    atomic_fetch_add(&taker->attached, 1);
}

static void on_tags(void *owner, struct sl_flv_tag *const *tags, size_t count, bool lost)
{
    struct taker *taker = owner;

    assert_false(lost || atomic_load(&taker->detached));
    assert_true(sl_loop_is_current(sl_job_loop_loop(taker->loop)));
    for (size_t i = 0; i < count; i++) {
        int at = atomic_load(&taker->tags);
        assert_true(at < SEEN_MAX);
        taker->seen[at] = sl_flv_tag_ref(tags[i]);
        atomic_store(&taker->tags, at + 1);
    }
}

static const struct sl_channel_taker_ops taker_ops = {on_attached, on_tags};

static void attach(void *arg)
{
    struct taker *taker = arg;

    taker->taker.ops = &taker_ops;
    taker->taker.owner = taker;
    sl_channel_attach(taker->channel, taker->loop, &taker->taker);
}

static void detach(void *arg)
{
    struct taker *taker = arg;

    sl_channel_detach(&taker->taker);
    sl_channel_detach(&taker->taker);
    atomic_store(&taker->detached, true);
}

static void attach_and_detach(void *arg)
{
    attach(arg);
    detach(arg);
}

static bool has_tags(void *arg)
{
    return atomic_load(&((struct taker *)arg)->tags) > 20;
}

static void on_stopped(void *owner)
{
    *(bool *)owner = true;
}

static bool is_set(void *arg)
{
    return *(bool *)arg;
}

static void on_loop(struct streams *s, struct taker *taker, void (*fn)(void *arg))
{
    struct job job;

    job_post(&job, sl_job_loop_loop(taker->loop), fn, taker);
    streams_wait(s, job_is_done, &job);
}

/* What a stream's channels take from; of the running test. */
static struct sl_programs *programs;

static void create_programs(struct streams *s)
{
    const struct sl_programs_config config = {.pool = s->jobs, .control = s->core.control};

    loopback.control = s->core.control;
    programs = sl_programs_create(&config);
}

static struct sl_channels *create_channels(struct streams *s)
{
    create_programs(s);
    return sl_channels_create(programs, s->jobs, s->core.control);
}

static struct taker *open_takers(struct streams *s, struct sl_channels *channels)
{
    struct taker *takers = sl_new_array(struct taker, TAKERS);

    for (size_t i = 0; i < TAKERS; i++) {
        takers[i].loop = sl_job_pool_at(s->jobs, i % 2);
        assert_int_equal(sl_channel_get(channels, s->stream, &takers[i].channel), 0);
        assert_ptr_equal(takers[i].channel, takers[0].channel);
    }
    return takers;
}

static void close_all(struct streams *s, struct sl_channels *channels, struct taker *takers)
{
    bool stopped = false;

    for (size_t i = 0; i < TAKERS; i++) {
        if (!atomic_load(&takers[i].detached))
            on_loop(s, &takers[i], detach);
        sl_channel_release(takers[i].channel);
    }
    sl_channels_stop(channels, on_stopped, &stopped);
    assert_false(stopped);
    streams_wait(s, is_set, &stopped);
    sl_channels_destroy(channels);
    stopped = false;
    sl_programs_stop(programs, on_stopped, &stopped);
    streams_wait(s, is_set, &stopped);
    sl_programs_destroy(programs);
    for (size_t i = 0; i < TAKERS; i++) {
        for (int tag = 0; tag < atomic_load(&takers[i].tags); tag++)
            sl_flv_tag_unref(takers[i].seen[tag]);
    }
    free(takers);
}

static void all_takers_get_the_very_same_tags(void **state)
{
    (void)state;
    struct streams *s = streams_create();
    struct sl_channels *channels = create_channels(s);
    struct taker *takers = open_takers(s, channels);

    for (size_t i = 0; i < TAKERS; i++)
        on_loop(s, &takers[i], attach);
    for (int i = 0; i < 60; i++)
        streams_send(s);
    for (size_t i = 0; i < TAKERS; i++)
        streams_wait(s, has_tags, &takers[i]);
    for (size_t i = 0; i < TAKERS; i++)
        on_loop(s, &takers[i], detach);
    /* Whoever came first has all that the last has. */
    const struct taker *first = &takers[0];
    int at = 0;
    while (first->seen[at] != takers[TAKERS - 1].seen[0])
        assert_true(++at < first->tags);
    for (int i = 0; i < 20; i++)
        assert_ptr_equal(first->seen[at + i], takers[TAKERS - 1].seen[i]);
    close_all(s, channels, takers);
    streams_destroy(s);
}

static void a_taker_may_go_before_it_was_attached_and_while_tags_come(void **state)
{
    (void)state;
    struct streams *s = streams_create();
    struct sl_channels *channels = create_channels(s);
    struct taker *takers = open_takers(s, channels);

    for (size_t i = 0; i < TAKERS; i++)
        on_loop(s, &takers[i], i % 4 < 2 ? attach_and_detach : attach);
    for (int i = 0; i < 40; i++)
        streams_send(s);
    close_all(s, channels, takers);
    streams_destroy(s);
}

static void who_comes_back_soon_finds_the_same_encoder(void **state)
{
    (void)state;
    struct streams *s = streams_create();
    static const struct sl_program_want want = {
        .codecs = {[SL_AUDIO] = {SL_CODEC_AAC, SL_CODEC_PCMU}}};
    static const struct sl_program_want pictures = {.codecs = {[SL_VIDEO] = {SL_CODEC_H264}}};
    struct sl_program *first, *second;
    bool stopped = false;

    create_programs(s);
    assert_int_equal(sl_program_take(programs, s->stream, &pictures, &first), -ENOSYS);
    assert_int_equal(sl_program_take(programs, s->stream, &want, &first), 0);
    /* What the source sends is preferred. */
    assert_int_equal(sl_program_form(first)->to[SL_AUDIO], SL_CODEC_PCMU);
    sl_program_release(first);
    assert_int_equal(sl_program_take(programs, s->stream, &want, &second), 0);
    assert_ptr_equal(first, second);
    sl_stream_end(s->stream);
    sl_program_release(second);
    sl_programs_stop(programs, on_stopped, &stopped);
    streams_wait(s, is_set, &stopped);
    sl_programs_destroy(programs);
    streams_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_takers_get_the_very_same_tags),
        cmocka_unit_test(a_taker_may_go_before_it_was_attached_and_while_tags_come),
        cmocka_unit_test(who_comes_back_soon_finds_the_same_encoder),
    };

    return cmocka_run_group_tests_name("rtmp channel", tests, NULL, NULL);
}
