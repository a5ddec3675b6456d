/* yaml_json: YAML manifests as JSON texts, one at a time, so that base/json.c reads both.
 *
 * For what kubectl and helm print, which may be bulky: memory is bounded by the largest single
 * object. A document whose root has `kind: List` or a kind that ends in "List", and `items`, gives
 * its items one by one. */
#pragma once

#include "base/buf.h"

/* Called with the JSON text of each object; lives until the call returns. Return false to stop
 * (with err set). */
typedef bool (*object_fn)(void *context, struct bytes json, struct error *err);

/* Scalars by the YAML 1.2 core schema; a number in no JSON form (0x1f, .5, +1) becomes a string;
 * duplicate keys are kept (the JSON reader finds them); aliases are expanded within one object,
 * bounded as in node.h (100,000 nodes an object, nesting 64); merge keys refused. Errors carry
 * "line N: " in front. */
bool yaml_objects(struct bytes text, object_fn each, void *context, struct error *err) MUST_CHECK;

/* The same for JSON text: single objects, lists, or several values one after another (JSON lines).
 * Each object is cut out of the text without being kept. */
bool texts_objects(struct bytes text, object_fn each, void *context, struct error *err) MUST_CHECK;
