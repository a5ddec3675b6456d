#include "base/error.h"

#include <stdio.h>
#include <string.h>

/* Cut after the last whole UTF-8 character. */
static void trim_partial_character(char *text, size_t capacity)
{
    size_t len = strlen(text);
    size_t start = len;

    if (len + 1 < capacity)
        return;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start > 0 && (unsigned char)text[start - 1] >= 0xc0)
        text[start - 1] = '\0';
}

static bool set(struct error *err, bool is_limit, const char *format, va_list args)
{
    vsnprintf(err->text, sizeof(err->text), format, args);
    trim_partial_character(err->text, sizeof(err->text));
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
    error_set(err, "%s: %s", context, cause);
    err->is_limit = is_limit;
    return false;
}
