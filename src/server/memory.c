/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our allocator for the libraries that take one. libssh and hiredis do not. */
#include "server/server.h"

#include "base/mem.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <uv.h>

static void *openssl_alloc(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return sl_mem_alloc(len);
}

static void *openssl_realloc(void *memory, size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return sl_mem_realloc(memory, len);
}

static void openssl_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

static bool openssl_took_it;

/* OpenSSL takes an allocator only before its first allocation, and libssh uses it as soon as it is
 * loaded: this runs before the libraries' own beginnings. No sanitizer is ready then. */
__attribute__((no_sanitize("address", "undefined", "thread"))) static void
set_openssl(int argc, char **argv, char **environment)
{
    (void)argc;
    (void)argv;
    (void)environment;
    openssl_took_it = CRYPTO_set_mem_functions(openssl_alloc, openssl_realloc, openssl_free) == 1;
}

__attribute__((section(".preinit_array"),
               used)) static void (*const before_libraries)(int, char **, char **) = set_openssl;

int sl_memory_init(void)
{
    if (!openssl_took_it)
        return -EALREADY;
    json_set_alloc_funcs(sl_mem_alloc, free);
    if (uv_replace_allocator(sl_mem_alloc, sl_mem_realloc, sl_mem_calloc, free) < 0)
        return -EINVAL;
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, sl_mem_alloc, free, sl_mem_realloc, sl_strdup,
                             sl_mem_calloc) != CURLE_OK)
        return -ENOMEM;
    return 0;
}
