/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration: format, values, rules, reload, and the shipped files that must fit it. */
#include "base/config.h"
#include "base/config_table.h"
#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *reference_file, *sample_file;

/* Collects findings, one a line: "warn: FILE:LINE: ...". */
struct findings {
    char text[4096];
    int count; /* of warnings and errors */
};

static void on_finding(void *arg, enum sl_log_level level, const char *text)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    struct findings *findings = arg;
    size_t len = strlen(findings->text);

    findings->count += level <= SL_LOG_WARN;
    (void)snprintf(findings->text + len, sizeof(findings->text) - len, "%s: %s\n", names[level],
                   text);
}

static int parse(struct sl_config *config, const char *text, struct findings *findings,
                 struct sl_error *error)
{
    struct sl_config_report report = {on_finding, findings};

    memset(findings, 0, sizeof(*findings));
    return sl_config_parse(config, text, strlen(text), "f", &report, error);
}

/* The option's value as it would stand in a file; to be freed. */
static char *value_of(const struct sl_config *config, const char *key)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    const struct sl_option *option = sl_option_find(key);

    assert_non_null(option);
    sl_option_write(config, option, out);
    (void)fclose(out);
    return text;
}

static void expect_option(const struct sl_config *config, const char *why, const char *key,
                          const char *expected)
{
    char *value = value_of(config, key);

    if (strcmp(value, expected) != 0)
        fail_msg("%s: %s is \"%s\", not \"%s\"", why, key, value, expected);
    free(value);
}

/* ---- Defaults ---- */

static void starts_with_the_documented_defaults(void **state) /* CFG-3, CFG-10 */
{
    (void)state;
    struct sl_config *config = sl_config_create();

    assert_int_equal(config->ws_port, 8080);
    assert_int_equal(config->wss_port, 8443);
    assert_int_equal(config->http_port, 8081);
    assert_int_equal(config->https_port, 8444);
    assert_int_equal(config->media_port_from, 31001);
    assert_int_equal(config->ip_local.count, 1);
    assert_string_equal(config->ip_local.items[0], "0.0.0.0");
    assert_string_equal(config->rtmp_transponder_stream_name_prefix, ""); /* decision 10 */
    assert_string_equal(config->cli_address, "127.0.0.1");                /* decision 3 */
    assert_true(sl_string_list_has(&config->codecs, "vp8"));
    assert_false(sl_string_list_has(&config->codecs, "vp"));
    assert_int_equal(sl_config_validate(config, NULL, NULL), 0);
    sl_config_destroy(config);
    sl_config_destroy(NULL);
}

static void every_row_of_the_table_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < sl_option_count; i++) {
        const struct sl_option *option = &sl_options[i];
        assert_true(*option->help);
        /* Families, "hls_*", are what is left of a spelling of which some have a meaning. */
        for (size_t j = 0; j < sl_accepted_key_count; j++)
            assert_string_not_equal(sl_accepted_keys[j], option->key);
        if (strpbrk(option->help, "|\n") || option->help[strlen(option->help) - 1] == '.')
            fail_msg("%s: help must fit a table cell", option->key);
        for (size_t j = 0; j < i; j++) {
            /* Two keys must not share a name in the environment either. */
            const char *a = option->key, *b = sl_options[j].key;
            while (*a && (*a == *b || (strchr("._-", *a) && *b && strchr("._-", *b))))
                a++, b++;
            if (*a == '\0' && *b == '\0')
                fail_msg("%s and %s", option->key, sl_options[j].key);
        }
    }
}

/* ---- The file ---- */

