/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Salted scrypt hashes, and passwords drawn at random. */
#include "apps/password.h"

#include "base/random.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    /* 16 MiB and some 30 ms: the administrator waits that long once, an attacker each time. */
    COST = 16384,
    BLOCK_SIZE = 8,
    PARALLELISM = 1,
    SALT_LEN = 16,
    KEY_LEN = 32,
    /* What a file may ask of us. */
    COST_MAX = 1 << 17,
    BLOCK_SIZE_MAX = 32,
    PARALLELISM_MAX = 16,
    MEMORY_MAX = 64 << 20,
    EFFORT_MAX = 32, /* times the memory above is gone through, in units of COST * BLOCK_SIZE */
};

struct hash {
    uint32_t cost, block_size, parallelism; /* N, r, p of RFC 7914 */
    uint8_t salt[SALT_LEN];
    uint8_t key[KEY_LEN];
};

static void write_hex(char *out, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

static void format(const struct hash *hash, char out[SL_PASSWORD_HASH_LEN])
{
    char salt[2 * SALT_LEN + 1], key[2 * KEY_LEN + 1];

    write_hex(salt, hash->salt, SALT_LEN);
    write_hex(key, hash->key, KEY_LEN);
    (void)snprintf(out, SL_PASSWORD_HASH_LEN, "scrypt:%u:%u:%u$%s$%s", hash->cost, hash->block_size,
                   hash->parallelism, salt, key); /* 121 bytes at most */
}

static bool is_bounded(const struct hash *hash)
{
    uint64_t memory = (uint64_t)128 * hash->cost * hash->block_size;
    uint64_t effort = (uint64_t)hash->cost * hash->block_size * hash->parallelism;

    return hash->cost >= 2 && hash->cost <= COST_MAX && (hash->cost & (hash->cost - 1)) == 0 &&
           hash->block_size >= 1 && hash->block_size <= BLOCK_SIZE_MAX && hash->parallelism >= 1 &&
           hash->parallelism <= PARALLELISM_MAX && memory <= MEMORY_MAX &&
           effort <= (uint64_t)EFFORT_MAX * COST * BLOCK_SIZE;
}

static bool parse(const char *text, struct hash *out)
{
    struct hash hash;
    char salt[2 * SALT_LEN + 1], key[2 * KEY_LEN + 1], again[SL_PASSWORD_HASH_LEN];
    size_t len;

    if (sscanf(text, "scrypt:%6u:%2u:%2u$%32[0-9a-f]$%64[0-9a-f]", &hash.cost, &hash.block_size,
               &hash.parallelism, salt, key) != 5 ||
        strlen(salt) != (size_t)2 * SALT_LEN || strlen(key) != (size_t)2 * KEY_LEN)
        return false;
    if (!OPENSSL_hexstr2buf_ex(hash.salt, SALT_LEN, &len, salt, '\0') ||
        !OPENSSL_hexstr2buf_ex(hash.key, KEY_LEN, &len, key, '\0') || !is_bounded(&hash))
        return false;
    format(&hash, again); /* sscanf() overlooks blanks, signs and whatever follows */
    if (strcmp(again, text) != 0)
        return false;
    *out = hash;
    return true;
}

static bool derive(const char *password, const struct hash *hash, uint8_t key[KEY_LEN])
{
    /* Its default of 32 MiB would refuse what is_bounded() allows. */
    uint64_t memory = (uint64_t)MEMORY_MAX * 2;

    if (EVP_PBE_scrypt(password, strlen(password), hash->salt, SALT_LEN, hash->cost,
                       hash->block_size, hash->parallelism, memory, key, KEY_LEN) == 1)
        return true;
    ERR_clear_error(); /* what is left in this thread's queue would look like a failure of TLS */
    return false;
}

int sl_password_hash(const char *password, char out[SL_PASSWORD_HASH_LEN])
{
    struct hash hash = {.cost = COST, .block_size = BLOCK_SIZE, .parallelism = PARALLELISM};

    sl_random_bytes(hash.salt, SALT_LEN);
    if (!derive(password, &hash, hash.key))
        return -ENOMEM;
    format(&hash, out);
    return 0;
}

bool sl_password_hash_is_valid(const char *text)
{
    struct hash hash;

    return parse(text, &hash);
}

bool sl_password_matches(const char *password, const char *text)
{
    struct hash hash;
    uint8_t key[KEY_LEN];

    if (!parse(text, &hash) || !derive(password, &hash, key))
        return false;
    bool matches = CRYPTO_memcmp(key, hash.key, KEY_LEN) == 0;
    OPENSSL_cleanse(key, sizeof(key));
    return matches;
}

void sl_password_decoy(char out[SL_PASSWORD_HASH_LEN])
{
    struct hash hash = {.cost = COST, .block_size = BLOCK_SIZE, .parallelism = PARALLELISM};

    sl_random_bytes(hash.salt, SALT_LEN);
    sl_random_bytes(hash.key, KEY_LEN); /* 256 bits that nobody derives */
    format(&hash, out);
}

void sl_password_draw(char out[SL_PASSWORD_DRAWN_LEN + 1])
{
    /* without l, o, I, O, 0 and 1 */
    static const char letters[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    enum { COUNT = sizeof(letters) - 1, FAIR = 256 / COUNT * COUNT };
    size_t done = 0;

    while (done < SL_PASSWORD_DRAWN_LEN) {
        uint8_t byte;
        sl_random_bytes(&byte, 1);
        if (byte < FAIR) /* no letter is likelier than another */
            out[done++] = letters[byte % COUNT];
    }
    out[done] = '\0';
}
