/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Connections without sockets, in place of net/conn.c: bytes are given to whoever reads, cut as the
 * test likes, and what is sent is kept. Deadlines never pass. A connection is freed after on_gone.
 */
#ifndef SL_TEST_FUZZ_FAKE_CONN_H
#define SL_TEST_FUZZ_FAKE_CONN_H

#include "net/net.h"

/* The last one that was made; NULL once it is gone. */
struct sl_conn *fake_conn(void);
/* TCP and TLS are up. */
void fake_conn_ready(struct sl_conn *conn);
/* Gives it all of this in pieces of at most step bytes (0: as large as reads are), as long as it
 * reads; then the peer closes, and it is gone. */
void fake_conn_play(const uint8_t *bytes, size_t len, size_t step);

/* What was sent since the last call of fake_conn_forget_sent(): FNV-1a of all chunks. Of HTTP heads
 * only the first line counts: they hold the time. */
uint64_t fake_conn_sent_digest(void);
/* The first chunk of them, NUL-terminated, cut. */
const char *fake_conn_first_sent(void);
void fake_conn_forget_sent(void);

uint64_t fake_digest(uint64_t digest, const void *bytes, size_t len);

#endif
