/* fake_store: an API server's TenantUsage objects, with its rules for writes. */
#pragma once

#include "unit/unit.h"

#include "base/arena.h"

struct fake_store;

struct fake_store *fake_store_new(void);
void fake_store_free(struct fake_store *store);

/* A POST or PUT; what the API server answers, or NULL for a conflict: there is one already, or it
 * has another resourceVersion, or none. */
const char *fake_store_write(struct fake_store *store, struct bytes body, bool is_new,
                             struct arena *arena);

/* NULL: there is none. */
const char *fake_store_read(struct fake_store *store, const char *name, struct arena *arena);

/* Somebody else's write: `path` "spec.last", `json` its new value. */
void fake_store_edit(struct fake_store *store, const char *name, const char *path,
                     const char *json);
void fake_store_delete(struct fake_store *store, const char *name);
