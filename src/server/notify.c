/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words to the service manager. */
#include "server/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void sl_notifier_init(struct sl_notifier *notifier)
{
    const char *path = getenv("NOTIFY_SOCKET"); /* NOLINT(concurrency-mt-unsafe): main thread */

    *notifier = (struct sl_notifier){.fd = -1, .to.sun_family = AF_UNIX};
    if (!path || (path[0] != '/' && path[0] != '@') ||
        strlen(path) >= sizeof(notifier->to.sun_path))
        return;
    memcpy(notifier->to.sun_path, path, strlen(path));
    if (path[0] == '@')
        notifier->to.sun_path[0] = '\0'; /* the abstract namespace */
    notifier->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    notifier->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

void sl_notifier_deinit(struct sl_notifier *notifier)
{
    if (notifier->fd >= 0)
        (void)close(notifier->fd); /* datagrams only: nothing to lose */
    notifier->fd = -1;
}

void sl_notify(const struct sl_notifier *notifier, const char *state)
{
    if (notifier->fd >= 0)
        (void)sendto(notifier->fd, state, strlen(state), 0, (const struct sockaddr *)&notifier->to,
                     notifier->to_len);
}
