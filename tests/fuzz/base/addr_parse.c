/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses and networks: an accepted address is its own text's address, and a network contains the
 * address it was written with and nothing outside its bits. */
#include "base/addr.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_address(const struct sl_addr *addr)
{
    char text[SL_ADDR_TEXT_MAX];
    struct sockaddr_storage sa;
    struct sl_addr again;

    require(sl_addr_parse_ip(sl_addr_format_ip(addr, text), addr->port, &again) == 0);
    require(sl_addr_equal(addr, &again));
    (void)sl_addr_to_sockaddr(addr, &sa);
    require(sl_addr_from_sockaddr(&again, (struct sockaddr *)&sa) == 0);
    require(sl_addr_equal(addr, &again));
    require(strlen(sl_addr_format(addr, text)) < sizeof(text));
    require(!(sl_addr_is_any(addr) && sl_addr_is_loopback(addr)));
}

static void check_network(const struct sl_cidr *cidr)
{
    struct sl_addr addr = {.port = 1};

    require(cidr->bits <= 128);
    memcpy(addr.ip, cidr->ip, sizeof(addr.ip));
    require(sl_cidr_contains(cidr, &addr));
    if (cidr->bits < 128) {
        addr.ip[cidr->bits / 8] ^= (uint8_t)(0x80 >> cidr->bits % 8); /* first bit that is free */
        require(sl_cidr_contains(cidr, &addr));
    }
    if (cidr->bits > 0) {
        unsigned last = cidr->bits - 1;
        addr.ip[last / 8] ^= (uint8_t)(0x80 >> last % 8); /* last bit that counts */
        require(!sl_cidr_contains(cidr, &addr));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = sl_strndup((const char *)data, len);
    struct sl_addr addr;
    struct sl_cidr cidr;
    int err = sl_addr_parse_ip(text, 4711, &addr);

    require(err == 0 || err == -EINVAL);
    if (err == 0) {
        check_address(&addr);
        /* A bare address is a network of one. */
        require(sl_cidr_parse(text, &cidr) == 0 && cidr.bits == 128);
        require(sl_cidr_contains(&cidr, &addr));
    }
    err = sl_cidr_parse(text, &cidr);
    require(err == 0 || err == -EINVAL);
    if (err == 0)
        check_network(&cidr);
    free(text);
    return 0;
}
