/* json_string: strings with escapes, with characters outside ASCII, or with faults. */
#include "base/buf.h"
#include "base/json_reader.h"

const char *plain_end(const char *at, const char *end)
{
    while (end - at >= PLAIN_STEP) {
        plain_mask found = plain_find(at);

        if (found)
            return at + plain_first(found);
        at += PLAIN_STEP;
    }
    while (at < end && *at != '"' && *at != '\\' && (signed char)*at >= ' ')
        at++;
    return at;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits of a \u escape; -1, and `at` moved to what is wrong. */
static int read_hex(const char **at, const char *end)
{
    int code = 0;

    for (int i = 0; i < 4; i++, ++*at) {
        int digit = *at < end ? hex_digit(**at) : -1;

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
static int read_low_surrogate(const char **at, const char *end)
{
    const char *digits = *at + 2;
    int code = -1;

    if (end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u')
        code = read_hex(&digits, end);
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

/* Pass the escape whose backslash is at `spot`. */
static struct spot check_escape(struct reader *reader, struct spot spot)
{
    size_t start = (size_t)(spot.at - reader->text);
    int code;

    if (++spot.at == reader->end || !escape_meaning(*spot.at))
        return reader_broken(reader, spot);
    if (*spot.at++ != 'u')
        return spot;
    code = read_hex(&spot.at, reader->end);
    if (code < 0)
        return reader_broken(reader, spot);
    if (is_low_surrogate(code) ||
        (is_high_surrogate(code) && read_low_surrogate(&spot.at, reader->end) < 0))
        reader_note(reader, DOCUMENT_ENCODING, start);
    return spot;
}

/* Pass what is not ASCII. */
static struct spot check_character(struct reader *reader, struct spot spot)
{
    struct bytes rest = {spot.at, (size_t)(reader->end - spot.at)};
    size_t len = text_character(rest, 0);

    if (len == 0)
        reader_note(reader, DOCUMENT_ENCODING, (size_t)(spot.at - reader->text));
    spot.at += len ? len : 1;
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

/* The character of a checked escape, `at` being behind its backslash; an unpaired surrogate becomes
 * U+FFFD. */
static int read_escape(const char **at, const char *end)
{
    int code = escape_meaning(*(*at)++), low;

    if (code != 'u')
        return code;
    code = read_hex(at, end);
    if (is_low_surrogate(code))
        return 0xfffd;
    if (!is_high_surrogate(code))
        return code;
    low = read_low_surrogate(at, end);
    return low < 0 ? 0xfffd : 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

/* Decode the checked string between `at` and `end` (no quotes). Returns where in `unescaped` it is.
 *
 * The buffer is made once, for everything that may still come: a decoded string and the length
 * before it take no more than its quotes, its escapes and the comma after it, even as `"\n",`. */
static uint32_t unescape(struct reader *reader, const char *at, const char *end)
{
    uint32_t start, len;
    char *to;

    if (!reader->unescaped)
        reader->unescaped = arena_alloc_raw(reader->arena, (size_t)(reader->end - at) + 8);
    start = reader->unescaped_len + (uint32_t)sizeof(len);
    to = reader->unescaped + start;
    while (at < end) {
        if (*at != '\\') {
            *to++ = *at++;
        } else {
            at++;
            to = put_character(to, read_escape(&at, end));
        }
    }
    reader->unescaped_len = (uint32_t)(to - reader->unescaped);
    len = reader->unescaped_len - start;
    memcpy(reader->unescaped + start - sizeof(len), &len, sizeof(len));
    return start;
}

struct spot reader_hard_string(struct reader *reader, struct spot spot, const char *start,
                               uint32_t info)
{
    bool has_escape = false;

    spot.at = plain_end(spot.at, reader->end);
    while (spot.at < reader->end && *spot.at != '"') {
        if (*spot.at == '\\') {
            has_escape = true;
            spot = check_escape(reader, spot);
        } else if ((unsigned char)*spot.at >= 0x80) {
            spot = check_character(reader, spot);
        } else {
            return reader_broken(reader, spot);
        }
        if (!spot.at)
            return spot;
        spot.at = plain_end(spot.at, reader->end);
    }
    if (spot.at == reader->end)
        return reader_broken(reader, spot);
    spot.at++;
    if (!info)
        return spot;
    spot.top = reader_push(reader, spot.top, start, spot.at, info);
    if (has_escape) {
        spot.top[-1].info |= ITEM_ESCAPED;
        spot.top[-1].span = unescape(reader, start + 1, spot.at - 1);
    }
    return spot;
}
