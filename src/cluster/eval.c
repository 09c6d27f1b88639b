/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scripts, and building calls of them. What others may have put there is read with pcall and
 * looked at before it is used: a key of another type or a value of megabytes is as good as none. */
#include "cluster/eval.h"

#include "base/mem.h"
#include "cluster/link.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* clang-format off: Lua */
const char sl_script_claim[] = "local got = {} "
                               "for i, key in ipairs(KEYS) do "
                               "  local owner = redis.pcall('GET', key) "
                               "  if type(owner) == 'string' and owner ~= ARGV[1] and #owner <= 64 "
                               "    and redis.call('EXISTS', ARGV[3] .. owner) == 1 then "
                               "    got[i] = 0 "
                               "  else "
                               "    redis.call('SET', key, ARGV[1], 'PX', ARGV[2]) "
                               "    got[i] = 1 "
                               "  end "
                               "end "
                               "return got";

const char sl_script_release[] =
    "local count = 0 "
    "for _, key in ipairs(KEYS) do "
    "  if redis.pcall('GET', key) == ARGV[1] then count = count + redis.call('DEL', key) end "
    "end "
    "return count";

const char sl_script_find[] =
    "local owner = redis.pcall('GET', KEYS[1]) "
    "if type(owner) ~= 'string' or owner == ARGV[1] or #owner > 64 then return false end "
    "local record = redis.pcall('GET', ARGV[2] .. owner) "
    "if type(record) ~= 'string' or #record > tonumber(ARGV[3]) then return false end "
    "return {owner, record}";

/* SRANDMEMBER and not SMEMBERS: a set that somebody has filled costs no more than one that is full.
 */
const char sl_script_beat[] =
    "local found = {redis.call('EXISTS', KEYS[1])} "
    "redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) "
    "redis.call('SADD', KEYS[2], ARGV[1]) "
    "for _, id in ipairs(redis.call('SRANDMEMBER', KEYS[2], ARGV[6])) do "
    "  local record = id ~= ARGV[1] and #id <= 64 and redis.pcall('GET', ARGV[4] .. id) "
    "  if type(record) == 'string' and #record <= tonumber(ARGV[5]) then "
    "    if #found < 2 * tonumber(ARGV[7]) then "
    "      found[#found + 1] = id "
    "      found[#found + 1] = record "
    "    end "
    "  elseif id ~= ARGV[1] then "
    "    redis.call('SREM', KEYS[2], id) "
    "  end "
    "end "
    "return found";

const char sl_script_hello[] =
    "local count = 0 "
    "for _, id in ipairs(redis.call('SRANDMEMBER', KEYS[1], 512)) do "
    "  local record = id ~= ARGV[1] and #id <= 64 and redis.pcall('GET', ARGV[3] .. id) "
    "  if type(record) == 'string' and #record <= tonumber(ARGV[4]) then "
    "    local ok, node = pcall(cjson.decode, record) "
    "    if ok and type(node) == 'table' and node.uri == ARGV[2] then "
    "      redis.call('SREM', KEYS[1], id) "
    "      count = count + redis.call('DEL', ARGV[3] .. id) "
    "    end "
    "  end "
    "end "
    "return count";

const char sl_script_leave[] = "redis.call('SREM', KEYS[2], ARGV[1]) "
                               "return redis.call('DEL', KEYS[1])";
/* clang-format on */

static void add(struct sl_eval *eval, char *arg)
{
    assert(eval->count < SL_EVAL_ARGS_MAX);
    eval->args[eval->count++] = arg;
}

void sl_eval_init(struct sl_eval *eval, const char *script)
{
    eval->count = 0;
    eval->key_count = 0;
    add(eval, sl_strdup("EVAL"));
    add(eval, sl_strdup(script));
    add(eval, NULL); /* how many keys: sl_eval_send() */
}

void sl_eval_key(struct sl_eval *eval, const char *prefix, const char *rest)
{
    size_t len = strlen(prefix) + strlen(rest) + 1;
    char *key = sl_alloc(len);

    (void)snprintf(key, len, "%s%s", prefix, rest);
    add(eval, key);
    eval->key_count++;
}

void sl_eval_arg(struct sl_eval *eval, const char *arg)
{
    add(eval, sl_strdup(arg));
}

void sl_eval_number(struct sl_eval *eval, long long arg)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%lld", arg);
    add(eval, sl_strdup(text));
}

bool sl_eval_send(struct sl_eval *eval, struct sl_redis_link *link, sl_redis_on_reply *on_reply,
                  void *owner)
{
    char keys[24];
    bool open = sl_redis_link_is_open(link);

    (void)snprintf(keys, sizeof(keys), "%zu", eval->key_count);
    eval->args[2] = sl_strdup(keys);
    if (open)
        sl_redis_link_send(link, (const char *const *)eval->args, eval->count, on_reply, owner);
    for (size_t i = 0; i < eval->count; i++)
        free(eval->args[i]);
    return open;
}
