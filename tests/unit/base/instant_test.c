#include "base/instant.h"
#include "unit/unit.h"

static void reads_rfc_3339(void **state)
{
    static const struct {
        const char *text;
        int64_t instant;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00+00:00", 0},
        {"1970-01-01T00:00:00-00:00", 0},
        {"1970-01-02T00:00:00Z", 86400},
        {"1970-01-01T01:00:00+01:00", 0},
        {"1969-12-31T23:30:00-00:30", 0},
        {"2000-02-29T00:00:00Z", 951782400},
        {"2000-03-01T00:00:00Z", 951868800},
        {"2001-09-09T01:46:40Z", 1000000000},
        {"2009-02-13T23:31:30Z", 1234567890},
        {"2009-02-14T00:31:30+01:00", 1234567890},
        {"2009-02-13T18:01:30-05:30", 1234567890},
        {"2009-02-13t23:31:30z", 1234567890},
        {"2009-02-13T23:31:30.999999999999Z", 1234567890},
        {"2009-02-13T23:31:30.0+00:00", 1234567890},
        {"2038-01-19T03:14:08Z", 2147483648},
        {"2100-03-01T00:00:00Z", 4107542400},
        /* The leap second at the end of 2016 falls together with the first of 2017. */
        {"2016-12-31T23:59:60Z", 1483228800},
        {"2017-01-01T00:59:60+01:00", 1483228800},
        {"9999-12-31T23:59:59Z", 253402300799},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        int64_t instant;
        struct error err;

        assert_true(instant_parse(bytes_from(rows[i].text), &instant, &err));
        assert_int_equal(instant, rows[i].instant);
    }
}

static void refuses_everything_else(void **state)
{
    static const char *const rows[] = {
        "",
        "2026",
        "2026-11-20",
        "2026-11-20T00:00Z",
        "2026-11-20T00:00:00",
        "2026-11-20 00:00:00Z",
        "2026-11-20T00:00:00 Z",
        "2026-11-20T00:00:00Z ",
        " 2026-11-20T00:00:00Z",
        "2026-11-20T00:00:00ZZ",
        "2026-11-20T00:00:00.Z",
        "2026-11-20T00:00:00,5Z",
        "2026-11-20T00:00:00+0100",
        "2026-11-20T00:00:00+01",
        "2026-11-20T00:00:00+24:00",
        "2026-11-20T00:00:00+01:60",
        "2026-11-20T24:00:00Z",
        "2026-11-20T00:60:00Z",
        "2026-11-20T00:00:61Z",
        "2026-11-20T00:00:60Z",
        "2026-11-20T23:59:60+01:00",
        "2026-00-20T00:00:00Z",
        "2026-13-20T00:00:00Z",
        "2026-11-00T00:00:00Z",
        "2026-11-31T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-2-01T00:00:00Z",
        "+2026-02-01T00:00:00Z",
        "02026-02-01T00:00:00Z",
        "2026-11-20T-1:00:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:59:59+01:00",
        "9999-12-31T23:59:59-00:01",
        "0000-01-01T00:00:00Z",
        "20261120T000000Z",
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        int64_t instant = 7;
        struct error err;

        assert_false(instant_parse(bytes_from(rows[i]), &instant, &err));
        assert_int_equal(instant, 7);
    }
}

static void says_what_was_expected(void **state)
{
    int64_t instant;
    struct error err;

    assert_false(instant_parse(BYTES("tomorrow\n"), &instant, &err));
    assert_string_equal(
        err.text, "expected an instant such as 2026-11-20T00:00:00Z, got \"tomorrow\\u000a\"");
    assert_false(instant_parse(BYTES("2026-11-20T00:00:00\0Z"), &instant, &err));
}

static void writes_in_utc(void **state)
{
    static const struct {
        int64_t instant;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {951782400, "2000-02-29T00:00:00Z"},
        {1234567890, "2009-02-13T23:31:30Z"},
        {1795251600, "2026-11-21T09:00:00Z"},
        {253402300799, "9999-12-31T23:59:59Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {-86400, "1969-12-31T00:00:00Z"},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_string_equal(instant_write(rows[i].instant, &arena), rows[i].text);
    arena_release(&arena);
}

/* Counts days up one by one beside a calendar kept by hand. */
static void knows_every_day(void **state)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct arena arena = {0};
    int64_t instant = 0;

    for (int year = 1970; year < 2405; year++) {
        bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= month_days[month - 1] + (month == 2 && is_leap); day++) {
                const char *text =
                    arena_printf(&arena, "%04d-%02d-%02dT00:00:00Z", year, month, day);
                struct error err;
                int64_t read;

                assert_true(instant_parse(bytes_from(text), &read, &err));
                assert_int_equal(read, instant);
                assert_string_equal(instant_write(instant, &arena), text);
                instant += 86400;
            }
        }
        arena_reset(&arena);
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_rfc_3339),         cmocka_unit_test(refuses_everything_else),
        cmocka_unit_test(says_what_was_expected), cmocka_unit_test(writes_in_utc),
        cmocka_unit_test(knows_every_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
