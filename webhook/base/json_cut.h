/* json_cut: cuts JSON texts into Kubernetes objects; what a list of them is. See yaml_json.h. */
#pragma once

#include "base/json.h"
#include "base/yaml_json.h"

/* What is known of a list; empty where it isn't. */
struct list_head {
    struct bytes kind, api_version;
};

bool list_kind_is_list(struct bytes kind);

/* False, with err set, for what was given whole though it is a list: one inside another, or one
 * whose items are no list. Whoever passes over kinds that it doesn't know asks this first. */
bool list_refuse(struct value object, struct error *err) MUST_CHECK;

/* Hand `item`, a JSON object, to `each`, with the kind and apiVersion that the list implies where
 * it has none of its own. Errors as `each` set them. */
bool list_give_item(const struct list_head *list, struct bytes item, object_fn each, void *context,
                    struct error *err) MUST_CHECK;
