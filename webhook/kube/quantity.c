#include "kube/quantity.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"

/* A number in nine-digit groups, least first: exact through every suffix, and the whole nanos are
 * one group. The places are enough for anything that ends up in an amount; smaller ones only make
 * the last nano round up, so it is remembered that there were some. */
enum {
    GROUP_DIGITS = 9,
    GROUP = 1000000000,
    FRACTION_GROUPS = 8,
    GROUPS = FRACTION_GROUPS + 6,
    LARGEST_PLACE = 26, /* 10^26; leaves room for a factor of 2^60 */
    LARGEST_EXPONENT = 1000000000,
};

struct number {
    uint32_t groups[GROUPS];
    bool is_finer, is_too_large;
};

struct suffix {
    const char *text;
    int tens, twos; /* the exponents of 10 and 2 */
};

static const struct suffix suffixes[] = {
    {"", 0, 0},    {"n", -9, 0},  {"u", -6, 0},  {"m", -3, 0},  {"k", 3, 0},   {"M", 6, 0},
    {"G", 9, 0},   {"T", 12, 0},  {"P", 15, 0},  {"E", 18, 0},  {"Ki", 0, 10}, {"Mi", 0, 20},
    {"Gi", 0, 30}, {"Ti", 0, 40}, {"Pi", 0, 50}, {"Ei", 0, 60},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The number after the letter e: a sign and digits. False where it is none or out of bounds, which
 * upstream cuts to 32 bits. */
static bool read_exponent(struct bytes text, int *out)
{
    bool is_negative = text.len > 0 && text.data[0] == '-';
    size_t at = text.len > 0 && (is_negative || text.data[0] == '+');
    int exponent = 0;

    if (at == text.len)
        return false;
    for (; at < text.len; at++) {
        if (!is_digit(text.data[at]) || exponent > LARGEST_EXPONENT / 10)
            return false;
        exponent = exponent * 10 + (text.data[at] - '0');
    }
    *out = is_negative ? -exponent : exponent;
    return exponent <= LARGEST_EXPONENT;
}

static bool read_suffix(struct bytes text, struct suffix *out)
{
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
        if (bytes_is(text, suffixes[i].text)) {
            *out = suffixes[i];
            return true;
        }
    }
    *out = (struct suffix){0};
    return (text.data[0] == 'e' || text.data[0] == 'E') &&
           read_exponent(bytes_tail(text, 1), &out->tens);
}

/* A digit at 10^place. */
static void put_digit(struct number *number, int64_t place, int digit)
{
    const int64_t lowest = -FRACTION_GROUPS * GROUP_DIGITS;
    uint32_t worth = (uint32_t)digit;

    if (digit == 0)
        return;
    if (place < lowest) {
        number->is_finer = true;
    } else if (place > LARGEST_PLACE) {
        number->is_too_large = true;
    } else {
        for (int64_t i = (place - lowest) % GROUP_DIGITS; i > 0; i--)
            worth *= 10;
        number->groups[(place - lowest) / GROUP_DIGITS] += worth;
    }
}

/* The digits before the suffix; a point among them may come first or last. */
static bool read_digits(struct bytes text, size_t *end, size_t *whole_digits)
{
    size_t at = 0, digits;

    while (at < text.len && is_digit(text.data[at]))
        at++;
    *whole_digits = digits = at;
    if (at < text.len && text.data[at] == '.') {
        for (at++; at < text.len && is_digit(text.data[at]); at++)
            digits++;
    }
    *end = at;
    return digits > 0;
}

static void multiply_by_1024(struct number *number)
{
    uint64_t carry = 0;

    for (size_t i = 0; i < GROUPS; i++) {
        carry += (uint64_t)number->groups[i] * 1024;
        number->groups[i] = (uint32_t)(carry % GROUP);
        carry /= GROUP;
    }
}

/* The unsigned text as a number; false where it isn't in the grammar. */
static bool read_number(struct bytes text, struct number *out)
{
    size_t end, whole_digits;
    struct suffix suffix;
    int64_t place;

    *out = (struct number){0};
    if (!read_digits(text, &end, &whole_digits) || !read_suffix(bytes_tail(text, end), &suffix))
        return false;
    place = (int64_t)whole_digits + suffix.tens;
    for (size_t i = 0; i < end; i++) {
        if (text.data[i] != '.')
            put_digit(out, --place, text.data[i] - '0');
    }
    for (int i = 0; i < suffix.twos; i += 10)
        multiply_by_1024(out);
    return true;
}

