/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The host key, the file of authorized keys, and what keeps the console from starting. */
#include "cli/keys.h"

#include "base/config.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "net/net.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char state_dir[256];

static int set_up(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    (void)snprintf(state_dir, sizeof(state_dir), "%s/sluice-console-XXXXXX", tmp ? tmp : "/tmp");
    return mkdtemp(state_dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[300];

    (void)state;
    (void)snprintf(command, sizeof(command), "rm -r %s", state_dir);
    return system(command); /* NOLINT: our own directory's name */
}

static const char *path(const char *name)
{
    static char text[300];

    (void)snprintf(text, sizeof(text), "%s/%s", state_dir, name);
    return text;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    FILE *file = fopen(path(name), "w");

    assert_non_null(file);
    assert_int_equal(fputs(text, file) < 0, 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path(name), mode), 0);
}

static void makes_the_host_key_once(void **state)
{
    (void)state;
    struct sl_error error = {""};
    ssh_key first = NULL, second = NULL;
    struct stat about;

    assert_int_equal(sl_host_key_load(state_dir, &first, &error), 0);
    assert_int_equal(stat(path("ssh_host_ed25519_key"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(sl_host_key_load(state_dir, &second, &error), 0);
    assert_int_equal(ssh_key_type(second), SSH_KEYTYPE_ED25519);
    assert_int_equal(ssh_key_cmp(first, second, SSH_KEY_CMP_PRIVATE), 0);
    ssh_key_free(first);
    ssh_key_free(second);
}

static void refuses_what_is_no_host_key_and_leaves_it(void **state)
{
    (void)state;
    struct sl_error error = {""};
    struct stat about;
    ssh_key key = NULL;

    write_file("ssh_host_ed25519_key", "not a key\n", 0600);
    assert_int_equal(sl_host_key_load(state_dir, &key, &error), -EBADMSG);
    assert_non_null(strstr(error.text, "ssh_host_ed25519_key: not an ed25519 key"));
    assert_null(key);
    assert_int_equal(stat(path("ssh_host_ed25519_key"), &about), 0);
    assert_int_equal(about.st_size, 10);
    assert_int_equal(sl_host_key_load("/nonexistent", &key, &error), -ENOENT);
    assert_non_null(strstr(error.text, "/nonexistent/"));
}

/* An ed25519 key whose passphrase is "secret". */
static void write_key_with_passphrase(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    BIO *out = BIO_new_file(path("ssh_host_ed25519_key"), "w");

    assert_non_null(key);
    assert_non_null(out);
    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(out, key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL), 1);
    BIO_free(out);
    EVP_PKEY_free(key);
}

/* In a process without a terminal, where OpenSSL would ask its standard input. */
static void a_host_key_with_a_passphrase_is_refused_and_nobody_is_asked(void **state)
{
    struct sl_error error = {""};
    ssh_key key = NULL;
    int ends[2], status;

    (void)state;
    write_key_with_passphrase();
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "secret\n", 7), 7);
    pid_t child = fork();
    if (child == 0) {
        (void)setsid();
        (void)dup2(ends[0], STDIN_FILENO);
        _exit(sl_host_key_load(state_dir, &key, &error) == -EBADMSG ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void finds_authorized_keys(void **state)
{
    (void)state;
    static const struct {
        const char *why, *format; /* %s: the key */
        mode_t mode;
        bool found;
    } cases[] = {
        {"the only line", "ssh-ed25519 %s", 0600, true},
        {"with a comment", "ssh-ed25519 %s me@here\n", 0644, true},
        {"among others", "# keys\n\nssh-rsa AAAA x\n  ssh-ed25519\t%s x\r\n", 0600, true},
        {"in a comment", "#ssh-ed25519 %s\n", 0600, false},
        {"with options that we do not know", "command=\"x\" ssh-ed25519 %s\n", 0600, false},
        {"others may write", "ssh-ed25519 %s", 0622, false},
        {"cut", "ssh-ed25519 %.20s", 0600, false},
        {"without a type", "%s", 0600, false},
        {"empty", "", 0600, false},
    };
    char text[1000], *base64 = NULL;
    ssh_key key = NULL;

    assert_int_equal(ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key), SSH_OK);
    assert_int_equal(ssh_pki_export_pubkey_base64(key, &base64), SSH_OK);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* from the table above */
        (void)snprintf(text, sizeof(text), cases[i].format, base64);
#pragma GCC diagnostic pop
        write_file("keys", text, cases[i].mode);
        if (sl_key_is_authorized(path("keys"), key) != cases[i].found)
            fail_msg("%s", cases[i].why);
    }
    assert_false(sl_key_is_authorized("", key));
    assert_false(sl_key_is_authorized(path("nosuch"), key));
    assert_false(sl_key_is_authorized(state_dir, key));
    ssh_string_free_char(base64);
    ssh_key_free(key);
}

/* ---- Starting ---- */

static int start(struct sl_config *config, struct sl_loop *loop, struct sl_cli **out,
                 struct sl_error *error)
{
    struct sl_cli_config console = {.config = config, .loop = loop};

    return sl_cli_create(&console, out, error);
}

static void names_the_option_that_keeps_it_from_starting(void **state)
{
    (void)state;
    struct sl_config *config = sl_config_create();
    struct sl_loop *loop = sl_loop_create("test");
    struct sl_cli *cli = NULL, *second = NULL;
    struct sl_error error = {""};
    char option[300];

    (void)snprintf(option, sizeof(option), "state_dir=%s", state_dir);
    assert_int_equal(sl_config_set(config, option, &error), 0);
    assert_int_equal(sl_config_set(config, "cli.port=0", &error), 0);
    assert_int_equal(start(config, loop, &cli, &error), 0);
    assert_int_not_equal(sl_cli_port(cli), 0);
    (void)snprintf(option, sizeof(option), "cli.port=%u", sl_cli_port(cli));
    assert_int_equal(sl_config_set(config, option, &error), 0);
    assert_int_equal(start(config, loop, &second, &error), -EADDRINUSE);
    assert_non_null(strstr(error.text, "cli.port"));
    assert_int_equal(sl_config_set(config, "cli.address=192.0.2.77", &error), 0);
    assert_int_equal(start(config, loop, &second, &error), -EINVAL);
    assert_non_null(strstr(error.text, "cli.address"));
    assert_int_equal(sl_config_set(config, "cli.address=127.0.0.1", &error), 0);
    sl_cli_destroy(cli);
    assert_int_equal(start(config, loop, &cli, &error), 0); /* the port is free again */
    sl_cli_destroy(cli);
    write_file("ssh_host_ed25519_key", "broken", 0600);
    assert_int_equal(start(config, loop, &second, &error), -EBADMSG);
    sl_cli_destroy(NULL);
    sl_loop_destroy(loop);
    sl_config_destroy(config);
}

static size_t thread_count(void)
{
    size_t count = 0;
    DIR *dir = opendir("/proc/self/task");

    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    (void)closedir(dir);
    return count;
}

static void makes_its_thread_for_the_first_who_comes(void **state)
{
    (void)state;
    struct sl_config *config = sl_config_create();
    struct sl_loop *loop = sl_loop_create("test");
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    size_t before = thread_count();
    struct sl_cli *cli = NULL;
    struct sl_error error = {""};
    char option[300], greeting[4] = "";

    (void)snprintf(option, sizeof(option), "state_dir=%s", state_dir);
    assert_int_equal(sl_config_set(config, option, &error), 0);
    assert_int_equal(sl_config_set(config, "cli.port=0", &error), 0);
    assert_int_equal(start(config, loop, &cli, &error), 0);
    (void)uv_run(sl_loop_uv(loop), UV_RUN_NOWAIT);
    assert_int_equal(thread_count(), before);
    sa.sin_port = htons(sl_cli_port(cli));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    while (thread_count() == before)
        (void)uv_run(sl_loop_uv(loop), UV_RUN_ONCE);
    assert_int_equal(recv(fd, greeting, sizeof(greeting), MSG_WAITALL), sizeof(greeting));
    assert_memory_equal(greeting, "SSH-", sizeof(greeting)); /* who rang is let in */
    (void)close(fd);
    sl_cli_destroy(cli);
    sl_loop_destroy(loop);
    sl_config_destroy(config);
}

int main(void)
{
#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_DIR(makes_the_host_key_once),
        IN_DIR(refuses_what_is_no_host_key_and_leaves_it),
        IN_DIR(a_host_key_with_a_passphrase_is_refused_and_nobody_is_asked),
        IN_DIR(finds_authorized_keys),
        IN_DIR(names_the_option_that_keeps_it_from_starting),
        IN_DIR(makes_its_thread_for_the_first_who_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
