#include "kube/quantity.h"
#include "unit/unit.h"

static void reads_what_kubernetes_reads(void **state)
{
    static const struct {
        const char *text;
        int64_t num, den;
    } rows[] = {
        {"0", 0, 1},
        {"00", 0, 1},
        {"1", 1, 1},
        {"+1", 1, 1},
        {"01", 1, 1},
        {"1.", 1, 1},
        {".5", 1, 2},
        {"0.5", 1, 2},
        {"-0", 0, 1},
        {"-0.0Ki", 0, 1},
        {"500m", 1, 2},
        {"1000m", 1, 1},
        {"1500u", 3, 2000},
        {"1n", 1, 1000000000},
        {"1k", 1000, 1},
        {"1M", 1000000, 1},
        {"1G", 1000000000, 1},
        {"1T", 1000000000000, 1},
        {"1P", 1000000000000000, 1},
        {"1E", 1000000000000000000, 1},
        {"1Ki", 1024, 1},
        {"1Mi", 1048576, 1},
        {"1Gi", 1073741824, 1},
        {"1Ti", 1099511627776, 1},
        {"1Pi", 1125899906842624, 1},
        {"1Ei", 1152921504606846976, 1},
        {"1.5Gi", 1610612736, 1},
        {"0.5Ki", 512, 1},
        {"0.1Ki", 512, 5},
        {"1.G", 1000000000, 1},
        {"1e3", 1000, 1},
        {"1E3", 1000, 1},
        {"1e+3", 1000, 1},
        {"1E+03", 1000, 1},
        {"1e-3", 1, 1000},
        {"1e0", 1, 1},
        {"1.5e1", 15, 1},
        {"0.000001e6", 1, 1},
        {"1000000000000000000000000000000e-30", 1, 1},
        {"1e000000000000000000001", 10, 1},
        {"0e1000000000", 0, 1},
        {"9223372036854775807", INT64_MAX, 1},
        {"7Ei", 8070450532247928832, 1},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct amount amount;
        struct error err;

        assert_true(quantity_parse(bytes_from(rows[i].text), &amount, &err));
        assert_int_equal(amount.num, rows[i].num);
        assert_int_equal(amount.den, rows[i].den);
    }
}

/* A resource that is asked for is never rounded to nothing. */
static void rounds_up_to_whole_nanos(void **state)
{
    static const struct {
        const char *text;
        int64_t nanos;
    } rows[] = {
        {"0.1n", 1},
        {"0.0000000001", 1},
        {"1e-1000", 1},
        {"1e-1000000000", 1},
        {"1.0000000000000000000000000000000000000001n", 2},
        {"1.1n", 2},
        {"0.1u", 100},
        {"0.0001u", 1},
        {"999999999.1n", 1000000000},
        {"0.0000000001Ki", 103},          /* 102.4 */
        {"0.000000000976562500Ki", 1000}, /* 2^10 times 5^10/10^16: exact */
        {"0.00000000097656250000000000000000000000001Ki", 1001},
        /* 2^-60 Ei is 1, and the places beyond those that are kept still count. */
        {"0.000000000000000000867361737988403547205962240695953369140625Ei", 1000000000},
        {"0.0000000000000000008673617379884035472059622406959533691406250000000000000000000001Ei",
         1000000001},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct amount amount, expected;
        struct error err;

        assert_true(amount_divide(amount_of(rows[i].nanos), amount_of(1000000000), &expected));
        assert_true(quantity_parse(bytes_from(rows[i].text), &amount, &err));
        assert_int_equal(amount_compare(amount, expected), 0);
    }
}

