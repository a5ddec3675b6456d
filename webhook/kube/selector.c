#include "kube/selector.h"

enum { NAME_MAX_LEN = 63, PREFIX_MAX_LEN = 253 };

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alphanumeric(char c)
{
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

/* The last part of a label's key, and a value that isn't empty. */
static bool is_label_name(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (!is_alphanumeric(c) && c != '-' && c != '_' && c != '.')
            return false;
    }
    return text.len > 0 && text.len <= NAME_MAX_LEN && is_alphanumeric(text.data[0]) &&
           is_alphanumeric(text.data[text.len - 1]);
}

bool selector_is_subdomain(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool is_edge = i == 0 || i == text.len - 1 || text.data[i - 1] == '.' || c == '.' ||
                       text.data[i + 1] == '.';

        if (!is_lower_or_digit(c) && c != '.' && (c != '-' || is_edge))
            return false;
        if (c == '.' && (i == 0 || i == text.len - 1 || text.data[i - 1] == '.'))
            return false;
    }
    return text.len > 0 && text.len <= PREFIX_MAX_LEN;
}

bool selector_is_key(struct bytes text)
{
    const char *slash = text.len ? memchr(text.data, '/', text.len) : NULL;
    size_t prefix_len = slash ? (size_t)(slash - text.data) : 0;

    if (!slash)
        return is_label_name(text);
    return selector_is_subdomain((struct bytes){text.data, prefix_len}) &&
           is_label_name(bytes_tail(text, prefix_len + 1));
}

void selector_check_key(const struct node *node, const char *key, struct problems *problems)
{
    if (!selector_is_key(bytes_from(key)))
        problems_add(problems, node, "\"%s\" can't be a label's key", key);
}

bool selector_is_value(struct bytes text)
{
    return text.len == 0 || is_label_name(text);
}

static void check_value(const struct node *node, const char *value, struct problems *problems)
{
    if (!selector_is_value(bytes_from(value)))
        problems_add(problems, node, "\"%s\" can't be a label's value", value);
}

static const char *const operators[] = {
    [SELECTOR_IN] = "In",
    [SELECTOR_NOT_IN] = "NotIn",
    [SELECTOR_EXISTS] = "Exists",
    [SELECTOR_DOES_NOT_EXIST] = "DoesNotExist",
    NULL,
};

static bool has_values(int kind)
{
    return kind == SELECTOR_IN || kind == SELECTOR_NOT_IN;
}

static void finish_expression(void *out, struct arena *arena, struct problems *problems)
{
    const struct selector_expression *expression = out;
    const struct node *values = node_find(expression->node, "values");
    const char *word = operators[expression->operator];

    (void)arena;
    selector_check_key(node_find(expression->node, "key"), expression->key, problems);
    for (size_t i = 0; i < expression->values.count; i++)
        check_value(&values->children[i], expression->values.items[i], problems);
    if (has_values(expression->operator) && !values)
        problems_add(problems, node_find(expression->node, "operator"), "%s needs values", word);
    if (!has_values(expression->operator) && values)
        problems_add(problems, node_find_key(expression->node, "values"), "%s takes no values",
                     word);
}

static const struct field expression_fields[] = {
    {.name = "key",
     .type = FIELD_STRING,
     .offset = offsetof(struct selector_expression, key),
     .is_required = true,
     .summary = "the label's key",
     .json_schema = SELECTOR_KEY_JSON},
    {.name = "operator",
     .type = FIELD_ENUM,
     .offset = offsetof(struct selector_expression, operator),
     .is_required = true,
     .words = operators,
     .summary = "how the label's value is held against `values`"},
    {.name = "values",
     .type = FIELD_STRINGS,
     .may_hold_empty = true,
     .offset = offsetof(struct selector_expression, values),
     .summary = "the values; for In and NotIn only"},
    {0},
};

static const struct schema expression_schema = {
    .name = "matchExpressions",
    .fields = expression_fields,
    .size = sizeof(struct selector_expression),
    .finish = finish_expression,
};

static void finish_selector(void *out, struct arena *arena, struct problems *problems)
{
    const struct selector *selector = out;

    (void)arena;
    for (size_t i = 0; i < selector->match_labels.count; i++) {
        const struct string_pair *pair = &selector->match_labels.items[i];

        selector_check_key(pair->node, pair->key, problems);
        check_value(pair->node + 1, pair->value, problems);
    }
}

