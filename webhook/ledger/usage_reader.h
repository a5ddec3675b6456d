/* usage_reader: reads of a TenantUsage's fields that go on after a mistake. */
#pragma once

#include "base/amount.h"
#include "base/json.h"

struct usage_reader {
    struct arena *arena;
    struct value object; /* what stands in it is told as in the object, wherever that stands */
    bool is_damaged;
    struct error first; /* of the mistakes: "spec.last: expected a number, got a string" */
};

void usage_complain(struct usage_reader *reader, struct value value, const char *problem);

/* Absent where it isn't there, is null, or, which is complained of, has another type. */
struct value usage_read_member(struct usage_reader *reader, struct value from, const char *name,
                               enum value_type type);
bool usage_read_bool(struct usage_reader *reader, struct value from, const char *name);
struct bytes usage_read_text(struct usage_reader *reader, struct value from, const char *name);

/* What was found at `value`; false, with a complaint, where it can't be used. */
bool usage_check_type(struct usage_reader *reader, struct value value, enum value_type type);
bool usage_check_text(struct usage_reader *reader, struct value value, struct bytes text);
bool usage_read_amount(struct usage_reader *reader, struct value value, struct amount *out);
