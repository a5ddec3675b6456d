/* amount: an exact fraction, such as 1/7 of a GPU or 4Ti of memory. There is no floating point. */
#pragma once

#include <stdint.h>

#include "base/arena.h"

/* Always in lowest terms, `den` at least 1. A zeroed one is 0 (its den counts as 1). Negative
 * values exist only as differences. */
/* What amount_parse takes, as a regular expression in JSON: longer digits aside. */
#define AMOUNT_PATTERN_JSON "[0-9]+(\\\\.[0-9]+|( [0-9]+)?/[0-9]+)?"

struct amount {
    int64_t num, den;
};

struct amount amount_of(int64_t whole);

/* "16", "1/7", "0.5", "12.25", "16 1/7"; no sign, no exponent, no white space around. At most 18
 * digits a part. */
bool amount_parse(struct bytes text, struct amount *out, struct error *err) MUST_CHECK;

/* A mixed number: "0", "16", "1/7", "16 1/7", "-1 1/2". Lives in `arena`. */
const char *amount_write(struct amount amount, struct arena *arena);

/* <0, 0, >0. Exact for all values. */
int amount_compare(struct amount a, struct amount b);
bool amount_is_zero(struct amount amount);

/* False, and `out` untouched, where the result doesn't fit 64-bit numerator and denominator. */
bool amount_add(struct amount a, struct amount b, struct amount *out) MUST_CHECK;
bool amount_subtract(struct amount a, struct amount b, struct amount *out) MUST_CHECK;
bool amount_multiply(struct amount a, struct amount b, struct amount *out) MUST_CHECK;
bool amount_divide(struct amount a, struct amount b,
                   struct amount *out) MUST_CHECK; /* b = 0: false */

struct amount amount_max(struct amount a, struct amount b);
