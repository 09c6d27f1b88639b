/* SPDX-License-Identifier: GPL-3.0-or-later */
/* restClientConfig, and what follows from an answer or from none. */
#include "hooks/policy.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { OK = 200, FORBIDDEN = 403, LIST_MAX = 4096 /* bytes of a list worth keeping */ };

static const char CONFIG[] = "restClientConfig";

/* Never replaced, never hidden from the back end (2.1, 3). */
static const char *const context[] = {"nodeId", "sessionId", "appKey"};

static bool is_context(const char *field)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(context); i++) {
        if (strcmp(field, context[i]) == 0)
            return true;
    }
    return false;
}

/* ---- restClientConfig ---- */

static const json_t *find_entry(const json_t *config, enum sl_hook_method method)
{
    const json_t *entry = json_object_get(config, sl_hook_method_name(method));
    size_t count;
    const struct sl_hook_name *names = sl_hook_names(&count);

    for (size_t i = 0; i < count && !entry; i++) {
        if (names[i].method == method)
            entry = json_object_get(config, names[i].name);
    }
    return entry;
}

static const char *read_list(const json_t *entry, const char *field, bool *odd)
{
    const json_t *value = json_object_get(entry, field);

    if (json_is_string(value) && json_string_length(value) <= LIST_MAX)
        return json_string_value(value);
    *odd |= value && !json_is_null(value);
    return "";
}

/* -1: absent or unknown. Compared without case: `fail` must not be read as LOG. */
static int read_word(const json_t *entry, const char *field, const char *const *words, size_t count,
                     bool *odd)
{
    const json_t *value = json_object_get(entry, field);

    for (size_t i = 0; json_is_string(value) && i < count; i++) {
        if (strcasecmp(json_string_value(value), words[i]) == 0)
            return (int)i;
    }
    *odd |=
        value && !json_is_null(value) && !(json_is_string(value) && json_string_length(value) == 0);
    return -1;
}

void sl_hook_policy_read(const json_t *rest_client_config, enum sl_hook_method method,
                         struct sl_hook_policy *out)
{
    static const char *const on_error[] = {"LOG", "FAIL"};
    static const char *const policy[] = {"NOTIFY", "OVERWRITE", "DISABLE", "DISABLED"};
    const json_t *entry = find_entry(rest_client_config, method);
    bool odd = entry && !json_is_object(entry);
    int word = read_word(entry, "restPolicy", policy, SL_ARRAY_LEN(policy), &odd);

    *out = (struct sl_hook_policy){
        .fail = read_word(entry, "restOnError", on_error, SL_ARRAY_LEN(on_error), &odd) == 1,
        .overwrite = word == 1,
        .disabled = word > 1,
        .client_exclude = read_list(entry, "clientExclude", &odd),
        .rest_exclude = read_list(entry, "restExclude", &odd),
        .rest_overwrite = read_list(entry, "restOverwrite", &odd),
    };
    out->odd = odd;
}

static json_t *keep_entry(const json_t *entry)
{
    static const char *const fields[] = {"clientExclude", "restExclude", "restOnError",
                                         "restPolicy", "restOverwrite"};
    json_t *kept = json_object();

    for (size_t i = 0; i < SL_ARRAY_LEN(fields); i++) {
        json_t *value = json_object_get(entry, fields[i]);
        if (json_is_string(value) && json_string_length(value) <= LIST_MAX)
            (void)json_object_set(kept, fields[i], value); /* fails without memory only */
    }
    return kept;
}

json_t *sl_hook_policy_keep(json_t *rest_client_config, bool *odd)
{
    size_t count;
    const struct sl_hook_name *names = sl_hook_names(&count);

    /* Some languages write an empty object as an empty list. */
    *odd = rest_client_config && !json_is_object(rest_client_config) &&
           !json_is_null(rest_client_config) &&
           !(json_is_array(rest_client_config) && json_array_size(rest_client_config) == 0);
    if (!json_is_object(rest_client_config))
        return NULL;
    json_t *kept = json_object();
    for (size_t i = 0; i < count; i++) {
        const json_t *entry = json_object_get(rest_client_config, names[i].name);
        if (entry)
            (void)json_object_set_new(kept, names[i].name, keep_entry(entry));
    }
    *odd = json_object_size(kept) < json_object_size(rest_client_config); /* unknown methods */
    for (enum sl_hook_method method = 0; method < SL_HOOK_METHOD_COUNT; method++) {
        struct sl_hook_policy policy;
        sl_hook_policy_read(rest_client_config, method, &policy);
        *odd |= policy.odd;
    }
    return kept;
}

/* The next word of a comma list, without the blanks around it; false at the end. */
static bool next_word(const char **list, const char **word, size_t *len)
{
    static const char blanks[] = " \t\r\n";
    const char *at = *list;

    while (*at == ',' || (*at && strchr(blanks, *at)))
        at++;
    *word = at;
    *len = strcspn(at, ",");
    *list = at + *len;
    while (*len > 0 && strchr(blanks, at[*len - 1]))
        (*len)--;
    return *len > 0;
}

