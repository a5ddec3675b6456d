#include "cluster/lister.h"

enum {
    PAGE_ITEMS = 500,
    MOST_PAGES = 20000,
    MOST_CONTINUE_BYTES = 16 * 1024,
    MOST_PATH_BYTES = 64 * 1024,
};

struct listing {
    const struct list_call *call;
    struct list_reader reader;
    struct arena arena;
    struct bytes continues; /* in `arena` */
    size_t pages;
    struct list_result result; /* the version is the first page's */
};

static bool feed_list(void *context, struct bytes piece, struct error *err)
{
    return list_reader_feed(context, piece, err);
}

/* The page's end: what comes next, and from where to watch. */
static bool end_page(struct listing *listing, struct api_answer *answer, struct error *err)
{
    struct list_result *result = &listing->result;
    struct list_end end = {0};

    answer->is_refused = !list_reader_end(&listing->reader, &end, err);
    if (answer->is_refused)
        return false;
    if (end.continues.len > MOST_CONTINUE_BYTES || listing->pages >= MOST_PAGES) {
        answer->is_refused = true;
        return error_set(err, "the list does not come to its end");
    }
    if (listing->pages++ == 0)
        snprintf(result->version, sizeof(result->version), "%.*s", BYTES_ARG(end.resource_version));
    result->count += listing->reader.count;
    arena_reset(&listing->arena);
    listing->continues = arena_copy_bytes(&listing->arena, end.continues);
    return true;
}

static bool get_page(struct listing *listing, struct api_client *client, struct api_answer *answer,
                     struct error *err)
{
    const struct list_call *call = listing->call;
    struct api_request request = {
        .milliseconds = call->milliseconds,
        .most_idle_seconds = call->most_idle_seconds,
        .body = feed_list,
        .context = &listing->reader,
    };
    struct buf path;
    bool is_read;

    buf_init(&path, &listing->arena, MOST_PATH_BYTES);
    buf_printf(&path, "%s?limit=%d", call->path, PAGE_ITEMS);
    if (call->query)
        buf_printf(&path, "&%s", call->query);
    if (listing->continues.len > 0) {
        buf_add_text(&path, "&continue=");
        api_client_add_escaped(&path, listing->continues);
    }
    request.path = path.data;
    list_reader_init(&listing->reader, call->item, call->context);
    is_read = api_client_call(client, &request, answer, err) && end_page(listing, answer, err);
    list_reader_release(&listing->reader);
    return is_read;
}

bool lister_read(struct api_client *client, const struct list_call *call, struct list_result *out,
                 struct api_answer *answer, struct error *err)
{
    struct listing listing = {.call = call};
    bool is_read;

    do {
        is_read = get_page(&listing, client, answer, err);
    } while (is_read && listing.continues.len > 0);
    arena_release(&listing.arena);
    if (is_read)
        *out = listing.result;
    return is_read;
}
