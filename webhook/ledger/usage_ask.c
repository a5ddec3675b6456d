#include "ledger/usage_ask.h"

#include <stdlib.h>

#include "ledger/usage_reader.h"
#include "ledger/usage_writer.h"

static const char *const origins[] = {
    [DEVICE_CLAIMED] = "",
    [DEVICE_SHARED] = "Shared",
    [DEVICE_REQUESTED] = "Requested",
};

static int compare_amounts(const void *a, const void *b)
{
    return bytes_compare(((const struct resource_amount *)a)->name,
                         ((const struct resource_amount *)b)->name);
}

static void read_requests(struct usage_reader *reader, struct value asks,
                          struct resource_amounts *out)
{
    struct value requests = usage_read_member(reader, asks, "requests", VALUE_OBJECT);

    if (value_count(requests) > POD_MAX_RESOURCES)
        usage_complain(reader, requests, "has too many members");
    for (struct value v = value_first(requests); value_type(v); v = value_next(v)) {
        struct resource_amount item = {.name = value_name(v)};

        if (out->count < POD_MAX_RESOURCES && usage_check_text(reader, v, item.name) &&
            usage_read_amount(reader, v, &item.amount))
            *ARENA_APPEND(reader->arena, out->items, out->count) = item;
    }
    if (out->count > 1)
        qsort(out->items, out->count, sizeof(*out->items), compare_amounts);
}

static int compare_annotations(const void *a, const void *b)
{
    return bytes_compare(((const struct annotation *)a)->name,
                         ((const struct annotation *)b)->name);
}

static void read_annotations(struct usage_reader *reader, struct value asks, struct ask *out)
{
    struct value annotations = usage_read_member(reader, asks, "annotations", VALUE_OBJECT);

    if (value_count(annotations) > POD_MAX_LABELS)
        usage_complain(reader, annotations, "has too many members");
    for (struct value v = value_first(annotations); value_type(v); v = value_next(v)) {
        struct annotation annotation = {value_name(v), value_text(v)};
        struct amount ignored;

        if (out->annotation_count < POD_MAX_LABELS &&
            usage_check_text(reader, v, annotation.name) &&
            usage_check_text(reader, v, annotation.value) && usage_read_amount(reader, v, &ignored))
            *ARENA_APPEND(reader->arena, out->annotations, out->annotation_count) = annotation;
    }
    if (out->annotation_count > 1)
        qsort(out->annotations, out->annotation_count, sizeof(*out->annotations),
              compare_annotations);
}

static void read_products(struct usage_reader *reader, struct value asks, struct strings *out)
{
    struct value products = usage_read_member(reader, asks, "products", VALUE_ARRAY);

    for (struct value v = value_first(products); value_type(v); v = value_next(v)) {
        struct bytes text = value_text(v);

        if (!usage_check_type(reader, v, VALUE_STRING) || !usage_check_text(reader, v, text))
            continue;
        if (text.len && memchr(text.data, '\0', text.len))
            usage_complain(reader, v, "has a NUL");
        else
            strings_add(out, reader->arena, arena_copy(reader->arena, text));
    }
}

static void read_refs(struct usage_reader *reader, struct value claims, struct claim_refs *out)
{
    if (value_count(claims) > POD_MAX_CLAIMS)
        usage_complain(reader, claims, "has too many elements");
    for (struct value v = value_first(claims); value_type(v) && out->count < POD_MAX_CLAIMS;
         v = value_next(v)) {
        if (usage_check_type(reader, v, VALUE_OBJECT))
            *ARENA_APPEND(reader->arena, out->items, out->count) =
                (struct claim_ref){usage_read_text(reader, v, "name"),
                                   usage_read_text(reader, v, "claim"),
                                   usage_read_text(reader, v, "template")};
    }
}

static enum device_origin read_origin(struct usage_reader *reader, struct value device)
{
    struct bytes origin = usage_read_text(reader, device, "origin");

    for (int i = DEVICE_CLAIMED; i <= DEVICE_REQUESTED; i++) {
        if (bytes_is(origin, origins[i]))
            return (enum device_origin)i;
    }
    usage_complain(reader, value_member(device, "origin"), "expected Shared or Requested");
    return DEVICE_CLAIMED;
}

static void read_device(struct usage_reader *reader, struct value value, struct device_asks *out)
{
    struct device_ask device = {
        .resource = device_resource(usage_read_text(reader, value, "class"), reader->arena),
        .extended = usage_read_text(reader, value, "extended"),
        .origin = read_origin(reader, value),
        .is_alternative = usage_read_bool(reader, value, "alternative"),
        .is_all = usage_read_bool(reader, value, "all"),
        .is_admin = usage_read_bool(reader, value, "admin"),
    };
    struct value count = value_member(value, "count");

    if (!value_type(count))
        usage_complain(reader, value, "has no count");
    else if (usage_read_amount(reader, count, &device.count))
        *ARENA_APPEND(reader->arena, out->items, out->count) = device;
}

