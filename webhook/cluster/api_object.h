/* api_object: an object that the API server sent. */
#pragma once

#include "base/json.h"

/* Read its JSON. The document is in `arena`, the text must live as long.
 *
 * What the API server keeps for others byte by byte, as a driver's parameters in a claim, may be
 * nested too deep (it is passed over, as json.h says), have a name twice, or be no UTF-8. Nobody
 * here reads that, and no tenant must be able to keep all others' objects from being seen. */
bool api_object_parse(struct bytes text, struct arena *arena, struct value *out,
                      struct error *err) MUST_CHECK;

/* The same for what holds nothing of that kind, where any fault but depth is an error. */
bool api_object_parse_strictly(struct bytes text, struct arena *arena, struct value *out,
                               struct error *err) MUST_CHECK;

/* metadata.resourceVersion of an object or a list: never empty, at most 128 bytes, printable. */
bool api_object_resource_version(struct value object, struct bytes *out,
                                 struct error *err) MUST_CHECK;
