/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A loop, an empty state directory and a log that can be read; applications and users in them. */
#ifndef TESTS_UNIT_APPS_FIXTURE_H
#define TESTS_UNIT_APPS_FIXTURE_H

#include "apps/apps.h"
#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ECHO_URL "http://localhost:8081/apps/EchoApp"

struct fixture {
    struct sl_loop *loop;
    struct sl_apps *apps; /* NULL until apps_start() */
    struct sl_error error;
    char dir[64];
    char log[96];
};

/* For cmocka; *state is the fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* sl_apps_create() in the fixture's directory; the result. */
int apps_start(struct fixture *f);
/* Must succeed. */
void apps_restart(struct fixture *f);
void apps_stop(struct fixture *f);

/* ---- Answers ---- */

struct answer {
    int count; /* must become 1 and stay so */
    int err;
    char words[256];
};
void on_answer(void *answer, int err, const char *words);
/* Runs the loop until there is an answer, 20 seconds at most. Returns its err. */
int wait_answer(struct fixture *f, const struct answer *answer);

int add_user(struct fixture *f, const char *name, const char *password);
int set_password(struct fixture *f, const char *name, const char *password);
int check_password(struct fixture *f, const char *name, const char *password);
int save(struct fixture *f);

/* ---- Lists ---- */

enum { LINES_LEN = 4096 };
/* Callbacks whose arg is a char[LINES_LEN], "" at first: a line for each. */
void append_line(const char *name, void *lines);
void append_app(const struct sl_app *app, void *lines);

/* ---- Files ---- */

/* Path of a name in the state directory; valid until the next call. */
const char *path_of(const struct fixture *f, const char *name);
/* The whole file, to be freed; fails the test if there is none. */
char *read_file(const char *path);
void write_file(const char *path, const char *text, size_t len);

#endif
