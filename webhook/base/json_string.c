/* json_string: strings with escapes, with characters outside ASCII, or with faults. */
#include "base/buf.h"
#include "base/json_reader.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits of a \u escape; -1, and `at` moved to what is wrong. */
static int read_hex(char **at)
{
    int code = 0;

    for (int i = 0; i < 4; i++, ++*at) {
        int digit = hex_digit(**at);

        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    return code;
}

static bool is_high_surrogate(int code)
{
    return code >= 0xd800 && code <= 0xdbff;
}

static bool is_low_surrogate(int code)
{
    return code >= 0xdc00 && code <= 0xdfff;
}

/* The low half of a pair, which must follow its high half; -1 where it does not, and `at` stays. */
static int read_low_surrogate(char **at)
{
    char *digits = *at + 2;
    int code = -1;

    if ((*at)[0] == '\\' && (*at)[1] == 'u')
        code = read_hex(&digits);
    if (!is_low_surrogate(code))
        return -1;
    *at = digits;
    return code;
}

/* What a backslash and the letter stand for; 'u' for itself, and 0 for what is no escape. */
static int escape_meaning(char letter)
{
    switch (letter) {
    case '"':
    case '\\':
    case '/':
    case 'u':
        return letter;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

/* The escape whose backslash is at `spot`. An unpaired surrogate becomes U+FFFD. */
static struct spot read_escape(struct reader *reader, struct spot spot, int *code)
{
    size_t start = (size_t)(spot.at - reader->text);
    int low = -1;

    spot.at++;
    *code = escape_meaning(*spot.at);
    if (!*code)
        return reader_broken(reader, spot);
    if (*spot.at++ != 'u')
        return spot;
    *code = read_hex(&spot.at);
    if (*code < 0)
        return reader_broken(reader, spot);
    if (!is_high_surrogate(*code) && !is_low_surrogate(*code))
        return spot;
    if (is_high_surrogate(*code))
        low = read_low_surrogate(&spot.at);
    if (low < 0)
        reader_note(reader, DOCUMENT_ENCODING, start);
    *code = low < 0 ? 0xfffd : 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    return spot;
}

static char *put_character(char *to, int code)
{
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (code & 0x3f));
    return to;
}

/* Move what is not ASCII. */
static struct spot move_character(struct reader *reader, struct spot spot, char **to)
{
    struct bytes rest = {spot.at, (size_t)(reader->end - spot.at)};
    size_t len = text_character(rest, 0);

    if (len == 0)
        reader_note(reader, DOCUMENT_ENCODING, (size_t)(spot.at - reader->text));
    len = len ? len : 1;
    memmove(*to, spot.at, len);
    *to += len;
    spot.at += len;
    return spot;
}

/* Decodes in place: what a string means is never longer than how it is written. */
struct spot reader_hard_string(struct reader *reader, struct spot spot, const char *start,
                               uint32_t info)
{
    char *to = spot.at;

    while (*spot.at != '"') {
        if (*spot.at == '\\') {
            int code;

            spot = read_escape(reader, spot, &code);
            if (!spot.at)
                return spot;
            to = put_character(to, code);
        } else if ((signed char)*spot.at >= ' ') {
            *to++ = *spot.at++;
        } else if ((signed char)*spot.at >= 0) {
            return reader_broken(reader, spot);
        } else {
            spot = move_character(reader, spot, &to);
        }
    }
    spot.at++;
    if (info) {
        spot.top = reader_push(reader, spot.top, start, spot.at, info | ITEM_ESCAPED);
        spot.top[-1].span = (uint32_t)(to - start) - 1;
    }
    return spot;
}