static const struct field selector_fields[] = {
    {.name = "matchLabels",
     .type = FIELD_STRING_MAP,
     .offset = offsetof(struct selector, match_labels),
     .summary = "labels that must be there with these values",
     .json_schema = "{\"propertyNames\": " SELECTOR_KEY_JSON "}"},
    {.name = "matchExpressions",
     .type = FIELD_OBJECTS,
     .offset = offsetof(struct selector, match_expressions),
     .schema = &expression_schema,
     .summary = "what else must hold for labels; all of it"},
    {0},
};

const struct schema selector_schema = {
    .name = "selector",
    .fields = selector_fields,
    .size = sizeof(struct selector),
    .finish = finish_selector,
};

/* Both forms of a requirement as one. */
struct requirement {
    const char *key;
    int kind; /* enum selector_operator */
    const char *const *values;
    size_t count;
};

static size_t count_requirements(const struct selector *selector)
{
    return selector->match_labels.count + selector->match_expressions.count;
}

static struct requirement requirement_at(const struct selector *selector, size_t i)
{
    const struct selector_expression *expressions = selector->match_expressions.items;

    if (i < selector->match_labels.count) {
        const struct string_pair *pair = &selector->match_labels.items[i];

        return (struct requirement){pair->key, SELECTOR_IN, &pair->value, 1};
    }
    expressions += i - selector->match_labels.count;
    return (struct requirement){expressions->key, expressions->operator, expressions->values.items,
                                expressions->values.count};
}

/* Does a label with this value fulfil it? */
static bool allows(const struct requirement *requirement, struct bytes value)
{
    bool is_listed = false;

    if (!has_values(requirement->kind))
        return requirement->kind == SELECTOR_EXISTS;
    for (size_t i = 0; i < requirement->count && !is_listed; i++)
        is_listed = bytes_is(value, requirement->values[i]);
    return is_listed == (requirement->kind == SELECTOR_IN);
}

static bool allows_absence(const struct requirement *requirement)
{
    return requirement->kind == SELECTOR_NOT_IN || requirement->kind == SELECTOR_DOES_NOT_EXIST;
}

const char *selector_find_mismatch(const struct selector *selector, struct value labels)
{
    for (size_t i = 0; i < count_requirements(selector); i++) {
        struct requirement requirement = requirement_at(selector, i);
        struct value label = value_member(labels, requirement.key);
        bool is_met = value_type(label) == VALUE_STRING ? allows(&requirement, value_text(label))
                                                        : allows_absence(&requirement);

        if (!is_met)
            return requirement.key;
    }
    return NULL;
}

bool selector_matches(const struct selector *selector, struct value labels)
{
    return !selector_find_mismatch(selector, labels);
}

/* Does everything that the selector says about this key allow the value? */
static bool key_allows(const struct selector *selector, const char *key, struct bytes value)
{
    for (size_t i = 0; i < count_requirements(selector); i++) {
        struct requirement requirement = requirement_at(selector, i);

        if (strcmp(requirement.key, key) == 0 && !allows(&requirement, value))
            return false;
    }
    return true;
}

static bool key_allows_absence(const struct selector *selector, const char *key)
{
    for (size_t i = 0; i < count_requirements(selector); i++) {
        struct requirement requirement = requirement_at(selector, i);

        if (strcmp(requirement.key, key) == 0 && !allows_absence(&requirement))
            return false;
    }
    return true;
}

/* Can a label fulfil one requirement of `a` together with all that `a` and `b` say about its key?
 * NotIn leaves endlessly many values, so only In can run out of them. */
static bool can_be_met(const struct requirement *requirement, const struct selector *a,
                       const struct selector *b)
{
    if (requirement->kind == SELECTOR_DOES_NOT_EXIST)
        return key_allows_absence(a, requirement->key) && key_allows_absence(b, requirement->key);
    if (requirement->kind != SELECTOR_IN || requirement->count == 0) /* none: a mistake, told */
        return true;
    for (size_t i = 0; i < requirement->count; i++) {
        struct bytes value = bytes_from(requirement->values[i]);

        if (key_allows(a, requirement->key, value) && key_allows(b, requirement->key, value))
            return true;
    }
    return false;
}

static bool contradicts(const struct selector *a, const struct selector *b)
{
    for (size_t i = 0; i < count_requirements(a); i++) {
        struct requirement requirement = requirement_at(a, i);

        if (!can_be_met(&requirement, a, b))
            return true;
    }
    return false;
}

bool selector_excludes(const struct selector *a, const struct selector *b)
{
    return contradicts(a, b) || contradicts(b, a);
}
