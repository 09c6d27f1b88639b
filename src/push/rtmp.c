/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The publishing half of RTMP: handshake, commands, and what a server may say meanwhile. */
#include "push/rtmp.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "push/amf.h"
#include "push/rtmp_auth.h"

#include <errno.h>

enum {
    VERSION = 3,
    HANDSHAKE_LEN = 1536, /* C1, C2, S1, S2 (section 5.2.3) */
    OUR_CHUNK_SIZE = 4096,
    COMMAND_MAX = 8192,
    COMMAND_STREAM = 3, /* chunk streams: by custom */
    AUDIO_STREAM = 4,
    VIDEO_STREAM = 6,
    DATA_STREAM = 5,
    PUBLISH_STREAM = 8,
    PING_REQUEST = 6, /* section 7.1.7 */
    PING_RESPONSE = 7,
};

enum transaction {
    CONNECT = 1,
    RELEASE_STREAM,
    FC_PUBLISH,
    CREATE_STREAM,
    PUBLISH,
    FC_UNPUBLISH,
    DELETE_STREAM
};

/*
 * WANTS_S0_S1 --S0 S1--> WANTS_S2 --S2--> CONNECTING --_result--> CREATING --_result--> ASKING
 *   --NetStream.Publish.Start--> PUBLISHING            (each by set_state())
 * any --rtmp_close() or an error--> CLOSED --rtmp_open()--> WANTS_S0_S1
 */
enum state { CLOSED, WANTS_S0_S1, WANTS_S2, CONNECTING, CREATING, ASKING, PUBLISHING };

struct rtmp {
    char *app, *tc_url, *publish, *flash_version, *user, *password;
    struct outbox *out;
    enum state state;
    char auth_query[RTMP_AUTH_QUERY_MAX];
    char redirect[AMF_TEXT_MAX]; /* "": none */
    struct chunk_reader *reader;
    size_t chunk_size; /* of what we send */
    uint8_t handshake[1 + HANDSHAKE_LEN];
    size_t handshake_len;
    uint32_t stream_id;
    uint32_t window; /* bytes after which the server wants an acknowledgement; 0: never */
    uint64_t received, acknowledged;
    struct sl_error *error; /* during rtmp_input() */
};

static void set_state(struct rtmp *rtmp, enum state state)
{
    rtmp->state = state;
}

struct rtmp *rtmp_create(const struct rtmp_config *config, struct outbox *out)
{
    struct rtmp *rtmp = sl_new(struct rtmp);

    rtmp->app = sl_strdup(config->app);
    rtmp->tc_url = sl_strdup(config->tc_url);
    rtmp->publish = sl_strdup(config->publish);
    rtmp->flash_version = sl_strdup(config->flash_version);
    rtmp->user = sl_strdup(config->user);
    rtmp->password = sl_strdup(config->password);
    rtmp->out = out;
    return rtmp;
}

void rtmp_destroy(struct rtmp *rtmp)
{
    if (!rtmp)
        return;
    chunk_reader_destroy(rtmp->reader);
    free(rtmp->app);
    free(rtmp->tc_url);
    free(rtmp->publish);
    free(rtmp->flash_version);
    free(rtmp->user);
    free(rtmp->password);
    free(rtmp);
}

/* ---- What we say ---- */

static void send_message(struct rtmp *rtmp, unsigned chunk_stream, uint8_t type, uint32_t stream_id,
                         const struct sl_writer *w)
{
    struct chunk_message message = {
        .type = type, .stream_id = stream_id, .body = w->start, .len = sl_writer_len(w)};

    chunk_write(rtmp->out, chunk_stream, rtmp->chunk_size, &message, NULL, 0);
}

static void send_control(struct rtmp *rtmp, uint8_t type, uint32_t value)
{
    uint8_t body[4];
    struct sl_writer w = sl_writer_of(body, sizeof(body));

    sl_write_u32(&w, value);
    send_message(rtmp, CHUNK_CONTROL_STREAM, type, 0, &w);
}

