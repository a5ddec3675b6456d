/* object_read: what the ledger keeps of an object of the cluster. */
#pragma once

#include "engine/view.h"
#include "ledger/held_pod.h"

/* `counts` is false for a pod that has ended. Errors name the place in the object. Everything
 * refers to the object's document, or lives in `arena`. */
bool object_read_pod(struct value object, struct arena *arena, struct held_pod *out, bool *counts,
                     struct error *err) MUST_CHECK;

/* The same for what is in a view. */
bool object_read(struct value object, enum view_kind kind, struct arena *arena,
                 struct view_object *out, struct error *err) MUST_CHECK;
