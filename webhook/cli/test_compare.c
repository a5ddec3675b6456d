#include "cli/test_compare.h"

#include "cli/side_by_side.h"
#include "tenancy/rule_name.h"

enum { MAX_SHOWN_BYTES = 1024, MAX_DEPTH = 256, MAX_JSON_BYTES = 64 * 1024 * 1024 };

/* One member that is being compared. */
struct comparing {
    struct arena *arena;
    struct difference difference;
    bool differs;
};

static void add_row(struct comparing *comparing, const char *expected, const char *got,
                    bool differs)
{
    struct difference *difference = &comparing->difference;

    *ARENA_APPEND(comparing->arena, difference->rows, difference->count) =
        (struct difference_row){expected, got, differs};
    comparing->differs |= differs;
}

static const char *show(const struct comparing *comparing, struct bytes text)
{
    return text_clean(comparing->arena, text, MAX_SHOWN_BYTES);
}

/* What is wrong, without the rules' places and the advice: `message` is there for those. */
static const char *show_reasons(const struct comparing *comparing, const char *message)
{
    const char *rules = strstr(message, "\n  rule: ");
    size_t len = rules ? (size_t)(rules - message) : strlen(message);

    return arena_copy(comparing->arena, (struct bytes){message, len});
}

static void compare_allowed(const struct expectation *expect, const struct judgement *judgement,
                            struct comparing *comparing)
{
    const struct verdict *verdict = &judgement->answer.decision.verdict;
    const char *got = verdict->is_allowed ? "true"
                                          : arena_printf(comparing->arena, "false: %s",
                                                         show_reasons(comparing, verdict->message));

    add_row(comparing, expect->is_allowed ? "true" : "false", got,
            expect->is_allowed != verdict->is_allowed);
}

static const char *find_entry(const struct strings *entries, const char *name)
{
    for (size_t i = 0; i < entries->count; i++) {
        if (rule_name_begins(name, entries->items[i]))
            return entries->items[i];
    }
    return NULL;
}

static bool stands_for_any(const char *entry, const struct strings *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (rule_name_begins(names->items[i], entry))
            return true;
    }
    return false;
}

static void compare_rules(const struct expectation *expect, const struct judgement *judgement,
                          struct comparing *comparing)
{
    const struct strings *rules = &judgement->answer.decision.verdict.rules;

    for (size_t i = 0; i < rules->count; i++) {
        const char *entry = find_entry(&expect->rules, rules->items[i]);

        add_row(comparing, entry, arena_copy(comparing->arena, bytes_from(rules->items[i])),
                !entry);
    }
    for (size_t i = 0; i < expect->rules.count; i++) {
        const char *entry = expect->rules.items[i];

        if (!stands_for_any(entry, rules))
            add_row(comparing, show(comparing, bytes_from(entry)), NULL, true);
    }
}

static const char *quoted(const struct comparing *comparing, const char *text)
{
    return arena_printf(comparing->arena, "\"%s\"", show(comparing, bytes_from(text)));
}

static void compare_message(const struct expectation *expect, const struct judgement *judgement,
                            struct comparing *comparing)
{
    const char *message = judgement->answer.decision.verdict.message;

    add_row(comparing, quoted(comparing, expect->message),
            message ? arena_copy(comparing->arena, bytes_from(message)) : NULL,
            !message || !strstr(message, expect->message));
}

struct comparing_warnings {
    struct comparing *comparing;
    const struct strings *expected, *got;
};

static bool warnings_agree(const void *context, size_t expected, size_t got)
{
    const struct comparing_warnings *lists = context;

    return strstr(lists->got->items[got], lists->expected->items[expected]);
}

static void show_warnings(void *context, const size_t *expected, const size_t *got)
{
    const struct comparing_warnings *lists = context;
    struct comparing *comparing = lists->comparing;

    add_row(comparing, expected ? quoted(comparing, lists->expected->items[*expected]) : NULL,
            got ? arena_copy(comparing->arena, bytes_from(lists->got->items[*got])) : NULL,
            !expected || !got || !warnings_agree(lists, *expected, *got));
}

