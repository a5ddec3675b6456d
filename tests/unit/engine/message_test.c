#include "base/node.h"
#include "engine/message.h"
#include "unit/arena.h"

static const struct source tenants_file = {.name = "tenants/research.yaml"};
static const struct source policy_file = {.name = "policies/gpu.yaml"};
static const struct node guaranteed_node = {.source = &tenants_file, .line = 9};
static const struct node images_node = {.source = &policy_file, .line = 31};

static const struct rule guaranteed = {.name = "tenant/research/gpus.guaranteed",
                                       .node = &guaranteed_node};
static const struct rule images = {.name = "gpu-baseline/images",
                                   .node = &images_node,
                                   .next = "push it to registry.example.com/ml first"};
static const struct rule limits = {.name = "cluster/limits"};

static const struct finding over_quota = {
    .rule = &guaranteed,
    .text = "pod research/train-0 exceeded quota: tenant \"research\" would hold 18 of 16 GPUs (14 "
            "in use, this pod asks for 4)",
    .next = "wait for pods to finish, ask for less, use a burst class (p2-batch), or request an "
            "exception from #research-gpu"};
static const struct finding bad_image = {.rule = &images,
                                         .text = "image \"evil/x\" is not allowed",
                                         .next = "use another image"};
static const struct finding too_many = {.rule = &limits, .text = "too many containers"};

static void a_denial_is_worded_as_the_contract_shows(void **state)
{
    const struct finding *const denying[] = {&over_quota};

    assert_string_equal(
        message_write_denial(denying, 1, 0, NULL, &arena),
        "pod research/train-0 exceeded quota: tenant \"research\" would hold 18 of 16 GPUs (14 in "
        "use, this pod asks for 4)\n"
        "  rule: tenant/research/gpus.guaranteed (tenants/research.yaml:9)\n"
        "  next: wait for pods to finish, ask for less, use a burst class (p2-batch), or request "
        "an exception from #research-gpu");
}

/* Events are cut at 1,024 bytes: what is wrong comes before where it is said. */
static void first_lines_come_first(void **state)
{
    const struct finding *const denying[] = {&too_many, &over_quota, &bad_image};

    assert_string_equal(
        message_write_denial(denying, 3, 0, NULL, &arena),
        "too many containers\n"
        "pod research/train-0 exceeded quota: tenant \"research\" would hold 18 of 16 GPUs (14 in "
        "use, this pod asks for 4)\n"
        "image \"evil/x\" is not allowed\n"
        "  rule: cluster/limits\n"
        "  rule: tenant/research/gpus.guaranteed (tenants/research.yaml:9)\n"
        "  next: wait for pods to finish, ask for less, use a burst class (p2-batch), or request "
        "an exception from #research-gpu\n"
        "  rule: gpu-baseline/images (policies/gpu.yaml:31)\n"
        "  next: push it to registry.example.com/ml first");
}

static void what_is_not_told_is_counted(void **state)
{
    const struct finding *const denying[] = {&too_many};

    assert_string_equal(message_write_denial(denying, 1, 7, NULL, &arena),
                        "too many containers\nand 7 more\n  rule: cluster/limits");
    assert_string_equal(message_write_denial(denying, 0, 7, NULL, &arena),
                        "7 violations, too many to be told");
}

/* A text of so many characters, each written `character`. */
static const char *repeat(const char *character, int count)
{
    struct buf buf;

    buf_init(&buf, &arena, 65536);
    for (int i = 0; i < count; i++)
        buf_add_text(&buf, character);
    return buf.data ? buf.data : "";
}

static const char *warn(const char *rule_name, const char *text)
{
    struct rule *rule = arena_alloc(&arena, sizeof(*rule));
    struct finding finding = {.rule = rule, .text = text};

    rule->name = rule_name;
    return message_write_warning(&finding, &arena);
}

/* " (a/rule)" takes nine characters. */
static void a_warning_has_120_characters_at_most(void **state)
{
    static const char *const characters[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};

    assert_string_equal(warn("gpu-baseline/images", "image \"x\" is not allowed"),
                        "image \"x\" is not allowed (gpu-baseline/images)");
    for (size_t i = 0; i < COUNT(characters); i++) {
        const char *c = characters[i];

        assert_string_equal(warn("a/rule", repeat(c, 111)),
                            arena_printf(&arena, "%s (a/rule)", repeat(c, 111)));
        assert_string_equal(warn("a/rule", repeat(c, 112)), repeat(c, 112));
        assert_string_equal(warn("a/rule", repeat(c, 120)), repeat(c, 120));
        assert_string_equal(warn("a/rule", repeat(c, 121)),
                            arena_printf(&arena, "%s...", repeat(c, 117)));
        assert_string_equal(warn("a/rule", repeat(c, 1000)),
                            arena_printf(&arena, "%s...", repeat(c, 117)));
    }
    assert_string_equal(warn(repeat("r", 120), "short"), "short");
}

static const char *undigested(const char *image, const char *more)
{
    return arena_printf(&arena, "pod t/p has the image \"%s\" without a digest%s", image, more);
}

/* An image with its digest leaves room for what is wrong with it. The words around the image take
 * 23 and 18 characters, " (a/rule)" takes nine, the dots take three: 67 of 120 are left. */
static void a_warning_cuts_what_it_quotes_first(void **state)
{
    assert_string_equal(warn("a/rule", undigested(repeat("\xc3\xa9", 100), "")),
                        undigested(arena_printf(&arena, "%s...", repeat("\xc3\xa9", 67)),
                                   " (a/rule)"));
    assert_string_equal(warn(repeat("r", 70), undigested(repeat("x", 100), "")),
                        undigested(arena_printf(&arena, "%s...", repeat("x", 76)), ""));
    /* A short one is left alone, and so is what only begins with a mark. */
    assert_string_equal(warn("a/rule", arena_printf(&arena, "%s \"short\" \"%s", repeat("y", 100),
                                                    repeat("x", 80))),
                        arena_printf(&arena, "%s \"short\" \"%s...", repeat("y", 100),
                                     repeat("x", 7)));
}

/* The API server drops a warning that has any (Go's unicode.IsControl), or isn't UTF-8. */
static void a_warning_has_no_control_characters(void **state)
{
    struct findings findings = {.arena = &arena};

    findings_set_rule(&findings, NULL, ENFORCE_WARN, "a/rule");
    for (unsigned c = 1; c < 256; c++) {
        const char raw[] = {'a', (char)c, 'b', (char)0xc2, (char)c, '\0'};

        findings_add(&findings, "", "%s", raw);
    }
    for (size_t i = 0; i < findings.count; i++) {
        struct bytes text = bytes_from(message_write_warning(&findings.items[i], &arena));

        for (size_t at = 0, len; at < text.len; at += len) {
            unsigned char first = (unsigned char)text.data[at];

            len = text_character(text, at);
            assert_in_range(len, 1, 4);
            assert_true(first >= 0x20 && first != 0x7f);
            assert_false(first == 0xc2 && (unsigned char)text.data[at + 1] < 0xa0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_denial_is_worded_as_the_contract_shows, release_arena),
        cmocka_unit_test_teardown(first_lines_come_first, release_arena),
        cmocka_unit_test_teardown(what_is_not_told_is_counted, release_arena),
        cmocka_unit_test_teardown(a_warning_has_120_characters_at_most, release_arena),
        cmocka_unit_test_teardown(a_warning_cuts_what_it_quotes_first, release_arena),
        cmocka_unit_test_teardown(a_warning_has_no_control_characters, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
