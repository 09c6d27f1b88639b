/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What has come on a socket: whole messages are handed over where they lie, the rest stays. The
 * memory is as large as the largest message that waits, and small again behind it. */
#include "transcoder/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum { USUAL_ROOM = 32 << 10 }; /* most messages fit, several at a time */

static int make_room(struct sl_codec_inbox *inbox)
{
    size_t room = inbox->needed > USUAL_ROOM ? inbox->needed : USUAL_ROOM;

    if (inbox->room == room || (inbox->room > room && inbox->len > room))
        return 0;
    uint8_t *bytes = realloc(inbox->bytes, room);
    if (!bytes)
        return -ENOMEM;
    inbox->bytes = bytes;
    inbox->room = room;
    return 0;
}

/* 0, or what ends it. */
static int hand_over(struct sl_codec_inbox *inbox,
                     int (*on_message)(void *owner, const struct sl_engine_message *message),
                     void *owner)
{
    size_t at = 0;
    int err = 0;

    inbox->needed = 0;
    while (err == 0 && at < inbox->len) {
        struct sl_engine_message message;
        int64_t len =
            sl_engine_parse(inbox->bytes + at, inbox->len - at, true, &message, &inbox->needed);
        if (len < 0)
            return (int)len;
        if (len == 0)
            break;
        inbox->needed = 0;
        err = on_message(owner, &message);
        at += (size_t)len;
    }
    inbox->len -= at;
    if (at > 0)
        memmove(inbox->bytes, inbox->bytes + at, inbox->len);
    return err;
}

int sl_codec_inbox_read(struct sl_codec_inbox *inbox, int fd, size_t budget,
                        int (*on_message)(void *owner, const struct sl_engine_message *message),
                        void *owner)
{
    for (size_t done = 0; done < budget;) {
        int err = make_room(inbox);
        if (err < 0)
            return err;
        size_t room = inbox->room - inbox->len;
        ssize_t len = recv(fd, inbox->bytes + inbox->len, room, MSG_DONTWAIT);
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return errno == EAGAIN ? -EAGAIN : -EPIPE;
        if (len == 0)
            return -EPIPE;
        inbox->len += (size_t)len;
        done += (size_t)len;
        err = hand_over(inbox, on_message, owner);
        if (err < 0)
            return err;
        if ((size_t)len < room)
            return -EAGAIN;
    }
    return 0;
}

void sl_codec_inbox_deinit(struct sl_codec_inbox *inbox)
{
    free(inbox->bytes);
    *inbox = (struct sl_codec_inbox){0};
}
