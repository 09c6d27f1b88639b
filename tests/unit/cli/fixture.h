/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A console's surroundings with real applications and users, in a directory of their own. */
#ifndef SL_TEST_CLI_FIXTURE_H
#define SL_TEST_CLI_FIXTURE_H

#include "apps/apps.h"
#include "base/config.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "net/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
    char state_dir[256];
    struct sl_loop *loop;
    struct sl_apps *apps;
    struct sl_config *config;
    struct sl_cli_config console;
};

/* For cmocka: *state is the struct fixture. */
int set_up(void **state);
int tear_down(void **state);

#endif
