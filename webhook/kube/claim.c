#include "kube/claim.h"

#include <stdalign.h>

#include "base/buf.h"
#include "base/field.h"
#include "base/memory.h"

struct bytes device_class(const struct device_ask *device)
{
    return bytes_tail(device->resource, sizeof(CLASS_RESOURCE_PREFIX) - 1);
}

/* The fields of one request, or of one of its alternatives. */
struct request {
    struct bytes class, mode;
    int64_t count;
    bool is_admin;
};

static const struct member request_members[] = {
    MEMBER("deviceClassName", MEMBER_TEXT, struct request, class),
    MEMBER("allocationMode", MEMBER_TEXT, struct request, mode),
    MEMBER("count", MEMBER_INTEGER, struct request, count),
    MEMBER("adminAccess", MEMBER_BOOL, struct request, is_admin),
    {{0}},
};

struct bytes device_resource(struct bytes class, struct arena *arena)
{
    struct bytes prefix = BYTES(CLASS_RESOURCE_PREFIX);
    char *text = arena_alloc(arena, prefix.len + class.len), *rest = text;

    memory_place(&rest, prefix);
    memory_place(&rest, class);
    return (struct bytes){text, prefix.len + class.len};
}

static bool check_mode(const struct request *request, struct value value, struct arena *arena,
                       struct error *err)
{
    if (request->mode.len == 0 || bytes_is(request->mode, "ExactCount") ||
        bytes_is(request->mode, "All"))
        return true;
    return error_set(err, "%s.allocationMode: expected ExactCount or All, got \"%s\"",
                     value_place(value, arena), text_quote(arena, request->mode));
}

static bool read_branch(struct value value, bool is_alternative, struct arena *arena,
                        struct device_asks *out, struct error *err)
{
    struct request request = {0};
    struct device_ask *ask;

    if (value_type(value) != VALUE_OBJECT)
        return error_set(err, "%s: expected an object, got %s", value_place(value, arena),
                         value_type_name(value_type(value)));
    if (!members_read(value, request_members, arena, &request, err) ||
        !check_mode(&request, value, arena, err))
        return false;
    if (request.count < 0)
        return error_set(err, "%s.count: is below zero", value_place(value, arena));
    ask = ARENA_APPEND(arena, out->items, out->count);
    ask->resource = device_resource(request.class, arena);
    ask->is_alternative = is_alternative;
    ask->is_all = bytes_is(request.mode, "All");
    ask->is_admin = request.is_admin;
    /* None given is one. */
    ask->count = amount_of(ask->is_all || request.count == 0 ? 1 : request.count);
    return true;
}

/* One of `exactly` and `firstAvailable`, or, in v1beta1, the fields themselves. Who writes several
 * is refused by the API server; until then the largest counts. */
static bool read_request(struct value value, struct arena *arena, struct device_asks *out,
                         struct error *err)
{
    struct value exactly = {0}, branches = {0};
    struct bytes name = {0};
    size_t before = out->count;

    if (!field_text(value, "name", arena, &name, err) ||
        !field_object(value, "exactly", arena, &exactly, err) ||
        !field_array(value, "firstAvailable", arena, &branches, err))
        return false;
    if (value_count(branches) > CLAIM_MAX_BRANCHES)
        return error_set_limit(err, "%s.firstAvailable: has more than %d alternatives",
                               value_place(value, arena), CLAIM_MAX_BRANCHES);
    if (value_type(exactly) && !read_branch(exactly, false, arena, out, err))
        return false;
    for (struct value v = value_first(branches); value_type(v); v = value_next(v)) {
        if (!read_branch(v, out->count > before, arena, out, err))
            return false;
    }
    if (out->count == before && !read_branch(value, false, arena, out, err))
        return false;
    for (size_t i = before; i < out->count; i++)
        out->items[i].request = name;
    return true;
}

bool device_asks_parse(struct value spec, struct arena *arena, struct device_asks *out,
                       struct error *err)
{
    struct value devices = {0}, requests = {0};
    struct device_asks asks = {0};

    if (!field_object(spec, "devices", arena, &devices, err) ||
        !field_array(devices, "requests", arena, &requests, err))
        return false;
    if (value_count(requests) > CLAIM_MAX_REQUESTS)
        return error_set_limit(err, "%s: has more than %d requests", value_place(requests, arena),
                               CLAIM_MAX_REQUESTS);
    for (struct value v = value_first(requests); value_type(v); v = value_next(v)) {
        if (!read_request(v, arena, &asks, err))
            return false;
    }
    *out = asks;
    return true;
}

