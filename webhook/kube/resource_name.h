/* resource_name: what a resource is called that a container can ask for. */
#pragma once

#include "base/problems.h"

/* cpu, memory, ephemeral-storage and hugepages of any size: Kubernetes' own. */
bool resource_name_is_standard(struct bytes name);

/* Tell of a name, in a policy set, by which no container asks for anything: what is said of it
 * would never hold. Of patterns nothing is told but that they begin as names of a ResourceQuota do.
 */
void resource_name_check(const struct node *name, struct problems *problems);
