/* field: typed reads of a JSON object's members. Errors name the path and say what was expected:
 * "spec.containers[0].image: expected a string, got a number".
 *
 * An absent or null member leaves `out` untouched and is no error (Kubernetes drops a null). */
#pragma once

#include <stddef.h>

#include "base/json.h"

enum member_type {
    MEMBER_TEXT,     /* struct bytes */
    MEMBER_BOOL,     /* bool */
    MEMBER_INTEGER,  /* int64_t; a JSON integer (1e3 and 1.0 are none) that fits */
    MEMBER_STRING,   /* struct value: a string, */
    MEMBER_OBJECT,   /* an object, */
    MEMBER_ARRAY,    /* an array, */
    MEMBER_TEXT_MAP, /* an object whose values are all strings, */
    MEMBER_ANY,      /* or any of them */
};

/* A member that is read, and where it goes in the struct that is filled. */
struct member {
    struct bytes name;
    enum member_type type;
    size_t offset;
};

#define MEMBER(name, type, owner, field)                                                           \
    {                                                                                              \
        {name, sizeof(name) - 1}, type, offsetof(owner, field)                                     \
    }

/* Read an object's members in one pass; those without a row are passed over. `members` ends with a
 * row without a name. Quick where the rows stand in the order of the members: that of the fields in
 * the Go type. */
bool members_read(struct value object, const struct member *members, struct arena *arena, void *out,
                  struct error *err) MUST_CHECK;

/* The same for one member. */
bool field_text(struct value object, const char *name, struct arena *arena, struct bytes *out,
                struct error *err) MUST_CHECK;
bool field_bool(struct value object, const char *name, struct arena *arena, bool *out,
                struct error *err) MUST_CHECK;

bool field_integer(struct value object, const char *name, struct arena *arena, int64_t *out,
                   struct error *err) MUST_CHECK;
bool field_object(struct value object, const char *name, struct arena *arena, struct value *out,
                  struct error *err) MUST_CHECK;
bool field_array(struct value object, const char *name, struct arena *arena, struct value *out,
                 struct error *err) MUST_CHECK;