static void understands_the_format_of_properties_files(void **state) /* CFG-1, CFG-2 */
{
    (void)state;
    static const struct {
        const char *why, *text, *key, *value;
    } cases[] = {
        {"plain", "ws.port=9000\n", "ws.port", "9000"},
        {"no newline at the end", "ws.port=9000", "ws.port", "9000"},
        {"blanks", " \tws.port   =\t9000 \t\n", "ws.port", "9000"},
        {"colon", "ws.port: 9000\n", "ws.port", "9000"},
        {"CRLF", "# x\r\nws.port=9000\r\n", "ws.port", "9000"},
        {"a byte order mark", "\xef\xbb\xbfws.port=9000\n", "ws.port", "9000"},
        {"hash comment", "#ws.port=9000\n", "ws.port", "8080"},
        {"bang comment after blanks", "  !ws.port=9000\n", "ws.port", "8080"},
        {"a hash in a value is a hash", "web_root=/a#b # c\n", "web_root", "/a#b # c"},
        {"separators in a value stay", "web_root=a=b:c\n", "web_root", "a=b:c"},
        {"colon in an address", "ip=2001:db8::1\n", "ip", "2001:db8::1"},
        {"the last one counts", "ws.port=1\nws.port=2\n", "ws.port", "2"},
        {"joined lines", "codecs=opus,\\\n   vp8,\\\n\th264\nws.port=1", "codecs", "opus,vp8,h264"},
        {"joined with CRLF", "codecs=opus,\\\r\n  vp8\r\n", "codecs", "opus,vp8"},
        {"blanks after the backslash", "codecs=opus,\\ \n  vp8\n", "codecs", "opus,vp8"},
        {"no joining by two backslashes", "web_root=a\\\\\nws.port=1\n", "web_root", "a\\\\"},
        {"a comment does not join", "# x\\\nws.port=9000\n", "ws.port", "9000"},
        {"a joined line is no comment", "web_root=a\\\n#b\n", "web_root", "a#b"},
        {"backslash at the end of the file", "web_root=a\\", "web_root", "a"},
        {"joined to nothing", "web_root=a\\ \n \\ \\", "web_root", "a"},
        {"empty string", "rtmp_transponder_stream_name_prefix=\n",
         "rtmp_transponder_stream_name_prefix", ""},
        {"CFG-2: the shipped prefix", "rtmp_transponder_stream_name_prefix=rtmp_\n",
         "rtmp_transponder_stream_name_prefix", "rtmp_"},
        {"boolean in any case", "rtp_bundle=FALSE\n", "rtp_bundle", "false"},
        {"list with blanks and gaps", "codecs = opus , ,vp8,\n", "codecs", "opus,vp8"},
        {"empty list", "codecs_exclude_streaming=\n", "codecs_exclude_streaming", ""},
        {"UTF-8", "web_root=/srv/caf\xc3\xa9\n", "web_root", "/srv/caf\xc3\xa9"},
        {"nothing at all", "", "ws.port", "8080"},
        {"only blank lines", "\n\r\n \t\n", "ws.port", "8080"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_config *config = sl_config_create();
        struct findings findings;
        struct sl_error error;
        if (parse(config, cases[i].text, &findings, &error) != 0)
            fail_msg("%s: refused", cases[i].why);
        expect_option(config, cases[i].why, cases[i].key, cases[i].value);
        sl_config_destroy(config);
    }
}

static void tells_what_it_found_with_file_and_line(void **state) /* CFG-4, CFG-21 */
{
    (void)state;
    static const struct {
        const char *text, *findings;
        int replaced;
    } cases[] = {
        {"\n\nwss.prot=1\n",
         "warn: f:3: unknown option \"wss.prot\" ignored: did you mean wss.port?\n", 0},
        {"my_own_key=secret\n", "warn: f:1: unknown option \"my_own_key\" ignored\n", 0},
        {"WS.PORT=1\n", "warn: f:1: unknown option \"WS.PORT\" ignored\n", 0},
        {"a\x1b[1m=1\n", "warn: f:1: unknown option \"a\\x1b[1m\" ignored\n", 0},
        {"web_root=1\n\nweb_root=2\n", "warn: f:3: web_root again, line 1 no longer counts\n", 0},
        {"cdn_enabled=true\n", "debug: f:1: \"cdn_enabled\" means nothing here, ignored\n", 0},
        {"codecs=\\\nopus\nhunter2\n=5\n",
         "warn: f:3: no key=value, line ignored\nwarn: f:4: no key=value, line ignored\n", 0},
        {"rtp_bundle=yes\n",
         "error: f:1: rtp_bundle=\"yes\": must be true or false; using the default \"true\"\n", 1},
        {"keep_alive.probes=0\nkeep_alive.server_interval=5s\n",
         "error: f:1: keep_alive.probes=\"0\": must be a number from 1 to 1000; using the default "
         "\"10\"\n"
         "error: f:2: keep_alive.server_interval=\"5s\": must be a number from 100 to 3600000; "
         "using the default \"5000\"\n",
         2},
        {"log_level=loud\n",
         "error: f:1: log_level=\"loud\": must be ERROR, WARN, INFO or DEBUG; using the default "
         "\"INFO\"\n",
         1},
        {"rtmp_push_auto_start_url=rtmp://h/key\x01\n",
         "error: f:1: rtmp_push_auto_start_url=********: must be text; using the default \"\"\n",
         1},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_config *config = sl_config_create();
        struct findings findings;
        struct sl_error error;
        assert_int_equal(parse(config, cases[i].text, &findings, &error), cases[i].replaced);
        assert_string_equal(findings.text, cases[i].findings);
        sl_config_destroy(config);
    }
}

static void a_bad_value_gives_way_to_the_default_not_to_the_one_before(void **state)
{
    (void)state;
    struct sl_config *config = sl_config_create();
    struct findings findings;

    assert_int_equal(parse(config, "drain_timeout=5\ndrain_timeout=x\n", &findings, NULL), 1);
    assert_int_equal(config->drain_timeout, 30);
    sl_config_destroy(config);
}

static void ports_addresses_and_guards_are_not_guessed(void **state) /* CFG-19 */
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"\nws.port=80a\n", "f:2: ws.port=\"80a\": must be a number from 0 to 65535"},
        {"ws.port=65536", "f:1: ws.port=\"65536\": must be a number from 0 to 65535"},
        {"ws.port=-1", "f:1: ws.port=\"-1\": must be a number from 0 to 65535"},
        {"ws.port=", "f:1: ws.port=\"\": must be a number from 0 to 65535"},
        {"ws.port=99999999999999999999",
         "f:1: ws.port=\"99999999999999999999\": must be a number from 0 to 65535"},
        {"ws.port=+1", "f:1: ws.port=\"+1\": must be a number from 0 to 65535"},
        {"ws.port=0x10", "f:1: ws.port=\"0x10\": must be a number from 0 to 65535"},
        {"media_port_from=80", "f:1: media_port_from=\"80\": must be a number from 1024 to 65535"},
        {"ip=example.com", "f:1: ip=\"example.com\": must be IP addresses"},
        {"ip_local=", "f:1: ip_local=\"\": must be IP addresses"},
        {"ip_local=0.0.0.0,10.1", "f:1: ip_local=\"0.0.0.0,10.1\": must be IP addresses"},
        {"cli.address=", "f:1: cli.address=\"\": must be an IP address"},
        {"rest_allow=10.0.0.0/33",
         "f:1: rest_allow=\"10.0.0.0/33\": must be networks (10.0.0.0/8, ::1)"},
        {"disable_rest_auth=no", "f:1: disable_rest_auth=\"no\": must be true or false"},
        {"ice_candidate_override=::1:5",
         "f:1: ice_candidate_override=\"::1:5\": must be ADDRESS:PORT"},
        {"ice_candidate_override=127.0.0.1:0",
         "f:1: ice_candidate_override=\"127.0.0.1:0\": must be ADDRESS:PORT"},
        {"client_push_allow=10.1",
         "f:1: client_push_allow=\"10.1\": must be networks or host names"},
        {"client_push_allow=0x7f.0x1",
         "f:1: client_push_allow=\"0x7f.0x1\": must be networks or host names"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_config *config = sl_config_create();
        struct findings findings;
        struct sl_error error = {""};
        if (parse(config, cases[i].text, &findings, &error) != -EINVAL)
            fail_msg("%s was taken", cases[i].text);
        assert_string_equal(error.text, cases[i].error);
        sl_config_destroy(config);
    }
}

