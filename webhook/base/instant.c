#include "base/instant.h"

#include "base/buf.h"

enum { DAY = 24 * 60 * 60 };

static const int64_t last_instant = 253402300799; /* 9999-12-31T23:59:59Z */

/* Days since 1970-01-01 in the Gregorian calendar. Years are counted from March, so that the leap
 * day is a year's last: https://howardhinnant.github.io/date_algorithms.html */
static int64_t days_from_date(int year, int month, int day)
{
    int64_t from_march = month > 2 ? year : year - 1;
    int64_t era = from_march / 400, year_of_era = from_march % 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static int days_in_month(int year, int month)
{
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (month == 2)
        return is_leap ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* Exactly `digits` digits at `*at`; -1 if they aren't there. */
static int read_number(struct bytes text, size_t *at, size_t digits)
{
    int number = 0;

    if (text.len - *at < digits)
        return -1;
    for (size_t i = 0; i < digits; i++) {
        char c = text.data[(*at)++];

        if (c < '0' || c > '9')
            return -1;
        number = number * 10 + (c - '0');
    }
    return number;
}

static bool read_mark(struct bytes text, size_t *at, const char *marks)
{
    if (*at >= text.len || !text.data[*at] || !strchr(marks, text.data[*at]))
        return false;
    ++*at;
    return true;
}

static bool read_date(struct bytes text, size_t *at, int64_t *days)
{
    int year = read_number(text, at, 4), month, day;

    if (year < 0 || !read_mark(text, at, "-"))
        return false;
    month = read_number(text, at, 2);
    if (month < 1 || month > 12 || !read_mark(text, at, "-"))
        return false;
    day = read_number(text, at, 2);
    if (day < 1 || day > days_in_month(year, month))
        return false;
    *days = days_from_date(year, month, day);
    return true;
}

/* Second 60 is allowed here; whether it can be is known once the offset is. */
static bool read_time(struct bytes text, size_t *at, int *seconds)
{
    int hour = read_number(text, at, 2), minute, second;

    if (hour < 0 || hour > 23 || !read_mark(text, at, ":"))
        return false;
    minute = read_number(text, at, 2);
    if (minute < 0 || minute > 59 || !read_mark(text, at, ":"))
        return false;
    second = read_number(text, at, 2);
    if (second < 0 || second > 60)
        return false;
    *seconds = hour * 3600 + minute * 60 + second;
    if (!read_mark(text, at, "."))
        return true;
    if (read_number(text, at, 1) < 0)
        return false;
    while (read_mark(text, at, "0123456789"))
        continue;
    return true;
}

static bool read_offset(struct bytes text, size_t *at, int *seconds)
{
    bool is_west = *at < text.len && text.data[*at] == '-';
    int hours, minutes;

    *seconds = 0;
    if (read_mark(text, at, "Zz"))
        return true;
    if (!read_mark(text, at, "+-"))
        return false;
    hours = read_number(text, at, 2);
    if (hours < 0 || hours > 23 || !read_mark(text, at, ":"))
        return false;
    minutes = read_number(text, at, 2);
    if (minutes < 0 || minutes > 59)
        return false;
    *seconds = (hours * 60 + minutes) * (is_west ? -60 : 60);
    return true;
}

static bool refuse(struct bytes text, struct error *err)
{
    struct arena arena = {0};

    error_set(err, "expected an instant such as 2026-11-20T00:00:00Z, got \"%s\"",
              text_clean(&arena, text, 60));
    arena_release(&arena);
    return false;
}

bool instant_parse(struct bytes text, int64_t *out, struct error *err)
{
    bool is_leap_second;
    int64_t days, instant;
    int time, offset;
    size_t at = 0;

    if (!read_date(text, &at, &days) || !read_mark(text, &at, "Tt") ||
        !read_time(text, &at, &time) || !read_offset(text, &at, &offset) || at != text.len)
        return refuse(text, err);
    instant = days * DAY + time - offset;
    /* A leap second is a day's last one in UTC, and falls together with the next. */
    is_leap_second = text.data[strlen("2026-11-20T00:00:")] == '6';
    if (instant < 0 || instant > last_instant || (is_leap_second && instant % DAY != 0))
        return refuse(text, err);
    *out = instant;
    return true;
}

const char *instant_write(int64_t instant, struct arena *arena)
{
    int64_t days = instant / DAY - (instant % DAY < 0);
    int time = (int)(instant - days * DAY);
    int64_t from_zero = days + 719468; /* since 0000-03-01 */
    int64_t era = (from_zero >= 0 ? from_zero : from_zero - 146096) / 146097;
    int64_t day_of_era = from_zero - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * day_of_year + 2) / 153;
    int64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
    int64_t day = day_of_year - (153 * from_march + 2) / 5 + 1;

    return arena_printf(arena, "%04lld-%02d-%02dT%02d:%02d:%02dZ",
                        (long long)(year_of_era + era * 400 + (month <= 2)), (int)month, (int)day,
                        time / 3600, time / 60 % 60, time % 60);
}
