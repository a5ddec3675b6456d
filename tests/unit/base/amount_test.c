#include "base/amount.h"
#include "unit/unit.h"

#define LARGEST INT64_MAX
#define SMALLEST INT64_MIN

__extension__ typedef __int128 wide;

static void assert_amount(struct amount amount, int64_t num, int64_t den)
{
    assert_int_equal(amount.num, num);
    assert_int_equal(amount.den, den);
}

static void reads_whole_mixed_and_decimal_numbers(void **state)
{
    static const struct {
        const char *text;
        int64_t num, den;
    } rows[] = {
        {"0", 0, 1},
        {"00", 0, 1},
        {"16", 16, 1},
        {"016", 16, 1},
        {"1/7", 1, 7},
        {"2/14", 1, 7},
        {"14/7", 2, 1},
        {"0/7", 0, 1},
        {"0.5", 1, 2},
        {"0.50", 1, 2},
        {"12.25", 49, 4},
        {"0.0", 0, 1},
        {"16 1/7", 113, 7},
        {"0 3/4", 3, 4},
        {"16 8/4", 18, 1},
        {"999999999999999999", 999999999999999999, 1},
        {"0.000000000000000001", 1, 1000000000000000000},
        {"1/999999999999999999", 1, 999999999999999999},
        {"999999999999999999 0/999999999999999999", 999999999999999999, 1},
        {"999999999999999999.500000000000000000", 1999999999999999999, 2},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct amount amount;
        struct error err;

        assert_true(amount_parse(bytes_from(rows[i].text), &amount, &err));
        assert_amount(amount, rows[i].num, rows[i].den);
    }
}

static void refuses_what_is_no_amount(void **state)
{
    static const char *const rows[] = {
        "",      " ",     "x",      "16x",   "-1",      "+1",      "1.",  ".5",
        "1e3",   "1/",    "/7",     "1//7",  "1/-7",    " 1",      "1 ",  "1  1/7",
        "1 1",   "1 1.5", "1.5/7",  "1/7.5", "1 1/7/2", "1.5 1/2", "1,5", "0x10",
        "1_000", "Ⅷ",     "1\t1/2", "inf",   "16 1/7 ",
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct amount amount = {3, 4};
        struct error err;

        assert_false(amount_parse(bytes_from(rows[i]), &amount, &err));
        assert_non_null(strstr(err.text, "expected an amount such as 8, 0.5 or 1/4, got \""));
        assert_amount(amount, 3, 4);
    }
}

