/* api_object: an object that the API server sent. */
#pragma once

#include "base/json.h"

/* Read its JSON. What is nested too deep is passed over, as json.h says; any other fault is an
 * error. The document is in `arena`, the text must live as long. */
bool api_object_parse(struct bytes text, struct arena *arena, struct value *out,
                      struct error *err) MUST_CHECK;

/* metadata.resourceVersion of an object or a list: never empty, at most 128 bytes, printable. */
bool api_object_resource_version(struct value object, struct bytes *out,
                                 struct error *err) MUST_CHECK;
