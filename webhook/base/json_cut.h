/* json_cut: cuts JSON texts into Kubernetes objects; what a list of them is. See yaml_json.h. */
#pragma once

#include "base/yaml_json.h"

/* What is known of a list; empty where it isn't. */
struct list_head {
    struct bytes kind, api_version;
};

bool list_kind_is_list(struct bytes kind);

/* Hand `item`, a JSON object, to `each`, with the kind and apiVersion that the list implies where
 * it has none of its own. Errors as `each` set them. */
bool list_give_item(const struct list_head *list, struct bytes item, object_fn each, void *context,
                    struct error *err) MUST_CHECK;
