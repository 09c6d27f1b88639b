/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A name that leads to several addresses, "several.test": 127.0.0.2, 127.0.0.3, 127.0.0.1, in this
 * order. getaddrinfo() of the program that includes this file is ours, for libraries, too; other
 * names are the system's. Include it in one file.
 */
#ifndef SL_TEST_NAMES_H
#define SL_TEST_NAMES_H

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

typedef int names_resolve(const char *node, const char *service, const struct addrinfo *hints,
                          struct addrinfo **out);

/* One that freeaddrinfo() takes: a block with its sockaddr inside. */
static struct addrinfo *names_make(const char *ip, const char *service)
{
    struct addrinfo *info = calloc(1, sizeof(*info) + sizeof(struct sockaddr_in));
    struct sockaddr_in *sa = (void *)(info + 1);

    sa->sin_family = AF_INET;
    sa->sin_port = htons((uint16_t)(service ? strtoul(service, NULL, 10) : 0));
    (void)inet_pton(AF_INET, ip, &sa->sin_addr);
    info->ai_family = AF_INET;
    info->ai_socktype = SOCK_STREAM;
    info->ai_addr = (struct sockaddr *)sa;
    info->ai_addrlen = sizeof(*sa);
    return info;
}

__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **out)
{
    static const char *const ips[] = {"127.0.0.2", "127.0.0.3", "127.0.0.1"};
    names_resolve *resolve;

    if (!node || strcmp(node, "several.test") != 0) {
        *(void **)&resolve = dlsym(RTLD_NEXT, "getaddrinfo");
        return resolve(node, service, hints, out);
    }
    for (size_t i = 0; i < sizeof(ips) / sizeof(*ips); i++) {
        *out = names_make(ips[i], service);
        out = &(*out)->ai_next;
    }
    return 0;
}

/* Listens at 127.0.0.<last>, on a port that is nobody's at the others. Returns the socket. */
static inline int names_listen(int last, uint16_t *port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_addr = {htonl(0x7f000000u + (uint32_t)last)}};
    socklen_t len = sizeof(sa);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, 16) < 0 ||
        getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
        abort();
    *port = ntohs(sa.sin_port);
    return fd;
}

#endif
