/* instant: a point in time, seconds since 1970-01-01T00:00:00Z. */
#pragma once

#include <stdint.h>

#include "base/arena.h"

/* An instant, for JSON Schema: days and hours that there aren't aside. */
#define INSTANT_JSON                                                                               \
    "{\"type\": \"string\", \"pattern\": \"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt "                        \
    "][0-9]{2}:[0-9]{2}:[0-9]{2}"                                                                  \
    "(\\\\.[0-9]+)?([Zz]|[-+][0-9]{2}:[0-9]{2})$\"}"

/* RFC 3339, any offset, fractions of a second dropped; years 1970 to 9999. */
bool instant_parse(struct bytes text, int64_t *out, struct error *err) MUST_CHECK;

/* In UTC with Z: 2026-11-21T09:00:00Z. Lives in `arena`. */
const char *instant_write(int64_t instant, struct arena *arena);