static void says_what_is_wrong_with_an_amount(void **state)
{
    static const struct {
        struct bytes text;
        const char *error;
    } rows[] = {
        {BYTES("16x"), "expected an amount such as 8, 0.5 or 1/4, got \"16x\""},
        {BYTES("1\0002"), "expected an amount such as 8, 0.5 or 1/4, got \"1\\u00002\""},
        {BYTES("1/0"), "expected a fraction of something but 0, got \"1/0\""},
        {BYTES("2 1/0"), "expected a fraction of something but 0, got \"2 1/0\""},
        {BYTES("1000000000000000000"),
         "expected an amount with at most 18 digits a part, got \"1000000000000000000\""},
        {BYTES("0.0000000000000000001"),
         "expected an amount with at most 18 digits a part, got \"0.0000000000000000001\""},
        {BYTES("999999999999999999.999999999999999999"),
         "expected an amount that fits 64 bits, got \"999999999999999999.999999999999999999\""},
        {BYTES("999999999999999999 1/999999999999999999"),
         "expected an amount that fits 64 bits, got \"999999999999999999 1/999999999999999999\""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct amount amount;
        struct error err;

        assert_false(amount_parse(rows[i].text, &amount, &err));
        assert_string_equal(err.text, rows[i].error);
    }
}

static void writes_mixed_numbers(void **state)
{
    static const struct {
        struct amount amount;
        const char *text;
    } rows[] = {
        {{0, 0}, "0"},
        {{0, 1}, "0"},
        {{16, 1}, "16"},
        {{16, 0}, "16"},
        {{1, 7}, "1/7"},
        {{113, 7}, "16 1/7"},
        {{-3, 2}, "-1 1/2"},
        {{-1, 2}, "-1/2"},
        {{-16, 1}, "-16"},
        {{LARGEST, 1}, "9223372036854775807"},
        {{SMALLEST, 1}, "-9223372036854775808"},
        {{LARGEST, 2}, "4611686018427387903 1/2"},
        {{1, LARGEST}, "1/9223372036854775807"},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_string_equal(amount_write(rows[i].amount, &arena), rows[i].text);
    arena_release(&arena);
}

static void compares_exactly(void **state)
{
    static const struct {
        struct amount a, b;
        int order;
    } rows[] = {
        {{0, 0}, {0, 1}, 0},
        {{1, 2}, {1, 3}, 1},
        {{1, 3}, {1, 2}, -1},
        {{-1, 2}, {1, 3}, -1},
        {{5, 0}, {5, 1}, 0},
        {{LARGEST, 1}, {LARGEST - 1, 1}, 1},
        /* They differ by 1 / (LARGEST * (LARGEST - 1)). */
        {{LARGEST - 1, LARGEST}, {LARGEST - 2, LARGEST - 1}, 1},
        {{SMALLEST, 1}, {LARGEST, 1}, -1},
        {{SMALLEST, LARGEST}, {-1, 1}, -1},
        {{1, LARGEST}, {1, LARGEST - 1}, -1},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct amount larger = rows[i].order < 0 ? rows[i].b : rows[i].a;

        assert_int_equal(amount_compare(rows[i].a, rows[i].b), rows[i].order);
        assert_int_equal(amount_compare(rows[i].b, rows[i].a), -rows[i].order);
        assert_int_equal(amount_compare(amount_max(rows[i].a, rows[i].b), larger), 0);
    }
    assert_true(amount_is_zero((struct amount){0}));
    assert_false(amount_is_zero((struct amount){1, 7}));
}

typedef bool (*operation_fn)(struct amount a, struct amount b, struct amount *out);

/* den 0 in the result: it doesn't fit. */
static void computes_and_notices_what_does_not_fit(void **state)
{
    static const struct {
        operation_fn operation;
        struct amount a, b, result;
    } rows[] = {
        {amount_add, {0, 0}, {0, 0}, {0, 1}},
        {amount_add, {1, 7}, {2, 7}, {3, 7}},
        {amount_add, {1, 4}, {1, 4}, {1, 2}},
        {amount_add, {1, 2}, {1, 3}, {5, 6}},
        {amount_add, {16, 0}, {1, 7}, {113, 7}},
        {amount_add, {-1, 2}, {1, 2}, {0, 1}},
        {amount_add, {LARGEST, 1}, {1, 1}, {0, 0}},
        {amount_add, {LARGEST, 1}, {SMALLEST, 1}, {-1, 1}},
        {amount_add, {SMALLEST, 1}, {-1, 1}, {0, 0}},
        /* 2^63 / 2 = 2^62 */
        {amount_add, {LARGEST, 2}, {1, 2}, {4611686018427387904, 1}},
        {amount_add, {1, LARGEST}, {1, LARGEST - 1}, {0, 0}},
        {amount_subtract, {1, 2}, {1, 2}, {0, 1}},
        {amount_subtract, {1, 3}, {1, 2}, {-1, 6}},
        {amount_subtract, {0, 1}, {SMALLEST, 1}, {0, 0}},
        {amount_subtract, {-1, 1}, {SMALLEST, 1}, {LARGEST, 1}},
        {amount_subtract, {SMALLEST, 1}, {1, 1}, {0, 0}},
        {amount_multiply, {2, 3}, {3, 2}, {1, 1}},
        {amount_multiply, {0, 0}, {3, 2}, {0, 1}},
        {amount_multiply, {-2, 3}, {1, 4}, {-1, 6}},
        {amount_multiply, {LARGEST, 1}, {2, 1}, {0, 0}},
        {amount_multiply, {LARGEST, 2}, {2, LARGEST}, {1, 1}},
        {amount_multiply, {1, LARGEST}, {1, 2}, {0, 0}},
        {amount_multiply, {SMALLEST, 1}, {SMALLEST, 1}, {0, 0}},
        {amount_divide, {1, 1}, {7, 1}, {1, 7}},
        {amount_divide, {1, 2}, {-1, 4}, {-2, 1}},
        {amount_divide, {1, 2}, {0, 0}, {0, 0}},
        {amount_divide, {SMALLEST, 1}, {-1, 1}, {0, 0}},
        {amount_divide, {SMALLEST, 1}, {SMALLEST, 1}, {1, 1}},
        {amount_divide, {1, LARGEST}, {2, 1}, {0, 0}},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct amount result = {3, 4};

        if (rows[i].operation(rows[i].a, rows[i].b, &result)) {
            assert_amount(result, rows[i].result.num, rows[i].result.den);
        } else {
            assert_int_equal(rows[i].result.den, 0);
            assert_amount(result, 3, 4);
        }
    }
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static struct amount random_amount(uint64_t *seed)
{
    unsigned bits = 1 + next_random(seed) % 31;
    struct amount amount;
    bool is_made =
        amount_divide(amount_of((int64_t)(next_random(seed) >> (64 - bits))),
                      amount_of(1 + (int64_t)(next_random(seed) >> (64 - bits))), &amount);

    assert_true(is_made);
    return amount;
}

static void assert_lowest_terms(struct amount amount)
{
    int64_t a = amount.num < 0 ? -amount.num : amount.num, b = amount.den;

    while (b) {
        int64_t rest = a % b;

        a = b;
        b = rest;
    }
    assert_int_equal(a, 1);
    assert_true(amount.den > 0);
}

/* Numerators and denominators below 2^31, so that nothing here can overflow. */
static void obeys_the_laws_of_fractions(void **state)
{
    uint64_t seed = 88172645463325252;

    for (int i = 0; i < 100000; i++) {
        struct amount a = random_amount(&seed), b = random_amount(&seed), sum, rest, product;

        assert_true(amount_add(a, b, &sum));
        assert_lowest_terms(sum);
        assert_true((wide)sum.num * a.den * b.den ==
                    (wide)sum.den * ((wide)a.num * b.den + (wide)b.num * a.den));
        assert_true(amount_subtract(sum, b, &rest));
        assert_amount(rest, a.num, a.den);
        assert_true(amount_multiply(a, b, &product));
        assert_lowest_terms(product);
        assert_true((wide)product.num * a.den * b.den == (wide)product.den * a.num * b.num);
        if (b.num != 0) {
            assert_true(amount_divide(product, b, &rest));
            assert_amount(rest, a.num, a.den);
        }
        assert_int_equal(amount_compare(a, b), ((wide)a.num * b.den > (wide)b.num * a.den) -
                                                   ((wide)a.num * b.den < (wide)b.num * a.den));
    }
}

static void reads_what_it_wrote(void **state)
{
    uint64_t seed = 2463534242;
    struct arena arena = {0};

    for (int i = 0; i < 10000; i++) {
        struct amount amount = random_amount(&seed), again;
        struct error err;

        assert_true(amount_parse(bytes_from(amount_write(amount, &arena)), &again, &err));
        assert_amount(again, amount.num, amount.den);
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_whole_mixed_and_decimal_numbers),
        cmocka_unit_test(refuses_what_is_no_amount),
        cmocka_unit_test(says_what_is_wrong_with_an_amount),
        cmocka_unit_test(writes_mixed_numbers),
        cmocka_unit_test(compares_exactly),
        cmocka_unit_test(computes_and_notices_what_does_not_fit),
        cmocka_unit_test(obeys_the_laws_of_fractions),
        cmocka_unit_test(reads_what_it_wrote),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