static bool device_ask_equal(const struct device_ask *a, const struct device_ask *b)
{
    return bytes_equal(a->resource, b->resource) && bytes_equal(a->extended, b->extended) &&
           bytes_equal(a->request, b->request) && amount_compare(a->count, b->count) == 0 &&
           a->origin == b->origin && a->is_alternative == b->is_alternative &&
           a->is_all == b->is_all && a->is_admin == b->is_admin;
}

bool device_asks_equal(const struct device_asks *a, const struct device_asks *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        if (!device_ask_equal(&a->items[i], &b->items[i]))
            return false;
    }
    return a->count == b->count;
}

static size_t round_up(size_t size)
{
    size_t alignment = alignof(struct device_ask);

    return (size + alignment - 1) / alignment * alignment;
}

size_t device_asks_room(const struct device_asks *asks)
{
    size_t size = asks->count * sizeof(*asks->items);

    for (size_t i = 0; i < asks->count; i++)
        size +=
            asks->items[i].resource.len + asks->items[i].extended.len + asks->items[i].request.len;
    return round_up(size);
}

/* The array itself; its texts follow. */
static void *place_items(char **room, const void *items, size_t size)
{
    return (void *)memory_place(room, (struct bytes){items, size}).data;
}

void device_asks_copy(const struct device_asks *asks, char **room, struct device_asks *out)
{
    char *rest = *room;

    *room += device_asks_room(asks);
    *out = *asks;
    out->items = place_items(&rest, asks->items, asks->count * sizeof(*asks->items));
    for (size_t i = 0; i < out->count; i++) {
        out->items[i].resource = memory_place(&rest, out->items[i].resource);
        out->items[i].extended = memory_place(&rest, out->items[i].extended);
        out->items[i].request = memory_place(&rest, out->items[i].request);
    }
}

static const struct member ref_members[] = {
    MEMBER("name", MEMBER_TEXT, struct claim_ref, name),
    MEMBER("resourceClaimName", MEMBER_TEXT, struct claim_ref, claim),
    MEMBER("resourceClaimTemplateName", MEMBER_TEXT, struct claim_ref, template),
    {{0}},
};

static bool read_ref(struct value value, struct arena *arena, struct claim_ref *out,
                     struct error *err)
{
    if (value_type(value) == VALUE_OBJECT)
        return members_read(value, ref_members, arena, out, err);
    return error_set(err, "%s: expected an object, got %s", value_place(value, arena),
                     value_type_name(value_type(value)));
}

static void find_made(struct value statuses, struct claim_ref *ref)
{
    for (struct value v = value_first(statuses); value_type(v); v = value_next(v)) {
        if (bytes_equal(value_text(value_member(v, "name")), ref->name))
            ref->claim = value_text(value_member(v, "resourceClaimName"));
    }
}

void claim_refs_find_made(struct claim_refs *refs, struct value statuses)
{
    for (size_t i = 0; i < refs->count && value_count(statuses) <= POD_MAX_CLAIMS; i++) {
        if (refs->items[i].template.len)
            find_made(statuses, &refs->items[i]);
    }
}

bool claim_refs_parse(struct value entries, struct arena *arena, struct claim_refs *out,
                      struct error *err)
{
    size_t count = value_count(entries);
    struct claim_refs refs = {0};

    if (count > POD_MAX_CLAIMS)
        return error_set_limit(err, "the pod names more than %d claims", POD_MAX_CLAIMS);
    refs.items = arena_alloc(arena, count * sizeof(*refs.items));
    for (struct value v = value_first(entries); value_type(v); v = value_next(v)) {
        if (!read_ref(v, arena, &refs.items[refs.count++], err))
            return false;
    }
    *out = refs;
    return true;
}

bool claim_refs_equal(const struct claim_refs *a, const struct claim_refs *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        if (!bytes_equal(a->items[i].name, b->items[i].name) ||
            !bytes_equal(a->items[i].claim, b->items[i].claim) ||
            !bytes_equal(a->items[i].template, b->items[i].template))
            return false;
    }
    return a->count == b->count;
}

size_t claim_refs_room(const struct claim_refs *refs)
{
    size_t size = refs->count * sizeof(*refs->items);

    for (size_t i = 0; i < refs->count; i++)
        size += refs->items[i].name.len + refs->items[i].claim.len + refs->items[i].template.len;
    return round_up(size);
}

void claim_refs_copy(const struct claim_refs *refs, char **room, struct claim_refs *out)
{
    char *rest = *room;

    *room += claim_refs_room(refs);
    *out = *refs;
    out->items = place_items(&rest, refs->items, refs->count * sizeof(*refs->items));
    for (size_t i = 0; i < out->count; i++) {
        struct claim_ref *ref = &out->items[i];

        ref->name = memory_place(&rest, ref->name);
        ref->claim = memory_place(&rest, ref->claim);
        ref->template = memory_place(&rest, ref->template);
    }
}
