/* kinds: which requests the project evaluates, found by group, resource and subresource. */
#pragma once

#include "kube/review.h"

enum kind {
    KIND_OTHER, /* allowed, untouched */
    KIND_POD,
    KIND_BINDING,
    KIND_TEMPLATE, /* an object that holds pod templates */
    KIND_GROUP,    /* one that says for a group of pods what each could say under `spec` */
    KIND_NAMESPACE,
    KIND_PRIORITY_CLASS,
    KIND_CLAIM,
    KIND_CLAIM_TEMPLATE,
};

struct kind_row {
    const char *group;     /* of the object's apiVersion; "" for core */
    const char *resource;  /* "deployments" */
    const char *kind_name; /* "Deployment" */
    enum kind kind;
    /* KIND_TEMPLATE: where its templates are; KIND_GROUP: where it says that; paths separated by
     * blanks. A part that ends in "[]" stands for each element of an array, in "[]*" also for those
     * of the arrays of that name in them, however deep; "*" for each member of an object. */
    const char *templates;
};

/* The row of what the review is about; NULL where it isn't evaluated. Subresources of an object
 * have its row. */
const struct kind_row *kinds_find(const struct review *review);

/* The row of a manifest, by its apiVersion's group and its kind; NULL where there is none. */
const struct kind_row *kinds_find_manifest(struct bytes group, struct bytes kind);

/* Pod templates in an object, or what a group says, with their paths as people write them:
 * "spec.template". */
struct templates {
    struct template
    {
        struct value value;
        const char *path;
    }
    *items;
    size_t count;
};

void kinds_find_templates(const struct kind_row *row, struct value object, struct arena *arena,
                          struct templates *out);
