#include "ledger/tenant_usage.h"

#include "ledger/usage_ask.h"
#include "ledger/usage_digest.h"
#include "ledger/usage_reader.h"
#include "ledger/usage_writer.h"

/* A text of digits; 0 where it is none. */
static uint64_t parse_number(struct bytes text)
{
    uint64_t number = 0;

    if (text.len > 0 && text.data[0] == '0')
        return 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' ||
            __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(text.data[i] - '0'), &number))
            return 0;
    }
    return number;
}

static uint64_t read_floor(struct usage_reader *reader, struct value floors, const char *name)
{
    struct bytes text = usage_read_text(reader, floors, name);
    uint64_t floor = parse_number(text);

    if (!floor && text.len && !bytes_is(text, "0"))
        usage_complain(reader, value_member(floors, name), "expected a resourceVersion");
    return floor;
}

static uint64_t read_last(struct usage_reader *reader, struct value spec)
{
    struct value value = usage_read_member(reader, spec, "last", VALUE_NUMBER);
    uint64_t last = parse_number(value_number(value));

    if (last <= TENANT_USAGE_MAX_NUMBER &&
        (last || value_number(value).len == 0 || bytes_is(value_number(value), "0")))
        return last;
    usage_complain(reader, value, "expected the number of a reservation");
    return 0;
}

/* Up to the next one, which is passed over. */
static struct bytes cut_at(struct bytes *text, char end)
{
    const char *found = text->len ? memchr(text->data, end, text->len) : NULL;
    struct bytes part = {text->data, found ? (size_t)(found - text->data) : text->len};

    *text = bytes_tail(*text, part.len + (found != NULL));
    return part;
}

/* Before it nothing is escaped. False where it escapes what isn't. */
static bool decode_from(const char *percent, struct bytes word, char *text, size_t *len)
{
    size_t at = (size_t)(percent - word.data);

    memcpy(text, word.data, at);
    for (*len = at; at < word.len; at++) {
        const char *escaped = NULL;

        text[(*len)++] = word.data[at];
        if (word.data[at] != '%')
            continue;
        for (const struct usage_escape *each = usage_escapes; each->text && !escaped; each++) {
            if (bytes_has_prefix(bytes_tail(word, at), bytes_from(each->text)))
                escaped = &each->c;
        }
        if (!escaped)
            return false;
        text[*len - 1] = *escaped;
        at += 2;
    }
    return true;
}

static bool decode(struct bytes word, struct arena *arena, struct bytes *out)
{
    const char *percent = word.len ? memchr(word.data, '%', word.len) : NULL;
    char *text;

    *out = word;
    if (!percent)
        return true;
    text = arena_alloc(arena, word.len);
    out->data = text;
    return decode_from(percent, word, text, &out->len);
}

static bool is_text(struct bytes text)
{
    return text.len <= TENANT_USAGE_MAX_TEXT;
}

/* NUMBER[+] UID NAME [NODE] */
static bool parse_item(struct bytes line, struct arena *arena, struct usage_item *item)
{
    struct bytes number = cut_at(&line, ' '), uid = cut_at(&line, ' '), name = cut_at(&line, ' ');

    item->is_growth = bytes_has_suffix(number, BYTES("+"));
    number.len -= item->is_growth;
    item->number = parse_number(number);
    return item->number > 0 && item->number <= TENANT_USAGE_MAX_NUMBER &&
           decode(uid, arena, &item->pod.uid) && item->pod.uid.len > 0 && is_text(item->pod.uid) &&
           decode(name, arena, &item->pod.name) && is_text(item->pod.name) &&
           !memchr(line.data, ' ', line.len) && decode(line, arena, &item->pod.node) &&
           is_text(item->pod.node);
}

static void complain_of_line(struct usage_reader *reader, struct value objects, size_t number,
                             const char *problem)
{
    if (!reader->is_damaged)
        usage_complain(reader, objects,
                       arena_printf(reader->arena, "line %zu: %s", number, problem));
}

/* The lines of a group, whose objects have in common what `item` has. */
static void read_items(struct usage_reader *reader, struct value objects, struct usage_item item,
                       struct tenant_usage *out)
{
    struct bytes rest = value_text(objects);

