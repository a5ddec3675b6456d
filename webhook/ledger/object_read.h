/* object_read: what the ledger keeps of an object of the cluster. */
#pragma once

#include "engine/view.h"
#include "ledger/held_pod.h"

/* What is held. `counts` is false for a pod that has ended, and for a claim that the cluster made
 * for a pod. Errors name the place in the object. Everything refers to the object's document, or
 * lives in `arena`. */
typedef bool object_read_fn(struct value object, struct arena *arena, struct held_pod *out,
                            bool *counts, struct error *err);
object_read_fn object_read_pod MUST_CHECK, object_read_claim MUST_CHECK;

/* The same for what is in a view. */
bool object_read(struct value object, enum view_kind kind, struct arena *arena,
                 struct view_object *out, struct error *err) MUST_CHECK;

/* resourceVersions compare as numbers within one resource (KEP-5504); 0: it is none. */
uint64_t object_version(struct bytes text);
