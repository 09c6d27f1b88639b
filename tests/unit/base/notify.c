/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words to the service manager. */
#include "base/notify.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* Binds a manager's socket; name[0] == '@' is an abstract one. */
static int manager_socket(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(at.sun_path, name, strlen(name));
    if (name[0] == '@')
        at.sun_path[0] = '\0';
    assert_int_equal(bind(fd, (struct sockaddr *)&at,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
                     0);
    return fd;
}

static void reaches_files_and_abstract_names(void **state)
{
    (void)state;
    char names[2][64], got[32];

    (void)snprintf(names[0], sizeof(names[0]), "/tmp/sluice-notify-%d", (int)getpid());
    (void)snprintf(names[1], sizeof(names[1]), "@sluice-notify-%d", (int)getpid());
    for (size_t i = 0; i < 2; i++) {
        int fd = manager_socket(names[i]);
        assert_int_equal(setenv("NOTIFY_SOCKET", names[i], 1), 0);
        assert_int_equal(sl_notify("READY=1"), 1);
        assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), 7);
        assert_memory_equal(got, "READY=1", 7);
        (void)close(fd);
    }
    assert_int_equal(sl_notify("READY=1"), -ECONNREFUSED); /* the manager has gone */
    (void)unlink(names[0]);
}

static void is_silent_when_nobody_asked(void **state)
{
    (void)state;
    char long_name[200];

    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    assert_int_equal(sl_notify("READY=1"), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", "", 1), 0);
    assert_int_equal(sl_notify("READY=1"), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", "vsock:2:1", 1), 0);
    assert_int_equal(sl_notify("READY=1"), -EINVAL);
    memset(long_name, '/', sizeof(long_name));
    long_name[sizeof(long_name) - 1] = '\0';
    assert_int_equal(setenv("NOTIFY_SOCKET", long_name, 1), 0);
    assert_int_equal(sl_notify("READY=1"), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reaches_files_and_abstract_names),
        cmocka_unit_test(is_silent_when_nobody_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
