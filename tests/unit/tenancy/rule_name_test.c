#include "tenancy/rule_name.h"

#include "unit/unit.h"

static void names_are_matched_by_their_leading_parts(void **state)
{
    static const struct {
        const char *part, *name;
        bool begins;
    } rows[] = {
        {"gpu-baseline", "gpu-baseline/images", true},
        {"gpu-baseline/images", "gpu-baseline/images", true},
        {"gpu-base", "gpu-baseline/images", false},
        {"gpu-baseline/", "gpu-baseline/images", false},
        {"gpu-baseline/image", "gpu-baseline/images", false},
        {"gpu-baseline/images/allow", "gpu-baseline/images", false},
        {"", "gpu-baseline/images", false},
        /* A dot parts fields only: these have none. */
        {"gpu", "gpu.baseline/images", false},
        {"gpu-baseline/images", "gpu-baseline/images.v2", false},
        {"tenant", "tenant/research/gpus.burst", true},
        {"tenant/research", "tenant/research/gpus.burst", true},
        {"tenant/research", "tenant/research-2/gpus.burst", false},
        {"tenant/research", "tenant/research.a/gpus.burst", false},
        {"tenant/research/gpus", "tenant/research/gpus.burst", true},
        {"tenant/research/gpus.burst", "tenant/research/gpus.burst", true},
        {"tenant/research/gpus.b", "tenant/research/gpus.burst", false},
        {"tenant/research/gpu", "tenant/research/gpus.burst", false},
        {"tenant/*", "tenant/research/gpus.burst", true},
        {"tenant/*", "tenant/a.b/resources", true},
        {"tenant/*", "ladder/research/class", false},
        {"tenant/*/gpus", "tenant/research/gpus.burst", true},
        {"tenant/*/gpus.burst", "tenant/research/gpus.burst", true},
        {"tenant/*/gpus.b", "tenant/research/gpus.burst", false},
        {"tenant/*/", "tenant/research/gpus.burst", false},
        {"tenant/re*", "tenant/research/gpus.burst", false},
        {"*", "tenant/research/gpus.burst", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (rule_name_begins(rows[i].name, rows[i].part) != rows[i].begins)
            fail_msg("%s of %s", rows[i].part, rows[i].name);
    }
}

static void of_the_clusters_rules_one_can_be_lifted(void **state)
{
    (void)state;
    for (const char *const *last = rule_cluster_names; *last; last++) {
        char name[64];

        snprintf(name, sizeof(name), "cluster/%s", *last);
        assert_int_equal(rule_name_is_liftable(name), !strcmp(*last, "adminAccess"));
    }
    assert_true(rule_name_is_liftable("clusters/limits"));
    assert_true(rule_name_is_liftable("tenant/limits/gpus.burst"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_matched_by_their_leading_parts),
        cmocka_unit_test(of_the_clusters_rules_one_can_be_lifted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