bool sl_hook_list_has(const char *list, const char *word)
{
    const char *at;
    size_t len;

    while (next_word(&list, &at, &len)) {
        if (strlen(word) == len && memcmp(at, word, len) == 0)
            return true;
    }
    return false;
}

static void exclude(json_t *object, const char *list, bool keep_context)
{
    const char *at;
    size_t len;

    while (next_word(&list, &at, &len)) {
        char *word = sl_strndup(at, len);
        if (!keep_context || !is_context(word))
            (void)json_object_del(object, word); /* absent is as good */
        free(word);
    }
}

json_t *sl_hook_policy_body(const struct sl_hook_policy *policy, json_t *body)
{
    json_t *copy = json_copy(body);

    exclude(copy, policy->rest_exclude, true);
    return copy;
}

void sl_hook_policy_strip(const struct sl_hook_policy *policy, json_t *object)
{
    exclude(object, policy->client_exclude, false);
}

/* ---- Answers ---- */

/* Values that nobody reads here and that an echo repeats as a client sent them: a tree might not
 * hold them (base/json.h). */
static size_t find_echoes(enum sl_hook_method method, struct sl_json_span text,
                          struct sl_json_span out[static 2])
{
    if (method != SL_HOOK_SEND_STREAM_EVENT && method != SL_HOOK_STREAM_EVENT &&
        method != SL_HOOK_ON_DATA_EVENT)
        return 0;
    out[0] = sl_json_member(text, "payload");
    out[1] = sl_json_member(text, "info");
    return 2;
}

static bool is_utf16(const char *text, size_t len)
{
    return len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0 ||
                        text[0] == '\0' || text[1] == '\0');
}

/* What kind of text it is that should have been JSON: whoever reads the log has to find the program
 * that wrote it. */
static const char *describe_malformed(const char *text, size_t len)
{
    if (is_utf16(text, len))
        return "its encoding is not UTF-8 (UTF-16 or UTF-32?)";
    if (text[0] == '<')
        return "it is a page, not JSON";
    return "it is no JSON, broken off, or not JSON alone";
}

/* The object in a body; NULL with *fault: why there is none, NULL if there is no body. */
static json_t *parse_answer(enum sl_hook_method method, const struct sl_hook_result *result,
                            const char **fault)
{
    static const char blanks[] = " \t\r\n";
    const char *text = result->body ? result->body : "";
    size_t len = result->body ? result->len : 0, bom = sl_json_bom_len(text, len);
    struct sl_json_span echoes[2];

    text += bom;
    len -= bom;
    for (; len > 0 && text[0] != '\0' && strchr(blanks, text[0]); len--)
        text++;
    *fault = NULL;
    if (len == 0)
        return NULL;
    enum sl_json_fault json =
        sl_json_check(text, len, SL_HOOK_ANSWER_DEPTH_MAX, SL_HOOK_ANSWER_VALUES_MAX);
    if (json != SL_JSON_GOOD) {
        *fault =
            json == SL_JSON_MALFORMED ? describe_malformed(text, len) : sl_json_fault_words(json);
        return NULL;
    }
    if (text[0] != '{') {
        *fault = "it is JSON, but no object";
        return NULL;
    }
    size_t count =
        result->status == OK ? find_echoes(method, (struct sl_json_span){text, len}, echoes) : 0;
    json_t *answer = sl_json_load_without(text, len, echoes, count, NULL);
    if (!answer)
        *fault = "its texts are not UTF-8, or hold U+0000, or its numbers have no bound";
    return answer;
}

/* All the back end says of the connection, but not who it is. */
static json_t *take_connect(json_t *answer, bool *odd)
{
    json_t *fields = json_copy(answer);
    json_t *kept = sl_hook_policy_keep(json_object_get(answer, CONFIG), odd);

    for (size_t i = 0; i < SL_ARRAY_LEN(context); i++)
        (void)json_object_del(fields, context[i]); /* absent is as good */
    if (kept)
        (void)json_object_set_new(fields, CONFIG, kept);
    else
        (void)json_object_del(fields, CONFIG);
    return fields;
}

static json_t *take_listed(const struct sl_hook_policy *policy, json_t *answer)
{
    json_t *fields = NULL;
    const char *list = policy->rest_overwrite, *at;
    size_t len;

    while (policy->overwrite && next_word(&list, &at, &len)) {
        char *word = sl_strndup(at, len);
        json_t *value = is_context(word) ? NULL : json_object_get(answer, word);
        if (value && !fields)
            fields = json_object();
        if (value)
            (void)json_object_set(fields, word, value); /* fails without memory only */
        free(word);
    }
    return fields;
}

