/* quantity_fuzz: what was read and written reads as the same amount again, for quantities and for
 * the policy language's own amounts. */
#include "kube/quantity.h"
#include "fuzz.h"

/* No more digits than nanos have, and not below zero. */
static void check_quantity(struct amount amount)
{
    CHECK(amount.num >= 0 && amount.den > 0 && 1000000000 % amount.den == 0);
}

/* A fraction of a large number has no unit that fits and is written as a mixed number; amounts read
 * 18 digits of that. */
static void check_written(struct amount amount, const char *resource, struct arena *arena)
{
    struct bytes text = bytes_from(quantity_write(amount, bytes_from(resource), arena));
    struct amount again;
    struct error err;

    if (quantity_parse(text, &again, &err) || amount_parse(text, &again, &err))
        CHECK(amount_compare(amount, again) == 0);
    else
        CHECK(amount.den > 1 && amount.num / amount.den > 999999999999999999);
}

static void check_amount(struct bytes text, struct arena *arena)
{
    struct amount amount, again;
    struct error err;

    if (!amount_parse(text, &amount, &err)) {
        CHECK(err.text[0]);
        return;
    }
    if (amount_parse(bytes_from(amount_write(amount, arena)), &again, &err))
        CHECK(amount_compare(amount, again) == 0);
    else /* 1/2 as 0.5 has fewer digits than as a fraction */
        CHECK(amount.num > 999999999999999999 || amount.den > 999999999999999999);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {(const char *)data, size};
    struct arena arena = {0};
    struct amount amount;
    struct error err;

    if (quantity_parse(text, &amount, &err)) {
        check_quantity(amount);
        check_written(amount, "cpu", &arena);
        check_written(amount, "requests.memory", &arena);
        check_written(amount, "nvidia.com/gpu", &arena);
    } else {
        CHECK(err.text[0]);
    }
    check_amount(text, &arena);
    arena_release(&arena);
    return 0;
}
