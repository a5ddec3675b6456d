#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

void buf_init(struct buf *buf, struct arena *arena, size_t max)
{
    *buf = (struct buf){.arena = arena, .max = max};
}

/* Room for `extra` more bytes and a NUL; false when that passes the maximum. */
static bool make_room(struct buf *buf, size_t extra)
{
    size_t capacity = buf->capacity ? buf->capacity : 256;

    if (buf->is_full || extra > buf->max - buf->len) {
        buf->is_full = true;
        return false;
    }
    if (buf->len + extra + 1 <= buf->capacity)
        return true;
    while (capacity < buf->len + extra + 1)
        capacity *= 2;
    buf->data = arena_grow(buf->arena, buf->data, buf->capacity, capacity);
    buf->capacity = capacity;
    return true;
}

void buf_add(struct buf *buf, struct bytes text)
{
    if (!make_room(buf, text.len))
        return;
    if (text.len)
        memcpy(buf->data + buf->len, text.data, text.len);
    buf->len += text.len;
    buf->data[buf->len] = '\0';
}

void buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, (struct bytes){&c, 1});
}

void buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, bytes_from(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args, again;
    int len;

    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len > 0 && make_room(buf, (size_t)len)) {
        vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

size_t text_character(struct bytes text, size_t at)
{
    const unsigned char *c = (const unsigned char *)text.data + at;
    size_t left = text.len - at;
    unsigned lowest = 0x80, highest = 0xbf;
    size_t len;

    if (left == 0)
        return 0;
    if (c[0] < 0x80)
        return 1;
    if (c[0] < 0xc2 || c[0] > 0xf4)
        return 0;
    len = c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
    if (left < len)
        return 0;
    /* RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF. */
    if (c[0] == 0xe0)
        lowest = 0xa0;
    else if (c[0] == 0xed)
        highest = 0x9f;
    else if (c[0] == 0xf0)
        lowest = 0x90;
    else if (c[0] == 0xf4)
        highest = 0x8f;
    if (c[1] < lowest || c[1] > highest)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    }
    return len;
}

static void add_json_character(struct buf *buf, unsigned char c)
{
    switch (c) {
    case '"':
        buf_add(buf, BYTES("\\\""));
        break;
    case '\\':
        buf_add(buf, BYTES("\\\\"));
        break;
    case '\n':
        buf_add(buf, BYTES("\\n"));
        break;
    case '\t':
        buf_add(buf, BYTES("\\t"));
        break;
    case '\r':
        buf_add(buf, BYTES("\\r"));
        break;
    default:
        buf_printf(buf, "\\u%04x", c);
    }
}

/* What stands for itself in a JSON string. */
static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

void buf_add_json(struct buf *buf, struct bytes text)
{
    size_t plain = 0;

    buf_add_char(buf, '"');
    for (size_t at = 0; at < text.len;) {
        unsigned char c = (unsigned char)text.data[at];
        size_t len = is_plain(c) ? 1 : text_character(text, at);

        if (len > 1 || is_plain(c)) {
            at += len;
            continue;
        }
        buf_add(buf, (struct bytes){text.data + plain, at - plain});
        if (len == 0)
            buf_add(buf, BYTES("\xef\xbf\xbd"));
        else
            add_json_character(buf, c);
        plain = ++at;
    }
    buf_add(buf, bytes_tail(text, plain));
    buf_add_char(buf, '"');
}

struct bytes buf_bytes(const struct buf *buf)
{
    return (struct bytes){buf->data ? buf->data : "", buf->len};
}

/* The code of a character that text_character measured; 0 where that is cut off or invalid. */
static unsigned code_of(const char *c, size_t len)
{
    const unsigned char *byte = (const unsigned char *)c;

    if (len < 2)
        return len ? byte[0] : 0;
    if (len == 2)
        return (byte[0] & 0x1fu) << 6 | (byte[1] & 0x3fu);
    if (len == 3)
        return (byte[0] & 0xfu) << 12 | (byte[1] & 0x3fu) << 6 | (byte[2] & 0x3fu);
    return 0x10000; /* nothing that far is looked at */
}

bool text_is_control(const char *c, size_t len)
{
    unsigned code = code_of(c, len);

    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xfeff || code == 0xfffe || code == 0xffff;
}

const char *text_clean(struct arena *arena, struct bytes text, size_t max)
{
    struct buf buf;

    buf_init(&buf, arena, max * 6 + 8);
    for (size_t at = 0; at < text.len;) {
        size_t len = text_character(text, at);

        if (at + (len ? len : 1) > max) {
            buf_add(&buf, BYTES("..."));
            break;
        }
        if (len == 0)
            buf_add(&buf, BYTES("\xef\xbf\xbd"));
        else if (text_is_control(text.data + at, len))
            buf_printf(&buf, "\\u%04x", code_of(text.data + at, len));
        else
            buf_add(&buf, (struct bytes){text.data + at, len});
        at += len ? len : 1;
    }
    return buf.data ? buf.data : "";
}

const char *text_quote(struct arena *arena, struct bytes text)
{
    return text_clean(arena, text, 253);
}
