/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the server and a codec process say to each other: orders go there, reports come back, coded
 * frames in both, pictures in neither. Each message is a head of fixed size and bytes behind it, in
 * the order of a stream socket. Both ends are the same program on the same machine; what comes back
 * is a stranger's word all the same, for decoders read what strangers sent: every field is checked
 * before anybody sees it. Pure. Threads: any.
 *
 * A job is one source track (or one demo) that is decoded once; its outputs are what is made of it.
 * A mosaic or a mix has many sources, its inputs, each by a number of its own. A process forgets a
 * job with its socket.
 */
#ifndef SL_ENGINE_MESSAGE_H
#define SL_ENGINE_MESSAGE_H

#include "media/media.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_ENGINE_SOCKETS_MAX = 200 }; /* of one process; a worker or a job loop has one each */

enum sl_engine_type {
    /* ---- Orders ---- */
    SL_ENGINE_OPEN,     /* job, kind; of a demo or a mosaic also form.pictures, of L16 or a mix
                           form.sound */
    SL_ENGINE_CLOSE,    /* job: with all its outputs */
    SL_ENGINE_CONFIG,   /* job, input, codec, data: for the frames that follow (AAC) */
    SL_ENGINE_INPUT,    /* job, input, codec, keyframe, quiet, pts_us, dts_us, at_us, data: one
                           frame. Whatever names an input of a mosaic or a mix makes it */
    SL_ENGINE_OUTPUT,   /* job, output, codec, form: one more; one that is there: its new rates;
                           of a mix also input: the one that is left out, 0: none */
    SL_ENGINE_DROP,     /* job, output */
    SL_ENGINE_KEYFRAME, /* job, output: the next picture is one */
    SL_ENGINE_SNAPSHOT, /* job, output (names the request), len_max: the next picture decoded */
    SL_ENGINE_ADVANCE,  /* job, pts_us: no sound before this comes any more; a gapless row that
                           has not begun begins here; of a mix: it is made up to here */
    SL_ENGINE_DRAW,     /* job, pts_us, at_us (since midnight), flash, keyframe: the demo's next
                           picture, output 0, H264; of a mosaic: job, pts_us, its next one */
    SL_ENGINE_BEEP,     /* job, pts_us, at_us (since the full second): 20 ms of the demo's sound,
                           output 1, opus */
    SL_ENGINE_PLACE,    /* job, input, cell: where a mosaic shows it, smaller ones over larger ones;
                           no cell: nowhere */
    SL_ENGINE_LEVEL,    /* job, input, percent: how loud a mix has it */
    SL_ENGINE_LEAVE,    /* job, input: it is gone */
    SL_ENGINE_IMAGE, /* job, image, data: a PNG that a mosaic draws, in place of the one before */
    SL_ENGINE_PING,  /* on the first socket only */
    SL_ENGINE_ADOPT, /* a descriptor comes along (SCM_RIGHTS): one more socket, which does not
                        block; on the first one only */
    /* ---- Reports ---- */
    SL_ENGINE_READY,         /* data: the program's version; first of all, on the first socket */
    SL_ENGINE_PONG,          /* on the first socket */
    SL_ENGINE_CODED,         /* job, output, codec, keyframe, width, height, pts_us, dts_us, data */
    SL_ENGINE_CODED_CONFIG,  /* job, output, codec, data: of what follows (AAC) */
    SL_ENGINE_NEED_KEYFRAME, /* job, input: the decoder has lost its way */
    SL_ENGINE_REFUSED,       /* job, input, err: it cannot be shown or heard as it comes; told once
                                until it can. Without an input: job, image, err */
    SL_ENGINE_PICTURE,       /* job, output, width, height, data: a snapshot, PNG */
    SL_ENGINE_FAILED,        /* job, output (SL_ENGINE_NO_OUTPUT: the job itself), err */
    SL_ENGINE_LATE, /* job, at_us: pictures are late by so much that some are skipped; 0: no more */
    SL_ENGINE_DYING, /* job (0: none), input (0: none): the last words, on the first socket */
};
enum { SL_ENGINE_TYPES = SL_ENGINE_DYING + 1 };

static inline bool sl_engine_is_report(enum sl_engine_type type)
{
    return type >= SL_ENGINE_READY;
}

enum sl_engine_kind {
    SL_ENGINE_PICTURES,
    SL_ENGINE_SOUND,
    SL_ENGINE_DEMO,
    SL_ENGINE_MOSAIC, /* pictures of many inputs in one, in one output */
    SL_ENGINE_MIX,    /* the sum of the sound of many inputs, and sums without one of them */
};
enum { SL_ENGINE_KINDS = SL_ENGINE_MIX + 1 };

