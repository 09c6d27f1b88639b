/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes and removes it. The reload always fails, with words that would harm a terminal. */
#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void print_stat(void *arg, FILE *out)
{
    (void)arg;
    (void)fputs("-----Connection Stats-----\nconnections=0", out);
}

static void reload(void *arg, sl_cli_on_reloaded *on_done, void *owner)
{
    (void)arg;
    on_done(owner, -EINVAL, "line 3: \x1b[2Jbad", "");
}

int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);
    struct sl_error error = {""};

    const char *tmp = getenv("TMPDIR");

    (void)snprintf(f->state_dir, sizeof(f->state_dir), "%s/sluice-console-XXXXXX",
                   tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->state_dir));
    f->loop = sl_loop_create("test");
    f->config = sl_config_create();
    struct sl_apps_config apps = {f->loop, f->state_dir, "http://localhost:8081/apps/EchoApp"};
    if (sl_apps_create(&apps, &f->apps, &error) < 0)
        fail_msg("%s", error.text);
    f->console = (struct sl_cli_config){.config = f->config,
                                        .loop = f->loop,
                                        .apps = f->apps,
                                        .print_stat = print_stat,
                                        .reload = reload};
    *state = f;
    return 0;
}

int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[300];

    sl_apps_destroy(f->apps);
    sl_loop_destroy(f->loop);
    sl_config_destroy(f->config);
    (void)snprintf(command, sizeof(command), "rm -r %s", f->state_dir);
    assert_int_equal(system(command), 0); /* NOLINT: our own directory's name */
    free(f);
    return 0;
}
