/* list_reader: a LIST's body, read as it comes. Memory is bounded by the largest item. */
#pragma once

#include "base/buf.h"
#include "base/json.h"

/* Called with each item; it lives until the call returns. Return false to stop (with err set). */
typedef bool (*list_item_fn)(void *context, struct value object, struct error *err);

struct list_reader {
    list_item_fn item;
    void *context;

    struct arena arena, item_arena, document_arena;
    struct buf rest;   /* all of the body but the items */
    struct buf buffer; /* of the item that is read */

    int place;    /* see list_reader.c */
    size_t depth; /* of brackets that are open */
    bool in_string, is_escaped;
    size_t key_at; /* where the last string began, in `rest` */
    size_t count;  /* of items */
};

/* The end of a list. Its texts live in the reader. */
struct list_end {
    struct bytes resource_version; /* never empty */
    struct bytes continues;        /* the token for what comes after; empty: this was all */
};

void list_reader_init(struct list_reader *reader, list_item_fn item, void *context);
void list_reader_release(struct list_reader *reader);

/* The next piece of the body. An item has at most 16 MiB, all the rest at most 256 KiB. */
bool list_reader_feed(struct list_reader *reader, struct bytes piece, struct error *err) MUST_CHECK;

/* The body is at its end. */
bool list_reader_end(struct list_reader *reader, struct list_end *out,
                     struct error *err) MUST_CHECK;
