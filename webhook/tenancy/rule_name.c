#include "tenancy/rule_name.h"

const char *const rule_tenant_fields[] = {
    "gpus.guaranteed",
    "gpus.burst",
    "gpus.perPod",
    "gpus.unbounded",
    "resources",
    "sharing.modes",
    "sharing.exclusive",
    "priority.allowed",
    "fabric.domains",
    "fabric.span",
    "claims.adminAccess",
    "claims.all",
    NULL,
};

const char *const rule_ladder_names[] = {
    "class", "value", "preemptionPolicy", "admins", "globalDefault", NULL,
};

const char *const rule_cluster_names[] = {
    "untenanted", "tenantLabel", "adminAccess", "state", "limits", "request", NULL,
};

static const char any_tenant[] = "tenant/*";

bool rule_name_begins(const char *name, const char *part)
{
    const char *slash = strchr(part, '/');
    bool is_in_field = slash && strchr(slash + 1, '/');
    size_t any = strlen(any_tenant), tenant = strlen("tenant/"), len;

    if (!strncmp(part, any_tenant, any) && (part[any] == '\0' || part[any] == '/')) {
        if (strncmp(name, any_tenant, tenant) != 0)
            return false;
        part += any;
        name += tenant;
        name += strcspn(name, "/");
    }
    len = strlen(part);
    if (strncmp(part, name, len) != 0)
        return false;
    return name[len] == '\0' || name[len] == '/' || (is_in_field && name[len] == '.');
}

bool rule_name_is_liftable(const char *name)
{
    return strncmp(name, "cluster/", strlen("cluster/")) != 0 ||
           strcmp(name, "cluster/adminAccess") == 0;
}

bool rule_name_is_of_classes(const char *name)
{
    struct bytes text = bytes_from(name);

    return bytes_has_suffix(text, BYTES("/admins")) ||
           bytes_has_suffix(text, BYTES("/globalDefault"));
}
