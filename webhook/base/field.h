/* field: typed reads of a JSON object's members. Errors name the path and say what was expected:
 * "spec.containers[0].image: expected a string, got a number".
 *
 * An absent or null member leaves `out` untouched and is no error (Kubernetes drops a null). */
#pragma once

#include "base/json.h"

bool field_text(struct value object, const char *name, struct arena *arena, struct bytes *out,
                struct error *err) MUST_CHECK;
bool field_bool(struct value object, const char *name, struct arena *arena, bool *out,
                struct error *err) MUST_CHECK;

/* A JSON integer (1e3 and 1.0 are none) in the range of int64_t. */
bool field_integer(struct value object, const char *name, struct arena *arena, int64_t *out,
                   struct error *err) MUST_CHECK;

/* A member that must be an object, an array, or an object whose values are all strings. */
bool field_object(struct value object, const char *name, struct arena *arena, struct value *out,
                  struct error *err) MUST_CHECK;
bool field_array(struct value object, const char *name, struct arena *arena, struct value *out,
                 struct error *err) MUST_CHECK;
bool field_text_map(struct value object, const char *name, struct arena *arena, struct value *out,
                    struct error *err) MUST_CHECK;
