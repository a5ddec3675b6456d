/* tenant_usage_fuzz: whatever a TenantUsage holds is read within bounds, and what could be read of
 * it, written, is read whole and is the same. */
#include "base/buf.h"
#include "fuzz.h"
#include "ledger/tenant_usage.h"

static void check_same(const struct tenant_usage *a, const struct tenant_usage *b)
{
    CHECK(bytes_equal(a->name, b->name) && bytes_equal(a->uid, b->uid));
    CHECK(bytes_equal(a->version, b->version) && a->last == b->last);
    CHECK(a->floors.pods == b->floors.pods && a->floors.claims == b->floors.claims);
    CHECK(bytes_equal(a->unknown, b->unknown));
    CHECK(a->count == b->count);
}

static const struct usage_item *find_item(const struct tenant_usage *usage,
                                          const struct usage_item *item)
{
    for (size_t i = 0; i < usage->count; i++) {
        if (usage->items[i].number == item->number &&
            usage->items[i].is_growth == item->is_growth &&
            held_pod_equal(&usage->items[i].pod, &item->pod))
            return &usage->items[i];
    }
    return NULL;
}

static void write_and_read(const struct tenant_usage *usage, struct arena *arena)
{
    struct document document;
    struct tenant_usage again;
    struct error err;
    struct buf text;

    buf_init(&text, arena, TENANT_USAGE_MAX_BYTES);
    tenant_usage_write(usage, value_raw(usage->status), &text);
    if (text.is_full || usage->name.len == 0)
        return;
    document_parse(buf_bytes(&text), 64, arena, &document);
    CHECK(document_is_sound(&document));
    CHECK(tenant_usage_read(document_root(&document), arena, &again, &err));
    check_same(usage, &again);
    /* Groups may have been put together. */
    for (size_t i = 0; i < usage->count && usage->count < 100; i++)
        CHECK(find_item(&again, &usage->items[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {(const char *)data, size};
    struct arena arena = {0};
    struct document document;
    struct tenant_usage usage;
    struct error err = {0};

    document_parse(text, 64, &arena, &document);
    if (document_is_sound(&document)) {
        bool is_read = tenant_usage_read(document_root(&document), &arena, &usage, &err);

        CHECK(is_read == (err.text[0] == '\0'));
        write_and_read(&usage, &arena);
    }
    arena_release(&arena);
    return 0;
}
