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

bool error_set(struct error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    trim_partial_character(err->text, sizeof(err->text));
    return false;
}

bool error_wrap(struct error *err, const char *format, ...)
{
    struct error context;
    char cause[sizeof(err->text)];
    va_list args;

    memcpy(cause, err->text, sizeof(cause));
    va_start(args, format);
    vsnprintf(context.text, sizeof(context.text), format, args);
    va_end(args);
    return error_set(err, "%.250s: %s", context.text, cause);
}
