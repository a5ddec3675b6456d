#include "ledger/usage_reader.h"

#include "kube/quantity.h"
#include "ledger/tenant_usage.h"

/* In an event all of it is behind "object.". */
static const char *find_place(const struct usage_reader *reader, struct value value)
{
    const char *object = value_place(reader->object, reader->arena);
    const char *place = value_place(value, reader->arena);
    size_t len = strlen(object);

    if (len == 0 || strncmp(place, object, len) != 0)
        return place;
    return place[len] == '.' ? place + len + 1 : place + len;
}

/* Where something stands takes long to find out, so that is done once. */
void usage_complain(struct usage_reader *reader, struct value value, const char *problem)
{
    const char *place;

    if (reader->is_damaged)
        return;
    reader->is_damaged = true;
    place = find_place(reader, value);
    error_set(&reader->first, "%s%s%s", place, *place ? ": " : "", problem);
}

bool usage_check_type(struct usage_reader *reader, struct value value, enum value_type type)
{
    if (value_type(value) == type)
        return true;
    if (!reader->is_damaged)
        usage_complain(reader, value,
                       arena_printf(reader->arena, "expected %s, got %s", value_type_name(type),
                                    value_type_name(value_type(value))));
    return false;
}

struct value usage_read_member(struct usage_reader *reader, struct value from, const char *name,
                               enum value_type type)
{
    struct value value = value_member(from, name);

    if (value_is_set(value) && usage_check_type(reader, value, type))
        return value;
    return (struct value){0};
}

bool usage_read_bool(struct usage_reader *reader, struct value from, const char *name)
{
    struct value value = value_member(from, name);

    return value_is_set(value) && value_type(value) != VALUE_FALSE &&
           usage_check_type(reader, value, VALUE_TRUE);
}

bool usage_check_text(struct usage_reader *reader, struct value value, struct bytes text)
{
    if (text.len > TENANT_USAGE_MAX_TEXT)
        usage_complain(reader, value, "is too long");
    return text.len <= TENANT_USAGE_MAX_TEXT;
}

struct bytes usage_read_text(struct usage_reader *reader, struct value from, const char *name)
{
    struct value value = usage_read_member(reader, from, name, VALUE_STRING);
    struct bytes text = value_text(value);

    return usage_check_text(reader, value, text) ? text : (struct bytes){0};
}

bool usage_read_amount(struct usage_reader *reader, struct value value, struct amount *out)
{
    struct error err = {0};

    if (!usage_check_type(reader, value, VALUE_STRING))
        return false;
    if (quantity_parse(value_text(value), out, &err))
        return true;
    usage_complain(reader, value, err.text);
    return false;
}
