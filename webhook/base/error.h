/* error: one cause in one line of words, with the context that the callers put in front. */
#pragma once

#include <stdbool.h>
#include <stdarg.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))

/* A zeroed one is "no error yet". Text that does not fit is cut, at a whole UTF-8 character; what
 * would move or hide text on a terminal, as a file's name may, is shown as '?'. */
struct error {
    char text[512];
    bool is_limit; /* a bound that the documentation names was passed */
};

/* State the cause. Returns false, so that a failing function can `return error_set(err, ...)`. */
bool error_set(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* The same where a bound was passed. */
bool error_set_limit(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Put context in front of the cause: "context: cause". Returns false. */
bool error_wrap(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);
