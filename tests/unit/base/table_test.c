#include <stdio.h>

#include "base/table.h"
#include "unit/unit.h"

struct thing {
    struct table_link link;
    char name[24];
};

static void hash_thing(const struct table *table, const struct thing *thing, uint64_t *out)
{
    *out = table_hash(table, bytes_from(thing->name), BYTES(""));
}

static struct thing *find(const struct table *table, const char *name)
{
    struct table_link *link = table_first(table, table_hash(table, bytes_from(name), BYTES("")));

    for (; link; link = table_next(link)) {
        struct thing *thing = TABLE_THING(link, struct thing, link);

        if (!strcmp(thing->name, name))
            return thing;
    }
    return NULL;
}

static void what_was_added_is_found_until_it_is_removed(void **state)
{
    enum { COUNT = 5000 };
    struct thing *things = calloc(COUNT, sizeof(*things));
    struct table table;
    uint64_t hash;

    table_init(&table);
    assert_null(find(&table, "thing-0"));
    for (int i = 0; i < COUNT; i++) {
        snprintf(things[i].name, sizeof(things[i].name), "thing-%d", i);
        hash_thing(&table, &things[i], &hash);
        table_add(&table, &things[i].link, hash);
    }
    for (int i = 0; i < COUNT; i++)
        assert_ptr_equal(find(&table, things[i].name), &things[i]);
    assert_int_equal(table.count, COUNT);
    for (int i = 0; i < COUNT; i += 2)
        table_remove(&table, &things[i].link);
    for (int i = 0; i < COUNT; i++)
        assert_ptr_equal(find(&table, things[i].name), i % 2 ? &things[i] : NULL);
    assert_int_equal(table.count, COUNT / 2);
    table_release(&table);
    free(things);
}

static void things_of_one_key_are_all_found(void **state)
{
    struct thing things[3] = {{.name = "same"}, {.name = "same"}, {.name = "same"}};
    struct table_link *next;
    struct table table;
    uint64_t hash;
    int count = 0;

    table_init(&table);
    hash_thing(&table, &things[0], &hash);
    for (int i = 0; i < 3; i++)
        table_add(&table, &things[i].link, hash);
    for (struct table_link *link = table_first(&table, hash); link; link = next) {
        next = table_next(link);
        table_remove(&table, link);
        count++;
    }
    assert_int_equal(count, 3);
    assert_null(table_first(&table, hash));
    table_release(&table);
}

static void hashes_depend_on_the_secret_and_on_where_the_texts_part(void **state)
{
    struct table a, b;
    struct bytes long_text = BYTES("a text that is longer than any word of eight bytes");

    table_init(&a);
    table_init(&b);
    assert_true(table_hash(&a, long_text, BYTES("")) != table_hash(&b, long_text, BYTES("")));
    assert_true(table_hash(&a, BYTES("ab"), BYTES("c")) != table_hash(&a, BYTES("a"), BYTES("bc")));
    assert_true(table_hash(&a, BYTES(""), BYTES("a")) != table_hash(&a, BYTES("a"), BYTES("")));
    assert_true(table_hash(&a, BYTES("a"), BYTES("b")) == table_hash(&a, BYTES("a"), BYTES("b")));
    assert_true(table_hash(&a, (struct bytes){0}, BYTES("")) ==
                table_hash(&a, BYTES(""), BYTES("")));
    table_release(&a);
    table_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_found_until_it_is_removed),
        cmocka_unit_test(things_of_one_key_are_all_found),
        cmocka_unit_test(hashes_depend_on_the_secret_and_on_where_the_texts_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
