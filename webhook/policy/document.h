/* document: what every document of a policy set has in common: apiVersion, kind, metadata, spec. */
#pragma once

#include "base/schema.h"

/* A new kind is a line here, a name in document.c, and a row in load.c. */
enum document_kind {
    KIND_CLUSTER,
    KIND_TENANT,
    KIND_LADDER,
    KIND_POLICY,
    KIND_EXCEPTION,
    KIND_RESERVATION,
    KIND_COUNT
};

/* By enum document_kind. */
extern const char *const document_kinds[KIND_COUNT];

/* The metadata of a document: a name, and what every Kubernetes object may carry. */
struct metadata {
    const struct node *node;
    const char *name;
    struct string_map labels, annotations;
};

/* What each of our documents says under apiVersion. */
extern const char document_api_version[];

extern const struct schema metadata_schema;

/* What every document has: apiVersion, kind, metadata, spec. */
extern const struct schema document_schema;

/* Is it another API's, such as a Pod that a test uses? */
bool document_is_foreign(const struct node *document);

/* Read its head; what is wrong there goes to `problems`, once: of what was hardly meant to be one
 * of ours its other fields are not told. False where its kind can't be told. */
bool document_read(const struct node *document, enum document_kind *kind, struct arena *arena,
                   struct problems *problems) MUST_CHECK;
