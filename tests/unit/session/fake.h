/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stand-ins for what lies below session/ and signalling/: a clock and timers that only move when
 * told, streams without media, peers that are what the test says they are, WebSockets that remember
 * what was sent, and a back end whose answers the test gives. Linked in place of net/, stream/ and
 * webrtc/.
 */
#ifndef SL_TESTS_UNIT_SESSION_FAKE_H
#define SL_TESTS_UNIT_SESSION_FAKE_H

#include "access/access.h"
#include "base/config.h"
#include "base/json.h"
#include "base/list.h"
#include "base/metrics.h"
#include "fake_provider.h"
#include "hooks/hooks.h"
#include "http/http.h"
#include "negotiate/negotiate.h"
#include "net/net.h"
#include "session/session.h"
#include "signalling/signalling.h"
#include "stream/stream.h"
#include "variant/variant.h"
#include "webrtc/webrtc.h"

/* ---- Time: the monotonic clock stands still but for this ---- */

void fake_advance_ms(int64_t ms);
/* One turn of the loop: what has waited for it (sl_loop_later()). */
void fake_turn(void);
/* Turns until nothing waits for one. */
void fake_settle(void);
/* Timers alive: 0 when everything was taken down. */
size_t fake_timer_count(void);

/* Runs the jobs that were added, in their order; returns how many there were. */
size_t fake_run_jobs(void);

/* ---- Media ---- */

/* What the functions of stream.h are given here; they know only one. */
struct sl_streams *fake_streams(void);
/* One that no client publishes: live, with sound and pictures. The test releases it. */
struct sl_stream *fake_stream_add(const char *name, const struct sl_source_ops *ops,
                                  const struct sl_publisher *publisher);
/* Candidates of every worker and transport: 1, or 0 for "no port". */
void fake_set_candidates(size_t transport, size_t count);
/* The peer whose cname is this mediaSessionId; NULL. The newest, closing ones included. */
struct sl_peer *fake_peer(const char *media_session_id);
void fake_peer_event(const char *media_session_id, enum sl_peer_state state,
                     enum sl_peer_failure failure);
struct sl_flow_stats *fake_peer_stats(const char *media_session_id);
/* What the track it was moved to stands in for; 0: for nothing. */
uint64_t fake_peer_wanted(const char *media_session_id);
const struct sl_peer_config *fake_peer_config(const char *media_session_id);
bool fake_peer_started(const char *media_session_id);
/* on_closed of every peer that was closed, and the turn after. */
void fake_finish_closing(void);
size_t fake_peer_count(void);
size_t fake_stream_object_count(void);
/* As if the source's track had changed its picture. */
void fake_stream_size(const char *name, uint16_t width, uint16_t height);
void fake_stream_object_size(struct sl_stream *stream, uint16_t width, uint16_t height);

/* The sizes that sources send at once from now on, as sl_stream_layers() gives them. */
void fake_stream_layers(const struct sl_stream_layer *layers, size_t count);

/* ---- What is made of streams ---- */

/* What the functions of variant.h are given here; there is only one. */
struct sl_variants *fake_variants(void);
/* Two processes of pictures, of which the second is the spare one, and one of sound. */
struct sl_transcoder *fake_transcoder(void);
/* Whoever wants something is told this; 0: gets it. */
void fake_variants_refuse(int err);
/* The newest of this codec; NULL. */
struct sl_variant *fake_variant(enum sl_codec codec);
void fake_variant_end(struct sl_variant *variant, int why);
/* How the pictures of the last stream that was to be made of another one were wanted. */
const struct sl_variant_want *fake_republish_want(void);
/* Pictures under way; the test answers them, and the rest of a stream's that ends does not come. */
size_t fake_snapshot_count(void);
/* Answers the oldest one: the PNG is four bytes. Returns its len_max. */
size_t fake_snapshot_answer(int err);
/* No room for another one. */
void fake_snapshots_refuse(bool refuse);
/* As if B pictures had come. */
void fake_stream_reordered(const char *name);
/* As if its source had gone on in this codec. */
void fake_stream_codec(const char *name, enum sl_codec codec);
/* The track that a peer was moved to last, of pictures; NULL. */
struct sl_track *fake_peer_moved(const char *media_session_id);

/* ---- Hooks ---- */

