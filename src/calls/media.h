/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a call carries: a browser's leg and a telephone's, each a stream without a name, heard by
 * the other side as it is where both have its codec, else as a variant. Control loop.
 *
 *   browser calls:   take_offer -> offer_line -> (their answer) settle_line: joined, answer in text
 *   telephone calls: take_line -> offer_browser -> take_answer: joined, answer for the line in
 * text; without a description of theirs, an offer, and settle_line joins
 */
#ifndef SL_CALLS_MEDIA_H
#define SL_CALLS_MEDIA_H

#include "calls/internal.h"

struct sl_call_media;
struct sl_flow_stats;
struct sl_sound;
struct sl_stream;
struct sl_stream_config;

struct sl_call_media_config {
    struct sl_calls *calls;
    const char *id;       /* of the call: copied */
    struct sl_addr via;   /* ours that the client came by */
    struct sl_addr local; /* ours that the telephone's side is reached from */
    bool at_home;         /* that side is this server: no other address of it is told */
    const struct sl_log_scope *log;
    /* There is no browser: a voice of ours speaks, and the telephone is heard, and seen, by whoever
     * takes the stream (sl_call_media_publish()). */
    bool alone;
    bool wants[2]; /* by kind, then; pictures are received only */
    bool to_rtmp;  /* and what it sends is for RTMP */
    /* Or there will be one: that of another call's media, which is asked now what it would send,
     * and taken over later. NULL: no such. */
    const struct sl_call_media *beside;
    /* The browser's way is gone; not from within, not after sl_call_media_close(). */
    void (*on_failed)(void *owner);
    /* The browser wants a key frame, and the telephone hears of it by INFO only (RFC 5168). */
    void (*on_keyframe_wanted)(void *owner);
    /* The first sound of the telephone has come (of pictures alone, those); as on_failed. May be
     * NULL. */
    void (*on_heard)(void *owner);
    void *owner;
};
struct sl_call_media *sl_call_media_create(const struct sl_call_media_config *config);
/* As in the configuration, where it was not known then; before any description. */
void sl_call_media_set_local(struct sl_call_media *media, const struct sl_addr *local);
/* The owner is told nothing more; it goes by itself. NULL is fine. */
void sl_call_media_close(struct sl_call_media *media);

/* All: 0 and the text that goes to the other side, if there is one, in sl_call_media_text(), or a
 * negative errno value with words: -EBADMSG, -ENOMSG no common codec, -EADDRINUSE no ports. */
const char *sl_call_media_text(const struct sl_call_media *media);
int sl_call_media_take_offer(struct sl_call_media *media, const char *offer,
                             struct sl_error *error);
int sl_call_media_offer_line(struct sl_call_media *media, struct sl_error *error);
int sl_call_media_settle_line(struct sl_call_media *media, const char *answer,
                              struct sl_error *error);
/* offer NULL: none came. */
int sl_call_media_take_line(struct sl_call_media *media, const char *offer, struct sl_error *error);
/* What they offered has pictures that a browser can have. */
bool sl_call_media_offers_pictures(const struct sl_call_media *media);
int sl_call_media_offer_browser(struct sl_call_media *media, struct sl_error *error);
int sl_call_media_take_answer(struct sl_call_media *media, const char *answer,
                              struct sl_error *error);

/* Of one without a browser, as its telephone has answered: its stream, by the name and publisher of
 * `as`; what it has flows from now on. Once. The stream ends with the call. */
int sl_call_media_publish(struct sl_call_media *media, const struct sl_stream_config *as,
                          struct sl_stream **out, struct sl_error *error);

/*
 * Of `next`, which was made beside this one, the telephone has answered: from now on it speaks with
 * this one's browser, and this one's telephone is next's, to be closed with that. On an error all
 * is as it was.
 */
int sl_call_media_take_over(struct sl_call_media *media, struct sl_call_media *next,
                            const char *answer, struct sl_error *error);
/* Another call's, from now on. */
void sl_call_media_set_owner(struct sl_call_media *media, void *owner,
                             const struct sl_log_scope *log);
/* Its telephone is gone; the browser stays, for another. */
void sl_call_media_quieten(struct sl_call_media *media);

/* What the telephone hears from now on: this live stream's sound, until it ends; NULL: what it
 * heard at first. -EAGAIN: nobody has answered, or the call has no sound; -ENOENT: there is no
 * sound; -ENOSYS and the like: it cannot be made for it. */
int sl_call_media_say(struct sl_call_media *media, struct sl_stream *stream,
                      struct sl_error *error);
/* The same with a sound file, to its end. */
int sl_call_media_play(struct sl_call_media *media, struct sl_sound *sound, struct sl_error *error);
/* Of what the telephone sends; NULL: nothing can have come. */
const struct sl_flow_stats *sl_call_media_stats(const struct sl_call_media *media);

bool sl_call_media_is_joined(const struct sl_call_media *media);
/* An outgoing call is answered, or need not be: the telephone's side hears the browser from now
 * on. */
void sl_call_media_open(struct sl_call_media *media);
/* Digits can go among the sound (RFC 4733): one more, behind those that are under way. */
bool sl_call_media_has_tones(const struct sl_call_media *media);
void sl_call_media_dial(struct sl_call_media *media, char digit);
/* The telephone wants a key frame, and says so by INFO. */
void sl_call_media_refresh(struct sl_call_media *media);
/* Of a joined one: what the telephone's side answers later, which may move it, in another codec,
 * too; the browser hears nothing of it. On an error all stays as it was. */
int sl_call_media_move_line(struct sl_call_media *media, const char *answer,
                            struct sl_error *error);
/* The same with an offer of theirs; the text is our answer. offer NULL: the text is an offer, and
 * sl_call_media_move_line() follows. */
int sl_call_media_offered(struct sl_call_media *media, const char *offer, struct sl_error *error);
/* Our own offer, with nothing heard by either (held) or as before. */
int sl_call_media_hold(struct sl_call_media *media, bool held, struct sl_error *error);
/* Its last wish was refused: it is as it was. */
void sl_call_media_hold_no_more(struct sl_call_media *media, bool held);
/* When sound last came from the telephone, or pictures where there is no sound; 0: never. */
int64_t sl_call_media_heard_us(const struct sl_call_media *media);

#endif
