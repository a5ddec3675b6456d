/* chain_fuzz: certificates from anywhere: what is read is written and read the same again, and
 * checked without harm; what is no sound PEM is refused in words. */
#include "certs/check.h"
#include "fuzz.h"

static void check_again(const struct chain *chain, struct arena *arena)
{
    struct chain again = {0};
    struct error err;

    CHECK(chain_read(chain_write(chain, arena), arena, &again, &err));
    CHECK(again.count == chain->count);
    for (size_t i = 0; i < chain->count; i++)
        CHECK(chain_has(&again, chain->items[i]));
}

static void ask(const struct chain *chain, struct arena *arena)
{
    const struct check_question question = {chain, chain, "hook.gpu.svc", 1800000000, 0};
    struct check_report report;

    check_chain(&question, arena, &report);
    CHECK(report.ends_whose);
    for (size_t i = 0; i < report.count; i++)
        CHECK(report.problems[i].code && report.problems[i].text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {(const char *)data, size};
    struct chain chain = {0};
    struct arena arena = {0};
    struct error err = {0};

    if (!chain_read(text, &arena, &chain, &err))
        CHECK(err.text[0]);
    else if (chain.count > 0) {
        check_again(&chain, &arena);
        ask(&chain, &arena);
    }
    arena_release(&arena);
    return 0;
}
