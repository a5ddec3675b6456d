/* schema: what a YAML map may hold, as tables, and one function that reads a map by its table.
 *
 * The loader, `explain`, the JSON Schema, the reference in the documentation and the tests that
 * plant mistakes all use the same tables. Reading is strict: unknown keys (with a "did you mean"),
 * wrong types, null, empty text and empty lists are mistakes, each reported once, at its place, and
 * reading goes on. (Duplicate keys are found by node_parse.) What lacks a value, or lacks a member,
 * is pointed at by its key.
 *
 * What was read refers to the nodes: they must live as long. */
#pragma once

#include "base/amount.h"
#include "base/node.h"
#include "base/pattern.h"

enum field_type {
    FIELD_STRING,     /* const char *; no NUL inside; a plain number or bool is a wrong type */
    FIELD_BOOL,       /* bool */
    FIELD_INTEGER,    /* int64_t within [min, max] */
    FIELD_AMOUNT,     /* struct amount: 16, 1/4, "0.5" (YAML integers, floats without exponent, or
                         strings) */
    FIELD_ENUM,       /* int: the index in `words` */
    FIELD_STRINGS,    /* struct strings: a list of distinct strings */
    FIELD_ENUMS,      /* unsigned: a bit for each of `words` in a list of distinct words */
    FIELD_GLOBS,      /* struct globs: a list of distinct globs */
    FIELD_STRING_MAP, /* struct string_map; values may be empty text */
    FIELD_REGEX_MAP,  /* struct regex_map: key -> pattern */
    FIELD_OBJECT,     /* a struct in place, read by `schema` */
    FIELD_OBJECTS,    /* struct objects: a list, each read by `schema` */
    FIELD_INSTANT,    /* int64_t: RFC 3339, in seconds since 1970 (base/instant.h) */
    FIELD_CUSTOM,     /* whatever `read` makes of it; never called with null */
};

struct string_map {
    struct string_pair {
        const char *key, *value;
        const struct node *node;
    } * items; /* node: the key's */
    size_t count;
};

struct regex_map {
    struct regex_pair {
        const char *key;
        const struct regex *regex;
        const struct node *node;
    } * items;
    size_t count;
};

struct objects {
    void *items; /* array of structs of schema->size bytes each */
    size_t count;
};

struct schema;

struct field {
    const char *name;
    enum field_type type;
    size_t offset; /* of the member in the struct that is filled */
    bool is_required;
    bool may_be_empty;           /* an empty text, list or map is meant, not a mistake */
    bool may_hold_empty;         /* FIELD_STRINGS: so is an empty text in it */
    const char *const *words;    /* FIELD_ENUM, FIELD_ENUMS (at most 32): NULL-terminated */
    const char *const *meanings; /* what each of the words means, for the reference; or NULL */
    const char *all;             /* FIELD_ENUMS: a word in place of the list, for all; or NULL */
    const char *or_else;         /* of a shorthand: what may stand there but for its words */
    const struct schema *schema; /* FIELD_OBJECT, FIELD_OBJECTS */
    int64_t min, max;            /* FIELD_INTEGER; both 0: any */
    bool (*read)(const struct node *node, struct arena *arena, void *out,
                 struct problems *problems); /* FIELD_CUSTOM */

    bool is_derived; /* FIELD_AMOUNT: where it is left out, `finish` says what holds */

    /* For the reference and the JSON Schema alone; JSON as text. */
    const char *summary;      /* one line */
    const char *type_name;    /* FIELD_CUSTOM: what its type is called */
    const char *json_default; /* what holds where it is left out; NULL: nothing, or the summary
                                 tells it */
    const char *json_schema;  /* keywords beside those of the type; FIELD_CUSTOM: all of them. They
                                 refuse nothing that is read. */
};

/* INVARIANT: every struct that a schema fills begins with `const struct node *node`, the map it was
 * read from (or its shorthand); NULL where the map was left out. Members that were left out keep
 * the value they had before (zero, or what the caller put there as a default). Whether a member was
 * given: node_find(x->node, "name"). */
struct schema {
    const char *name;           /* what the thing is called in messages: "gpus" */
    const struct field *fields; /* ends with a field without name */
    size_t size;
    /* Called once all fields are read: defaults, and what concerns several fields. Not called where
     * a field could not be read, its key is mistyped, or a required one is missing, because what
     * concerns several fields can't be judged then. NULL: nothing. */
    void (*finish)(void *out, struct arena *arena, struct problems *problems);
    const char *const *choice;   /* names of fields of which one at least is required,
                                    NULL-terminated; NULL: there is no such choice */
    bool is_only_one;            /* of the choice one may be given, not more */
    const char *const *identity; /* of an entry of FIELD_OBJECTS: names of the fields by which it is
                                    the same entry in another version of the list; NULL: all */
    /* The word that may stand in place of the map (sideDoors: deny): it is read as this FIELD_ENUM
     * of it, which has the name of the whole. NULL: none. */
    const struct field *shorthand;
};

/* Read `node` (must be a map; any other kind is a problem) into `out`. False if there was a mistake
 * in it; what could be read is in `out` all the same. */
bool schema_read(const struct schema *schema, const struct node *node, struct arena *arena,
                 void *out, struct problems *problems);

/* The scalar readers, for FIELD_CUSTOM. Messages name the key that holds the value. */
bool schema_read_string(const struct node *node, struct arena *arena, const char **out,
                        struct problems *problems);
bool schema_read_amount(const struct node *node, struct arena *arena, struct amount *out,
                        struct problems *problems);