static void compare_warnings(const struct expectation *expect, const struct judgement *judgement,
                             struct comparing *comparing)
{
    struct comparing_warnings context = {comparing, &expect->warnings,
                                         &judgement->answer.decision.verdict.warnings};
    const struct two_lists lists = {context.expected->count, context.got->count, warnings_agree,
                                    show_warnings, &context};
    struct arena scratch = {0};

    two_lists_show(&lists, &scratch);
    arena_release(&scratch);
}

/* A JSON text as a document that is released with `scratch`. */
static struct value parse(struct bytes json, struct arena *scratch)
{
    struct document *document = arena_alloc(scratch, sizeof(*document));

    document_parse(json, MAX_DEPTH, scratch, document);
    return document_root(document);
}

static struct value parse_node(const struct node *node, struct arena *scratch)
{
    struct buf buf;

    buf_init(&buf, scratch, MAX_JSON_BYTES);
    node_write_json(node, &buf);
    return parse(buf_bytes(&buf), scratch);
}

static const char *show_operation(const struct comparing *comparing, const char *name,
                                  const char *path, struct bytes value)
{
    return arena_printf(comparing->arena, "%s %s%s%s", name, show(comparing, bytes_from(path)),
                        value.len ? " " : "", value.len ? show(comparing, value) : "");
}

static const char *show_field(const struct comparing *comparing, struct value value)
{
    if (!value_type(value))
        return NULL;
    return arena_printf(comparing->arena, "%s: %s", value_place(value, comparing->arena),
                        show(comparing, value_raw(value)));
}

/* How much of the value must be as expected. */
enum extent {
    EXTENT_PART, /* maps are parts of maps; null stands for what isn't there */
    EXTENT_ALL
};

static void compare_values(struct value expected, struct value got, enum extent extent,
                           struct comparing *comparing);

static void compare_maps(struct value expected, struct value got, enum extent extent,
                         struct comparing *comparing)
{
    for (struct value v = value_first(expected); value_type(v); v = value_next(v))
        compare_values(v, value_member_named(got, value_name(v)), extent, comparing);
    for (struct value v = value_first(got); extent == EXTENT_ALL && value_type(v);
         v = value_next(v)) {
        if (!value_type(value_member_named(expected, value_name(v))))
            add_row(comparing, NULL, show_field(comparing, v), true);
    }
}

static void compare_arrays(struct value expected, struct value got, enum extent extent,
                           struct comparing *comparing)
{
    struct value v = value_first(expected), w = value_first(got);

    while (value_type(v) && value_type(w)) {
        compare_values(v, w, extent, comparing);
        v = value_next(v);
        w = value_next(w);
    }
    for (; value_type(v); v = value_next(v))
        add_row(comparing, show_field(comparing, v), NULL, true);
    for (; value_type(w); w = value_next(w))
        add_row(comparing, NULL, show_field(comparing, w), true);
}

/* A row for each place where they differ. Lists have as many elements, each as its counterpart. */
static void compare_values(struct value expected, struct value got, enum extent extent,
                           struct comparing *comparing)
{
    enum value_type type = value_type(expected);

    if (type == VALUE_OBJECT && value_type(got) == VALUE_OBJECT)
        compare_maps(expected, got, extent, comparing);
    else if (type == VALUE_ARRAY && value_type(got) == VALUE_ARRAY)
        compare_arrays(expected, got, extent, comparing);
    else if (type == VALUE_NULL && extent == EXTENT_PART ? value_is_set(got)
                                                         : !value_equal(expected, got))
        add_row(comparing, show_field(comparing, expected), show_field(comparing, got), true);
}

struct comparing_patch {
    struct comparing *comparing;
    const struct expected_operation *expected;
    const struct patch_operation *got;
    const struct value *expected_values, *got_values;
};

static bool is_same_place(const struct comparing_patch *lists, size_t expected, size_t got)
{
    return !strcmp(patch_operations[lists->expected[expected].name], lists->got[got].name) &&
           !strcmp(lists->expected[expected].path, lists->got[got].path);
}

