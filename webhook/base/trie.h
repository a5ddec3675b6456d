/* trie: things found by name, in a table whose copies share all that is the same in them.
 *
 * A copy takes no time, a change of one of many copies the same as a change of the only one: it
 * copies what leads to the thing, some hundred pointers however many things there are. What no copy
 * holds any more is freed, by whichever thread let go of it last. So each copy is for one thread at
 * a time, or for many once it is changed no more.
 *
 * Names are hashed with a secret of the process: nobody outside can choose names that all fall
 * together. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/bytes.h"

/* At the beginning of a thing, which is one piece of memory, of memory_alloc. Its name doesn't
 * change once it is in a table, nor does anything in it that others read. */
struct trie_item {
    atomic_uint holders; /* the tables' own */
    struct bytes name;
};

struct trie_node;

/* A zeroed one is empty. */
struct trie {
    struct trie_node *root;
    size_t count; /* of things */
};

/* Make an empty one what `from` is. */
void trie_copy(struct trie *trie, const struct trie *from);
void trie_release(struct trie *trie);

/* NULL where there is none. */
struct trie_item *trie_find(const struct trie *trie, struct bytes name);

/* Put a thing that is in no table yet in the place of the one that has its name, if there is one.
 * It is the table's from now on. */
void trie_put(struct trie *trie, struct trie_item *item);
void trie_remove(struct trie *trie, struct bytes name);

/* Everything of `from`, too, in the place of what has the same names. */
void trie_put_all(struct trie *trie, const struct trie *from);

/* Call `each` with every thing, in no particular order. */
void trie_each(const struct trie *trie, void (*each)(void *context, const struct trie_item *item),
               void *context);
