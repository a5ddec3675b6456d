/* pair: two replicas with one tenant, "research", and one TenantUsage. */
#pragma once

#include "unit/ledger/live_scene.h"

/* Both share the store of the first. */
struct pair {
    struct scene a, b;
};

extern const char pair_tenant[];

void pair_init(struct pair *pair);
void pair_release(struct pair *pair);

/* An event with a resourceVersion. */
void pair_show(struct scene *scene, const struct pod_text *pod, unsigned version, bool is_gone);

/* The object as it is. */
struct value pair_object(struct scene *scene);
void pair_assert_spec(struct scene *scene, const char *path, const char *expected);

/* Its reservations. */
size_t pair_count(struct scene *scene);

/* A write that nobody has asked for, as soon as there is a reason for it. */
void pair_refresh(struct scene *scene);