/* The texts are bounded (push.h struct sl_push_target), so a command always fits. */
static void write_joined(struct sl_writer *w, const char *text, const char *more)
{
    char joined[COMMAND_MAX / 2];

    (void)snprintf(joined, sizeof(joined), "%s%s", text, more);
    amf_write_string(w, joined);
}

/* The fields and their order are those of seed 002's capture, whose message has 251 bytes. */
static void send_connect(struct rtmp *rtmp)
{
    uint8_t body[COMMAND_MAX];
    struct sl_writer w = sl_writer_of(body, sizeof(body));
    static const struct {
        const char *key;
        double value;
    } abilities[] = {
        {"capabilities", 15},
        {"audioCodecs", 4071},
        {"videoCodecs", 252},
        {"videoFunction", 1},
        {"objectEncoding", 0 /* AMF0 */},
    };

    amf_write_string(&w, "connect");
    amf_write_number(&w, CONNECT);
    amf_write_object_begin(&w);
    amf_write_key(&w, "app");
    write_joined(&w, rtmp->app, rtmp->auth_query);
    amf_write_key(&w, "flashVer");
    amf_write_string(&w, rtmp->flash_version);
    amf_write_key(&w, "tcUrl");
    write_joined(&w, rtmp->tc_url, rtmp->auth_query);
    amf_write_key(&w, "fpad");
    amf_write_bool(&w, false);
    for (size_t i = 0; i < SL_ARRAY_LEN(abilities); i++) {
        amf_write_key(&w, abilities[i].key);
        amf_write_number(&w, abilities[i].value);
    }
    amf_write_object_end(&w);
    send_message(rtmp, COMMAND_STREAM, CHUNK_COMMAND, 0, &w);
}

/* name, transaction, null, and one text if it is not NULL. */
static void send_command(struct rtmp *rtmp, const char *name, enum transaction transaction,
                         const char *text)
{
    uint8_t body[COMMAND_MAX];
    struct sl_writer w = sl_writer_of(body, sizeof(body));

    amf_write_string(&w, name);
    amf_write_number(&w, transaction);
    amf_write_null(&w);
    if (text)
        amf_write_string(&w, text);
    send_message(rtmp, COMMAND_STREAM, CHUNK_COMMAND, 0, &w);
}

static void send_publish(struct rtmp *rtmp)
{
    uint8_t body[COMMAND_MAX];
    struct sl_writer w = sl_writer_of(body, sizeof(body));

    amf_write_string(&w, "publish");
    amf_write_number(&w, PUBLISH);
    amf_write_null(&w);
    amf_write_string(&w, rtmp->publish);
    amf_write_string(&w, "live");
    send_message(rtmp, PUBLISH_STREAM, CHUNK_COMMAND, rtmp->stream_id, &w);
}

static void send_delete_stream(struct rtmp *rtmp)
{
    uint8_t body[64];
    struct sl_writer w = sl_writer_of(body, sizeof(body));

    amf_write_string(&w, "deleteStream");
    amf_write_number(&w, DELETE_STREAM);
    amf_write_null(&w);
    amf_write_number(&w, rtmp->stream_id);
    send_message(rtmp, COMMAND_STREAM, CHUNK_COMMAND, 0, &w);
}

void rtmp_open(struct rtmp *rtmp)
{
    uint8_t c0c1[1 + HANDSHAKE_LEN] = {VERSION}; /* time 0, four zero bytes, random ones */

    outbox_clear(rtmp->out);
    chunk_reader_destroy(rtmp->reader);
    rtmp->reader = chunk_reader_create();
    rtmp->chunk_size = CHUNK_SIZE_DEFAULT;
    rtmp->handshake_len = 0;
    rtmp->stream_id = 0;
    rtmp->window = 0;
    rtmp->received = 0;
    rtmp->acknowledged = 0;
    sl_random_bytes(c0c1 + 9, sizeof(c0c1) - 9);
    outbox_append(rtmp->out, c0c1, sizeof(c0c1));
    set_state(rtmp, WANTS_S0_S1);
}