struct fake_hooks {
    struct sl_hooks hooks;
    bool wanted[SL_HOOK_METHOD_COUNT];
    bool guarded[SL_HOOK_METHOD_COUNT]; /* those of wanted with restOnError=FAIL */
    /* Answers in the next turn, as of then; otherwise fake_hooks_answer() does. */
    bool prompt;
    struct sl_hook_answer answer;
    bool forgets; /* told stays empty: copies cost time */
    json_t *told; /* array of {"method", "body"}: every ask and notify in order */
    struct fake_call *first;
    size_t cancelled;
};
void fake_hooks_init(struct fake_hooks *fake);
void fake_hooks_deinit(struct fake_hooks *fake);
/* Answers the oldest open question about this method; false if there is none. */
bool fake_hooks_answer(struct fake_hooks *fake, enum sl_hook_method method,
                       const struct sl_hook_answer *answer);
size_t fake_hooks_open(const struct fake_hooks *fake);
/* The n-th body told about this method; NULL. */
json_t *fake_hooks_told(const struct fake_hooks *fake, enum sl_hook_method method, size_t n);

/* ---- The names of other servers ---- */

struct fake_names {
    struct sl_directory directory;
    /* Answers in the next turn with err, as of then; otherwise fake_names_answer() does. */
    bool prompt;
    int err;
    size_t claims, finds, fetches, cancelled, released; /* how many there were */
    int held;                                           /* claims granted and not released */
    struct sl_list calls;
};
void fake_names_init(struct fake_names *fake);
/* The name in the oldest open question; NULL: there is none. */
const char *fake_names_asked(const struct fake_names *fake);
void fake_names_answer(struct fake_names *fake, int err);

/* ---- WebSockets ---- */

struct sl_ws *fake_ws_create(const char *remote_ip, uint16_t remote_port);
/* on_open; returns the owner. */
/* What is sent is told, as the text it is, and not kept: trees cost time. */
void fake_ws_on_sent(struct sl_ws *ws, void (*on_sent)(struct sl_json_span text));
void fake_ws_open(struct sl_ws *ws, const struct sl_ws_ops *ops, void *arg);
void fake_ws_receive(struct sl_ws *ws, const char *text);
void fake_ws_receive_bytes(struct sl_ws *ws, const char *text, size_t len);
/* The next message that was sent, NULL if there is none. New reference. */
json_t *fake_ws_next(struct sl_ws *ws);
/* The last message that was sent, as it was; "" if there was none. */
const char *fake_ws_last_text(const struct sl_ws *ws);
size_t fake_ws_sent_count(const struct sl_ws *ws);
/* What it has not read yet. */
void fake_ws_set_queued(struct sl_ws *ws, size_t len);
/* Every text from now on is refused: the client does not read. */
void fake_ws_set_full(struct sl_ws *ws);
bool fake_ws_is_closing(const struct sl_ws *ws, uint16_t *code); /* 0: aborted */
/* Nothing may be received then. */
bool fake_ws_is_paused(const struct sl_ws *ws);
size_t fake_ws_message_max(const struct sl_ws *ws);
size_t fake_ws_pings(const struct sl_ws *ws);
void fake_ws_pong(struct sl_ws *ws);
/* on_close, and frees. */
void fake_ws_gone(struct sl_ws *ws);

/* ---- A server of all this ---- */

/* Keeps whoever the test lets it keep. */
struct fake_keeper {
    struct sl_keeper keeper;
    bool keeps;
    char log[1024]; /* "keep ID\n", "resume ID as ID\n", "end ID\n" */
};

struct fake_server {
    struct sl_config *config;
    bool keeps_config; /* it is the caller's */
    struct sl_counters *counters;
    struct fake_hooks hooks;
    struct fake_names names;
    struct fake_keeper keeper;
    struct fake_provider provider; /* the second one, after WebRTC */
    struct sl_webrtc_provider *webrtc;
    struct sl_sessions *sessions;
};
void fake_server_init(struct fake_server *server);
/* With a configuration that stays the caller's. */
void fake_server_init_with(struct fake_server *server, struct sl_config *config);
/* Its names are not its own alone: server->names is asked. */
void fake_server_init_clustered(struct fake_server *server);
/* Finishes what is closing; fails the test if anything is left over. */
void fake_server_deinit(struct fake_server *server);

/* A client's offer. */
const char *fake_offer(bool publishing, bool audio, bool video);

#endif
