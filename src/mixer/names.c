/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names with '#', those made of them, and those of files. */
#include "mixer/names.h"

#include "mixer/mixer.h"

#include <errno.h>
#include <string.h>

enum { FILE_NAME_MAX = 255 };

bool sl_mixer_name_is_valid(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789._-";
    size_t len = strnlen(name, SL_MIXER_NAME_MAX + 1);

    return len > 0 && len <= SL_MIXER_NAME_MAX && strspn(name, allowed) == len;
}

int sl_mixer_name_split(const char *publication, const char **mixer)
{
    const char *at = strchr(publication, '#');

    *mixer = NULL;
    if (!at)
        return 0;
    if (at == publication || !sl_mixer_name_is_valid(at + 1))
        return -EINVAL;
    *mixer = at + 1;
    return 0;
}

int sl_mixer_name_alone(const char *output, const char *input,
                        char out[static SL_STREAM_NAME_MAX + 1])
{
    size_t len = strlen(output) + 1;

    if (len + strlen(input) > SL_STREAM_NAME_MAX)
        return -EINVAL;
    memcpy(out, output, len - 1);
    out[len - 1] = '-';
    for (; *input; input++) {
        if (*input != '#')
            out[len++] = *input;
    }
    out[len] = '\0';
    return 0;
}

bool sl_mixer_name_has(const char *name, const char *words)
{
    size_t name_len = strlen(name);

    while (*words) {
        size_t len = strcspn(words, ",");
        while (len > 0 && *words == ' ') {
            words++;
            len--;
        }
        size_t word_len = len;
        while (word_len > 0 && words[word_len - 1] == ' ')
            word_len--;
        if (word_len > 0 && memmem(name, name_len, words, word_len))
            return true;
        words += len;
        words += *words == ',';
    }
    return false;
}

bool sl_mixer_image_name_is_valid(const char *name)
{
    size_t len = strnlen(name, FILE_NAME_MAX + 1);

    if (len == 0 || len > FILE_NAME_MAX || name[0] == '.')
        return false;
    for (const char *c = name; *c; c++) {
        if (*c == '/' || *c == '\\' || (unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    }
    return true;
}
