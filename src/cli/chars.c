/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UTF-8 and the tables of character widths. */
#include "cli/chars.h"

#include "base/mem.h"
#include "cli/output.h"

#include <string.h>

struct range {
    uint32_t first, last;
};

/* Combining marks of the scripts in use, joiners and variation selectors (Unicode 15, Mn and Me,
 * neighbouring ranges joined). */
static const struct range zero_width[] = {
    {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x5bf, 0x5bf},   {0x5c1, 0x5c2},
    {0x5c4, 0x5c5},   {0x5c7, 0x5c7},   {0x610, 0x61a},   {0x64b, 0x65f},   {0x670, 0x670},
    {0x6d6, 0x6dc},   {0x6df, 0x6e4},   {0x6e7, 0x6e8},   {0x6ea, 0x6ed},   {0x711, 0x711},
    {0x730, 0x74a},   {0x7a6, 0x7b0},   {0x7eb, 0x7f3},   {0x816, 0x82d},   {0x900, 0x902},
    {0x93a, 0x93a},   {0x93c, 0x93c},   {0x941, 0x948},   {0x94d, 0x94d},   {0x951, 0x957},
    {0xe31, 0xe31},   {0xe34, 0xe3a},   {0xe47, 0xe4e},   {0xeb1, 0xeb1},   {0xeb4, 0xebc},
    {0xec8, 0xece},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200c, 0x200d}, {0x20d0, 0x20f0},
    {0x302a, 0x302d}, {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef},
};

/* East Asian Width W and F, and what terminals draw as pictures. */
static const struct range double_width[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},
    {0x23f0, 0x23f0},   {0x23f3, 0x23f3},   {0x25fd, 0x25fe},   {0x2614, 0x2615},
    {0x2648, 0x2653},   {0x267f, 0x267f},   {0x2693, 0x2693},   {0x26a1, 0x26a1},
    {0x26aa, 0x26ab},   {0x26bd, 0x26be},   {0x26c4, 0x26c5},   {0x26ce, 0x26ce},
    {0x26d4, 0x26d4},   {0x26ea, 0x26ea},   {0x26f2, 0x26f3},   {0x26f5, 0x26f5},
    {0x26fa, 0x26fa},   {0x26fd, 0x26fd},   {0x2705, 0x2705},   {0x270a, 0x270b},
    {0x2728, 0x2728},   {0x274c, 0x274c},   {0x274e, 0x274e},   {0x2753, 0x2755},
    {0x2757, 0x2757},   {0x2795, 0x2797},   {0x27b0, 0x27b0},   {0x27bf, 0x27bf},
    {0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},   {0x2b55, 0x2b55},   {0x2e80, 0x303e},
    {0x3041, 0x4dbf},   {0x4e00, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe10, 0xfe19},   {0xfe30, 0xfe6f},   {0xff01, 0xff60},
    {0xffe0, 0xffe6},   {0x16fe0, 0x18d08}, {0x1b000, 0x1b2fb}, {0x1f004, 0x1f004},
    {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e}, {0x1f191, 0x1f19a}, {0x1f200, 0x1f320},
    {0x1f32d, 0x1f335}, {0x1f337, 0x1f37c}, {0x1f37e, 0x1f393}, {0x1f3a0, 0x1f3ca},
    {0x1f3cf, 0x1f3d3}, {0x1f3e0, 0x1f3f0}, {0x1f3f4, 0x1f3f4}, {0x1f3f8, 0x1f43e},
    {0x1f440, 0x1f440}, {0x1f442, 0x1f4fc}, {0x1f4ff, 0x1f53d}, {0x1f54b, 0x1f54e},
    {0x1f550, 0x1f567}, {0x1f57a, 0x1f57a}, {0x1f595, 0x1f596}, {0x1f5a4, 0x1f5a4},
    {0x1f5fb, 0x1f64f}, {0x1f680, 0x1f6c5}, {0x1f6cc, 0x1f6cc}, {0x1f6d0, 0x1f6d2},
    {0x1f6d5, 0x1f6d7}, {0x1f6dc, 0x1f6df}, {0x1f6eb, 0x1f6ec}, {0x1f6f4, 0x1f6fc},
    {0x1f7e0, 0x1f7eb}, {0x1f7f0, 0x1f7f0}, {0x1f90c, 0x1f93a}, {0x1f93c, 0x1f945},
    {0x1f947, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x3fffd},
};

static const struct range unsafe[] = {
    {0x0, 0x1f},      {0x7f, 0x9f},     {0x61c, 0x61c},     {0x180e, 0x180e},
    {0x200b, 0x200b}, {0x200e, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},
    {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
};

static bool is_in(const struct range *ranges, size_t count, uint32_t code)
{
    while (count > 0) {
        size_t middle = count / 2;
        if (code > ranges[middle].last) {
            ranges += middle + 1;
            count -= middle + 1;
        } else if (code < ranges[middle].first) {
            count = middle;
        } else {
            return true;
        }
    }
    return false;
}

int sl_char_decode(const char *text, size_t len, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = len > 0 ? (unsigned char)text[0] : 0;
    unsigned count = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint32_t value = first & (count == 1 ? 0x7fu : 0xffu >> (count + 1));

    if (len == 0)
        return 0;
    if (count == 0 || first > 0xf4)
        return -1;
    for (size_t i = 1; i < count; i++) {
        if (i == len)
            return 0;
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return -1;
        value = value << 6 | ((unsigned char)text[i] & 0x3fu);
    }
    if (value < least[count] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return -1;
    *code = value;
    return (int)count;
}

unsigned sl_char_width(uint32_t code)
{
    if (code < 0x300)
        return 1;
    if (is_in(zero_width, SL_ARRAY_LEN(zero_width), code))
        return 0;
    return is_in(double_width, SL_ARRAY_LEN(double_width), code) ? 2 : 1;
}

bool sl_char_is_safe(uint32_t code)
{
    if (code < 0x80) /* nearly all of them */
        return code >= 0x20 && code != 0x7f;
    return !is_in(unsafe, SL_ARRAY_LEN(unsafe), code);
}

size_t sl_chars_width(const char *text, size_t len)
{
    size_t width = 0;

    while (len > 0) {
        uint32_t code = 0;
        int taken = sl_char_decode(text, len, &code);
        width += taken > 0 ? sl_char_width(code) : 1;
        text += taken > 0 ? taken : 1;
        len -= taken > 0 ? (size_t)taken : 1;
    }
    return width;
}

void sl_chars_escape(struct sl_output *output, const char *text, size_t len, bool keep_lines)
{
    while (len > 0) {
        uint32_t code = 0;
        int taken = sl_char_decode(text, len, &code);
        size_t step = taken > 0 ? (size_t)taken : 1;

        if (taken <= 0)
            sl_output_format(output, "\\x%02x", (unsigned)(unsigned char)text[0]);
        else if (sl_char_is_safe(code) || (code == '\n' && keep_lines))
            sl_output_add(output, text, step);
        else
            sl_output_format(output, "\\u{%x}", (unsigned)code);
        text += step;
        len -= step;
    }
}
