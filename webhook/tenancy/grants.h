/* grants: what exceptions and reservations give each tenant, ready for decisions. */
#pragma once

#include "tenancy/exception.h"
#include "tenancy/reservation.h"
#include "tenancy/tenant.h"

struct tenancy;

/* All of a set; ordered by name once grants_init has seen them. */
struct grants {
    struct exception **exceptions;
    size_t exception_count;
    struct reservation_spec **reservations;
    size_t reservation_count;
};

/* Give each tenant what is for it, and each exception its tenants. `tenants`: those of the tenancy,
 * whose index is made. */
void grants_init(struct tenancy *tenancy, struct tenant *const *tenants, struct arena *arena);

/* What the reservations in force raise guaranteed and burst by for pods of the class (empty: what
 * has none). What passes 64 bits is not given. */
struct amount grants_reserved(const struct tenant *tenant, struct bytes class_name, int64_t now);

/* The guarantee, or burst, of the tenant for such pods. */
struct amount grants_limit(const struct tenant *tenant, bool is_burst, struct bytes class_name,
                           int64_t now);

/* The same with everything in force for whatever is the tenant's: without what is for some pods or
 * some classes only. For figures that people look at. */
struct amount grants_common_limit(const struct tenant *tenant, bool is_burst, int64_t now);

/* The exceptions for the tenant that are in force. */
size_t grants_count(const struct tenant *tenant, int64_t now);
