/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The administrator's console: commands over SSH (cli.md). The SSH side (libssh) runs on a thread
 * of its own, because a key exchange computes for milliseconds; every command runs on the control
 * loop, where what it asks for and changes lives.
 *
 * Known: somebody who has logged in and announces a maximum packet of exactly 10 bytes keeps libssh
 * (0.10) writing empty packets, until its buffer has 256 MiB and it gives up. The other consoles,
 * and sl_cli_destroy(), wait for that, up to a minute; nothing else does. libssh tells no
 * one what the client announced.
 *
 * Threads: the calls of this header on the control loop, and so are the callbacks in it.
 */
#ifndef SL_CLI_CLI_H
#define SL_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct sl_apps;
struct sl_cli;
struct sl_config;
struct sl_error;
struct sl_exchange;
struct sl_loop;
struct sl_mixers;
struct sl_sessions;
struct sl_transcoder;
struct sl_variants;

/* text: what was applied and what needs a restart. err negative: nothing was, with words. */
typedef void sl_cli_on_reloaded(void *owner, int err, const char *words, const char *text);

struct sl_cli_config {
    /* All of these must outlive the console. */
    const struct sl_config *config; /* cli.port, cli.address, cli.authorized_keys, state_dir */
    struct sl_loop *loop;
    struct sl_apps *apps;
    struct sl_sessions *sessions;
    struct sl_variants *variants; /* NULL, and the next: nothing is made of streams */
    struct sl_transcoder *transcoder;
    struct sl_mixers *mixers;           /* NULL: there are none */
    const struct sl_exchange *exchange; /* NULL: there are no telephones */
    /* `show stat`: writes the page of rest-api.md section 10. */
    void (*print_stat)(void *arg, FILE *out);
    /* `reload`: as SIGHUP. on_done once, from the loop. */
    void (*reload)(void *arg, sl_cli_on_reloaded *on_done, void *owner);
    void *arg;
};

/*
 * Listens; the thread is made for the first who comes. The host key (ed25519) is made in state_dir on first start.
 * -EADDRINUSE, -EACCES, -EINVAL with words that name the option (CFG-19).
 */
int sl_cli_create(const struct sl_cli_config *config, struct sl_cli **out, struct sl_error *error);
/* The port that is listened on, also when cli.port left the choice to the kernel. */
uint16_t sl_cli_port(const struct sl_cli *cli);
/* Cuts every client, joins the thread if there is one, frees. Not from within a command. NULL is fine. */
void sl_cli_destroy(struct sl_cli *cli);

#endif