static void takes_addresses_networks_and_hosts(void **state)
{
    (void)state;
    struct sl_config *config = sl_config_create();
    struct findings findings;

    assert_int_equal(parse(config,
                           "ip=192.0.2.1,2001:db8::1\nip_local=0.0.0.0,::\n"
                           "rest_allow=10.0.0.0/8, ::1, 192.0.2.0/24\n"
                           "client_push_allow=rtmp.example.com,localhost,10.0.0.0/8,a-1.b2\n"
                           "ice_candidate_override=[2001:db8::1]:65535\n",
                           &findings, NULL),
                     0);
    assert_string_equal(findings.text, "");
    assert_int_equal(config->ip.count, 2);
    assert_int_equal(config->rest_allow.count, 3);
    assert_int_equal(config->client_push_allow.count, 4);
    sl_config_destroy(config);
}

static void refuses_what_is_no_text_file(void **state)
{
    (void)state;
    static const char nul[] = "ws.port=1\nweb\0_root=2\n";
    struct sl_config *config = sl_config_create();
    struct sl_error error;
    char *big = sl_alloc(SL_CONFIG_FILE_MAX + 1);

    assert_int_equal(sl_config_parse(config, nul, sizeof(nul) - 1, "f", NULL, &error), -EINVAL);
    assert_string_equal(error.text, "f:2: a NUL byte: this is no text file");
    memset(big, '\n', SL_CONFIG_FILE_MAX + 1);
    assert_int_equal(sl_config_parse(config, big, SL_CONFIG_FILE_MAX + 1, "f", NULL, &error),
                     -EFBIG);
    assert_int_equal(sl_config_parse(config, big, SL_CONFIG_FILE_MAX, "f", NULL, &error), 0);
    assert_int_equal(sl_config_load(config, "/nonexistent/f", NULL, &error), -ENOENT);
    assert_non_null(strstr(error.text, "/nonexistent/f"));
    assert_int_equal(sl_config_load(config, "/", NULL, &error), -EISDIR);
    free(big);
    sl_config_destroy(config);
}