static bool operations_agree(const void *context, size_t expected, size_t got)
{
    const struct comparing_patch *lists = context;
    struct value one = lists->expected_values[expected], other = lists->got_values[got];

    return is_same_place(lists, expected, got) && !value_type(one) == !value_type(other) &&
           (!value_type(one) || value_equal(one, other));
}

static bool is_structure(struct value value)
{
    return value_type(value) == VALUE_OBJECT || value_type(value) == VALUE_ARRAY;
}

/* Of large values at one place only what differs is shown. */
static void show_operations(void *context, const size_t *expected, const size_t *got)
{
    const struct comparing_patch *lists = context;
    struct comparing *comparing = lists->comparing;
    const struct expected_operation *one = expected ? &lists->expected[*expected] : NULL;
    const struct patch_operation *other = got ? &lists->got[*got] : NULL;
    struct value left = expected ? lists->expected_values[*expected] : (struct value){0};
    struct value right = got ? lists->got_values[*got] : (struct value){0};
    bool agrees = one && other && operations_agree(lists, *expected, *got);

    if (one && other && !agrees && is_same_place(lists, *expected, *got) && is_structure(left) &&
        value_type(left) == value_type(right)) {
        add_row(comparing, show_operation(comparing, other->name, other->path, (struct bytes){0}),
                show_operation(comparing, other->name, other->path, (struct bytes){0}), true);
        compare_values(left, right, EXTENT_ALL, comparing);
        return;
    }
    add_row(comparing,
            one ? show_operation(comparing, patch_operations[one->name], one->path, value_raw(left))
                : NULL,
            other ? show_operation(comparing, other->name, other->path, value_raw(right)) : NULL,
            !agrees);
}

static void compare_patch(const struct expectation *expect, const struct judgement *judgement,
                          struct comparing *comparing)
{
    const struct patch *patch = judgement->patch;
    size_t expected = expect->patch.count, got = patch ? patch->count : 0;
    struct arena scratch = {0};
    struct value *expected_values = arena_alloc(&scratch, expected * sizeof(*expected_values));
    struct value *got_values = arena_alloc(&scratch, got * sizeof(*got_values));
    struct comparing_patch context = {comparing, expect->patch.items, patch ? patch->items : NULL,
                                      expected_values, got_values};
    const struct two_lists lists = {expected, got, operations_agree, show_operations, &context};

    for (size_t i = 0; i < expected; i++) {
        if (context.expected[i].value)
            expected_values[i] = parse_node(context.expected[i].value, &scratch);
    }
    for (size_t i = 0; i < got; i++) {
        if (context.got[i].value)
            got_values[i] = parse(bytes_from(context.got[i].value), &scratch);
    }
    two_lists_show(&lists, &scratch);
    arena_release(&scratch);
}

static void compare_object(const struct expectation *expect, const struct judgement *judgement,
                           struct comparing *comparing)
{
    struct arena scratch = {0};

    compare_values(parse_node(expect->object, &scratch), parse(judgement->object, &scratch),
                   EXTENT_PART, comparing);
    arena_release(&scratch);
}

void test_compare(const struct expectation *expect, const struct judgement *judgement,
                  struct arena *arena, struct differences *out)
{
    static const struct {
        const char *field;
        void (*compare)(const struct expectation *expect, const struct judgement *judgement,
                        struct comparing *comparing);
    } members[] = {{"allowed", compare_allowed}, {"rules", compare_rules},
                   {"message", compare_message}, {"warnings", compare_warnings},
                   {"patch", compare_patch},     {"object", compare_object}};

    *out = (struct differences){0};
    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
        struct comparing comparing = {.arena = arena, .difference = {.field = members[i].field}};

        if (!expectation_has(expect, members[i].field))
            continue;
        members[i].compare(expect, judgement, &comparing);
        if (comparing.differs)
            *ARENA_APPEND(arena, out->items, out->count) = comparing.difference;
    }
}
