#include "base/error.h"

#include <stdio.h>

#include "base/buf.h"

/* Drop the beginning of a UTF-8 character that was cut off at the end of the text. */
static void trim_partial_character(char *text)
{
    size_t len = strlen(text), start = len, width;
    unsigned char lead;

    while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0)
        return;
    lead = (unsigned char)text[--start];
    width = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (len - start < width)
        text[start] = '\0';
}

static void hide_controls(char *text)
{
    struct bytes all = bytes_from(text);

    for (size_t at = 0, len; at < all.len; at += len ? len : 1) {
        len = text_character(all, at);
        if (text_is_control(text + at, len))
            memset(text + at, '?', len ? len : 1);
    }
}

PRINTF_LIKE(3, 0)
static bool set(struct error *err, bool is_limit, const char *format, va_list args)
{
    vsnprintf(err->text, sizeof(err->text), format, args);
    trim_partial_character(err->text);
    hide_controls(err->text);
    err->is_limit = is_limit;
    return false;
}

bool error_set(struct error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set(err, false, format, args);
    va_end(args);
    return false;
}

bool error_set_limit(struct error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set(err, true, format, args);
    va_end(args);
    return false;
}

bool error_wrap(struct error *err, const char *format, ...)
{
    char context[256], cause[sizeof(err->text)];
    bool is_limit = err->is_limit;
    va_list args;

    memcpy(cause, err->text, sizeof(cause));
    va_start(args, format);
    vsnprintf(context, sizeof(context), format, args);
    va_end(args);
    trim_partial_character(context);
    error_set(err, "%s: %s", context, cause);
    err->is_limit = is_limit;
    return false;
}
