/* inputs: what kubectl and helm print, and what the API server sends, cut into what is judged one
 * by one. */
#pragma once

#include "base/strings.h"
#include "base/yaml_json.h"

/* Operands as files: a folder stands for every .yaml, .yml and .json file below it, ordered by
 * name; one that has none is an error. */
bool inputs_expand(const struct strings *operands, struct arena *arena, struct strings *out,
                   struct error *err) MUST_CHECK;

/* Give each object in a file ("-": standard input) as JSON text: single objects, lists of them,
 * YAML documents, JSON objects one after another, the objects in a watch's events; empty documents
 * are passed over. A file that is one damaged AdmissionReview can't be cut; it is given whole, as
 * the server would get it. Fails on what is none of these, and on a file that says nothing at all:
 * an empty list says that there are none. */
bool input_read(const char *path, object_fn each, void *context, struct error *err) MUST_CHECK;

/* Is it an AdmissionReview, be it a damaged one? */
bool input_is_review(struct bytes text, struct arena *arena);
