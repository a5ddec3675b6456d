#include "http/timeout.h"

enum { DEFAULT_MS = 10 * 1000, MOST_MS = 30 * 1000, LEAST_MARGIN_MS = 200, MOST_FIGURE = 1000000 };

static const struct unit {
    const char *name;
    int64_t milliseconds;
} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};

static size_t read_figure(struct bytes text, int64_t *out)
{
    size_t at = 0;

    *out = 0;
    for (; at < text.len && text.data[at] >= '0' && text.data[at] <= '9'; at++) {
        if (*out < MOST_FIGURE)
            *out = *out * 10 + text.data[at] - '0';
    }
    return at;
}

static const struct unit *read_unit(struct bytes text)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (bytes_has_prefix(text, bytes_from(units[i].name)))
            return &units[i];
    }
    return NULL;
}

/* As Go writes a duration, in whole milliseconds: 10s, 1m30s; 0: it is none. */
static int64_t read_duration(struct bytes text)
{
    int64_t sum = 0, figure;

    while (text.len > 0) {
        size_t digits = read_figure(text, &figure);
        const struct unit *unit = read_unit(bytes_tail(text, digits));

        if (digits == 0 || !unit)
            return 0;
        sum += figure * unit->milliseconds;
        if (sum > MOST_MS)
            sum = MOST_MS;
        text = bytes_tail(text, digits + strlen(unit->name));
    }
    return sum;
}

int64_t timeout_read(struct bytes query)
{
    static const struct bytes name = {"timeout=", sizeof("timeout=") - 1};

    while (query.len > 0) {
        const char *end = memchr(query.data, '&', query.len);
        struct bytes pair = {query.data, end ? (size_t)(end - query.data) : query.len};
        int64_t found;

        if (bytes_has_prefix(pair, name)) {
            found = read_duration(bytes_tail(pair, name.len));
            return found > 0 ? found : DEFAULT_MS;
        }
        query = bytes_tail(query, end ? pair.len + 1 : pair.len);
    }
    return DEFAULT_MS;
}

int64_t timeout_budget(int64_t milliseconds)
{
    int64_t margin = milliseconds / 10;

    if (margin < LEAST_MARGIN_MS)
        margin = LEAST_MARGIN_MS;
    if (margin > milliseconds / 2)
        margin = milliseconds / 2;
    return milliseconds - margin;
}
