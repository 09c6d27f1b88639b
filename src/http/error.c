/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bodies of error answers, made from one table of the status codes this server sends. */
#include "http/error.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int status;
    const char *phrase, *exception;
} statuses[] = {
    {200, "OK", ""},
    {400, "Bad Request", "BadRequestException"},
    {401, "Unauthorized", "UnauthorizedException"},
    {403, "Forbidden", "ForbiddenException"},
    {404, "Not Found", "NotFoundException"},
    {405, "Method Not Allowed", "MethodNotAllowedException"},
    {409, "Conflict", "ConflictException"},
    {413, "Payload Too Large", "PayloadTooLargeException"},
    {429, "Too Many Requests", "TooManyRequestsException"},
    {500, "Internal Server Error", "InternalServerErrorException"},
    {503, "Service Unavailable", "ServiceUnavailableException"},
};

static size_t find_status(int status)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(statuses); i++) {
        if (statuses[i].status == status)
            return i;
    }
    return SL_ARRAY_LEN(statuses);
}

const char *sl_status_phrase(int status)
{
    size_t i = find_status(status);

    return i < SL_ARRAY_LEN(statuses) ? statuses[i].phrase : "Error";
}

json_t *sl_json_text(const char *text)
{
    if (!text)
        return json_null();
    json_t *value = json_string(text);
    if (value)
        return value;
    char *ascii = sl_strdup(text);
    for (char *c = ascii; *c; c++) {
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    }
    value = json_string(ascii);
    free(ascii);
    return value;
}

json_t *sl_error_body(int status, const char *path, const char *message, int64_t now_ms)
{
    size_t i = find_status(status);
    const char *phrase = sl_status_phrase(status);
    const char *exception = i < SL_ARRAY_LEN(statuses) ? statuses[i].exception : "Exception";
    char reason[512];

    (void)snprintf(reason, sizeof(reason), "%s, %s, %s", exception, phrase, message);
    return json_pack("{s:s, s:o, s:o, s:s, s:o, s:I, s:i}", "exception", exception, "reason",
                     sl_json_text(reason), "path", sl_json_text(path), "error", phrase, "message",
                     sl_json_text(message), "timestamp", (json_int_t)now_ms, "status", status);
}

json_t *sl_problem_body(int status, const char *path, const char *message)
{
    return json_pack("{s:s, s:s, s:i, s:o, s:o}", "type", "about:blank", "title",
                     sl_status_phrase(status), "status", status, "detail", sl_json_text(message),
                     "instance", sl_json_text(path));
}
