/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams that are announced hold their names while they live. */
#include "cluster/internal.h"

struct announced {
    struct sl_list link; /* in cluster->announced */
    struct sl_stream_listener listener;
    struct sl_cluster *cluster;
    char name[SL_STREAM_NAME_MAX + 1];
};

static void forget(struct announced *announced)
{
    sl_list_remove(&announced->link);
    free(announced);
}

static void on_end(struct sl_stream_listener *listener)
{
    struct announced *announced = sl_container_of(listener, struct announced, listener);

    sl_cluster_release(announced->cluster, announced->name);
    forget(announced);
}

static void announce(struct sl_cluster *cluster, struct sl_stream *stream)
{
    if (!cluster->config.announces(cluster->config.arg, stream))
        return;
    struct announced *announced = sl_new(struct announced);
    announced->cluster = cluster;
    (void)snprintf(announced->name, sizeof(announced->name), "%s",
                   sl_stream_name(stream)); /* fits */
    announced->listener.on_end = on_end;
    sl_stream_listen(stream, &announced->listener);
    sl_list_append(&cluster->announced, &announced->link);
    sl_name_hold(cluster, announced->name);
}

static void on_live(struct sl_streams_listener *listener, struct sl_stream *stream)
{
    announce(sl_container_of(listener, struct sl_cluster, listener), stream);
}

static void announce_if_live(struct sl_stream *stream, void *arg)
{
    if (sl_stream_is_live(stream))
        announce(arg, stream);
}

void sl_announce_start(struct sl_cluster *cluster)
{
    sl_list_init(&cluster->announced);
    cluster->listener.on_live = on_live;
    sl_streams_listen(cluster->config.streams, &cluster->listener);
    sl_streams_each(cluster->config.streams, announce_if_live, cluster);
}

void sl_announce_stop(struct sl_cluster *cluster)
{
    struct announced *announced;

    sl_streams_unlisten(&cluster->listener);
    while ((announced = sl_list_first(&cluster->announced, struct announced, link))) {
        sl_stream_unlisten(&announced->listener);
        forget(announced);
    }
}
