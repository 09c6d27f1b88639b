/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session's descriptions, and its end. */
#include "base/buffer.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "msrp/internal.h"

#include <errno.h>
#include <string.h>

enum { DESCRIPTION_MAX = 32 << 10 };

/* ---- Descriptions ---- */

/* offer NULL: ours is one. */
static int describe(struct sl_msrp_session *session, enum sl_msrp_setup setup, const char *offer,
                    struct sl_error *error)
{
    const struct sl_msrp_local local = {.addr = session->config.shown,
                                        .uri = session->own,
                                        .fingerprint =
                                            session->config.tls ? &session->fingerprint : NULL,
                                        .setup = setup,
                                        .max_size = SL_MSRP_MESSAGE_MAX,
                                        .id = session->description_id,
                                        .version = session->version};

    sl_buffer_clear(&session->text);
    sl_msrp_describe_build(&local, offer, session->theirs.section, &session->text);
    sl_buffer_u8(&session->text, 0);
    return session->text.ok ? 0 : sl_error_set(error, -EBADMSG, "the description is too long");
}

const char *sl_msrp_session_description(const struct sl_msrp_session *session)
{
    SL_ASSERT_ON(session->config.loop);
    return session->text.data ? (const char *)session->text.data : "";
}

void sl_msrp_session_offer(struct sl_msrp_session *session)
{
    SL_ASSERT_ON(session->config.loop);
    (void)describe(session, SL_MSRP_ACTPASS, NULL, NULL); /* fits always */
}

static int take(struct sl_msrp_session *session, const char *sdp, struct sl_error *error)
{
    int err = sl_msrp_describe_parse(sdp, &session->theirs, error);

    if (err == 0 && session->theirs.secure != (session->config.tls != NULL))
        err = sl_error_set(error, -ENOMSG,
                           session->theirs.secure ? "MSRP over TLS was not asked for"
                                                  : "MSRP without TLS is not what was asked for");
    return err < 0 ? err : sl_msrp_check_provable(session, error);
}

/* Who is left the choice connects; who says nothing of it connects if it has offered (RFC 4145
 * section 4.1, RFC 6135 section 4.2). */
int sl_msrp_session_take_offer(struct sl_msrp_session *session, const char *offer,
                               struct sl_error *error)
{
    int err = take(session, offer, error);
    enum sl_msrp_setup theirs = session->theirs.setup;

    SL_ASSERT_ON(session->config.loop);
    if (err < 0)
        return err;
    session->active = theirs == SL_MSRP_PASSIVE || theirs == SL_MSRP_ACTPASS;
    return describe(session,
                    session->active                ? SL_MSRP_ACTIVE
                    : theirs == SL_MSRP_SETUP_NONE ? SL_MSRP_SETUP_NONE
                                                   : SL_MSRP_PASSIVE,
                    offer, error);
}

int sl_msrp_session_settle(struct sl_msrp_session *session, const char *answer,
                           struct sl_error *error)
{
    int err = take(session, answer, error);

    SL_ASSERT_ON(session->config.loop);
    session->active = session->theirs.setup != SL_MSRP_ACTIVE;
    return err;
}

void sl_msrp_session_connect(struct sl_msrp_session *session)
{
    SL_ASSERT_ON(session->config.loop);
    session->described = true;
    sl_msrp_connect(session);
}

static bool same_certificates(const struct sl_msrp_description *one,
                              const struct sl_msrp_description *other)
{
    return one->fingerprint_count == other->fingerprint_count &&
           memcmp(one->fingerprints, other->fingerprints, sizeof(one->fingerprints)) == 0;
}

int sl_msrp_session_take_again(struct sl_msrp_session *session, const char *offer,
                               struct sl_error *error)
{
    enum sl_msrp_setup setup = session->active ? SL_MSRP_ACTIVE : SL_MSRP_PASSIVE;
    struct sl_msrp_description theirs;

