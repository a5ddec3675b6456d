/* lister: all objects of a resource by a consistent read (it names no resourceVersion), page by
 * page. */
#pragma once

#include "cluster/api_client.h"
#include "cluster/list_reader.h"

enum { LISTER_VERSION_BYTES = 128 };

struct list_call {
    const char *path;           /* /api/v1/pods */
    const char *query;          /* more of it, escaped: labelSelector=...; NULL: nothing */
    unsigned milliseconds;      /* the longest that a page may take */
    unsigned most_idle_seconds; /* see struct api_request */
    list_item_fn item;          /* called with each object */
    void *context;
};

struct list_result {
    char version[LISTER_VERSION_BYTES + 1]; /* from where to watch */
    size_t count;
};

/* False: the list did not come to its end, `answer` and `err` say why, and what `item` was shown is
 * void. */
bool lister_read(struct api_client *client, const struct list_call *call, struct list_result *out,
                 struct api_answer *answer, struct error *err) MUST_CHECK;