    for (size_t number = 1; rest.len > 0; number++) {
        if (!parse_item(cut_at(&rest, '\n'), reader->arena, &item)) {
            complain_of_line(reader, objects, number,
                             "expected a number, a uid, a name and perhaps a node");
            continue;
        }
        if (item.number > out->last)
            complain_of_line(reader, objects, number, "its number is above spec.last");
        if (out->count == TENANT_USAGE_MAX_ITEMS) {
            complain_of_line(reader, objects, number, "is one reservation too many");
            return;
        }
        *ARENA_APPEND(reader->arena, out->items, out->count) = item;
    }
}

static bool read_kind(struct usage_reader *reader, struct value group, bool *is_claim)
{
    struct bytes kind = usage_read_text(reader, group, "kind");

    *is_claim = bytes_is(kind, "ResourceClaim");
    if (*is_claim || bytes_is(kind, "Pod"))
        return true;
    usage_complain(reader, group, "expected the kind Pod or ResourceClaim");
    return false;
}

static void read_group(struct usage_reader *reader, struct value group, struct tenant_usage *out)
{
    struct usage_item item = {.pod.has_uid = true};
    struct held_pod *common = &item.pod;

    if (!usage_check_type(reader, group, VALUE_OBJECT) ||
        !read_kind(reader, group, &common->is_claim))
        return;
    common->namespace = usage_read_text(reader, group, "namespace");
    if (common->namespace.len == 0) {
        usage_complain(reader, group, "has no namespace");
        return;
    }
    common->owner = usage_read_text(reader, group, "owner");
    common->priority_class = usage_read_text(reader, group, "priorityClass");
    common->workload = usage_read_text(reader, group, "workload");
    usage_ask_read(reader, usage_read_member(reader, group, "asks", VALUE_OBJECT), &common->ask);
    read_items(reader, usage_read_member(reader, group, "objects", VALUE_STRING), item, out);
}

static void read_spec(struct usage_reader *reader, struct value spec, struct tenant_usage *out)
{
    struct value floors = usage_read_member(reader, spec, "floors", VALUE_OBJECT);
    struct value groups = usage_read_member(reader, spec, "reservations", VALUE_ARRAY);

    out->last = read_last(reader, spec);
    out->floors.pods = read_floor(reader, floors, "pods");
    out->floors.claims = read_floor(reader, floors, "resourceclaims");
    out->series = usage_read_text(reader, spec, "series");
    out->unknown = usage_read_text(reader, spec, "unknown");
    for (struct value v = value_first(groups); value_type(v); v = value_next(v))
        read_group(reader, v, out);
    for (size_t i = 0; i < out->count; i++) {
        if (out->items[i].number > out->last)
            out->last = out->items[i].number;
    }
}

static void check_digest(struct usage_reader *reader, struct value spec,
                         const struct tenant_usage *usage)
{
    struct bytes uid = usage->unknown.len ? BYTES("") : usage->uid;
    struct bytes expected = usage_digest(usage->name, uid, spec, reader->arena);

    if (!reader->is_damaged && !bytes_equal(value_text(value_member(spec, "digest")), expected))
        usage_complain(reader, spec, "its digest is another one: somebody else wrote it");
}

bool tenant_usage_read(struct value object, struct arena *arena, struct tenant_usage *out,
                       struct error *err)
{
    struct usage_reader reader = {.arena = arena, .object = object};
    struct value metadata, spec;

    *out = (struct tenant_usage){0};
    if (!usage_check_type(&reader, object, VALUE_OBJECT)) {
        *err = reader.first;
        return false;
    }
    metadata = usage_read_member(&reader, object, "metadata", VALUE_OBJECT);
    spec = usage_read_member(&reader, object, "spec", VALUE_OBJECT);
    out->name = usage_read_text(&reader, metadata, "name");
    out->uid = usage_read_text(&reader, metadata, "uid");
    out->version = usage_read_text(&reader, metadata, "resourceVersion");
    out->status = value_member(object, "status");
    if (out->name.len == 0)
        usage_complain(&reader, object, "has no metadata.name");
    if (!value_type(spec))
        usage_complain(&reader, object, "has no spec");
    read_spec(&reader, spec, out);
    check_digest(&reader, spec, out);
    if (reader.is_damaged)
        *err = reader.first;
    return !reader.is_damaged;
}
