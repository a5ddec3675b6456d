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

/* The escape whose backslash is at `spot`. An unpaired surrogate becomes U+FFFD. */
static struct spot read_escape(struct reader *reader, struct spot spot, int *code)
{
    size_t start = (size_t)(spot.at - reader->text);
    int low = -1;

    spot.at++;
    *code = spot.at < reader->end ? escape_meaning(*spot.at) : 0;
    if (!*code)
        return reader_broken(reader, spot);
    if (*spot.at++ != 'u')
        return spot;
    *code = read_hex(&spot.at, reader->end);
    if (*code < 0)
        return reader_broken(reader, spot);
    if (!is_high_surrogate(*code) && !is_low_surrogate(*code))
        return spot;
    if (is_high_surrogate(*code))
        low = read_low_surrogate(&spot.at, reader->end);
    if (low < 0)
        reader_note(reader, DOCUMENT_ENCODING, start);
    *code = low < 0 ? 0xfffd : 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
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

/* Add plain text to the string being decoded; at `to` NULL, begin one.
 *
 * The buffer is made once, for everything that may still come: a decoded string and the length
 * before it take no more than its quotes, its escapes and the comma after it, even as `"\\n",`. */
static char *put_plain(struct reader *reader, char *to, const char *from, const char *end)
{
    if (!reader->unescaped)
        reader->unescaped = arena_alloc_raw(reader->arena, (size_t)(reader->end - from) + 8);
    if (!to)
        to = reader->unescaped + reader->unescaped_len + sizeof(uint32_t);
    memcpy(to, from, (size_t)(end - from));
    return to + (end - from);
}

/* The decoded string that ends at `to` is the text of `item`. */
static void finish_decoded(struct reader *reader, const char *to, struct document_item *item)
{
    uint32_t start = reader->unescaped_len + (uint32_t)sizeof(uint32_t);
    uint32_t len = (uint32_t)(to - reader->unescaped) - start;

    memcpy(reader->unescaped + reader->unescaped_len, &len, sizeof(len));
    reader->unescaped_len = start + len;
    item->info |= ITEM_ESCAPED;
    item->span = start;
}

struct spot reader_hard_string(struct reader *reader, struct spot spot, const char *start,
                               uint32_t info)
{
    const char *plain = start + 1; /* what is not decoded yet */
    char *to = NULL;

    for (;;) {
        int code;

        spot.at = plain_end(spot.at, reader->end);
        if (spot.at == reader->end || (unsigned char)*spot.at < ' ')
            return reader_broken(reader, spot);
        if (*spot.at == '"')
            break;
        if (*spot.at != '\\') {
            spot = check_character(reader, spot);
            continue;
        }
        to = info ? put_plain(reader, to, plain, spot.at) : NULL;
        spot = read_escape(reader, spot, &code);
        if (!spot.at)
            return spot;
        to = info ? put_character(to, code) : NULL;
        plain = spot.at;
    }
    if (to)
        to = put_plain(reader, to, plain, spot.at);
    spot.at++;
    if (info)
        spot.top = reader_push(reader, spot.top, start, spot.at, info);
    if (to)
        finish_decoded(reader, to, spot.top - 1);
    return spot;
}
