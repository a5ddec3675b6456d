#include "http/gpu_time.h"

/* More of one tenant's aren't counted: sums that no longer fit 64 bits are told as the largest
 * number. */
enum { MAX_GPUS = 1000000, MAX_SERIES = 100000 };

/* In millionths of a GPU-second. */
static uint64_t held_for(struct amount gpus, int64_t milliseconds)
{
    int64_t den = gpus.den ? gpus.den : 1;

    if (gpus.num <= 0)
        return 0;
    if (gpus.num / den >= MAX_GPUS)
        return (uint64_t)MAX_GPUS * 1000 * (uint64_t)milliseconds;
    return (uint64_t)((__int128)gpus.num * 1000 * milliseconds / den);
}

void gpu_time_add(struct gpu_time *time, const struct ledger_usage *usage, size_t count,
                  int64_t now)
{
    int64_t passed = time->looked_at ? now - time->looked_at : 0;

    time->times.max = MAX_SERIES;
    for (size_t i = 0; i < count; i++) {
        for (unsigned mode = 0; mode < MODE_COUNT; mode++) {
            const struct series held = {.first = bytes_from(usage[i].tenant),
                                        .kind = mode,
                                        .count = held_for(usage[i].by_mode[mode], passed)};

            series_count(&time->times, &held);
        }
    }
    time->looked_at = now;
}

void gpu_time_release(struct gpu_time *time)
{
    series_release(&time->times);
}