/* Words of the back end: one line, whole UTF-8 characters. False: nothing to be shown. */
static bool copy_words(char out[static SL_HOOK_INFO_MAX], const char *words)
{
    size_t len = strlen(words);

    if (len > SL_HOOK_INFO_MAX - 1) {
        for (len = SL_HOOK_INFO_MAX - 1; len > 0 && ((unsigned char)words[len] & 0xc0) == 0x80;)
            len--;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)words[i];
        bool c1 = byte == 0xc2 && i + 1 < len && (unsigned char)words[i + 1] < 0xa0;
        if (c1)
            out[i++] = ' '; /* and its second byte below */
        out[i] = byte < 0x20 || byte == 0x7f || c1 ? ' ' : words[i];
    }
    out[len] = '\0';
    return strspn(out, " ") < len;
}

static void write_refusal(int status, const json_t *answer, char out[static SL_HOOK_INFO_MAX])
{
    const json_t *info = json_object_get(answer, "info");

    if (!json_is_string(info))
        info = json_object_get(answer, "message");
    if (!json_is_string(info) || !copy_words(out, json_string_value(info)))
        (void)snprintf(out, SL_HOOK_INFO_MAX, SL_HOOK_INFO_REFUSED, status); /* fits */
}

static void write_info(enum sl_hook_outcome outcome, const struct sl_hook_result *result,
                       const json_t *answer, char out[static SL_HOOK_INFO_MAX])
{
    const char *words = "";

    switch (outcome) {
    case SL_HOOK_ANSWERED:
        write_refusal(result->status, answer, out);
        return;
    case SL_HOOK_UNREACHABLE:
        words = SL_HOOK_INFO_UNREACHABLE;
        break;
    case SL_HOOK_TIMED_OUT:
        words = SL_HOOK_INFO_TIMEOUT;
        break;
    case SL_HOOK_BROKEN:
        words = SL_HOOK_INFO_BROKEN;
        break;
    case SL_HOOK_BUSY:
        words = SL_HOOK_INFO_BUSY;
        break;
    }
    (void)snprintf(out, SL_HOOK_INFO_MAX, "%s", words); /* fits */
}

static void judge_success(enum sl_hook_method method, const struct sl_hook_policy *policy,
                          struct sl_hook_verdict *out)
{
    out->allowed = true;
    if (!out->answer)
        return;
    if (sl_hook_method_kind(method) == SL_HOOK_KIND_CONNECT)
        out->fields = take_connect(out->answer, &out->odd);
    else
        out->fields = take_listed(policy, out->answer);
}

/* The table of section 3. */
static void judge_failure(enum sl_hook_method method, const struct sl_hook_policy *policy,
                          struct sl_hook_verdict *out)
{
    switch (sl_hook_method_kind(method)) {
    case SL_HOOK_KIND_CONNECT:
        break; /* refused, whatever restOnError says */
    case SL_HOOK_KIND_DIRECT:
    case SL_HOOK_KIND_INCOMING:
        out->allowed = !policy->fail;
        break;
    case SL_HOOK_KIND_EVENT:
        out->allowed = true; /* it has already happened */
        /* ErrorEvent would fail again, and again bring an ErrorEvent. */
        out->tell_client = policy->fail && method != SL_HOOK_ERROR_EVENT;
        break;
    }
}

/* Is there anything in an answer that decides something? */
static bool is_question(enum sl_hook_method method)
{
    return sl_hook_method_kind(method) != SL_HOOK_KIND_EVENT;
}

void sl_hook_judge(enum sl_hook_method method, const json_t *rest_client_config,
                   const struct sl_hook_result *result, struct sl_hook_verdict *out)
{
    struct sl_hook_policy policy;
    enum sl_hook_outcome outcome = result->outcome;
    const char *fault = NULL;
    json_t *answer = outcome == SL_HOOK_ANSWERED ? parse_answer(method, result, &fault) : NULL;
    bool unreadable = fault && result->status == OK && is_question(method);

    if (unreadable)
        outcome = SL_HOOK_BROKEN;
    bool success = outcome == SL_HOOK_ANSWERED && result->status == OK;

    sl_hook_policy_read(rest_client_config, method, &policy);
    /* A 200 whose rest did not come, or cannot be read, is no 200; of any other status the rest
     * does not matter. */
    *out = (struct sl_hook_verdict){.status = result->status == OK && !success ? 0 : result->status,
                                    .unreadable = unreadable ? fault : NULL,
                                    .answer = answer};
    if (success) {
        judge_success(method, &policy, out);
        return;
    }
    /* Of keep-alives a 403 is an order, not a failure (section 4). */
    if (method == SL_HOOK_STREAM_KEEP_ALIVE_EVENT && out->status == FORBIDDEN) {
        out->allowed = true;
        return;
    }
    out->failed = true;
    judge_failure(method, &policy, out);
    write_info(outcome, result, out->answer, out->info);
}

void sl_hook_verdict_deinit(struct sl_hook_verdict *verdict)
{
    json_decref(verdict->answer);
    json_decref(verdict->fields);
    verdict->answer = verdict->fields = NULL;
}
