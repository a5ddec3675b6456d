#include "base/json_table.h"

#include "base/json_item.h"
#include "base/siphash.h"

/* At most half full. */
static size_t clear_slots(struct item_table *table, size_t name_count)
{
    size_t wanted = 64;

    while (wanted < name_count * 2)
        wanted *= 2;
    if (wanted > table->capacity) {
        table->slots = arena_alloc_raw(table->arena, wanted * sizeof(*table->slots));
        table->capacity = wanted;
    }
    memset(table->slots, 0, wanted * sizeof(*table->slots));
    return wanted;
}

const struct document_item *item_table_find_double(struct item_table *table,
                                                   const struct document_item *object,
                                                   const char *decoded)
{
    const struct document_item *end = object + object->span;
    size_t mask = clear_slots(table, item_count_at_most(object)) - 1;
    uint64_t key[2];

    siphash_process_key(key);
    for (const struct document_item *name = object + 1; name < end; name = item_after(name + 1)) {
        struct bytes name_text = item_text(name, decoded);
        struct siphash state = siphash_start(key);
        uint64_t hash;
        size_t at;

        siphash_add(&state, name_text);
        hash = siphash_finish(&state);
        at = hash & mask;

        /* A slot holds the distance from the object, and above it half of the hash. */
        for (; table->slots[at]; at = (at + 1) & mask) {
            const struct document_item *other = object + (uint32_t)table->slots[at];

            if (table->slots[at] >> 32 == hash >> 32 &&
                bytes_equal(item_text(other, decoded), name_text))
                return name;
        }
        table->slots[at] = hash >> 32 << 32 | (uint32_t)(name - object);
    }
    return NULL;
}
