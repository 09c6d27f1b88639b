/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text as a message of another server: what is accepted lies in its tree, and what we say with
 * its words is a message again. */
#include "pull/message.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_built(char *text, const struct message_stream *stream)
{
    struct message message;

    check(text != NULL);
    check(sl_message_parse(text, strlen(text), &message) == 0);
    check(message.kind == MESSAGE_OTHER);
    check(message.id && strcmp(message.id, stream->id) == 0);
    sl_message_free(&message);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct message message;

    if (sl_message_parse((const char *)data, len, &message) < 0)
        return 0;
    struct message_stream stream = {.id = message.id ? message.id : "id",
                                    .name = message.info ? message.info : "name",
                                    .sdp = message.sdp ? message.sdp : "v=0"};
    check_built(sl_message_build_request(&stream), &stream);
    stream.publish = true;
    check_built(sl_message_build_stop(&stream), &stream);
    sl_message_free(&message);
    return 0;
}
