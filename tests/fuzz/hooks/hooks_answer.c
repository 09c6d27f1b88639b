/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A back end's answer under a restClientConfig, both hostile: a byte for the method, one for the
 * status, the config's text, a NUL, the answer. Nobody becomes somebody else, nothing that was to
 * be refused is allowed, and what is shown fits and holds no control characters.
 */
#include "base/mem.h"
#include "hooks/policy.h"
#include "hooks/show.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 300 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const context[] = {"nodeId", "sessionId", "appKey"};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool is_printable(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at < 0x20 || *at == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0))
            return false;
    }
    return true;
}

static void check_fields(enum sl_hook_method method, const struct sl_hook_policy *policy,
                         json_t *fields)
{
    const char *name;
    json_t *value;

    for (size_t i = 0; i < SL_ARRAY_LEN(context); i++)
        require(!json_object_get(fields, context[i]));
    if (sl_hook_method_kind(method) == SL_HOOK_KIND_CONNECT)
        return;
    require(!fields || policy->overwrite);
    json_object_foreach(fields, name, value)
    {
        require(sl_hook_list_has(policy->rest_overwrite, name));
    }
}

static void check_verdict(enum sl_hook_method method, const json_t *config,
                          const struct sl_hook_result *result)
{
    struct sl_hook_policy policy;
    struct sl_hook_verdict verdict;
    bool success = result->outcome == SL_HOOK_ANSWERED && result->status == 200;
    enum sl_hook_kind kind = sl_hook_method_kind(method);

    sl_hook_policy_read(config, method, &policy);
    sl_hook_judge(method, config, result, &verdict);
    /* A policy that cannot be read is no success. */
    require(!verdict.unreadable || (success && kind != SL_HOOK_KIND_EVENT));
    success = success && !verdict.unreadable;
    require(success ? verdict.allowed && !verdict.failed : !verdict.fields);
    if (!success &&
        (kind == SL_HOOK_KIND_CONNECT ||
         (policy.fail && (kind == SL_HOOK_KIND_DIRECT || kind == SL_HOOK_KIND_INCOMING))))
        require(!verdict.allowed && verdict.info[0]);
    require(!verdict.tell_client || (policy.fail && method != SL_HOOK_ERROR_EVENT));
    require(memchr(verdict.info, '\0', sizeof(verdict.info)) && is_printable(verdict.info));
    check_fields(method, &policy, verdict.fields);
    sl_hook_verdict_deinit(&verdict);
}

/* With whatever lists the config has. */
static void check_lists(enum sl_hook_method method, const json_t *config, json_t *object)
{
    struct sl_hook_policy policy;

    sl_hook_policy_read(config, method, &policy);
    json_t *sent = sl_hook_policy_body(&policy, object);
    for (size_t i = 0; i < SL_ARRAY_LEN(context); i++)
        require(!json_object_get(object, context[i]) == !json_object_get(sent, context[i]));
    require(!json_object_get(sent, "sdp") || !sl_hook_list_has(policy.rest_exclude, "sdp"));
    sl_hook_policy_strip(&policy, sent);
    require(!json_object_get(sent, "custom") || !sl_hook_list_has(policy.client_exclude, "custom"));
    json_decref(sent);
}

static void check_shown(json_t *answer)
{
    char shown[SHOWN];
    json_t *hidden = json_pack("{s:O}", "sipPassword", answer);

    (void)sl_hook_show(shown, sizeof(shown), answer);
    require(strlen(shown) < sizeof(shown) && is_printable(shown));
    (void)sl_hook_show(shown, sizeof(shown), hidden);
    require(strcmp(shown, "{\"sipPassword\":\"***\"}") == 0);
    json_decref(hidden);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const int statuses[] = {200, 403, 500, 0, 302, 200, 200, 204};
    static const enum sl_hook_outcome outcomes[] = {
        SL_HOOK_ANSWERED, SL_HOOK_ANSWERED,  SL_HOOK_ANSWERED, SL_HOOK_UNREACHABLE,
        SL_HOOK_ANSWERED, SL_HOOK_TIMED_OUT, SL_HOOK_BROKEN,   SL_HOOK_ANSWERED};

    if (len < 3)
        return 0;
    enum sl_hook_method method = (enum sl_hook_method)(data[0] % SL_HOOK_METHOD_COUNT);
    const char *text = (const char *)data + 2;
    const char *end = memchr(text, '\0', len - 2);
    size_t config_len = end ? (size_t)(end - text) : len - 2;
    struct sl_hook_result result = {.outcome = outcomes[data[1] % 8],
                                    .status = statuses[data[1] % 8],
                                    .body = end ? end + 1 : NULL,
                                    .len = end ? len - 3 - config_len : 0};
    json_t *config = json_loadb(text, config_len, JSON_DECODE_ANY, NULL);
    json_t *answer = end ? json_loadb(result.body, result.len, JSON_DECODE_ANY, NULL) : NULL;
    bool odd;
    json_t *kept = sl_hook_policy_keep(config, &odd);

    check_verdict(method, config, &result);
    check_verdict(method, kept, &result); /* what is kept must do */
    if (answer) {
        check_shown(answer);
        if (json_is_object(answer))
            check_lists(method, config, answer);
    }
    json_decref(kept);
    json_decref(answer);
    json_decref(config);
    return 0;
}