static bool number_is_zero(const struct number *number)
{
    uint32_t any = number->is_finer || number->is_too_large;

    for (size_t i = 0; i < GROUPS; i++)
        any |= number->groups[i];
    return any == 0;
}

/* Rounded up to nanos. False where an amount can't hold it. */
static bool number_to_amount(const struct number *number, struct amount *out)
{
    const uint32_t *groups = number->groups + FRACTION_GROUPS;
    int64_t whole = 0, nanos = groups[-1];
    struct amount fraction;
    bool is_finer = number->is_finer;

    if (number->is_too_large)
        return false;
    for (size_t i = GROUPS - FRACTION_GROUPS; i-- > 0;) {
        if (__builtin_mul_overflow(whole, (int64_t)GROUP, &whole) ||
            __builtin_add_overflow(whole, (int64_t)groups[i], &whole))
            return false;
    }
    for (size_t i = 0; i < FRACTION_GROUPS - 1; i++)
        is_finer |= number->groups[i] != 0;
    return amount_divide(amount_of(nanos + is_finer), amount_of(GROUP), &fraction) &&
           amount_add(amount_of(whole), fraction, out);
}

static const char example[] = "expected a quantity such as 2, 500m or 16Gi";

static bool refuse(struct bytes text, const char *problem, struct error *err)
{
    struct arena arena = {0};

    if (!err)
        return false;
    error_set(err, "%s, got \"%s\"", problem, text_clean(&arena, text, 60));
    arena_release(&arena);
    return false;
}

/* The forms that the API server writes nearly always: at most 12 digits, alone or in m, k, M, G,
 * Ki, Mi or Gi. All else is for read_number. */
static bool read_plain(struct bytes text, struct amount *out)
{
    static const struct plain_suffix {
        const char *text;
        int64_t factor;
    } plain[] = {{"", 1},      {"Mi", 1024 * 1024}, {"Gi", 1024 * 1024 * 1024}, {"m", 0},
                 {"Ki", 1024}, {"k", 1000},         {"M", 1000 * 1000},         {"G", 1000000000}};
    int64_t number = 0;
    size_t at = 0;

    for (; at < text.len && is_digit(text.data[at]); at++) {
        if (at == 12)
            return false;
        number = number * 10 + (text.data[at] - '0');
    }
    for (size_t i = 0; at > 0 && i < sizeof(plain) / sizeof(*plain); i++) {
        int64_t product;

        if (!bytes_is(bytes_tail(text, at), plain[i].text))
            continue;
        if (plain[i].factor == 0)
            return amount_divide(amount_of(number), amount_of(1000), out);
        if (__builtin_mul_overflow(number, plain[i].factor, &product))
            return false;
        *out = amount_of(product);
        return true;
    }
    return false;
}