/* The lines a Web Call Server 5.2 is installed with (configuration.md sections 3 and 4). */
static void an_original_file_gives_no_warning(void **state)
{
    (void)state;
    static const char original[] =
        "# server ip\r\n"
        "ip                  =203.0.113.44\r\n"
        "ip_local            =10.0.0.5\r\n"
        "media_port_from     =31001\r\n"
        "media_port_to       =32000\r\n"
        "codecs              =opus,alaw,ulaw,g729,speex16,g722,mpeg4-generic,telephone-event,h264,"
        "vp8,flv,mpv\r\n"
        "codecs_exclude_sip  =mpeg4-generic,flv,mpv\r\n"
        "codecs_exclude_streaming=flv,telephone-event\r\n"
        "codecs_exclude_sip_rtmp=opus,g729,g722,mpeg4-generic,vp8,mpv\r\n"
        "ws.port             =8080\r\n"
        "wss.port            =8443\r\n"
        "cdn_enabled=true\r\n"
        "mixer_video_width=640\r\n"
        "keep_alive.enabled=websocket,rtmfp\r\n"
        "rtp_activity_detecting=true,60\r\n"
        "rtmp_transponder_stream_name_prefix=rtmp_\r\n";
    struct sl_config *config = sl_config_create();
    struct findings findings;
    struct sl_config_report report = {on_finding, &findings};

    assert_int_equal(parse(config, original, &findings, NULL), 0);
    assert_int_equal(sl_config_validate(config, &report, NULL), 0);
    if (findings.count > 0)
        fail_msg("%s", findings.text);
    assert_string_equal(config->ip.items[0], "203.0.113.44"); /* CFG-12 */
    sl_config_destroy(config);
}

