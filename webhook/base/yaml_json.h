/* yaml_json: manifests, YAML or JSON, as the JSON texts of their objects, one at a time, so that
 * base/json.c reads both.
 *
 * For what kubectl and helm print, which may be bulky: memory is bounded by the largest single
 * object. A document is a list if its kind ends in "List" and it has a list (or null) as `items`;
 * it gives its items one by one instead of itself. Items of a typed list (PodList) that name no
 * kind or apiVersion get the list's ("Pod"). A bare list of objects, as jq and yq print it, gives
 * its items, too. Lists in lists are given as they are: see list_refuse in json_cut.h. */
#pragma once

#include "base/buf.h"

/* Called with the JSON text of each object, which lives until the call returns. Return false to
 * stop (with err set). */
typedef bool (*object_fn)(void *context, struct bytes json, struct error *err);

/* Scalars by the YAML 1.2 core schema; a number in no JSON form (0x1f, .5, +1) becomes a string;
 * keys are text as written, duplicate ones are kept (the JSON reader finds them). Refused: null or
 * empty keys, lists, maps, anchors and aliases as keys, merge keys, unknown tags, documents that
 * are neither maps, lists of maps nor empty (null is empty, too). Aliases are expanded within one
 * object, bounded as in node.h (but for 1,000,000 nodes an object; nesting 64); what they add is at
 * most 64 MiB in a text, and an object has at most 64 MiB of JSON. Errors, also those of `each`,
 * carry "line N: " in front (but for the one that the text has more than 64 %TAG directives); the
 * objects before were given.
 *
 * A list is given item by item where its kind is known when its items begin: because it stands
 * before them, or because a line `kind: ...` with the indentation of the list's members comes
 * after, which is how kubectl prints it. Any other list is bounded as one object. */
bool yaml_objects(struct bytes text, object_fn each, void *context, struct error *err) MUST_CHECK;

/* The same for JSON text: single objects, lists, or several values one after another (JSON lines).
 * Each object is cut out of the text without being kept; that it is sound JSON inside is for its
 * reader to find out. Errors carry "byte N: " in front, from 0. */
bool texts_objects(struct bytes text, object_fn each, void *context, struct error *err) MUST_CHECK;

/* Is it for texts_objects, rather than yaml_objects? It begins with an object, or a list, whose
 * first key stands in quotes, and is not divided by lines that begin with "---", as documents of
 * YAML that are written as JSON are. */
bool text_is_json(struct bytes text);
