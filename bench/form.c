/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading what a player asks for. */
#include "form.h"

#include <stdio.h>
#include <string.h>

static bool parse_word(const char *word, struct form *form)
{
    enum sl_codec codec = sl_codec_from_name(word);
    int end = 0;

    if (strcmp(word, "plain") == 0)
        return true;
    if (codec != SL_CODEC_NONE) {
        form->codecs[sl_codec_kind(codec)] = codec;
        return sl_codec_is_for_webrtc(codec);
    }
    if (sscanf(word, "%dx%d%n", &form->width, &form->height, &end) == 2)
        return word[end] == '\0';
    return sscanf(word, "%dk%n", &form->kbps, &end) == 1 && end > 0 && word[end] == '\0';
}

bool form_parse(const char *text, struct form *out)
{
    char words[64], *rest = NULL;

    *out = FORM_PLAIN;
    if (snprintf(words, sizeof(words), "%s", text) >= (int)sizeof(words))
        return false;
    for (char *word = strtok_r(words, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        if (!parse_word(word, out))
            return false;
    }
    return true;
}