/* ---- Command line and environment ---- */

static void the_command_line_must_name_an_option(void **state)
{
    (void)state;
    static const struct {
        const char *assignment;
        int err;
        const char *error;
    } cases[] = {
        {"ws.port=9000", 0, ""},
        {"web_root=", 0, ""},
        {"web_root=a=b", 0, ""},
        {"ws.prt=1", -ENOENT, "unknown option \"ws.prt\": did you mean ws.port?"},
        {"zzz=1", -ENOENT, "unknown option \"zzz\""},
        {"cdn_enabled=true", -ENOENT, "unknown option \"cdn_enabled\""},
        {"ws.port", -EINVAL, "\"ws.port\": must be key=value"},
        {"=1", -EINVAL, "\"=1\": must be key=value"},
        {"", -EINVAL, "\"\": must be key=value"},
        {"rtp_bundle=1", -EINVAL, "rtp_bundle=\"1\": must be true or false"},
        {"web_root=a\nb", -EINVAL, "web_root=\"a\\x0ab\": must be text"},
        {"rest_hook_secret_key=hunter2\n", -EINVAL, "rest_hook_secret_key=********: must be text"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_config *config = sl_config_create();
        struct sl_error error = {""};
        assert_int_equal(sl_config_set(config, cases[i].assignment, &error), cases[i].err);
        assert_string_equal(error.text, cases[i].error);
        assert_int_equal(config->ws_port, i == 0 ? 9000 : 8080);
        sl_config_destroy(config);
    }
}

static void the_environment_overrides_by_capitals(void **state)
{
    (void)state;
    static const char *const good[] = {"PATH=/bin",
                                       "SLUICE_WS_PORT=9000",
                                       "SLUICE_LOG_LEVEL=DEBUG",
                                       "SLUICE_TLS_CERT_FILE=/c=d",
                                       "SLUICE_WS_PRT=1",
                                       "SLUICE_ws_port=1",
                                       "SLUICEX=1",
                                       NULL};
    static const char *const bad[] = {"SLUICE_LOG_LEVEL=x", NULL};
    struct sl_config *config = sl_config_create();
    struct findings findings = {.count = 0};
    struct sl_config_report report = {on_finding, &findings};
    struct sl_error error;

    assert_int_equal(sl_config_environment(config, good, &report, &error), 0);
    assert_int_equal(config->ws_port, 9000);
    assert_string_equal(config->log_level, "DEBUG");
    assert_string_equal(config->tls_cert_file, "/c=d");
    assert_string_equal(findings.text,
                        "warn: environment: \"SLUICE_WS_PRT\" is no option, ignored\n"
                        "warn: environment: \"SLUICE_ws_port\" is no option, ignored\n");
    assert_int_equal(sl_config_environment(config, bad, &report, &error), -EINVAL);
    assert_string_equal(error.text,
                        "environment: log_level=\"x\": must be ERROR, WARN, INFO or DEBUG");
    sl_config_destroy(config);
}

/* ---- Rules across options ---- */

static void checks_options_against_one_another(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error, *findings;
    } cases[] = {
        {"ws.port=8081", "ws.port and http.port are both 8081", ""},
        {"ws.port=0\nwss.port=0", NULL, ""},
        {"ws.port=0\nwss.port=0\nhttp.port=0\nhttps.port=0", NULL,
         "warn: ws.port, wss.port, http.port and https.port are all 0: nobody can connect\n"},
        {"media_port_from=40000", "media_port_from=40000 lies above media_port_to=32000", ""},
        {"media_port_from=32000", NULL, ""},
        {"wcs_agent_port_from=34001",
         "wcs_agent_port_from=34001, wcs_agent_port_to=0 is no range of ports", ""},
        {"wcs_agent_port_to=35000",
         "wcs_agent_port_from=0, wcs_agent_port_to=35000 is no range of ports", ""},
        {"wcs_agent_port_from=34001\nwcs_agent_port_to=34001", NULL, ""},
        {"worker_count=4\nmedia_port_from=31998",
         "worker_count=4 needs 4 media ports, but media_port_from to media_port_to has 3", ""},
        {"worker_count=2\nmedia_port_from=31998\nrtp_bundle=false",
         "worker_count=2 needs 4 media ports, but media_port_from to media_port_to has 3", ""},
        {"ip=0.0.0.0", "ip=0.0.0.0: no client can reach that address", ""},
        {"ip=1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5,1.1.1.6,1.1.1.7,1.1.1.8,1.1.1.9",
         "ip: at most 8 addresses", ""},
        {"tls.cert_file=c", "tls.cert_file is set, so tls.key_file is needed too", ""},
        {"tls.key_file=k", "tls.key_file is set, so tls.cert_file is needed too", ""},
        {"tls.chain_file=c", NULL, "warn: tls.chain_file has no effect without tls.cert_file\n"},
        {"wss.keystore.file=wss.jks", NULL,
         "warn: wss.keystore.file: Java keystores cannot be read; convert it to PEM and set "
         "tls.cert_file and tls.key_file\n"},
        {"wss.keystore.file=wss.jks\ntls.cert_file=c\ntls.key_file=k", NULL, ""},
        {"rest_hook_send_hash=true", "rest_hook_send_hash is on, but rest_hook_secret_key is empty",
         ""},
        {"nack_ring_packets=1000", NULL, "info: nack_ring_packets=1000 is no power of two: 1024\n"},
        {"nack_ring_packets=2048", NULL, ""},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_config *config = sl_config_create();
        struct findings findings;
        struct sl_config_report report = {on_finding, &findings};
        struct sl_error error = {""};
        assert_int_equal(parse(config, cases[i].text, &findings, &error), 0);
        int err = sl_config_validate(config, &report, &error);
        assert_int_equal(err, cases[i].error ? -EINVAL : 0);
        assert_string_equal(error.text, cases[i].error ? cases[i].error : "");
        assert_string_equal(findings.text, cases[i].findings);
        sl_config_destroy(config);
    }
}