static void refuses_the_rest(void **state)
{
    static const struct {
        struct bytes text;
        const char *error;
    } rows[] = {
        {BYTES(""), "expected a quantity such as 2, 500m or 16Gi, got \"\""},
        {BYTES("+"), "such as"},
        {BYTES("-"), "such as"},
        {BYTES("."), "such as"},
        {BYTES("+."), "such as"},
        {BYTES("Ki"), "such as"},
        {BYTES(".m"), "such as"},
        {BYTES("e3"), "such as"},
        {BYTES("1K"), "such as"},
        {BYTES("1ki"), "such as"},
        {BYTES("1mi"), "such as"},
        {BYTES("1i"), "such as"},
        {BYTES("1KiB"), "such as"},
        {BYTES("1e"), "such as"},
        {BYTES("1e+"), "such as"},
        {BYTES("1e3Ki"), "such as"},
        {BYTES("1Ke3"), "such as"},
        {BYTES("1ee3"), "such as"},
        {BYTES("1e1.5"), "such as"},
        {BYTES("1..2"), "such as"},
        {BYTES("1.2.3"), "such as"},
        {BYTES("--1"), "such as"},
        {BYTES("1-"), "such as"},
        {BYTES("0x10"), "such as"},
        {BYTES("1_000"), "such as"},
        {BYTES(" 1"), "such as"},
        {BYTES("1 "), "such as"},
        {BYTES("1 Gi"), "such as"},
        {BYTES("1\0"), "such as"},
        {BYTES("NaN"), "such as"},
        {BYTES("Inf"), "such as"},
        {BYTES("1e4294967296"), "such as"}, /* which upstream cuts to 1e0 */
        {BYTES("1e-4294967296"), "such as"},
        {BYTES("1e99999999999999999999999"), "such as"},
        {BYTES("-1"), "not below zero, got \"-1\""},
        {BYTES("-0.0000000000000000000000000000001"), "not below zero"},
        {BYTES("-1e-1000000000"), "not below zero"},
        {BYTES("9223372036854775808"), "fits 64 bits, got \"9223372036854775808\""},
        {BYTES("10E"), "fits 64 bits"},
        {BYTES("8Ei"), "fits 64 bits"}, /* upstream takes 2^63 - 1 instead */
        {BYTES("1e1000000"), "fits 64 bits"},
        {BYTES("1e1000000000"), "fits 64 bits"},
        {BYTES("9223372036854775807.5"), "fits 64 bits"},
        {BYTES("100000000000000000000000000000000000000"), "fits 64 bits"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct amount amount = {3, 4};
        struct error err;

        assert_false(quantity_parse(rows[i].text, &amount, &err));
        assert_non_null(strstr(err.text, rows[i].error));
        assert_int_equal(amount.num, 3);
    }
}

static void reads_strings_and_numbers_from_json(void **state)
{
    static const struct {
        const char *json, *text, *error;
    } rows[] = {
        {"{\"cpu\":\"500m\"}", "1/2", NULL},
        {"{\"cpu\":0.5}", "1/2", NULL},
        {"{\"cpu\":1e3}", "1000", NULL},
        {"{\"cpu\":16}", "16", NULL},
        {"{\"cpu\":\" 2\\n\"}", "2", NULL},
        {"{\"cpu\":\"2 Gi\"}", NULL,
         "cpu: expected a quantity such as 2, 500m or 16Gi, got \"2 Gi\""},
        {"{\"cpu\":\"\"}", NULL, "cpu: expected a quantity such as 2, 500m or 16Gi, got \"\""},
        {"{\"cpu\":-1}", NULL, "cpu: expected a quantity not below zero, got \"-1\""},
        {"{\"cpu\":true}", NULL, "cpu: expected a quantity, got true"},
        {"{\"cpu\":[]}", NULL, "cpu: expected a quantity, got an array"},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct document document;
        struct amount amount;
        struct error err;
        struct value value;

        document_parse(bytes_from(rows[i].json), 10, &arena, &document);
        value = value_member(document_root(&document), "cpu");
        assert_int_equal(quantity_read(value, &arena, &amount, &err), rows[i].text != NULL);
        if (rows[i].text)
            assert_string_equal(amount_write(amount, &arena), rows[i].text);
        else
            assert_string_equal(err.text, rows[i].error);
    }
    arena_release(&arena);
}

static void writes_in_the_resources_unit(void **state)
{
    static const struct {
        int64_t num, den;
        const char *resource, *text;
    } rows[] = {
        {0, 1, "cpu", "0"},
        {0, 0, "memory", "0"},
        {32, 1, "cpu", "32"},
        {1, 2, "cpu", "500m"},
        {3, 2, "cpu", "1500m"},
        {1, 2000000, "cpu", "500n"},
        {1, 2000, "cpu", "500u"},
        {1, 7, "cpu", "1/7"},
        {8, 7, "requests.cpu", "1 1/7"},
        {1, 2, "limits.cpu", "500m"},
        {-1, 2, "cpu", "-500m"},
        {274877906944, 1, "memory", "256Gi"},
        {1610612736, 1, "memory", "1536Mi"},
        {1024, 1, "memory", "1Ki"},
        {1023, 1, "memory", "1023"},
        {1000, 1, "memory", "1k"},
        {1048576000, 1, "memory", "1000Mi"},
        {1000000000000, 1, "memory", "1T"},
        {1000000000, 1, "requests.memory", "1G"},
        {1152921504606846976, 1, "storage", "1Ei"},
        {INT64_MAX, 1, "memory", "9223372036854775807"},
        {-1073741824, 1, "memory", "-1Gi"},
        {2147483648, 1, "ephemeral-storage", "2Gi"},
        {2097152, 1, "hugepages-2Mi", "2Mi"},
        {2147483648, 1, "requests.storage", "2Gi"},
        {1, 2, "memory", "500m"},
        {2147483648, 1, "nvidia.com/gpu", "2147483648"},
        {1, 2, "nvidia.com/gpu", "1/2"},
        {1073741824, 1, "memory.example.com/x", "1073741824"},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct amount amount = {rows[i].num, rows[i].den};

        assert_string_equal(quantity_write(amount, bytes_from(rows[i].resource), &arena),
                            rows[i].text);
    }
    arena_release(&arena);
}

static void a_decimal_number_reads_as_the_same_amount(void **state)
{
    static const struct {
        struct amount amount;
        const char *text;
    } rows[] = {
        {{0, 0}, "0"},
        {{16, 1}, "16"},
        {{5, 2}, "2.5"},
        {{1, 1000000000}, "0.000000001"},
        {{INT64_MAX, 1}, "9223372036854775807"},
        {{INT64_MAX, 1000000000}, "9223372036.854775807"},
        {{INT64_MAX, 2}, "4611686018427387903.5"},
    };
    static const struct {
        struct amount amount;
        const char *text;
    } differences[] = {{{-3, 1}, "-3"}, {{-1, 2}, "-0.5"}, {{-5, 4}, "-1.25"}};
    struct arena texts = {0};
    struct amount again;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *text = quantity_write_decimal(rows[i].amount, &texts);

        assert_string_equal(text, rows[i].text);
        assert_true(quantity_parse(bytes_from(text), &again, NULL));
        assert_int_equal(amount_compare(again, rows[i].amount), 0);
    }
    for (size_t i = 0; i < COUNT(differences); i++)
        assert_string_equal(quantity_write_decimal(differences[i].amount, &texts),
                            differences[i].text);
    arena_release(&texts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_kubernetes_reads),
        cmocka_unit_test(rounds_up_to_whole_nanos),
        cmocka_unit_test(refuses_the_rest),
        cmocka_unit_test(reads_strings_and_numbers_from_json),
        cmocka_unit_test(writes_in_the_resources_unit),
        cmocka_unit_test(a_decimal_number_reads_as_the_same_amount),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
