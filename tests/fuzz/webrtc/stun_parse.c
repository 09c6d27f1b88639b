/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a STUN message: what is accepted lies inside the input, and its contents survive
 * being built and parsed again. */
#include "webrtc/stun.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void build_again(const struct sl_stun_view *view)
{
    char *username = sl_strndup(view->username, view->username_len);
    struct sl_stun_request request = {
        .transaction_id = view->transaction_id,
        .username = username,
        .password = "secret",
        .priority = view->priority,
        .controlling = view->ice_controlling,
        .tie_breaker = view->tie_breaker,
        .use_candidate = view->use_candidate,
    };
    uint8_t out[SL_STUN_MAX];
    struct sl_stun_view again;
    size_t len = sl_stun_build_request(&request, out);

    check(sl_stun_parse(out, len, &again) == 0);
    check(sl_stun_verify(out, len, &again, "secret"));
    check(again.username_len == strlen(username));
    check(memcmp(again.username, username, again.username_len) == 0);
    check(again.priority == view->priority && again.tie_breaker == view->tie_breaker);
    check(again.use_candidate == view->use_candidate);
    free(username);
}

static void map_again(const struct sl_stun_view *view)
{
    uint8_t out[SL_STUN_MAX];
    struct sl_stun_view again;
    size_t len = sl_stun_build_success(view->transaction_id, &view->mapped, "secret", out);

    check(sl_stun_parse(out, len, &again) == 0);
    check(again.has_mapped && sl_addr_equal(&again.mapped, &view->mapped));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_stun_view view;

    if (sl_stun_parse(data, len, &view) < 0)
        return 0;
    check(sl_stun_is(data, len));
    check(view.transaction_id == data + 8);
    check(view.error_code == 0 || (view.error_code >= 300 && view.error_code <= 699));
    check(!view.integrity_at || (view.integrity_at >= 20 && view.integrity_at + 24 <= len));
    (void)sl_stun_verify(data, len, &view, "VOkJxbRl1RmTxUk/WvJxBt");
    if (view.username) {
        const uint8_t *username = (const uint8_t *)view.username;
        check(username >= data + 24 && view.username_len <= (size_t)(data + len - username));
        build_again(&view);
    }
    if (view.has_mapped)
        map_again(&view);
    return 0;
}