static void auto_start_without_a_target_is_off(void **state) /* configuration.md section 2 */
{
    (void)state;
    struct sl_config *config = sl_config_create();
    struct findings findings;
    struct sl_config_report report = {on_finding, &findings};

    assert_int_equal(parse(config, "rtmp_push_auto_start=true", &findings, NULL), 0);
    assert_int_equal(sl_config_validate(config, &report, NULL), 0);
    assert_false(config->rtmp_push_auto_start);
    assert_int_equal(findings.count, 1);
    assert_int_equal(parse(config, "rtmp_push_auto_start=true\nrtmp_push_auto_start_url=rtmp://h/a",
                           &findings, NULL),
                     0);
    assert_int_equal(sl_config_validate(config, &report, NULL), 0);
    assert_true(config->rtmp_push_auto_start); /* CFG-7 */
    sl_config_destroy(config);
}

/* ---- In words ---- */

static char *printed(const struct sl_config *config)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    sl_config_print(config, out);
    (void)fclose(out);
    return text;
}

static void prints_everything_sorted_and_no_secret(void **state) /* CFG-21, class 24 */
{
    (void)state;
    struct sl_config *config = sl_config_create();
    struct findings findings;

    assert_int_equal(
        parse(config, "rest_hook_secret_key=canary\nrtmp_push_auto_start_url=rtmp://h/canary\n",
              &findings, NULL),
        0);
    char *text = printed(config);
    assert_null(strstr(text, "canary"));
    assert_non_null(strstr(text, "\nrest_hook_secret_key=********\n"));
    assert_non_null(strstr(text, "\ncodecs_exclude_streaming=flv,telephone-event\n"));
    assert_non_null(strstr(text, "\nws.port=8080\n"));
    size_t lines = 0;
    const char *previous = "";
    char *line, *rest = text;
    while ((line = strsep(&rest, "\n")) && *line) {
        line[strcspn(line, "=")] = '\0';
        assert_true(strcmp(previous, line) < 0);
        previous = line;
        lines++;
    }
    assert_int_equal(lines, sl_option_count);
    free(text);
    sl_config_destroy(config);
}

