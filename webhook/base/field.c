#include "base/field.h"

static bool wrong_type(struct value value, const char *expected, struct arena *arena,
                       struct error *err)
{
    return error_set(err, "%s: expected %s, got %s", value_place(value, arena), expected,
                     value_type_name(value_type(value)));
}

bool field_text(struct value object, const char *name, struct arena *arena, struct bytes *out,
                struct error *err)
{
    struct value value = value_member(object, name);

    if (!value_is_set(value))
        return true;
    if (value_type(value) != VALUE_STRING)
        return wrong_type(value, "a string", arena, err);
    *out = value_text(value);
    return true;
}

bool field_bool(struct value object, const char *name, struct arena *arena, bool *out,
                struct error *err)
{
    struct value value = value_member(object, name);
    enum value_type type = value_type(value);

    if (!value_is_set(value))
        return true;
    if (type != VALUE_TRUE && type != VALUE_FALSE)
        return wrong_type(value, "true or false", arena, err);
    *out = type == VALUE_TRUE;
    return true;
}

/* A JSON number without fraction and exponent. */
static bool parse_integer(struct bytes text, int64_t *out)
{
    bool is_negative = text.data[0] == '-';
    int64_t sum = 0;

    for (size_t i = is_negative; i < text.len; i++) {
        int digit = text.data[i] - '0';

        if (digit < 0 || digit > 9 || __builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, is_negative ? -digit : digit, &sum))
            return false;
    }
    *out = sum;
    return true;
}

bool field_integer(struct value object, const char *name, struct arena *arena, int64_t *out,
                   struct error *err)
{
    struct value value = value_member(object, name);
    const char *place;

    if (!value_is_set(value))
        return true;
    if (value_type(value) != VALUE_NUMBER)
        return wrong_type(value, "an integer", arena, err);
    if (parse_integer(value_number(value), out))
        return true;
    place = value_place(value, arena);
    return error_set(err, "%s: expected an integer of 64 bits, got %.64s", place,
                     arena_copy(arena, value_number(value)));
}

static bool read_container(struct value value, enum value_type type, struct arena *arena,
                           struct value *out, struct error *err)
{
    if (!value_is_set(value))
        return true;
    if (value_type(value) != type)
        return wrong_type(value, value_type_name(type), arena, err);
    *out = value;
    return true;
}

bool field_object(struct value object, const char *name, struct arena *arena, struct value *out,
                  struct error *err)
{
    return read_container(value_member(object, name), VALUE_OBJECT, arena, out, err);
}

bool field_array(struct value object, const char *name, struct arena *arena, struct value *out,
                 struct error *err)
{
    return read_container(value_member(object, name), VALUE_ARRAY, arena, out, err);
}

bool field_text_map(struct value object, const char *name, struct arena *arena, struct value *out,
                    struct error *err)
{
    struct value map = value_member(object, name);

    for (struct value v = value_first(map); value_type(v); v = value_next(v)) {
        if (value_type(map) == VALUE_OBJECT && value_type(v) != VALUE_STRING)
            return wrong_type(v, "a string", arena, err);
    }
    return read_container(map, VALUE_OBJECT, arena, out, err);
}
