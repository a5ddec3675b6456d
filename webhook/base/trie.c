/* Branches have a slot for each value of the next bits of the hash; where few names are left, a
 * leaf holds them in no particular order.
 *
 * INVARIANT: a node with one holder is held by a node, or a table, that nobody else reads, as long
 * as the same is true of that one. So what is to be changed is made one's own from the root on. */
#include "base/trie.h"

#include "base/memory.h"
#include "base/siphash.h"

enum {
    BITS = 4,
    FAN_OUT = 1 << BITS,
    LEVELS = 64 / BITS, /* below that a leaf holds however many there are */
    MOST_ITEMS = 16,    /* in a leaf above that */
};

struct trie_node {
    atomic_uint holders;
    bool is_branch;
    size_t count; /* of slots */
    union slot {
        struct trie_node *child; /* of a branch; NULL: nothing there */
        struct trie_item *item;  /* of a leaf */
    } slots[];
};

static size_t branch_slot(uint64_t hash, unsigned depth)
{
    return hash >> depth * BITS & (FAN_OUT - 1);
}

static struct trie_node *new_node(size_t count, bool is_branch)
{
    struct trie_node *node = memory_alloc(sizeof(*node) + count * sizeof(union slot));

    atomic_init(&node->holders, 1);
    node->count = count;
    node->is_branch = is_branch;
    return node;
}

static void drop_item(struct trie_item *item)
{
    if (item && atomic_fetch_sub(&item->holders, 1) == 1)
        free(item);
}

/* Calls itself once a level. */
static void drop_node(struct trie_node *node)
{
    if (!node || atomic_fetch_sub(&node->holders, 1) > 1)
        return;
    for (size_t i = 0; i < node->count; i++) {
        if (node->is_branch)
            drop_node(node->slots[i].child);
        else
            drop_item(node->slots[i].item);
    }
    free(node);
}

/* One of its own with that many slots, of which those that `from` lacks are empty. */
static struct trie_node *copy_node(const struct trie_node *from, size_t count)
{
    struct trie_node *copy = new_node(count, from->is_branch);

    for (size_t i = 0; i < count && i < from->count; i++) {
        copy->slots[i] = from->slots[i];
        if (!from->is_branch)
            atomic_fetch_add(&copy->slots[i].item->holders, 1);
        else if (copy->slots[i].child)
            atomic_fetch_add(&copy->slots[i].child->holders, 1);
    }
    return copy;
}

/* Put another node, or none, where one was. */
static void replace(struct trie_node **place, struct trie_node *fresh)
{
    struct trie_node *old = *place;

    *place = fresh;
    drop_node(old);
}

/* Where the leaf is, or would be, that has the names of a hash. */
struct position {
    uint64_t hash;
    unsigned depth;
    struct trie_node **leaf;
};

/* Everything above the leaf is the table's own then. */
static void descend(struct position *position)
{
    struct trie_node *node;

    for (; (node = *position->leaf) && node->is_branch; position->depth++) {
        if (atomic_load(&node->holders) > 1)
            replace(position->leaf, copy_node(node, node->count));
        node = *position->leaf;
        position->leaf = &node->slots[branch_slot(position->hash, position->depth)].child;
    }
}

/* Its item; NULL where it has none. `leaf` may be NULL. */
static struct trie_item *find_item(const struct trie_node *leaf, struct bytes name, size_t *at)
{
    for (*at = 0; leaf && *at < leaf->count; ++*at) {
        if (bytes_equal(leaf->slots[*at].item->name, name))
            return leaf->slots[*at].item;
    }
    return NULL;
}

/* `leaf` may be NULL. The item's hold goes to the leaf. */
static void set_item(struct trie_node **leaf, size_t at, struct trie_item *item)
{
    struct trie_node *old = *leaf, *fresh;

    if (!old)
        fresh = new_node(1, false);
    else
        fresh = copy_node(old, at < old->count ? old->count : at + 1);
    drop_item(fresh->slots[at].item);
    fresh->slots[at].item = item;
    replace(leaf, fresh);
}

