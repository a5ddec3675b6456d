/* json_copy: a value out of a document that goes. */
#include "base/json_item.h"
#include "base/memory.h"

/* What of the document's texts and items is the value's own. */
struct extent {
    const struct document_item *items;
    size_t item_count;
    struct bytes text, decoded;
    bool is_decoded; /* they differ */
};

static struct extent extent_of(struct value value)
{
    const struct document *document = value.document;
    const struct document_item *item = &document->items[value.index];
    struct extent extent = {.items = item, .item_count = (size_t)(item_after(item) - item)};

    extent.text = value_raw(value);
    extent.decoded = (struct bytes){document->decoded + item->start, extent.text.len};
    extent.is_decoded = !bytes_equal(extent.text, extent.decoded);
    return extent;
}

size_t value_room(struct value value)
{
    struct extent extent;

    if (value_type(value) == VALUE_ABSENT)
        return 0;
    extent = extent_of(value);
    return sizeof(struct document) + (1 + extent.item_count) * sizeof(struct document_item) +
           extent.text.len + (extent.is_decoded ? extent.decoded.len : 0);
}

struct value value_copy(struct value value, void *room)
{
    struct document *document = room;
    struct document_item *items = (struct document_item *)(document + 1);
    struct extent extent;
    char *rest;

    if (value_type(value) == VALUE_ABSENT)
        return (struct value){0};
    extent = extent_of(value);
    items[0] = (struct document_item){0};
    for (size_t i = 0; i < extent.item_count; i++) {
        items[i + 1] = extent.items[i];
        items[i + 1].start -= extent.items->start;
        items[i + 1].end -= extent.items->start;
    }
    rest = (char *)(items + 1 + extent.item_count);
    *document = (struct document){.items = items, .item_count = (uint32_t)extent.item_count + 1};
    document->text = memory_place(&rest, extent.text);
    document->decoded = document->text.data;
    if (extent.is_decoded)
        document->decoded = memory_place(&rest, extent.decoded).data;
    return document_root(document);
}