static void prints_one_setting(void **state)
{
    (void)state;
    struct sl_config *config = sl_config_create();
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    assert_true(sl_config_print_one(config, "ws.port", out));
    assert_true(sl_config_print_one(config, "rest_hook_secret_key", out));
    assert_false(sl_config_print_one(config, "nonsense", out));
    (void)fclose(out);
    assert_string_equal(text, "ws.port=8080rest_hook_secret_key="); /* unset, and seen to be */
    free(text);
    sl_config_destroy(config);
}

/* ---- Reload ---- */

static void on_change(void *arg, const char *key, bool applied)
{
    struct findings *changes = arg;
    size_t len = strlen(changes->text);

    (void)snprintf(changes->text + len, sizeof(changes->text) - len, "%s %s\n", key,
                   applied ? "applied" : "kept");
}

static void a_reload_applies_what_can_change_and_names_the_rest(void **state)
{
    (void)state;
    struct sl_config *config = sl_config_create(), *fresh = sl_config_create();
    struct findings findings, changes = {.count = 0};

    assert_int_equal(parse(fresh,
                           "ws.port=9000\nlog_level=DEBUG\nrest_allow=10.0.0.0/8\n"
                           "ice_tcp=false\nip=192.0.2.1\nkeep_alive.probes=3\n",
                           &findings, NULL),
                     0);
    assert_int_equal(sl_config_reload(config, fresh, on_change, &changes), 3);
    assert_string_equal(changes.text, "ip kept\nws.port kept\nice_tcp kept\n"
                                      "keep_alive.probes applied\nrest_allow applied\n"
                                      "log_level applied\n");
    assert_int_equal(config->ws_port, 8080);
    assert_true(config->ice_tcp);
    assert_int_equal(config->ip.count, 0);
    assert_string_equal(config->log_level, "DEBUG");
    assert_true(sl_string_list_has(&config->rest_allow, "10.0.0.0/8"));
    assert_int_equal(config->keep_alive_probes, 3);
    sl_config_destroy(fresh);
    fresh = sl_config_create();
    assert_int_equal(sl_config_reload(config, fresh, NULL, NULL), 3); /* and back */
    assert_string_equal(config->log_level, "INFO");
    sl_config_destroy(fresh);
    fresh = sl_config_create();
    assert_int_equal(sl_config_reload(config, fresh, NULL, NULL), 0); /* nothing left to do */
    sl_config_destroy(fresh);
    sl_config_destroy(config);
}

/* ---- Shipped files ---- */

static char *content(const char *file)
{
    enum { ROOM = 1 << 18 };
    char *text = sl_alloc(ROOM);
    FILE *in = fopen(file, "r");

    if (!in)
        fail_msg("%s is missing", file);
    assert_true(fread(text, 1, ROOM - 1, in) < ROOM - 1);
    (void)fclose(in);
    return text;
}

static void the_committed_reference_page_is_the_tables(void **state)
{
    (void)state;
    char *committed = content(reference_file), *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    sl_config_print_reference(out);
    (void)fclose(out);
    if (strcmp(committed, text) != 0)
        fail_msg("%s differs: write it anew by sluice --print-reference", reference_file);
    free(text);
    free(committed);
}