/* A branch where a leaf was that is full. */
static void split(struct trie_node **place, unsigned depth)
{
    struct trie_node *branch = new_node(FAN_OUT, true), *leaf = *place;

    for (size_t i = 0; leaf && i < leaf->count; i++) {
        struct trie_item *item = leaf->slots[i].item;
        struct trie_node **child =
            &branch->slots[branch_slot(siphash_text(item->name), depth)].child;

        atomic_fetch_add(&item->holders, 1);
        set_item(child, *child ? (*child)->count : 0, item);
    }
    replace(place, branch);
}

static void put(struct trie *trie, struct trie_item *item)
{
    struct position position = {.hash = siphash_text(item->name), .leaf = &trie->root};
    size_t at;

    for (;;) {
        descend(&position);
        if (find_item(*position.leaf, item->name, &at))
            break;
        if (at < MOST_ITEMS || position.depth >= LEVELS) {
            trie->count++;
            break;
        }
        split(position.leaf, position.depth);
    }
    set_item(position.leaf, at, item);
}

void trie_copy(struct trie *trie, const struct trie *from)
{
    *trie = *from;
    if (trie->root)
        atomic_fetch_add(&trie->root->holders, 1);
}

void trie_release(struct trie *trie)
{
    drop_node(trie->root);
    *trie = (struct trie){0};
}

struct trie_item *trie_find(const struct trie *trie, struct bytes name)
{
    const struct trie_node *node = trie->root;
    uint64_t hash = node ? siphash_text(name) : 0;
    size_t at;

    for (unsigned depth = 0; node && node->is_branch; depth++)
        node = node->slots[branch_slot(hash, depth)].child;
    return find_item(node, name, &at);
}

void trie_put(struct trie *trie, struct trie_item *item)
{
    atomic_init(&item->holders, 1);
    put(trie, item);
}

/* A leaf without one of its items; NULL: that was the last. */
static struct trie_node *without(const struct trie_node *leaf, size_t at)
{
    struct trie_item *last = leaf->slots[leaf->count - 1].item;
    struct trie_node *fresh;

    if (leaf->count == 1)
        return NULL;
    fresh = copy_node(leaf, leaf->count - 1);
    if (at == fresh->count)
        return fresh;
    atomic_fetch_add(&last->holders, 1);
    drop_item(fresh->slots[at].item);
    fresh->slots[at].item = last;
    return fresh;
}

void trie_remove(struct trie *trie, struct bytes name)
{
    struct position position = {.hash = siphash_text(name), .leaf = &trie->root};
    const struct trie_node *leaf;
    size_t at;

    descend(&position);
    leaf = *position.leaf;
    if (!leaf || !find_item(leaf, name, &at))
        return;
    replace(position.leaf, without(leaf, at));
    trie->count--;
}

typedef void each_fn(void *context, const struct trie_item *item);

/* Calls itself once a level. */
static void visit(const struct trie_node *node, each_fn *each, void *context)
{
    for (size_t i = 0; node && i < node->count; i++) {
        if (node->is_branch)
            visit(node->slots[i].child, each, context);
        else
            each(context, node->slots[i].item);
    }
}

void trie_each(const struct trie *trie, each_fn *each, void *context)
{
    visit(trie->root, each, context);
}

/* Calls itself once a level. */
static void put_all(struct trie *trie, const struct trie_node *node)
{
    for (size_t i = 0; node && i < node->count; i++) {
        if (node->is_branch) {
            put_all(trie, node->slots[i].child);
        } else {
            atomic_fetch_add(&node->slots[i].item->holders, 1);
            put(trie, node->slots[i].item);
        }
    }
}

void trie_put_all(struct trie *trie, const struct trie *from)
{
    put_all(trie, from->root);
}
