/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sound files: what is read, and what is not, however it is named (hardening.md class 15). */
#include "program/sound_file.h"

#include "base/error.h"
#include "base/mem.h"
#include "program/program.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];

static void path_of(char out[128], const char *name)
{
    (void)snprintf(out, 128, "%s/%s", dir, name);
}

static void write_file(const char *name, const void *bytes, size_t len)
{
    char path[128];

    path_of(path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    static const char wav[] = "RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\0\0\0\0\2\0\x10\0"
                              "data\4\0\0\0\1\0\2\0";
    char path[128];

    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/sluice-sound-XXXXXX");
    assert_non_null(mkdtemp(dir));
    write_file("good.wav", wav, sizeof(wav) - 1);
    write_file("bad.wav", "no sound", 8);
    write_file("with space \xc3\xa4.wav", wav, sizeof(wav) - 1);
    path_of(path, "link.wav");
    assert_int_equal(symlink("good.wav", path), 0);
    path_of(path, "out.wav");
    assert_int_equal(symlink("/etc/passwd", path), 0);
    path_of(path, "dir.wav");
    assert_int_equal(mkdir(path, 0700), 0);
    path_of(path, "fifo.wav");
    assert_int_equal(mkfifo(path, 0600), 0);
    path_of(path, "large.wav");
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)4 << 30), 0); /* takes no room on the disk */
    (void)close(fd);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"good.wav", "bad.wav",  "with space \xc3\xa4.wav",
                                        "link.wav", "out.wav",  "dir.wav",
                                        "fifo.wav", "large.wav"};
    char path[128];

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(names); i++) {
        path_of(path, names[i]);
        (void)remove(path);
    }
    return rmdir(dir);
}

static void reads_regular_files_of_the_directory_only(void **state) /* REST-26 */
{
    (void)state;
    static const struct {
        const char *name;
        int err;
    } cases[] = {
        {"good.wav", 0},
        {"with space \xc3\xa4.wav", 0},
        {"bad.wav", -EBADMSG},
        {"large.wav", -EBADMSG},
        {"none.wav", -ENOENT},
        {"link.wav", -ENOENT},
        {"out.wav", -ENOENT},
        {"dir.wav", -ENOENT},
        {"fifo.wav", -ENOENT},
        {"", -EINVAL},
        {".", -EINVAL},
        {"..", -EINVAL},
        {".good.wav", -EINVAL},
        {"./good.wav", -EINVAL},
        {"dir.wav/../good.wav", -EINVAL},
        {"../good.wav", -EINVAL},
        {"/etc/passwd", -EINVAL},
        {"..\\good.wav", -EINVAL},
        {"good.wav\n", -EINVAL},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_sound *sound = NULL;
        struct sl_error error = {""};
        int err = sl_sound_read(dir, cases[i].name, &sound, &error);
        if (err != cases[i].err)
            fail_msg("%s: %d %s", cases[i].name, err, error.text);
        assert_true((err == 0) == (sound != NULL));
        assert_true((err == 0) == (error.text[0] == '\0'));
        sl_sound_unref(sound);
    }
    struct sl_sound *sound;
    assert_int_equal(sl_sound_read("/nowhere", "good.wav", &sound, NULL), -ENOENT);
}

static void a_sound_lives_as_long_as_somebody_holds_it(void **state)
{
    (void)state;
    struct sl_sound *sound;

    assert_int_equal(sl_sound_read(dir, "good.wav", &sound, NULL), 0);
    struct sl_sound *second = sl_sound_ref(sound);
    sl_sound_unref(sound);
    assert_int_equal(second->wav.count, 2);
    assert_int_equal(second->wav.samples[1], 2);
    sl_sound_unref(second);
    sl_sound_unref(NULL);
    assert_null(sl_sound_ref(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_regular_files_of_the_directory_only),
        cmocka_unit_test(a_sound_lives_as_long_as_somebody_holds_it),
    };

    return cmocka_run_group_tests_name("push sound", tests, set_up, tear_down);
}
