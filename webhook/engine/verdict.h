/* verdict: many findings folded into one answer. Enforcement is applied here and nowhere else. */
#pragma once

#include "engine/findings.h"

struct verdict {
    bool is_allowed;
    const char *message; /* of a denial: what the tenant reads; NULL otherwise */
    struct cause {
        const char *rule, *text, *field;
    } * causes; /* one a violation that denies */
    size_t cause_count;
    struct strings warnings; /* one line each, at most 120 characters */
    struct strings rules; /* every rule that was broken, each once: also those that warn or audit */
    struct strings exceptions; /* those without which it would be another verdict */
};

void verdict_conclude(const struct findings *findings, struct arena *arena, struct verdict *out);
