#include "base/trie.h"

#include "base/memory.h"
#include "unit/random.h"
#include "unit/unit.h"

struct thing {
    struct trie_item item;
    int value;
    char name[16];
};

static void put(struct trie *trie, const char *name, int value)
{
    struct thing *thing = memory_alloc(sizeof(*thing));

    snprintf(thing->name, sizeof(thing->name), "%s", name);
    thing->item.name = bytes_from(thing->name);
    thing->value = value;
    trie_put(trie, &thing->item);
}

/* 0: there is none. */
static int find(const struct trie *trie, const char *name)
{
    const struct trie_item *item = trie_find(trie, bytes_from(name));

    return item ? ((const struct thing *)item)->value : 0;
}

static void an_empty_one_has_nothing(void **state)
{
    struct trie trie = {0}, copy = {0};

    trie_copy(&copy, &trie);
    trie_put_all(&copy, &trie);
    trie_remove(&copy, BYTES("a"));
    assert_int_equal(find(&copy, "a"), 0);
    assert_int_equal(find(&copy, ""), 0);
    put(&copy, "", 7);
    assert_int_equal(find(&copy, ""), 7);
    trie_remove(&copy, BYTES(""));
    assert_int_equal(find(&copy, ""), 0);
    assert_int_equal(copy.count, 0);
    trie_release(&copy);
    trie_release(&trie);
}

static void add_number(void *context, const struct trie_item *item)
{
    *(int *)context += ((const struct thing *)item)->value;
}

static void all_of_another_goes_in_the_place_of_the_same_names(void **state)
{
    struct trie trie = {0}, other = {0};
    int sum = 0;

    put(&trie, "a", 1);
    put(&trie, "b", 2);
    put(&other, "b", 3);
    put(&other, "c", 4);
    trie_put_all(&trie, &other);
    assert_int_equal(find(&other, "a"), 0);
    trie_release(&other);
    assert_int_equal(find(&trie, "a"), 1);
    assert_int_equal(find(&trie, "b"), 3);
    assert_int_equal(find(&trie, "c"), 4);
    assert_int_equal(trie.count, 3);
    trie_each(&trie, add_number, &sum);
    assert_int_equal(sum, 1 + 3 + 4);
    trie_release(&trie);
}

enum { COPIES = 5, NAMES = 3000, ROUNDS = 60000 };

struct model {
    struct trie trie;
    int values[NAMES]; /* 0: not there */
};

static void compare(const struct model *model, unsigned n)
{
    char name[16];

    snprintf(name, sizeof(name), "n%u", n);
    assert_int_equal(find(&model->trie, name), model->values[n]);
}

static void change(struct model *model, struct random *random, int value)
{
    unsigned n = random_below(random, NAMES);
    char name[16];

    snprintf(name, sizeof(name), "n%u", n);
    if (random_one_in(random, 3)) {
        trie_remove(&model->trie, bytes_from(name));
        value = 0;
    } else {
        put(&model->trie, name, value);
    }
    model->values[n] = value;
    compare(model, n);
    compare(model, random_below(random, NAMES));
}

static void compare_all(const struct model *model)
{
    size_t count = 0;

    for (unsigned n = 0; n < NAMES; n++) {
        compare(model, n);
        count += model->values[n] != 0;
    }
    assert_int_equal(model->trie.count, count);
}

/* Copies of each other, changed one by one, against arrays that share nothing. */
static void copies_change_apart(void **state)
{
    struct model *models = memory_alloc(COPIES * sizeof(*models));
    struct random random = {29};

    for (int i = 1; i <= ROUNDS; i++) {
        struct model *model = &models[random_below(&random, COPIES)];
        const struct model *other = &models[random_below(&random, COPIES)];

        if (!random_one_in(&random, 500)) {
            change(model, &random, i);
        } else if (model != other) {
            trie_release(&model->trie);
            memcpy(model->values, other->values, sizeof(model->values));
            trie_copy(&model->trie, &other->trie);
        }
    }
    for (int i = 0; i < COPIES; i++) {
        compare_all(&models[i]);
        trie_release(&models[i].trie);
    }
    free(models);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one_has_nothing),
        cmocka_unit_test(all_of_another_goes_in_the_place_of_the_same_names),
        cmocka_unit_test(copies_change_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