static void help_names_every_option(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    sl_config_print_help(out);
    (void)fclose(out);
    for (size_t i = 0; i < sl_option_count; i++) {
        char expected[64];
        (void)snprintf(expected, sizeof(expected), "  %s=", sl_options[i].key);
        assert_non_null(strstr(text, expected));
    }
    free(text);
}

static void the_shipped_file_gives_no_warning(void **state) /* configuration.md section 4 */
{
    (void)state;
    struct sl_config *config = sl_config_create();
    struct findings findings = {.count = 0};
    struct sl_config_report report = {on_finding, &findings};
    struct sl_error error = {""};

    if (sl_config_load(config, sample_file, &report, &error) != 0 ||
        sl_config_validate(config, &report, &error) != 0 || findings.count > 0)
        fail_msg("%s%s", error.text, findings.text);
    assert_string_equal(config->rtmp_transponder_stream_name_prefix, "rtmp_"); /* decision 10 */
    sl_config_destroy(config);
}

/* Someone takes the '#' away from a sample: it must be an option and a value it can have. */
static void the_shipped_samples_can_be_uncommented(void **state)
{
    (void)state;
    static const char *const seed_keys[] = {"wcs_agent_ssl",
                                            "rtmp_transponder_full_url",
                                            "rtmp_push_auto_start",
                                            "rtmp_push_auto_start_url",
                                            "keep_alive_streaming_sessions_enabled",
                                            "streaming_sessions_keep_alive_interval",
                                            "streaming_sessions_keep_alive_app_keys"};
    char *text = content(sample_file), *line, *rest = text;

    for (size_t i = 0; i < SL_ARRAY_LEN(seed_keys); i++) {
        char sample[64];
        (void)snprintf(sample, sizeof(sample), "\n#%s=", seed_keys[i]);
        if (!strstr(text, sample))
            fail_msg("no sample of %s", seed_keys[i]);
    }
    while ((line = strsep(&rest, "\n"))) {
        struct sl_config *config = sl_config_create();
        struct sl_error error;
        /* Samples have no blank after the '#', remarks do. */
        if (line[0] == '#' && line[1] && line[1] != ' ' &&
            sl_config_set(config, line + 1, &error) != 0)
            fail_msg("%s", error.text);
        sl_config_destroy(config);
    }
    free(text);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_with_the_documented_defaults),
        cmocka_unit_test(every_row_of_the_table_is_sound),
        cmocka_unit_test(understands_the_format_of_properties_files),
        cmocka_unit_test(tells_what_it_found_with_file_and_line),
        cmocka_unit_test(a_bad_value_gives_way_to_the_default_not_to_the_one_before),
        cmocka_unit_test(ports_addresses_and_guards_are_not_guessed),
        cmocka_unit_test(takes_addresses_networks_and_hosts),
        cmocka_unit_test(refuses_what_is_no_text_file),
        cmocka_unit_test(an_original_file_gives_no_warning),
        cmocka_unit_test(the_command_line_must_name_an_option),
        cmocka_unit_test(the_environment_overrides_by_capitals),
        cmocka_unit_test(checks_options_against_one_another),
        cmocka_unit_test(auto_start_without_a_target_is_off),
        cmocka_unit_test(prints_everything_sorted_and_no_secret),
        cmocka_unit_test(prints_one_setting),
        cmocka_unit_test(a_reload_applies_what_can_change_and_names_the_rest),
        cmocka_unit_test(the_committed_reference_page_is_the_tables),
        cmocka_unit_test(help_names_every_option),
        cmocka_unit_test(the_shipped_file_gives_no_warning),
        cmocka_unit_test(the_shipped_samples_can_be_uncommented),
    };

    if (argc != 3) {
        (void)fprintf(stderr, "usage: %s REFERENCE SAMPLE\n", argv[0]);
        return 2;
    }
    reference_file = argv[1];
    sample_file = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