bool rtmp_is_greeted(const struct rtmp *rtmp)
{
    return rtmp->state >= CONNECTING;
}

const char *rtmp_redirect(const struct rtmp *rtmp)
{
    return rtmp->redirect;
}

bool rtmp_is_publishing(const struct rtmp *rtmp)
{
    return rtmp->state == PUBLISHING;
}

void rtmp_send(struct rtmp *rtmp, enum chunk_message_type type, uint32_t timestamp_ms,
               const uint8_t *head, size_t head_len, const uint8_t *tail, size_t tail_len)
{
    unsigned chunk_stream = type == CHUNK_AUDIO   ? AUDIO_STREAM
                            : type == CHUNK_VIDEO ? VIDEO_STREAM
                                                  : DATA_STREAM;
    struct chunk_message message = {
        .type = (uint8_t)type,
        .timestamp_ms = timestamp_ms,
        .stream_id = rtmp->stream_id,
        .body = head,
        .len = head_len,
    };

    if (rtmp->state == PUBLISHING && head_len + tail_len <= CHUNK_MESSAGE_LEN_MAX)
        chunk_write(rtmp->out, chunk_stream, rtmp->chunk_size, &message, tail, tail_len);
}

void rtmp_close(struct rtmp *rtmp)
{
    if (rtmp->state == ASKING || rtmp->state == PUBLISHING) {
        send_command(rtmp, "FCUnpublish", FC_UNPUBLISH, rtmp->publish);
        send_delete_stream(rtmp);
    }
    set_state(rtmp, CLOSED);
}

/* ---- What the server says ---- */

/* The second argument of _result, _error and onStatus. */
struct status {
    struct amf_text fields[4]; /* level, code, description, ex.redirect */
};

static void read_status(struct sl_reader *r, struct status *out)
{
    static const char *const names[] = {"level", "code", "description", "ex.redirect"};

    amf_read_fields(r, names, out->fields, SL_ARRAY_LEN(names));
}

/* Servers that spread publishers say where to in `ex`, with the code 302; older ones, as in the
 * dialogue about credentials, write "code=302 ... rtmp://..." into the description. */
static bool take_redirect(struct rtmp *rtmp, const struct status *status)
{
    const char *url = status->fields[3].text, *description = status->fields[2].text;

    if (url[0] == '\0' && strstr(description, "code=302")) {
        const char *plain = strstr(description, "rtmp://"), *tls = strstr(description, "rtmps://");
        url = tls && (!plain || tls < plain) ? tls : plain ? plain : "";
        (void)snprintf(rtmp->redirect, sizeof(rtmp->redirect), "%.*s", (int)strcspn(url, " ]\"'"),
                       url);
    } else {
        bool cut = strlen(url) == AMF_TEXT_MAX - 1;
        (void)snprintf(rtmp->redirect, sizeof(rtmp->redirect), "%s", cut ? "(too long)" : url);
    }
    return rtmp->redirect[0] != '\0';
}

static int redirect(struct rtmp *rtmp)
{
    return sl_error_set(rtmp->error, -EREMOTE, "the server wants us elsewhere");
}

static int refuse(struct rtmp *rtmp, int code, const char *what, const struct status *status)
{
    return sl_error_set(rtmp->error, code, "%s: %.80s %.100s", what, status->fields[1].text,
                        status->fields[2].text);
}