    SL_ASSERT_ON(session->config.loop);
    if (!session->described)
        return sl_error_set(error, -EAGAIN, "nothing is agreed upon yet");
    if (!offer) {
        theirs = session->theirs;
    } else {
        int err = sl_msrp_describe_parse(offer, &theirs, error);
        if (err < 0)
            return err;
        if (strcmp(theirs.path, session->theirs.path) != 0 ||
            !same_certificates(&theirs, &session->theirs))
            return sl_error_set(error, -ENOMSG, "another MSRP session in the middle of a call");
    }
    session->theirs.section = theirs.section;
    return describe(session, setup, offer, error);
}

bool sl_msrp_is_offered(const char *sdp)
{
    struct sl_msrp_description theirs;

    return sl_msrp_describe_parse(sdp, &theirs, NULL) == 0 && sl_msrp_describe_is_alone(sdp);
}

bool sl_msrp_is_secure(const char *sdp)
{
    struct sl_msrp_description theirs;

    return sl_msrp_describe_parse(sdp, &theirs, NULL) == 0 && theirs.secure;
}

/* ---- Texts ---- */

void sl_msrp_session_delivered(struct sl_msrp_session *session, int code)
{
    struct sl_msrp_message *message = session->message;

    SL_ASSERT_ON(session->config.loop);
    if (!message || session->message_due)
        return;
    session->message = NULL;
    sl_msrp_report(session, message, code);
    sl_msrp_message_destroy(message);
    sl_msrp_read_on(session);
}

bool sl_msrp_session_takes(const struct sl_msrp_session *session, const char *type)
{
    SL_ASSERT_ON(session->config.loop);
    return sl_msrp_describe_takes(&session->theirs, type);
}

size_t sl_msrp_session_max(const struct sl_msrp_session *session)
{
    int64_t max = session->theirs.max_size;

    SL_ASSERT_ON(session->config.loop);
    return max >= 0 && max < SL_MSRP_MESSAGE_MAX ? (size_t)max : SL_MSRP_MESSAGE_MAX;
}

/* ---- Life ---- */

static int keep_identity(struct sl_msrp_session *session, struct sl_error *error)
{
    SSL_CTX *tls = session->config.tls;

    if (!tls)
        return 0;
    (void)SSL_CTX_up_ref(tls); /* always 1 */
    const X509 *cert = SSL_CTX_get0_certificate(tls);
    return cert && sl_fingerprint_make(cert, &session->fingerprint)
               ? 0
               : sl_error_set(error, -EINVAL, "MSRP over TLS: there is no certificate");
}

int sl_msrp_session_create(const struct sl_msrp_config *config, struct sl_msrp_session **out,
                           struct sl_error *error)
{
    struct sl_msrp_session *session = sl_new(struct sl_msrp_session);

    SL_ASSERT_ON(config->loop);
    session->config = *config;
    sl_random_bytes(&session->description_id, sizeof(session->description_id));
    session->description_id >>= 2; /* fits a signed number wherever it is read */
    session->version = 1;
    sl_buffer_init(&session->text, DESCRIPTION_MAX);
    sl_list_init(&session->links);
    sl_list_init(&session->outgoing);
    sl_msrp_tell_init(session);
    session->inbox = sl_msrp_inbox_create();
    int err = keep_identity(session, error);
    if (err == 0)
        err = sl_msrp_listen(session, error);
    if (err < 0) {
        sl_msrp_session_destroy(session);
        return err;
    }
    *out = session;
    return 0;
}

/* Each that is under way hears of the end. */
static void end_outgoing(struct sl_list *list)
{
    while (!sl_list_empty(list))
        sl_msrp_tell_sent(sl_list_first(list, struct sl_msrp_outgoing, link));
}

void sl_msrp_session_destroy(struct sl_msrp_session *session)
{
    if (!session)
        return;
    SL_ASSERT_ON(session->config.loop);
    sl_later_cancel(&session->later);
    end_outgoing(&session->done);
    end_outgoing(&session->outgoing);
    sl_msrp_disconnect(session);
    sl_msrp_inbox_destroy(session->inbox);
    sl_msrp_message_destroy(session->message);
    sl_buffer_deinit(&session->text);
    SSL_CTX_free(session->config.tls);
    free(session->failure);
    free(session);
}
