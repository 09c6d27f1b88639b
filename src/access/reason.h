/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Why something cannot be, or had to end, whatever protocol it came by. Each protocol has its own
 * words for it (signalling/words.c has those of the SDK). */
#ifndef SL_ACCESS_REASON_H
#define SL_ACCESS_REASON_H

enum sl_reason {
    SL_REASON_NONE,
    SL_REASON_ERROR, /* nothing better is known */
    /* The way of the media */
    SL_REASON_UNCONNECTED,     /* it never came to be */
    SL_REASON_CONNECTION_LOST, /* it is no more */
    SL_REASON_WRONG_KEY,       /* the other side is not whom it said it was */
    SL_REASON_NOT_SECURED,     /* no keys could be agreed on */
    SL_REASON_SILENT,          /* a publisher sends nothing */
    SL_REASON_LEFT,            /* the client closed it without a word */
    SL_REASON_BAD_OFFER,       /* what the client offers cannot be taken */
    SL_REASON_NO_CODECS,       /* none in common */
    SL_REASON_TRANSCODING,     /* it would have to be made, and nothing is */
    SL_REASON_NO_TRANSCODERS,  /* it would have to be made, and there is no room for it */
    /* Names and ids */
    SL_REASON_NAME_IN_USE,
    SL_REASON_NO_STREAM,
    SL_REASON_NOT_READY, /* published, but no media yet */
    SL_REASON_NO_SOURCE, /* a name of something that cannot be fetched */
    SL_REASON_NO_ID,
    SL_REASON_ID_IN_USE,
    SL_REASON_NO_SESSION,
    SL_REASON_NO_APP,
    /* Somebody's wish */
    SL_REASON_REFUSED,       /* by the back end, which may have words of its own */
    SL_REASON_FORBIDDEN,     /* by the back end, which had allowed it before */
    SL_REASON_RESTRICTED,    /* the back end would have to allow it, and has not */
    SL_REASON_OPERATOR,      /* ended it */
    SL_REASON_PUBLISHER_END, /* the publisher stopped, or was stopped */
    SL_REASON_USER_STOP,     /* the player did */
    SL_REASON_SESSION_END,   /* its client is gone */
    SL_REASON_SHUTDOWN,
    /* Bounds */
    SL_REASON_SESSIONS_MAX,
    SL_REASON_SESSION_STREAMS_MAX,
    SL_REASON_STREAMS_MAX,
    SL_REASON_PLAYERS_MAX,
    SL_REASON_BUSY,
    SL_REASON_EVENT_TOO_LARGE,
    SL_REASON_CUSTOM_TOO_LARGE,
    SL_REASON_DATA_TOO_LARGE,
    /* Rooms */
    SL_REASON_LOGIN, /* it cannot be one */
    SL_REASON_ROOM_NAME,
    SL_REASON_LOGIN_IN_ROOM, /* by another session */
    SL_REASON_ROOM_FULL,
    SL_REASON_ROOMS_MAX,
    SL_REASON_SESSION_ROOMS_MAX,
    SL_REASON_NOT_IN_ROOM,
    SL_REASON_NO_PARTICIPANT,
    SL_REASON_ROOM_MESSAGE,
    SL_REASON_ROOM_COMMAND,
    SL_REASON_ROOM_ELSEWHERE, /* on another node */
};
enum { SL_REASONS = SL_REASON_ROOM_ELSEWHERE + 1 };

/* Why a client is told no, or of an end. */
struct sl_why {
    enum sl_reason reason; /* SL_REASON_NONE: it may, it is well */
    const char *words;     /* the back end's own, instead of ours: printable; NULL, it gave none */
};

#endif
