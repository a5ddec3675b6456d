#include "base/amount.h"

#include "base/buf.h"

enum { MOST_DIGITS = 18 };

__extension__ typedef __int128 wide; /* holds every product of two int64_t, and the sum of two */

struct amount amount_of(int64_t whole)
{
    return (struct amount){whole, 1};
}

/* INVARIANT: everything below reads an amount through this, so that a zeroed one is 0/1. */
static int64_t denominator(struct amount amount)
{
    return amount.den ? amount.den : 1;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

static wide common_divisor_wide(wide a, wide b)
{
    while (b > UINT64_MAX || a > UINT64_MAX) {
        wide rest;

        if (!b)
            return a;
        rest = a % b;
        a = b;
        b = rest;
    }
    return common_divisor((uint64_t)a, (uint64_t)b);
}

/* num/den (den not 0) in lowest terms; false where that doesn't fit. */
static bool reduce(wide num, wide den, struct amount *out)
{
    wide divisor;

    if (den < 0) {
        num = -num;
        den = -den;
    }
    divisor = common_divisor_wide(num < 0 ? -num : num, den);
    if (divisor > 1) {
        num /= divisor;
        den /= divisor;
    }
    if (num < INT64_MIN || num > INT64_MAX || den > INT64_MAX)
        return false;
    *out = (struct amount){(int64_t)num, (int64_t)den};
    return true;
}

static bool refuse(struct bytes text, const char *wanted, struct error *err)
{
    struct arena arena = {0};

    error_set(err, "expected %s, got \"%s\"", wanted, text_clean(&arena, text, 60));
    arena_release(&arena);
    return false;
}

/* The run of digits at `*at`; its length goes to `digits`. */
static int64_t read_digits(struct bytes text, size_t *at, size_t *digits)
{
    size_t start = *at;
    int64_t number = 0;

    for (; *at < text.len && text.data[*at] >= '0' && text.data[*at] <= '9'; ++*at) {
        if (*at - start < MOST_DIGITS)
            number = number * 10 + (text.data[*at] - '0');
    }
    *digits = *at - start;
    return number;
}

/* The grammar alone: up to three numbers and what stands between them. */
struct parts {
    int64_t numbers[3];
    char marks[2];
    size_t last_digits, count;
    bool is_too_long;
};

static bool read_parts(struct bytes text, struct parts *parts)
{
    struct bytes marks;
    size_t at = 0;

    *parts = (struct parts){0};
    for (;;) {
        parts->numbers[parts->count] = read_digits(text, &at, &parts->last_digits);
        parts->is_too_long |= parts->last_digits > MOST_DIGITS;
        if (parts->last_digits == 0)
            return false;
        if (at == text.len)
            break;
        if (parts->count == 2)
            return false;
        parts->marks[parts->count++] = text.data[at++];
    }
    marks = (struct bytes){parts->marks, parts->count};
    return marks.len == 0 || bytes_is(marks, ".") || bytes_is(marks, "/") || bytes_is(marks, " /");
}

bool amount_parse(struct bytes text, struct amount *out, struct error *err)
{
    wide whole = 0, num, den = 1;
    struct parts parts;

    if (!read_parts(text, &parts))
        return refuse(text, "an amount such as 8, 0.5 or 1/4", err);
    if (parts.is_too_long)
        return refuse(text, "an amount with at most 18 digits a part", err);
    num = parts.numbers[parts.count];
    if (parts.marks[0] == '.') {
        whole = parts.numbers[0];
        for (size_t i = 0; i < parts.last_digits; i++)
            den *= 10;
    } else if (parts.count > 0) {
        whole = parts.count == 2 ? parts.numbers[0] : 0;
        den = num;
        num = parts.numbers[parts.count - 1];
    }
    if (den == 0)
        return refuse(text, "a fraction of something but 0", err);
    if (!reduce(whole * den + num, den, out))
        return refuse(text, "an amount that fits 64 bits", err);
    return true;
}

const char *amount_write(struct amount amount, struct arena *arena)
{
    uint64_t den = (uint64_t)denominator(amount);
    uint64_t num = amount.num < 0 ? 0 - (uint64_t)amount.num : (uint64_t)amount.num;
    const char *sign = amount.num < 0 ? "-" : "";
    unsigned long long whole = num / den, rest = num % den;

    if (rest == 0)
        return arena_printf(arena, "%s%llu", sign, whole);
    if (whole == 0)
        return arena_printf(arena, "%s%llu/%llu", sign, rest, (unsigned long long)den);
    return arena_printf(arena, "%s%llu %llu/%llu", sign, whole, rest, (unsigned long long)den);
}

int amount_compare(struct amount a, struct amount b)
{
    wide left = (wide)a.num * denominator(b);
    wide right = (wide)b.num * denominator(a);

    return left < right ? -1 : left > right;
}

bool amount_is_zero(struct amount amount)
{
    return amount.num == 0;
}

/* a + b over a common denominator; the usual case, in plain 64-bit arithmetic. */
static bool add_alike(int64_t a, int64_t b, int64_t den, struct amount *out)
{
    int64_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        return reduce((wide)a + b, den, out);
    if (den > 1) {
        uint64_t size = sum < 0 ? 0 - (uint64_t)sum : (uint64_t)sum;
        int64_t divisor = (int64_t)common_divisor(size, (uint64_t)den);

        sum /= divisor;
        den /= divisor;
    }
    *out = (struct amount){sum, den};
    return true;
}

bool amount_add(struct amount a, struct amount b, struct amount *out)
{
    int64_t a_den = denominator(a), b_den = denominator(b);

    if (a_den == b_den)
        return add_alike(a.num, b.num, a_den, out);
    return reduce((wide)a.num * b_den + (wide)b.num * a_den, (wide)a_den * b_den, out);
}

bool amount_subtract(struct amount a, struct amount b, struct amount *out)
{
    int64_t a_den = denominator(a), b_den = denominator(b);

    if (a_den == b_den && b.num != INT64_MIN)
        return add_alike(a.num, -b.num, a_den, out);
    return reduce((wide)a.num * b_den - (wide)b.num * a_den, (wide)a_den * b_den, out);
}

bool amount_multiply(struct amount a, struct amount b, struct amount *out)
{
    int64_t product;

    if (denominator(a) == 1 && denominator(b) == 1 &&
        !__builtin_mul_overflow(a.num, b.num, &product)) {
        *out = amount_of(product);
        return true;
    }
    return reduce((wide)a.num * b.num, (wide)denominator(a) * denominator(b), out);
}

bool amount_divide(struct amount a, struct amount b, struct amount *out)
{
    if (b.num == 0)
        return false;
    return reduce((wide)a.num * denominator(b), (wide)denominator(a) * b.num, out);
}

struct amount amount_max(struct amount a, struct amount b)
{
    return amount_compare(a, b) < 0 ? b : a;
}
