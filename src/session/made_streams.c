/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A short list: there are as many as mixers. */
#include "session/made_streams.h"

#include <string.h>

struct made_stream *sl_made_stream_find(const struct sl_sessions *sessions, const char *id)
{
    for (struct sl_list *link = sessions->made_streams.next; link != &sessions->made_streams;
         link = link->next) {
        struct made_stream *made = sl_container_of(link, struct made_stream, link);
        if (strcmp(made->id, id) == 0)
            return made;
    }
    return NULL;
}

struct made_stream *sl_made_stream_add(struct sl_sessions *sessions, const char *id,
                                       const char *app_key)
{
    struct made_stream *made = sl_new(struct made_stream);

    made->id = sl_strdup(id);
    made->app_key = sl_strdup(app_key);
    sl_list_append(&sessions->made_streams, &made->link);
    return made;
}

void sl_made_stream_forget(struct made_stream *made)
{
    sl_list_remove(&made->link);
    free(made->id);
    free(made->app_key);
    free(made);
}

void sl_made_streams_deinit(struct sl_sessions *sessions)
{
    while (!sl_list_empty(&sessions->made_streams))
        sl_made_stream_forget(sl_list_first(&sessions->made_streams, struct made_stream, link));
}