static int on_result(struct rtmp *rtmp, int transaction, struct sl_reader *r)
{
    if (transaction == CONNECT && rtmp->state == CONNECTING) {
        send_command(rtmp, "releaseStream", RELEASE_STREAM, rtmp->publish);
        send_command(rtmp, "FCPublish", FC_PUBLISH, rtmp->publish);
        send_command(rtmp, "createStream", CREATE_STREAM, NULL);
        set_state(rtmp, CREATING);
    } else if (transaction == CREATE_STREAM && rtmp->state == CREATING) {
        amf_skip(r);
        double id = amf_read_number(r);
        if (!r->ok || !(id >= 0 && id <= UINT32_MAX))
            return sl_error_set(rtmp->error, -EBADMSG, "RTMP: createStream gave no number");
        rtmp->stream_id = (uint32_t)id;
        send_control(rtmp, CHUNK_SET_SIZE, OUR_CHUNK_SIZE);
        rtmp->chunk_size = OUR_CHUNK_SIZE;
        send_publish(rtmp);
        set_state(rtmp, ASKING);
    }
    return 0;
}

static int on_refused(struct rtmp *rtmp, int transaction, struct sl_reader *r)
{
    struct status status;
    struct rtmp_credentials credentials = {rtmp->user, rtmp->password, rtmp->app};

    amf_skip(r);
    read_status(r, &status);
    if ((transaction == CONNECT || transaction == CREATE_STREAM || transaction == PUBLISH) &&
        rtmp->state != PUBLISHING && take_redirect(rtmp, &status))
        return redirect(rtmp);
    if (transaction == CONNECT && rtmp->state == CONNECTING) {
        int err =
            rtmp_auth_answer(&credentials, status.fields[2].text, rtmp->auth_query, rtmp->error);
        return err < 0 ? err : -EAGAIN;
    }
    if (transaction == CREATE_STREAM || transaction == PUBLISH)
        return refuse(rtmp, -EACCES, "the server refused to publish", &status);
    return 0; /* of releaseStream and FCPublish: many servers do not know them */
}

static int on_status(struct rtmp *rtmp, struct sl_reader *r)
{
    struct status status;

    amf_skip(r);
    read_status(r, &status);
    if (!r->ok)
        return sl_error_set(rtmp->error, -EBADMSG, "RTMP: onStatus without information");
    if (rtmp->state != PUBLISHING && take_redirect(rtmp, &status))
        return redirect(rtmp);
    if (strcmp(status.fields[1].text, "NetStream.Publish.Start") == 0 && rtmp->state == ASKING)
        set_state(rtmp, PUBLISHING);
    else if (strcmp(status.fields[0].text, "error") == 0)
        return rtmp->state == PUBLISHING
                   ? refuse(rtmp, -EPIPE, "the server ended the publication", &status)
                   : refuse(rtmp, -EACCES, "the server refused to publish", &status);
    return 0;
}

static int on_command(struct rtmp *rtmp, struct sl_reader r)
{
    struct amf_text name;

    amf_read_string(&r, &name);
    if (!r.ok)
        return sl_error_set(rtmp->error, -EBADMSG, "RTMP: a command without a name");
    double number = amf_read_number(&r); /* FFmpeg's onFCPublish has none */
    int transaction = number >= CONNECT && number <= DELETE_STREAM ? (int)number : 0;
    if (strcmp(name.text, "_result") == 0)
        return on_result(rtmp, transaction, &r);
    if (strcmp(name.text, "_error") == 0)
        return on_refused(rtmp, transaction, &r);
    if (strcmp(name.text, "onStatus") == 0)
        return on_status(rtmp, &r);
    if (strcmp(name.text, "close") == 0)
        return sl_error_set(rtmp->error, -EPIPE, "the server closed the connection");
    return 0; /* onFCPublish, onBWDone, ...: nothing to do */
}

static void on_user_control(struct rtmp *rtmp, struct sl_reader r)
{
    uint8_t body[6];
    struct sl_writer w = sl_writer_of(body, sizeof(body));
    uint16_t event = sl_read_u16(&r);
    uint32_t time = sl_read_u32(&r);

    if (!r.ok || event != PING_REQUEST)
        return;
    sl_write_u16(&w, PING_RESPONSE);
    sl_write_u32(&w, time);
    send_message(rtmp, CHUNK_CONTROL_STREAM, CHUNK_USER_CONTROL, 0, &w);
}