/* `claims` is there, if only empty, where there are any claims or devices at all. */
static const struct claimed *read_claimed(struct usage_reader *reader, struct value asks)
{
    struct value claims = usage_read_member(reader, asks, "claims", VALUE_ARRAY);
    struct value devices = usage_read_member(reader, asks, "devices", VALUE_ARRAY);
    bool is_incomplete = usage_read_bool(reader, asks, "incomplete");
    struct claimed *claimed;

    if (!value_type(claims) && !value_type(devices) && !is_incomplete)
        return NULL;
    claimed = arena_alloc(reader->arena, sizeof(*claimed));
    claimed->is_incomplete = is_incomplete;
    read_refs(reader, claims, &claimed->refs);
    for (struct value v = value_first(devices); value_type(v); v = value_next(v)) {
        if (usage_check_type(reader, v, VALUE_OBJECT))
            read_device(reader, v, &claimed->devices);
    }
    return claimed;
}

void usage_ask_read(struct usage_reader *reader, struct value asks, struct ask *out)
{
    read_requests(reader, asks, &out->requests);
    read_products(reader, asks, &out->products);
    read_annotations(reader, asks, out);
    out->claimed = read_claimed(reader, asks);
}

/* ---- writing */

static void write_requests(const struct resource_amounts *requests, struct arena *scratch,
                           struct buf *out)
{
    if (requests->count == 0)
        return;
    usage_write_name(out, BYTES("requests"));
    buf_add_char(out, '{');
    for (size_t i = 0; i < requests->count; i++)
        usage_write_amount(out, requests->items[i].name, requests->items[i].amount, scratch);
    buf_add_char(out, '}');
}

static void write_annotations(const struct ask *ask, struct buf *out)
{
    if (ask->annotation_count == 0)
        return;
    usage_write_name(out, BYTES("annotations"));
    buf_add_char(out, '{');
    for (size_t i = 0; i < ask->annotation_count; i++) {
        usage_write_name(out, ask->annotations[i].name);
        usage_write_string(out, ask->annotations[i].value);
    }
    buf_add_char(out, '}');
}

static void write_products(const struct strings *products, struct buf *out)
{
    if (products->count == 0)
        return;
    usage_write_name(out, BYTES("products"));
    buf_add_char(out, '[');
    for (size_t i = 0; i < products->count; i++) {
        usage_write_comma(out);
        usage_write_string(out, bytes_from(products->items[i]));
    }
    buf_add_char(out, ']');
}

static void write_refs(const struct claim_refs *refs, struct buf *out)
{
    usage_write_name(out, BYTES("claims"));
    buf_add_char(out, '[');
    for (size_t i = 0; i < refs->count; i++) {
        usage_write_comma(out);
        buf_add_char(out, '{');
        usage_write_text(out, "name", refs->items[i].name);
        usage_write_text(out, "claim", refs->items[i].claim);
        usage_write_text(out, "template", refs->items[i].template);
        buf_add_char(out, '}');
    }
    buf_add_char(out, ']');
}

static void write_device(const struct device_ask *device, struct arena *scratch, struct buf *out)
{
    usage_write_comma(out);
    buf_add_char(out, '{');
    usage_write_text(out, "class", device_class(device));
    usage_write_text(out, "extended", device->extended);
    usage_write_amount(out, BYTES("count"), device->count, scratch);
    usage_write_text(out, "origin", bytes_from(origins[device->origin]));
    usage_write_true(out, "alternative", device->is_alternative);
    usage_write_true(out, "all", device->is_all);
    usage_write_true(out, "admin", device->is_admin);
    buf_add_char(out, '}');
}

static void write_devices(const struct device_asks *devices, struct arena *scratch, struct buf *out)
{
    if (devices->count == 0)
        return;
    usage_write_name(out, BYTES("devices"));
    buf_add_char(out, '[');
    for (size_t i = 0; i < devices->count; i++)
        write_device(&devices->items[i], scratch, out);
    buf_add_char(out, ']');
}

void usage_ask_write(const struct ask *ask, struct arena *scratch, struct buf *out)
{
    buf_add_char(out, '{');
    write_requests(&ask->requests, scratch, out);
    write_products(&ask->products, out);
    write_annotations(ask, out);
    if (ask->claimed) {
        write_refs(&ask->claimed->refs, out);
        write_devices(&ask->claimed->devices, scratch, out);
        usage_write_true(out, "incomplete", ask->claimed->is_incomplete);
    }
    buf_add_char(out, '}');
}
