/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pushes ("transponders"): each takes one stream of this server and publishes it to an RTMP server
 * (rest-api.md section 5). H264 passes through, VP8 is transcoded; G.711 passes through,
 * Opus and G.722 become AAC-LC. A push asks its source for a key frame at least every 4 s, because
 * viewers of RTMP servers cannot.
 *
 * rtmps checks the server's certificate by the host's name against the system's authorities
 * (SSL_CERT_FILE and SSL_CERT_DIR of the environment move those).
 *
 * Threads: every call and callback on the control loop. Sound and pictures are brought into a form
 * for RTMP once a stream, and sent by job loops (rtmp/channel.h, rtmp/publication.h). What stalls
 * there drops frames up to the next key frame; the stream and its players never wait.
 */
#ifndef SL_PUSH_PUSH_H
#define SL_PUSH_PUSH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_config;
struct sl_counters;
struct sl_error;
struct sl_job_pool;
struct sl_loop;
struct sl_push;
struct sl_pushes;
struct sl_programs;
struct sl_streams;
struct sl_tls_clients;

/* ---- Where a push goes (rest-api.md 5.5, the table of 12 rows). Pure. ---- */

struct sl_push_target {
    bool tls; /* rtmps */
    char host[256];
    uint16_t port;
    char user[128], password[128]; /* percent-decoded; "" if none */
    char app[1024];
    char tc_url[1280];  /* never with credentials */
    char publish[1024]; /* name published there */
    char shown[1280];   /* as asked for, the password as *** : what logs and answers may contain */
};
struct sl_push_naming {
    const char *stream; /* name of the source here */
    const char *prefix; /* rtmp_transponder_stream_name_prefix */
    bool full_url;
};
/* -EINVAL with words (never with the password): no rtmp(s) URL with a host, too long, control
 * characters. */
int sl_push_target_parse(const char *rtmp_url, const struct sl_push_naming *naming,
                         struct sl_push_target *out, struct sl_error *error);

/* Where the server of *from sends us: its URL names the application, the name stays. User and
 * password go along only to the same host; a stream that was to go by TLS goes by TLS.
 * -EINVAL with words. */
int sl_push_target_redirect(const struct sl_push_target *from, const char *url,
                            struct sl_push_target *out, struct sl_error *error);

/* ---- Pushes ---- */

struct sl_pushes_config {
    const struct sl_config *config; /* rtmp_*, client_push_allow, media_dir; read at each use */
    struct sl_loop *loop;
    struct sl_streams *streams;
    struct sl_job_pool *jobs;
    struct sl_programs *programs; /* stop later, and so do the jobs */
    struct sl_tls_clients *tls;   /* outlives the pushes */
    struct sl_counters *counters; /* the control loop's; NULL: nothing is counted */
};
struct sl_pushes *sl_pushes_create(const struct sl_pushes_config *config);
/* Ends all; on_stopped once, when nothing of them is left on any thread, never from within. Before
 * the jobs and the workers stop. */
void sl_pushes_stop(struct sl_pushes *pushes, void (*on_stopped)(void *owner), void *owner);
void sl_pushes_destroy(struct sl_pushes *pushes);

enum sl_push_origin {
    SL_PUSH_BY_OPERATOR, /* REST: may go anywhere */
    SL_PUSH_BY_CLIENT,   /* rtmpUrl of a browser: public addresses and client_push_allow only,
                          * checked for each address resolved */
    SL_PUSH_AUTO,        /* rtmp_push_auto_start: may go anywhere; we have no RTMP listener that it
                          * could come back by */
};

enum sl_push_sound { SL_PUSH_SOUND_NONE, SL_PUSH_SOUND_ON };

struct sl_push_request { /* everything borrowed */
    const char *stream;
    const char *named; /* published there by this name, with the prefix; NULL: as stream is called */
    const char *rtmp_url;
    enum sl_push_origin origin;
    enum { SL_PUSH_FULL_URL_CONFIG, SL_PUSH_FULL_URL_OFF, SL_PUSH_FULL_URL_ON } full_url;
    const char *flash_version; /* NULL: the configured one */
    json_t *options;           /* as requested, an object or NULL; told again in descriptions */
    bool mute;                 /* from the options: at start */
    const char *sound_file;    /* NULL: none */
    bool loop;
};

/*
 * Resolves the host (a job), then makes the push: on_done exactly once, never from within:
 * 0 and the push; otherwise NULL and, with words, -EINVAL (URL missing, unparsable, unresolvable,
 * options: REST-21), -EEXIST (a live push of the same stream to the same URL string: REST-20),
 * -ENOENT (no such stream, no such sound file: the words tell), -EACCES (the address is not allowed
 * to this origin), -ENOBUFS (pushes_max), -EBADMSG (the sound file is none we can read).
 * The push exists before the RTMP handshake.
 *
 * The stream may be reserved but not live: the push waits for it (REST-22).
 * Returns a handle to cancel with until on_done.
 */
typedef void sl_push_on_done(void *owner, int err, const char *words, struct sl_push *push);
struct sl_push_start;
struct sl_push_start *sl_push_start(struct sl_pushes *pushes, const struct sl_push_request *request,
                                    sl_push_on_done *on_done, void *owner);
void sl_push_start_cancel(struct sl_push_start *start);

enum sl_push_state {
    SL_PUSH_WAITING,    /* for media of a reserved name */
    SL_PUSH_CONNECTING, /* RTMP handshake up to publish */
    SL_PUSH_PUBLISHING,
    SL_PUSH_RETRYING, /* rtmp_push_restore: until the next try */
    SL_PUSH_ENDED,
};
const char *sl_push_state_name(enum sl_push_state state);

/* By mediaSessionId: 26 characters [0-9a-z]; NULL. */
struct sl_push *sl_pushes_find(struct sl_pushes *pushes, const char *media_session_id);
size_t sl_pushes_count(const struct sl_pushes *pushes);
/* stream: the source's or the published name, NULL any; rtmp_url: as requested, NULL any. fn may
 * end none. Returns how many matched. */
size_t sl_pushes_each(struct sl_pushes *pushes, const char *stream, const char *rtmp_url,
                      void (*fn)(struct sl_push *push, void *arg), void *arg);

/* The transponder object of rest-api.md 3.2, password masked. New reference. */
json_t *sl_push_describe(const struct sl_push *push);
struct sl_push_summary {
    const char *media_session_id, *stream,
        *target; /* borrowed until the push ends; target masked */
    enum sl_push_state state;
    uint64_t bitrate_bps; /* sent in the last second */
    uint64_t frames_dropped;
    unsigned retries;
    int64_t created_ms;
};
void sl_push_summary(const struct sl_push *push, struct sl_push_summary *out);

/* Ends it; its memory may be gone afterwards. */
void sl_push_terminate(struct sl_push *push);
void sl_push_set_muted(struct sl_push *push, bool muted);
/* Replaces the sound by a file of media_dir (RESOLVE_BENEATH, regular files only); file NULL ends
 * that. -ENOENT (no such file, or the push ended), -EINVAL (not a plain name), -EBADMSG, -ECANCELED
 * (another was asked for meanwhile), with words. on_done exactly once, never from within. */
void sl_push_set_sound(struct sl_push *push, const char *file, bool loop,
                       void (*on_done)(void *owner, int err, const char *words), void *owner);

#endif
