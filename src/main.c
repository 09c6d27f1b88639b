/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program: options, configuration, exit codes. Everything else is the server's. */
#include "base/config.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "server/server.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* sysexits.h and design/conventions.md */
enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_PORT_IN_USE = 69,
    EXIT_NO_PERMISSION = 77,
    EXIT_BAD_CONFIG = 78,
};

enum {
    LAST_LINES_MS = 500, /* for whoever reads the log, at the end */
    END_TIMEOUT_S = 10,  /* for disks and name services that hang, at the end */
};

static const char default_file[] = "/etc/sluice/sluice.properties";

#define POOL_THREADS "8"

extern char **environ;

/* What the command line says; kept, because a reload reads everything again. */
struct command {
    const char *file; /* NULL: the default one, if it exists */
    char **assignments;
    size_t assignment_count;
    enum { RUN, CHECK, PRINT_CONFIG, PRINT_REFERENCE, SHOW_VERSION, SHOW_HELP } action;
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"option", required_argument, NULL, 'o'},
    {"check", no_argument, NULL, 'k'},
    {"print-config", no_argument, NULL, 'p'},
    {"print-reference", no_argument, NULL, 'r'},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void print_help(void)
{
    printf("Usage: sluice [-c FILE] [-o KEY=VALUE]... [ACTION]\n\n"
           "A media server: browsers publish and play over WebRTC.\n\n"
           "  -c, --config FILE       read FILE instead of %s\n"
           "  -o, --option KEY=VALUE  set one option; may be repeated\n"
           "      --check             read the configuration, say what is wrong, end\n"
           "      --print-config      print every option with its value\n"
           "      --print-reference   print the reference of all options (Markdown)\n"
           "      --version, --help\n\n"
           "Options (also SLUICE_KEY in the environment):\n\n",
           default_file);
    sl_config_print_help(stdout);
}

/* false: wrong usage, already told. */
static bool parse_command(int argc, char **argv, struct command *command)
{
    int option;

    command->assignments = sl_new_array(char *, (size_t)argc);
    while ((option = getopt_long(argc, argv, "c:o:h", long_options, NULL)) != -1) {
        switch (option) {
        case 'c':
            command->file = optarg;
            break;
        case 'o':
            command->assignments[command->assignment_count++] = optarg;
            break;
        case 'k':
            command->action = CHECK;
            break;
        case 'p':
            command->action = PRINT_CONFIG;
            break;
        case 'r':
            command->action = PRINT_REFERENCE;
            break;
        case 'V':
            command->action = SHOW_VERSION;
            break;
        case 'h':
            command->action = SHOW_HELP;
            break;
        default:
            fprintf(stderr, "Try: sluice --help\n");
            return false;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "sluice: not an option: %s\nTry: sluice --help\n", argv[optind]);
        return false;
    }
    return true;
}

/* Defaults, file, environment, -o, in this order. NULL with words. */
static struct sl_config *load_config(void *arg, struct sl_error *error)
{
    const struct command *command = arg;
    struct sl_config *config = sl_config_create();
    const char *file = command->file;
    int err = 0;

    if (!file && access(default_file, F_OK) == 0)
        file = default_file;
    if (file)
        err = sl_config_load(config, file, NULL, error);
    if (err >= 0)
        err = sl_config_environment(config, (const char *const *)environ, NULL, error);
    for (size_t i = 0; err >= 0 && i < command->assignment_count; i++)
        err = sl_config_set(config, command->assignments[i], error);
    if (err >= 0)
        err = sl_config_validate(config, NULL, error);
    if (err < 0) {
        sl_config_destroy(config);
        return NULL;
    }
    return config;
}

/* The pages lie beside the program in its build tree, or under share/ where it was installed. */
static const char *find_web_root(char out[static PATH_MAX])
{
    static const char *const places[] = {"web", "../share/sluice/web"};
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);

    if (len <= 0)
        return NULL;
    program[len] = '\0';
    char *slash = strrchr(program, '/');
    if (!slash)
        return NULL;
    *slash = '\0';
    for (size_t i = 0; i < SL_ARRAY_LEN(places); i++) {
        if (snprintf(out, PATH_MAX, "%s/%s", program, places[i]) < PATH_MAX &&
            access(out, R_OK) == 0)
            return out;
    }
    return NULL;
}

static enum exit_code code_of(int err)
{
    switch (-err) {
    case EADDRINUSE:
        return EXIT_PORT_IN_USE;
    case EACCES:
    case EPERM:
        return EXIT_NO_PERMISSION;
    case EINVAL:
    case EBADMSG: /* a file of ours that is none */
        return EXIT_BAD_CONFIG;
    default:
        return EXIT_FAILED;
    }
}