bool quantity_parse(struct bytes text, struct amount *out, struct error *err)
{
    bool has_sign = text.len > 0 && (text.data[0] == '-' || text.data[0] == '+');
    struct number number;

    if (read_plain(text, out))
        return true;
    if (!read_number(bytes_tail(text, has_sign), &number))
        return refuse(text, example, err);
    if (has_sign && text.data[0] == '-' && !number_is_zero(&number))
        return refuse(text, "expected a quantity not below zero", err);
    if (!number_to_amount(&number, out))
        return refuse(text, "expected a quantity that fits 64 bits", err);
    return true;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Upstream takes a JSON string without the white space around it. */
static struct bytes trim(struct bytes text)
{
    while (text.len > 0 && is_space(text.data[text.len - 1]))
        text.len--;
    while (text.len > 0 && is_space(text.data[0]))
        text = bytes_tail(text, 1);
    return text;
}

bool quantity_read(struct value value, struct arena *arena, struct amount *out, struct error *err)
{
    enum value_type type = value_type(value);
    struct bytes text;

    if (type != VALUE_STRING && type != VALUE_NUMBER)
        return error_set(err, "%s: expected a quantity, got %s", value_place(value, arena),
                         value_type_name(type));
    text = type == VALUE_STRING ? trim(value_text(value)) : value_number(value);
    if (!quantity_parse(text, out, err))
        return error_wrap(err, "%s", value_place(value, arena));
    return true;
}

bool quantity_read_node(const struct node *node, struct amount *out, struct problems *problems)
{
    const char *name = text_quote(problems->arena, node->key->text);
    bool is_scalar =
        node->kind == NODE_INTEGER || node->kind == NODE_FLOAT || node->kind == NODE_STRING;
    struct error err;

    if (node->kind == NODE_NULL)
        problems_add(problems, node->key, "\"%s\" has no value", name);
    else if (is_scalar && node->text.len == 0)
        problems_add(problems, node, "\"%s\" must not be empty", name);
    else if (!is_scalar)
        problems_add(problems, node, "\"%s\": %s, got %s", name, example,
                     node_describe(node, problems->arena));
    else if (!quantity_parse(node->text, out, &err))
        problems_add(problems, node, "\"%s\": %s", name, err.text);
    else
        return true;
    return false;
}

/* The whole number that `amount` is in the unit 1/parts; false where it is none. */
static bool count_in(struct amount amount, int64_t parts, int64_t *out)
{
    struct amount product;

    if (!amount_multiply(amount, amount_of(parts), &product) || product.den > 1)
        return false;
    *out = product.num;
    return true;
}

const char *quantity_write_decimal(struct amount amount, struct arena *arena)
{
    int64_t den = amount.den ? amount.den : 1, fraction = amount.num % den;
    const char *sign = amount.num < 0 && amount.num > -den ? "-" : "";
    char *text;
    size_t len;

    assert(GROUP % den == 0);
    if (fraction == 0)
        return arena_printf(arena, "%lld", (long long)(amount.num / den));
    text = arena_printf(arena, "%s%lld.%09lld", sign, (long long)(amount.num / den),
                        llabs((long long)(fraction * (GROUP / den))));
    for (len = strlen(text); text[len - 1] == '0'; len--)
        text[len - 1] = '\0';
    return text;
}

/* In thousandths, millionths or billionths; NULL where that isn't exact. */
static const char *write_fraction(struct amount amount, struct arena *arena)
{
    static const char units[] = {'m', 'u', 'n'};
    int64_t parts = 1, count;

    for (size_t i = 0; i < sizeof(units); i++) {
        parts *= 1000;
        if (count_in(amount, parts, &count))
            return arena_printf(arena, "%lld%c", (long long)count, units[i]);
    }
    return NULL;
}

static int count_digits(int64_t number)
{
    int digits = 1;

    while (number /= 10)
        digits++;
    return digits;
}

/* In the largest unit that divides it: of powers of 1024, or of 1000 where that is the shorter
 * number, since people write 1T, too, and not 976562500Ki. */
static const char *write_bytes(int64_t count, struct arena *arena)
{
    static const char *const binary[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
    static const char *const decimal[] = {"", "k", "M", "G", "T", "P", "E"};
    int64_t twos = count, tens = count;
    size_t two = 0, ten = 0;

    for (; twos != 0 && twos % 1024 == 0; two++)
        twos /= 1024;
    for (; tens != 0 && tens % 1000 == 0; ten++)
        tens /= 1000;
    if (count_digits(tens) < count_digits(twos))
        return arena_printf(arena, "%lld%s", (long long)tens, decimal[ten]);
    return arena_printf(arena, "%lld%s", (long long)twos, binary[two]);
}

static bool counts_bytes(struct bytes resource)
{
    return bytes_is(resource, "memory") || bytes_is(resource, "storage") ||
           bytes_is(resource, "ephemeral-storage") ||
           bytes_has_prefix(resource, BYTES("hugepages-"));
}

const char *quantity_write(struct amount amount, struct bytes resource, struct arena *arena)
{
    const char *text = NULL;
    bool is_bytes;
    int64_t count;

    /* The names in a ResourceQuota. */
    if (bytes_has_prefix(resource, BYTES("requests.")))
        resource = bytes_tail(resource, strlen("requests."));
    else if (bytes_has_prefix(resource, BYTES("limits.")))
        resource = bytes_tail(resource, strlen("limits."));
    is_bytes = counts_bytes(resource);
    if (count_in(amount, 1, &count))
        text = is_bytes ? write_bytes(count, arena) : NULL;
    else if (is_bytes || bytes_is(resource, "cpu"))
        text = write_fraction(amount, arena);
    return text ? text : amount_write(amount, arena);
}
