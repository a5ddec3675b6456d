/* The index of all checks: a new one is one file and one line here. */
#include "checks/checks.h"

extern const struct check_kind annotations_check, images_check, labels_check, namespace_has_check,
    resources_check, scheduler_check, side_doors_check;
extern const struct tenancy_check caps_check, claims_check, fabric_check, namespaces_check,
    priority_check, priority_class_check, sharing_check;

/* By name, as the documentation lists them. */
const struct check_kind *const check_kinds[] = {
    &annotations_check, &images_check,    &labels_check,     &namespace_has_check,
    &resources_check,   &scheduler_check, &side_doors_check, NULL,
};

/* In the order in which messages tell what they found. */
const struct tenancy_check *const tenancy_checks[] = {
    &caps_check,   &claims_check,     &sharing_check,        &priority_check,
    &fabric_check, &namespaces_check, &priority_class_check, NULL,
};