/* To stderr, unless nobody reads it: that must not keep a program that is about to end. */
static void complain(const char *words)
{
    struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};

    sl_log_flush(LAST_LINES_MS);
    if (poll(&fd, 1, LAST_LINES_MS) == 1)
        fprintf(stderr, "sluice: %s\n", words);
}

static void *leave_anyway(void *code)
{
    const struct timespec timeout = {.tv_sec = END_TIMEOUT_S};

    (void)nanosleep(&timeout, NULL);
    sl_log(SL_LOG_WARN, NULL,
           "server: a disk or a name service did not let go in %d s; leaving without it, what was "
           "not saved is lost",
           END_TIMEOUT_S);
    sl_log_flush(LAST_LINES_MS);
    _exit((int)(intptr_t)code); /* exit() would wait for libuv's pool */
}

/* What this program waits for at its end may never come: a file's write, a name's look-up. */
static void bound_the_end(enum exit_code code)
{
    pthread_t thread;
    int err = pthread_create(&thread, NULL, leave_anyway, (void *)(intptr_t)code);

    if (err == 0)
        (void)pthread_detach(thread); /* ends with the process */
    else
        sl_log(SL_LOG_WARN, NULL, "server: the end has no bound: %s", strerror(err));
}

static enum exit_code run(struct command *command, struct sl_config *config)
{
    struct sl_error error = {""};
    struct sl_server *server;
    char web_root[PATH_MAX];
    struct sl_server_config setup = {
        .config = config,
        .load = load_config,
        .arg = command,
        .web_root = find_web_root(web_root),
    };

    int err = sl_server_create(&setup, &server, &error);
    if (err < 0) {
        complain(error.text[0] ? error.text : strerror(-err));
        bound_the_end(code_of(err));
        return code_of(err);
    }
    sl_server_run(server);
    bound_the_end(EXIT_OK);
    sl_server_destroy(server);
    return EXIT_OK;
}

static enum exit_code act(struct command *command)
{
    struct sl_error error = {""};
    enum exit_code code = EXIT_OK;
    int err = 0;

    switch (command->action) {
    case SHOW_VERSION:
        printf("sluice %s\n", SLUICE_VERSION);
        return EXIT_OK;
    case SHOW_HELP:
        print_help();
        return EXIT_OK;
    case PRINT_REFERENCE:
        sl_config_print_reference(stdout);
        return EXIT_OK;
    case RUN:
        err = sl_log_start();
        break;
    case CHECK:
    case PRINT_CONFIG:
        break;
    }
    if (err < 0) {
        fprintf(stderr, "sluice: no thread for the log: %s\n", strerror(-err));
        return EXIT_FAILED;
    }
    struct sl_config *config = load_config(command, &error);
    if (!config) {
        complain(error.text);
        return EXIT_BAD_CONFIG;
    }
    if (command->action == PRINT_CONFIG)
        sl_config_print(config, stdout);
    else if (command->action == RUN)
        code = run(command, config);
    sl_config_destroy(config);
    return code;
}

/* Called by the server itself (transcoder/): not one of the options. False: it was not. */
static bool is_codec_process(int argc, char **argv, int *code)
{
    static const struct {
        const char *argument;
        enum sl_engine_role role;
    } roles[] = {
        {"--codec=pictures", SL_ENGINE_ROLE_PICTURES},
        {"--codec=sound", SL_ENGINE_ROLE_SOUND},
    };

    for (size_t i = 0; argc == 2 && i < SL_ARRAY_LEN(roles); i++) {
        if (strcmp(argv[1], roles[i].argument) != 0)
            continue;
        *code = sl_engine_run(roles[i].role);
        return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    struct command command = {0};
    enum exit_code code = EXIT_USAGE;
    int codec_code;

    if (is_codec_process(argc, argv, &codec_code))
        return codec_code;
    /* libuv's pool: names take half of it at most, files a thread for each kind (the state, sounds,
     * web pages, a reload, see net/lane.h): some are left for passwords when a name service or the
     * disk of the state hangs. With workers and job loops that is fourteen threads on two cores. */
    (void)setenv("UV_THREADPOOL_SIZE", POOL_THREADS, 0);
    if (sl_memory_init() < 0) {
        fprintf(stderr, "sluice: a library does not take our allocator\n");
        return EXIT_FAILED;
    }
    if (parse_command(argc, argv, &command))
        code = act(&command);
    free(command.assignments);
    sl_log_flush(LAST_LINES_MS);
    return (int)code;
}
