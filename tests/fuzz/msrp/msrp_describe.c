/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text as a description: what is answered to it has as many sections, and is read as ours. */
#include "base/buffer.h"
#include "base/error.h"
#include "base/mem.h"
#include "msrp/describe.h"
#include "msrp/msrp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* As many as there is room for, of one hash that is strong enough. */
static void check_fingerprints(const struct sl_msrp_description *theirs)
{
    if (theirs->fingerprint_count > SL_MSRP_FINGERPRINTS_MAX)
        abort();
    for (size_t i = 0; i < theirs->fingerprint_count; i++) {
        if (theirs->fingerprints[i].len != theirs->fingerprints[0].len ||
            theirs->fingerprints[i].len < 32)
            abort();
    }
}

static void check(const char *sdp)
{
    static const struct sl_fingerprint fingerprint = {32, {1, 2, 3}};
    struct sl_msrp_local local = {
        .uri = "msrp://192.0.2.1:9/s;tcp", .setup = SL_MSRP_PASSIVE, .max_size = 5};
    struct sl_msrp_description theirs, ours;
    struct sl_msrp_uri uri;
    struct sl_error error;
    struct sl_buffer out;

    (void)sl_msrp_is_offered(sdp);
    (void)sl_msrp_is_secure(sdp);
    if (sl_msrp_describe_parse(sdp, &theirs, &error) < 0)
        return;
    struct sl_text_part path = {theirs.path, strlen(theirs.path)};
    if (sl_msrp_uri_parse(sl_msrp_path_first(path), &uri) < 0 ||
        sl_msrp_uri_parse(sl_msrp_path_last(path), &uri) < 0)
        abort();
    (void)sl_msrp_describe_takes(&theirs, "text/plain; charset=utf-8");
    check_fingerprints(&theirs);
    if (theirs.secure) {
        local.uri = "msrps://192.0.2.1:9/s;tcp";
        local.fingerprint = &fingerprint;
    }
    (void)sl_addr_parse_ip("192.0.2.1", 9, &local.addr);
    sl_buffer_init(&out, 1 << 20);
    sl_msrp_describe_build(&local, sdp, theirs.section, &out);
    sl_buffer_u8(&out, 0);
    if (sl_msrp_describe_parse((const char *)out.data, &ours, &error) < 0 ||
        ours.section != theirs.section || ours.secure != theirs.secure ||
        ours.fingerprint_count != theirs.secure ||
        !sl_msrp_describe_is_alone((const char *)out.data))
        abort();
    sl_buffer_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *sdp = sl_strndup((const char *)data, len);

    check(sdp);
    free(sdp);
    return 0;
}
