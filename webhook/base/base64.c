#include "base/base64.h"

#include <stdint.h>

/* What a character stands for; -1 for any other. */
static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

struct decoding {
    uint32_t bits; /* of the group of four that is being read */
    unsigned digits, padding;
    char *out;
    size_t len;
};

static bool is_group_sound(const struct decoding *decoding)
{
    return decoding->padding == 0 || (decoding->padding == 1 && (decoding->bits & 0xff) == 0) ||
           (decoding->padding == 2 && (decoding->bits & 0xffff) == 0);
}

static bool add_character(struct decoding *decoding, char c)
{
    int digit = digit_of(c);

    if (c == '=' && decoding->digits >= 2)
        decoding->padding++;
    else if (digit < 0 || decoding->padding > 0)
        return false;
    decoding->bits = decoding->bits << 6 | (uint32_t)(digit < 0 ? 0 : digit);
    if (++decoding->digits < 4)
        return true;
    if (!is_group_sound(decoding))
        return false;
    for (unsigned i = 0; i < 3 - decoding->padding; i++)
        decoding->out[decoding->len++] = (char)(decoding->bits >> (16 - 8 * i));
    decoding->digits = 0;
    return true;
}

bool base64_decode(struct bytes text, struct arena *arena, struct bytes *out)
{
    struct decoding decoding = {.out = arena_alloc_raw(arena, text.len / 4 * 3 + 4)};

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '\n' && text.data[i] != '\r' && !add_character(&decoding, text.data[i]))
            return false;
    }
    if (decoding.digits > 0)
        return false;
    decoding.out[decoding.len] = '\0';
    *out = (struct bytes){decoding.out, decoding.len};
    return true;
}

void base64_add(struct buf *buf, struct bytes text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = (const unsigned char *)text.data;

    for (size_t i = 0; i < text.len; i += 3) {
        size_t left = text.len - i;
        unsigned group = (unsigned)in[i] << 16 | (left > 1 ? (unsigned)in[i + 1] << 8 : 0) |
                         (left > 2 ? in[i + 2] : 0);
        char quad[4] = {digits[group >> 18], digits[group >> 12 & 63],
                        left > 1 ? digits[group >> 6 & 63] : '=',
                        left > 2 ? digits[group & 63] : '='};

        buf_add(buf, (struct bytes){quad, 4});
    }
}
