#include "ledger/usage_digest.h"

#include <stdlib.h>

#include "base/digest.h"

struct member_value {
    struct bytes name;
    struct value value;
};

static int compare_names(const void *a, const void *b)
{
    return bytes_compare(((const struct member_value *)a)->name,
                         ((const struct member_value *)b)->name);
}

static void add_count(struct digest *digest, const char *what, size_t count, struct arena *arena)
{
    digest_add(digest, bytes_from(arena_printf(arena, "%s %zu", what, count)));
}

static void add_value(struct digest *digest, struct value value, struct arena *arena);

/* The API server gives members in an order of its own. */
static void add_object(struct digest *digest, struct value object, const char *but,
                       struct arena *arena)
{
    struct member_value *members = NULL;
    size_t count = 0;

    for (struct value v = value_first(object); value_type(v); v = value_next(v)) {
        if (!but || !bytes_is(value_name(v), but))
            *ARENA_APPEND(arena, members, count) = (struct member_value){value_name(v), v};
    }
    if (count > 1)
        qsort(members, count, sizeof(*members), compare_names);
    add_count(digest, "object", count, arena);
    for (size_t i = 0; i < count; i++) {
        digest_add(digest, members[i].name);
        add_value(digest, members[i].value, arena);
    }
}

static void add_array(struct digest *digest, struct value array, struct arena *arena)
{
    add_count(digest, "array", value_count(array), arena);
    for (struct value v = value_first(array); value_type(v); v = value_next(v))
        add_value(digest, v, arena);
}

/* No two values give the same texts: what isn't a string begins with its type. */
static void add_value(struct digest *digest, struct value value, struct arena *arena)
{
    switch (value_type(value)) {
    case VALUE_OBJECT:
        add_object(digest, value, NULL, arena);
        return;
    case VALUE_ARRAY:
        add_array(digest, value, arena);
        return;
    case VALUE_STRING:
        digest_add(digest, BYTES("string"));
        digest_add(digest, value_text(value));
        return;
    default:
        digest_add(digest, value_raw(value));
    }
}

struct bytes usage_digest(struct bytes name, struct bytes uid, struct value spec,
                          struct arena *arena)
{
    struct digest *digest = digest_new();

    digest_add(digest, name);
    digest_add(digest, uid);
    add_object(digest, spec, "digest", arena);
    return bytes_from(digest_finish_take(digest, arena));
}