static int on_message(void *arg, const struct chunk_message *message)
{
    struct rtmp *rtmp = arg;
    struct sl_reader r = sl_reader_of(message->body, message->len);

    switch (message->type) {
    case CHUNK_WINDOW_SIZE:
        rtmp->window = sl_read_u32(&r);
        return 0;
    case CHUNK_PEER_BANDWIDTH:
        send_control(rtmp, CHUNK_WINDOW_SIZE, sl_read_u32(&r));
        return 0;
    case CHUNK_USER_CONTROL:
        on_user_control(rtmp, r);
        return 0;
    case CHUNK_COMMAND_AMF3: /* a zero byte, then AMF0 (section 7.1.1) */
        (void)sl_read_u8(&r);
        return on_command(rtmp, r);
    case CHUNK_COMMAND:
        return on_command(rtmp, r);
    default:
        return 0;
    }
}

/* ---- Bytes ---- */

/* Takes what still belongs to the handshake; returns how many bytes that were, or -EBADMSG. */
static int take_handshake(struct rtmp *rtmp, const uint8_t *bytes, size_t len)
{
    size_t wanted = rtmp->state == WANTS_S0_S1 ? 1 + HANDSHAKE_LEN : HANDSHAKE_LEN;
    size_t part = wanted - rtmp->handshake_len < len ? wanted - rtmp->handshake_len : len;

    memcpy(rtmp->handshake + rtmp->handshake_len, bytes, part);
    rtmp->handshake_len += part;
    /* Versions go up to 31, so that text is told from RTMP (section 5.2.2). */
    if (rtmp->state == WANTS_S0_S1 && (rtmp->handshake[0] < VERSION || rtmp->handshake[0] > 31))
        return sl_error_set(rtmp->error, -EBADMSG, "this is no RTMP server");
    if (rtmp->handshake_len < wanted)
        return (int)part;
    rtmp->handshake_len = 0;
    if (rtmp->state == WANTS_S0_S1) {
        outbox_append(rtmp->out, rtmp->handshake + 1, HANDSHAKE_LEN); /* C2 repeats S1 */
        set_state(rtmp, WANTS_S2);
    } else {
        send_connect(rtmp);
        set_state(rtmp, CONNECTING);
    }
    return (int)part;
}

static void acknowledge(struct rtmp *rtmp)
{
    if (rtmp->window == 0 || rtmp->received - rtmp->acknowledged < rtmp->window)
        return;
    rtmp->acknowledged = rtmp->received;
    send_control(rtmp, CHUNK_ACKNOWLEDGE, (uint32_t)rtmp->received); /* wraps (section 5.4.3) */
}

static int input(struct rtmp *rtmp, const uint8_t *bytes, size_t len)
{
    rtmp->received += len;
    while (len > 0 && (rtmp->state == WANTS_S0_S1 || rtmp->state == WANTS_S2)) {
        int taken = take_handshake(rtmp, bytes, len);
        if (taken < 0)
            return taken;
        bytes += taken;
        len -= (size_t)taken;
    }
    int err = chunk_reader_input(rtmp->reader, bytes, len, on_message, rtmp);
    acknowledge(rtmp);
    return err;
}

int rtmp_input(struct rtmp *rtmp, const uint8_t *bytes, size_t len, struct sl_error *error)
{
    if (rtmp->state == CLOSED)
        return 0; /* the farewell's answers */
    if (error)
        (void)snprintf(error->text, sizeof(error->text), "the server does not speak RTMP");
    rtmp->error = error;
    int err = input(rtmp, bytes, len);
    rtmp->error = NULL;
    if (err < 0)
        set_state(rtmp, CLOSED);
    return err;
}
