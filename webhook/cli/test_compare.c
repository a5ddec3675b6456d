#include "cli/test_compare.h"

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

/* At '/', and at '.' inside a field: tenant/research, tenant/research/gpus. */
static bool is_leading_part(const char *part, const char *name)
{
    size_t len = strlen(part);
    const char *slash = strchr(part, '/');
    bool is_in_field = slash && strchr(slash + 1, '/');

    if (strncmp(part, name, len) != 0)
        return false;
    return name[len] == '\0' || name[len] == '/' || (is_in_field && name[len] == '.');
}

static const char *find_entry(const struct strings *entries, const char *name)
{
    for (size_t i = 0; i < entries->count; i++) {
        if (is_leading_part(entries->items[i], name))
            return entries->items[i];
    }
    return NULL;
}

static bool stands_for_any(const char *entry, const struct strings *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (is_leading_part(entry, names->items[i]))
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

static void compare_warnings(const struct expectation *expect, const struct judgement *judgement,
                             struct comparing *comparing)
{
    const struct strings *wanted = &expect->warnings;
    const struct strings *warnings = &judgement->answer.decision.verdict.warnings;

    for (size_t i = 0; i < wanted->count || i < warnings->count; i++) {
        const char *part = i < wanted->count ? wanted->items[i] : NULL;
        const char *text = i < warnings->count ? warnings->items[i] : NULL;

        add_row(comparing, part ? quoted(comparing, part) : NULL,
                text ? arena_copy(comparing->arena, bytes_from(text)) : NULL,
                !part || !text || !strstr(text, part));
    }
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

static bool is_operation(const struct expected_operation *wanted,
                         const struct patch_operation *operation, struct arena *scratch)
{
    if (strcmp(patch_operations[wanted->name], operation->name) != 0 ||
        strcmp(wanted->path, operation->path) != 0 || !wanted->value != !operation->value)
        return false;
    return !wanted->value || value_equal(parse_node(wanted->value, scratch),
                                         parse(bytes_from(operation->value), scratch));
}

static const char *show_operation(const struct comparing *comparing, const char *name,
                                  const char *path, struct bytes value)
{
    return arena_printf(comparing->arena, "%s %s%s%s", name, show(comparing, bytes_from(path)),
                        value.len ? " " : "", value.len ? show(comparing, value) : "");
}

static void compare_patch(const struct expectation *expect, const struct judgement *judgement,
                          struct comparing *comparing)
{
    const struct expected_operation *wanted = expect->patch.items;
    const struct patch *patch = judgement->patch;
    size_t count = patch ? patch->count : 0;
    struct arena scratch = {0};

    for (size_t i = 0; i < expect->patch.count || i < count; i++) {
        const struct expected_operation *one = i < expect->patch.count ? &wanted[i] : NULL;
        const struct patch_operation *other = i < count ? &patch->items[i] : NULL;
        const char *expected = NULL, *got = NULL;

        if (one)
            expected = show_operation(comparing, patch_operations[one->name], one->path,
                                      one->value ? value_raw(parse_node(one->value, &scratch))
                                                 : (struct bytes){0});
        if (other)
            got = show_operation(comparing, other->name, other->path, bytes_from(other->value));
        add_row(comparing, expected, got, !one || !other || !is_operation(one, other, &scratch));
    }
    arena_release(&scratch);
}

static const char *show_field(const struct comparing *comparing, const char *place,
                              struct value value)
{
    if (!value_type(value))
        return NULL;
    return arena_printf(comparing->arena, "%s: %s", place, show(comparing, value_raw(value)));
}

/* Maps are parts of maps; lists have as many elements, each a part of its counterpart; null stands
 * for what isn't there. Only what differs is told. */
static void compare_part(struct value part, struct value whole, struct comparing *comparing)
{
    enum value_type type = value_type(part);
    const char *place;

    if (type == VALUE_NULL
            ? !value_is_set(whole)
            : type != VALUE_OBJECT && type != VALUE_ARRAY && value_equal(part, whole))
        return;
    if (type == VALUE_OBJECT && value_type(whole) == VALUE_OBJECT) {
        for (struct value v = value_first(part); value_type(v); v = value_next(v))
            compare_part(v, value_member_named(whole, value_name(v)), comparing);
        return;
    }
    if (type == VALUE_ARRAY && value_type(whole) == VALUE_ARRAY &&
        value_count(part) == value_count(whole)) {
        struct value w = value_first(whole);

        for (struct value v = value_first(part); value_type(v);
             v = value_next(v), w = value_next(w))
            compare_part(v, w, comparing);
        return;
    }
    place = value_place(part, comparing->arena);
    add_row(comparing, show_field(comparing, place, part), show_field(comparing, place, whole),
            true);
}

static void compare_object(const struct expectation *expect, const struct judgement *judgement,
                           struct comparing *comparing)
{
    struct arena scratch = {0};

    compare_part(parse_node(expect->object, &scratch), parse(judgement->object, &scratch),
                 comparing);
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
