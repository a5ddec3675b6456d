/* reference: what the policy language has, told from the loader's own tables. */
#pragma once

#include <jansson.h>

#include "policy/load.h"

/* The kinds of policy, then PolicyTest; ends with one without a name. */
const struct policy_kind *reference_kinds(struct arena *arena);

/* A place in the language: a kind's spec, or a field. */
struct reference_place {
    const struct policy_kind *kind;
    const char *path;            /* "gpus.burst", "metadata.name"; "": the spec itself */
    const struct field *field;   /* NULL: the spec itself */
    const struct schema *schema; /* what is in it; NULL: nothing that has fields */
};

/* "Tenant", "tenant.gpus.burst", "Policy.spec.rules.images": as kubectl explain takes them; `spec`
 * may be left out. Letter case doesn't matter in the kind. The error names the place and what may
 * be meant. */
bool reference_find(const char *text, struct arena *arena, struct reference_place *out,
                    struct error *err) MUST_CHECK;

/* "amount", "[]string", "map[string]quantity", "Object" */
const char *reference_type(const struct field *field);

/* The schema of what is in the field, or in the entries of its list; NULL: it has no fields. */
const struct schema *reference_inner(const struct field *field);

/* The field's default as people write it, or NULL. */
const char *reference_default(const struct field *field, struct arena *arena);

/* "-5 to 10", "at least 1", or NULL. */
const char *reference_bounds(const struct field *field, struct arena *arena);

/* "one of "rules" and "mutate" is required", or NULL. */
const char *reference_choice(const struct schema *schema, struct arena *arena);

/* What a place is, with its fields; with theirs, too, where it is recursive. */
json_t *reference_json(const struct reference_place *place, bool is_recursive, struct arena *arena);
