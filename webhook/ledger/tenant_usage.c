#include "ledger/tenant_usage.h"

#include "ledger/usage_ask.h"
#include "ledger/usage_digest.h"
#include "ledger/usage_reader.h"

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

/* Up to the next space, which is passed over. */
static struct bytes cut_word(struct bytes *line)
{
    const char *space = line->len ? memchr(line->data, ' ', line->len) : NULL;
    struct bytes word = {line->data, space ? (size_t)(space - line->data) : line->len};

    *line = bytes_tail(*line, word.len + (space != NULL));
    return word;
}

/* A space is written as %20, a percent sign as %25. No name that Kubernetes takes has either. */
static bool decode(struct bytes word, struct arena *arena, struct bytes *out)
{
    char *text;
    size_t len = 0;

    *out = word;
    if (word.len == 0 || !memchr(word.data, '%', word.len))
        return true;
    text = arena_alloc(arena, word.len);
    for (size_t at = 0; at < word.len; at++) {
        struct bytes rest = bytes_tail(word, at);

        text[len++] = word.data[at];
        if (word.data[at] != '%')
            continue;
        if (!bytes_has_prefix(rest, BYTES("%20")) && !bytes_has_prefix(rest, BYTES("%25")))
            return false;
        text[len - 1] = word.data[at + 2] == '0' ? ' ' : '%';
        at += 2;
    }
    *out = (struct bytes){text, len};
    return true;
}

/* NUMBER[+] UID NAME [NODE] */
static bool parse_item(struct bytes line, struct arena *arena, struct usage_item *item)
{
    struct bytes number = cut_word(&line), uid = cut_word(&line), name = cut_word(&line);

    item->is_growth = bytes_has_suffix(number, BYTES("+"));
    number.len -= item->is_growth;
    item->number = parse_number(number);
    return item->number > 0 && item->number <= TENANT_USAGE_MAX_NUMBER &&
           decode(uid, arena, &item->pod.uid) && item->pod.uid.len > 0 &&
           decode(name, arena, &item->pod.name) && !memchr(line.data, ' ', line.len) &&
           decode(line, arena, &item->pod.node);
}

/* An item of a group, of which `common` is what all have in common. */
static void read_item(struct usage_reader *reader, struct value value,
                      const struct held_pod *common, struct tenant_usage *out)
{
    struct usage_item item = {.pod = *common};
    struct bytes line = value_text(value);

    if (!usage_check_type(reader, value, VALUE_STRING))
        return;
    if (!parse_item(line, reader->arena, &item) || !usage_check_text(reader, value, item.pod.uid) ||
        !usage_check_text(reader, value, item.pod.name) ||
        !usage_check_text(reader, value, item.pod.node)) {
        usage_complain(reader, value, "expected a number, a uid, a name and perhaps a node");
        return;
    }
    if (item.number > out->last)
        usage_complain(reader, value, "has a number above spec.last");
    if (out->count == TENANT_USAGE_MAX_ITEMS)
        usage_complain(reader, value, "is one reservation too many");
    else
        *ARENA_APPEND(reader->arena, out->items, out->count) = item;
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
    struct held_pod common = {.has_uid = true};
    struct value objects;

    if (!usage_check_type(reader, group, VALUE_OBJECT) ||
        !read_kind(reader, group, &common.is_claim))
        return;
    common.namespace = usage_read_text(reader, group, "namespace");
    if (common.namespace.len == 0) {
        usage_complain(reader, group, "has no namespace");
        return;
    }
    common.owner = usage_read_text(reader, group, "owner");
    common.priority_class = usage_read_text(reader, group, "priorityClass");
    common.workload = usage_read_text(reader, group, "workload");
    usage_ask_read(reader, usage_read_member(reader, group, "asks", VALUE_OBJECT), &common.ask);
    objects = usage_read_member(reader, group, "objects", VALUE_ARRAY);
    for (struct value v = value_first(objects); value_type(v); v = value_next(v))
        read_item(reader, v, &common, out);
}

static void read_unknown(struct usage_reader *reader, struct value spec, struct tenant_usage *out)
{
    struct value unknown = usage_read_member(reader, spec, "unknown", VALUE_OBJECT);

    out->unknown = usage_read_text(reader, unknown, "id");
    out->unknown_reason = usage_read_text(reader, unknown, "reason");
    if (value_type(unknown) && out->unknown.len == 0)
        usage_complain(reader, unknown, "has no id");
}

static void read_spec(struct usage_reader *reader, struct value spec, struct tenant_usage *out)
{
    struct value floors = usage_read_member(reader, spec, "floors", VALUE_OBJECT);
    struct value groups = usage_read_member(reader, spec, "reservations", VALUE_ARRAY);

    out->last = read_last(reader, spec);
    out->floors.pods = read_floor(reader, floors, "pods");
    out->floors.claims = read_floor(reader, floors, "resourceclaims");
    read_unknown(reader, spec, out);
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
    struct usage_reader reader = {.arena = arena};
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