/* What a mosaic draws besides its inputs. */
enum sl_engine_image {
    SL_ENGINE_BACKGROUND, /* beneath all of them */
    SL_ENGINE_WATERMARK,  /* over all of them */
};
enum { SL_ENGINE_IMAGES = SL_ENGINE_WATERMARK + 1 };

enum {
    SL_ENGINE_NO_OUTPUT = UINT32_MAX,
    SL_ENGINE_DATA_MAX = 24 << 20, /* a snapshot of 4096 x 4096 of noise is cut to this */
    SL_ENGINE_INPUT_MAX = 4 << 20, /* as a track's frames; an image as well */
    SL_ENGINE_OUTPUTS_MAX = 32,    /* of a job */
    SL_ENGINE_INPUTS_MAX = 31,     /* of one with many: with an output each and one of all */
    SL_ENGINE_PERCENT_MAX = 100,
    SL_ENGINE_SIDE_MAX = 4096, /* of a picture */
    SL_ENGINE_CHANNELS_MAX = 2,
};
enum { /* of a picture that is made (media-outputs.md 2.2) */
       SL_ENGINE_SIDE_MIN = 16,
       SL_ENGINE_BOX_WIDTH = 160, /* where only the other side is said, and shapes are not kept */
       SL_ENGINE_BOX_HEIGHT = 120,
       SL_ENGINE_BITRATE_MIN_BPS = 32000,
       SL_ENGINE_BITRATE_MAX_BPS = 20000000,
};
/* No time is further from 0 (three centuries), so that sums of two are times as well. */
#define SL_ENGINE_TIME_MAX_US (INT64_C(1) << 53)

/* What pictures are to become. */
struct sl_engine_pictures {
    uint16_t width, height; /* of the box; 0: as the source (or, of one, free) */
    bool keep_aspect;       /* the largest picture of the source's shape in the box */
    uint32_t bitrate_bps;   /* 0: a sensible one (media-outputs.md 2.4) */
    uint8_t quality;        /* 1..100 scales the sensible one; 0: 50 */
    uint8_t fps_max;        /* more are left out; of a demo: its rate */
    uint32_t gop_ms;        /* a key frame at least so often; 0: only when asked for */
    uint16_t nal_len_max;   /* of H264 for packetization-mode 0; 0: no bound */
    uint32_t pixels_max;    /* larger ones fail; of a mosaic: of its inputs, which are not shown */
    bool quick;             /* a third less work for a little less sharpness */
};

/* What sound is to become. */
struct sl_engine_sound {
    uint32_t rate_hz; /* 0: what is usual for the codec, but see channels */
    uint8_t channels; /* 0: likewise; in opus, and not gapless: rate and channels as they come */
    uint32_t bitrate_bps; /* 0: likewise */
    /* A row of samples without a gap, silence where nothing came (SL_ENGINE_ADVANCE); otherwise
     * what is short is concealed, and what is long is a gap in time. */
    bool gapless;
};

/* A part of a picture. */
struct sl_engine_cell {
    uint16_t x, y, width, height;
};

struct sl_engine_message {
    enum sl_engine_type type;
    uint32_t job, output, input;
    enum sl_engine_kind kind;
    enum sl_codec codec;
    bool keyframe;
    bool quiet; /* an input that is decoded and not encoded: to catch up */
    bool flash;
    int32_t err; /* -errno */
    uint16_t width, height;
    int64_t pts_us, dts_us; /* local monotonic time, as struct sl_frame */
    int64_t at_us;          /* of an input: when it came, monotonic; 0: it is not to be skipped */
    uint32_t len_max;
    struct sl_engine_cell cell;
    enum sl_engine_image image;
    uint8_t percent;
    struct {
        struct sl_engine_pictures pictures;
        struct sl_engine_sound sound;
    } form;
    const uint8_t *data; /* borrowed */
    size_t len;
};

enum { SL_ENGINE_HEAD_LEN = 128 };

/* The head; the message's len bytes follow it on the wire. What its type does not name is zero, but
 * for output, which may be anything. */
void sl_engine_build(const struct sl_engine_message *message,
                     uint8_t out[static SL_ENGINE_HEAD_LEN]);
/* The frame that it has coded. NULL: no memory. */
struct sl_frame *sl_engine_frame(const struct sl_engine_message *coded);
/*
 * The message at the beginning of these bytes. Returns its length; 0: there is not enough of it
 * yet, and *needed is how many bytes it takes to go on; -EBADMSG: it is none, or one that the other
 * end has not to send. Whatever it says is in the bounds named here: dts_us is not after pts_us,
 * codec is not none where the type names it, data is NULL where it names none.
 */
int64_t sl_engine_parse(const uint8_t *buf, size_t len, bool reports, struct sl_engine_message *out,
                        size_t *needed);

#endif
