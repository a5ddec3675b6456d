#include "base/field.h"

#include "base/json_item.h"

static const struct {
    const char *expected;
    enum value_type type;
} types[] = {
    [MEMBER_TEXT] = {"a string", VALUE_STRING},
    [MEMBER_BOOL] = {"true or false", VALUE_ABSENT},
    [MEMBER_INTEGER] = {"an integer", VALUE_NUMBER},
    [MEMBER_STRING] = {"a string", VALUE_STRING},
    [MEMBER_OBJECT] = {"an object", VALUE_OBJECT},
    [MEMBER_ARRAY] = {"an array", VALUE_ARRAY},
    [MEMBER_TEXT_MAP] = {"an object", VALUE_OBJECT},
    [MEMBER_ANY] = {"anything", VALUE_ABSENT},
};

static bool wrong_type(struct value value, const char *expected, struct arena *arena,
                       struct error *err)
{
    return error_set(err, "%s: expected %s, got %s", value_place(value, arena), expected,
                     value_type_name(value_type(value)));
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

static bool read_integer(struct value value, struct arena *arena, int64_t *out, struct error *err)
{
    const char *place;

    if (parse_integer(value_number(value), out))
        return true;
    place = value_place(value, arena);
    return error_set(err, "%s: expected an integer of 64 bits, got %.64s", place,
                     arena_copy(arena, value_number(value)));
}

static bool check_texts(struct value map, struct arena *arena, struct error *err)
{
    for (struct value v = value_first(map); value_type(v); v = value_next(v)) {
        if (value_type(v) != VALUE_STRING)
            return wrong_type(v, "a string", arena, err);
    }
    return true;
}

static bool has_type(enum value_type found, enum member_type wanted)
{
    if (wanted == MEMBER_BOOL)
        return found == VALUE_TRUE || found == VALUE_FALSE;
    return wanted == MEMBER_ANY || found == types[wanted].type;
}

static bool read_member(struct value value, enum member_type type, struct arena *arena, void *out,
                        struct error *err)
{
    enum value_type found = value_type(value);

    if (found <= VALUE_NULL)
        return true;
    if (!has_type(found, type))
        return wrong_type(value, types[type].expected, arena, err);
    switch (type) {
    case MEMBER_TEXT:
        *(struct bytes *)out = value_text(value);
        return true;
    case MEMBER_BOOL:
        *(bool *)out = found == VALUE_TRUE;
        return true;
    case MEMBER_INTEGER:
        return read_integer(value, arena, out, err);
    default:
        *(struct value *)out = value;
        return type != MEMBER_TEXT_MAP || check_texts(value, arena, err);
    }
}

static bool is_named(const struct member *member, struct bytes name)
{
    return member->name.len == name.len && member->name.data[0] == name.data[0] &&
           memcmp(member->name.data, name.data, name.len) == 0;
}

/* Searches the rows from `from` on, then those before it. */
static const struct member *find_member(const struct member *members, const struct member *from,
                                        struct bytes name)
{
    for (const struct member *member = from; member->name.len; member++) {
        if (is_named(member, name))
            return member;
    }
    for (const struct member *member = members; member < from; member++) {
        if (is_named(member, name))
            return member;
    }
    return NULL;
}

bool members_read(struct value object, const struct member *members, struct arena *arena, void *out,
                  struct error *err)
{
    const struct document *document = object.document;
    const struct document_item *item, *end;
    const struct member *from = members;

    if (value_type(object) != VALUE_OBJECT)
        return true;
    item = &document->items[object.index];
    end = item + item->span;
    for (item++; item < end; item = item_after(item + 1)) {
        struct bytes name = item_text(item, document->decoded);
        const struct member *member = find_member(members, from, name);
        struct value value;

        if (!member)
            continue;
        from = member + 1;
        value = (struct value){document, (uint32_t)(item + 1 - document->items),
                               (uint32_t)(end - document->items)};
        if (!read_member(value, member->type, arena, (char *)out + member->offset, err))
            return false;
    }
    return true;
}

bool field_text(struct value object, const char *name, struct arena *arena, struct bytes *out,
                struct error *err)
{
    return read_member(value_member(object, name), MEMBER_TEXT, arena, out, err);
}

bool field_bool(struct value object, const char *name, struct arena *arena, bool *out,
                struct error *err)
{
    return read_member(value_member(object, name), MEMBER_BOOL, arena, out, err);
}

bool field_integer(struct value object, const char *name, struct arena *arena, int64_t *out,
                   struct error *err)
{
    return read_member(value_member(object, name), MEMBER_INTEGER, arena, out, err);
}

bool field_object(struct value object, const char *name, struct arena *arena, struct value *out,
                  struct error *err)
{
    return read_member(value_member(object, name), MEMBER_OBJECT, arena, out, err);
}

bool field_array(struct value object, const char *name, struct arena *arena, struct value *out,
                 struct error *err)
{
    return read_member(value_member(object, name), MEMBER_ARRAY, arena, out, err);
}
