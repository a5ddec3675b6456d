#include "cli/examples.h"

#include <stdlib.h>

#include "cli/inputs.h"
#include "cli/judge.h"
#include "cli/test_review.h"
#include "kube/image_ref.h"
#include "policy/policy.h"

/* What cases and their states show. */
struct examples {
    const struct policy_set *set;
    struct arena *arena;
    struct arena scratch; /* of one review */
    int64_t now;
    struct strings namespaces, images, tags;
};

/* ---- what is shown */

static void note(struct examples *examples, struct strings *list, struct bytes text)
{
    if (text.len)
        strings_add(list, examples->arena, arena_copy(examples->arena, text));
}

static void note_image(struct examples *examples, struct bytes image)
{
    struct image_ref ref;
    struct error ignored;

    if (!image_ref_parse(image, &examples->scratch, &ref, &ignored))
        return;
    note(examples, &examples->images, image);
    note(examples, &examples->tags, bytes_from(ref.tag));
}

/* What a decision reads of it; the decision itself is of no concern. */
static void note_review(struct examples *examples, struct bytes body)
{
    const struct decide_input in = {.body = body,
                                    .phase = PHASE_VALIDATE,
                                    .policies = examples->set,
                                    .now = examples->now,
                                    .is_trial = true};
    struct decision decision;
    struct error ignored;

    if (!decide(&in, &examples->scratch, &decision, &ignored))
        return;
    note(examples, &examples->namespaces, decision.review.namespace);
    for (size_t i = 0; i < decision.facts_count; i++) {
        const struct pod *pod = &decision.facts[i]->pod;

        for (size_t j = 0; j < pod->image_count; j++)
            note_image(examples, pod->images[j].image);
    }
}

static bool note_object(void *context, struct bytes object, struct error *err)
{
    struct examples *examples = context;
    const struct judge_request request = {
        .uid = "0", .operation = "CREATE", .sub_resource = "", .user = "", .namespace = "default"};
    struct bytes body;
    bool is_built = judge_build_review(&request, object, &examples->scratch, &body, err);

    if (is_built)
        note_review(examples, body);
    arena_reset(&examples->scratch);
    return is_built;
}

static void note_test(struct examples *examples, const struct policy_test *test)
{
    const struct test_case *cases = test->cases.items;
    struct error ignored;
    struct bytes body;

    examples->now = test->time;
    for (size_t i = 0; i < test->cases.count; i++) {
        if (test_review_build(test, &cases[i], &examples->scratch, &body, &ignored))
            note_review(examples, body);
        arena_reset(&examples->scratch);
    }
    /* What can't be read is told by `fairgate test`. */
    for (size_t i = 0; i < test->state.count; i++)
        (void)!input_read(test_file_path(test, test->state.items[i], examples->arena), note_object,
                          examples, &ignored);
}

static void keep_each_once(struct strings *list)
{
    size_t kept = 0;

    strings_sort(list);
    for (size_t i = 0; i < list->count; i++) {
        if (kept == 0 || strcmp(list->items[kept - 1], list->items[i]) != 0)
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
}

/* ---- which patterns match nothing of it */

static bool glob_has_example(struct bytes pattern, const struct strings *list, struct arena *arena)
{
    struct error ignored;
    struct glob glob;

    if (!glob_parse(pattern, arena, &glob, &ignored))
        return true;
    for (size_t i = 0; i < list->count; i++) {
        if (glob_matches(&glob, bytes_from(list->items[i])))
            return true;
    }
    return false;
}

static bool image_has_example(struct bytes pattern, const struct strings *list, struct arena *arena)
{
    struct error ignored;
    struct image_ref ref;

    for (size_t i = 0; i < list->count; i++) {
        if (image_ref_parse(bytes_from(list->items[i]), arena, &ref, &ignored) &&
            image_pattern_matches(pattern.data, &ref))
            return true;
    }
    return false;
}

/* Patterns of one list: names that are written out are no patterns. */
static void check_list(struct examples *examples, const struct node *list,
                       const struct strings *shown, struct problems *problems)
{
    bool are_images = shown == &examples->images;
    const char *what = are_images ? "image" : shown == &examples->tags ? "tag" : "namespace";

    for (size_t i = 0; list && shown->count && i < list->count; i++) {
        struct bytes pattern = list->children[i].text;
        bool has_example;

        if (!memchr(pattern.data, '*', pattern.len) && !memchr(pattern.data, '?', pattern.len))
            continue;
        has_example = are_images ? image_has_example(pattern, shown, &examples->scratch)
                                 : glob_has_example(pattern, shown, &examples->scratch);
        arena_reset(&examples->scratch);
        if (!has_example)
            problems_warn(problems, &list->children[i],
                          "\"%s\" matches no %s that a test case shows, nor its state",
                          pattern.data, what);
    }
}

static void check_policy(struct examples *examples, const struct policy *policy,
                         struct problems *problems)
{
    const struct policy_rule *rules = policy->rules.items;

    check_list(examples, node_find(policy->match.node, "namespaces"), &examples->namespaces,
               problems);
    check_list(examples, node_find(policy->match.exclude.node, "namespaces"), &examples->namespaces,
               problems);
    for (size_t i = 0; i < policy->rules.count; i++) {
        const struct node *images = node_find(rules[i].node, "images");

        check_list(examples, node_find(images, "allow"), &examples->images, problems);
        check_list(examples, node_find(images, "deny"), &examples->images, problems);
        check_list(examples, node_find(node_find(images, "tags"), "deny"), &examples->tags,
                   problems);
    }
}

static void check_patterns(struct examples *examples, struct problems *problems)
{
    const struct tenancy *tenancy = &examples->set->tenancy;

    check_list(examples, node_find(node_find(tenancy->cluster.node, "exempt"), "namespaces"),
               &examples->namespaces, problems);
    for (size_t i = 0; i < tenancy->tenant_count; i++)
        check_list(examples, node_find(tenancy->tenants[i]->node, "namespaces"),
                   &examples->namespaces, problems);
    for (size_t i = 0; i < examples->set->policy_count; i++)
        check_policy(examples, examples->set->policies[i], problems);
}

/* ---- */

void examples_check(const struct policy_set *set, const char *directory, struct arena *arena,
                    struct problems *problems)
{
    struct examples examples = {.set = set, .arena = arena};
    struct problems mistakes = {.arena = arena};
    struct policy_tests tests = {0};
    struct error ignored;

    if (!policy_tests_load(directory, arena, &tests, &mistakes, &ignored) || mistakes.error_count)
        return;
    for (size_t i = 0; i < tests.count; i++)
        note_test(&examples, tests.items[i]);
    keep_each_once(&examples.namespaces);
    keep_each_once(&examples.images);
    keep_each_once(&examples.tags);
    check_patterns(&examples, problems);
    arena_release(&examples.scratch);
}
