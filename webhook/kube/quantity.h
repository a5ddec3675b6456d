/* quantity: Kubernetes' resource.Quantity as an exact amount
 * (k8s.io/apimachinery/pkg/api/resource).
 *
 * <sign>?<digits>(.<digits>)?<suffix>; suffixes n u m "" k M G T P E, Ki Mi Gi Ti Pi Ei, e<int>,
 * E<int>. */
#pragma once

#include "base/amount.h"
#include "base/json.h"
#include "base/node.h"

/* A quantity, and a map of them, for JSON Schema: larger figures aside. */
#define QUANTITY_JSON                                                                              \
    "{\"type\": [\"number\", \"string\"], \"minimum\": 0, \"pattern\": "                           \
    "\"^\\\\s*[-+]?([0-9]+\\\\.?[0-9]*|\\\\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]+)?\\\\s*" \
    "$\"}"
#define QUANTITY_MAP_JSON                                                                          \
    "{\"type\": \"object\", \"minProperties\": 1, \"additionalProperties\": " QUANTITY_JSON "}"

/* Fails on what Kubernetes' parser refuses, on "+", "-" and "." alone, below zero, and on what is
 * larger than an amount can hold. What is finer than 1n is rounded up to it, as Kubernetes does.
 * `err` may be NULL. */
bool quantity_parse(struct bytes text, struct amount *out, struct error *err) MUST_CHECK;

/* From a JSON string or number; anything else is an error that names the place. */
bool quantity_read(struct value value, struct arena *arena, struct amount *out,
                   struct error *err) MUST_CHECK;

/* From a member of a map in a policy; false where it is none, which is told with the member's name.
 */
bool quantity_read_node(const struct node *node, struct amount *out,
                        struct problems *problems) MUST_CHECK;

/* As a decimal number without a suffix, at most 29 bytes, that reads as the same amount again.
 * Lives in `arena`. For what quantity_parse gives, and sums and differences of that. */
const char *quantity_write_decimal(struct amount amount, struct arena *arena);

/* For messages, in the unit that people use for `resource`: cpu 500m or 32, memory and storage
 * 256Gi, others as amount_write does. Exact: falls back to a finer unit where needed. Lives in
 * `arena`. */
const char *quantity_write(struct amount amount, struct bytes resource, struct arena *arena);
