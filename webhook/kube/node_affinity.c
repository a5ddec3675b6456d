#include "kube/node_affinity.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

enum { MAX_LABEL_VALUE_BYTES = 63 };

bool node_affinity_term_is_empty(struct value term)
{
    return value_count(value_member(term, "matchExpressions")) == 0 &&
           value_count(value_member(term, "matchFields")) == 0;
}

static bool has_text(struct value values, struct bytes text)
{
    for (struct value v = value_first(values); value_type(v); v = value_next(v)) {
        if (bytes_equal(value_text(v), text))
            return true;
    }
    return false;
}

/* A label value as Gt and Lt read it: a decimal int64 (Go's strconv.ParseInt). */
static bool read_integer(struct bytes text, long long *out)
{
    char digits[MAX_LABEL_VALUE_BYTES + 1];
    char *end;

    if (text.len == 0 || text.len >= sizeof(digits) || !strchr("+-0123456789", text.data[0]))
        return false;
    memcpy(digits, text.data, text.len);
    digits[text.len] = '\0';
    errno = 0;
    *out = strtoll(digits, &end, 10);
    return end == digits + text.len && errno == 0;
}

/* Does an expression hold for a node whose label has this value; `value` NULL: it has no such
 * label. What can't be understood matches nothing, as in the scheduler. */
static bool expression_holds(struct value expression, const struct bytes *value)
{
    struct bytes operator= value_text(value_member(expression, "operator"));
    struct value values = value_member(expression, "values");
    long long left, right;

    if (bytes_is(operator, "In"))
        return value && has_text(values, *value);
    if (bytes_is(operator, "NotIn"))
        return !value || !has_text(values, *value);
    if (bytes_is(operator, "Exists"))
        return value;
    if (bytes_is(operator, "DoesNotExist"))
        return !value;
    if (!value || value_count(values) != 1 || !read_integer(*value, &left) ||
        !read_integer(value_text(value_first(values)), &right))
        return false;
    if (bytes_is(operator, "Gt"))
        return left > right;
    return bytes_is(operator, "Lt") && left < right;
}

static bool term_holds(struct value term, struct bytes label, const struct bytes *value)
{
    struct value expressions = value_member(term, "matchExpressions");

    for (struct value e = value_first(expressions); value_type(e); e = value_next(e)) {
        if (bytes_equal(value_text(value_member(e, "key")), label) && !expression_holds(e, value))
            return false;
    }
    return true;
}

/* Numbers that Gt and Lt leave; false where the expression holds for no value but those it names.
 */
static bool narrow(struct value expression, long long *least, long long *most)
{
    struct bytes operator= value_text(value_member(expression, "operator"));
    struct value values = value_member(expression, "values");
    long long bound;

    if (bytes_is(operator, "NotIn") || bytes_is(operator, "Exists"))
        return true;
    if (value_count(values) != 1 || !read_integer(value_text(value_first(values)), &bound))
        return false;
    if (bytes_is(operator, "Gt") && bound < LLONG_MAX) {
        *least = bound < *least ? *least : bound + 1;
        return true;
    }
    if (bytes_is(operator, "Lt") && bound > LLONG_MIN) {
        *most = bound > *most ? *most : bound - 1;
        return true;
    }
    return false;
}

/* Could a node without the label, or with a value that nobody names here, fit the term? A number
 * that nobody names is there for any that Gt and Lt leave: with a zero more in front. A label's
 * value has no sign. */
static bool term_holds_elsewhere(struct value term, struct bytes label)
{
    struct value expressions = value_member(term, "matchExpressions");
    long long least = 0, most = LLONG_MAX;

    if (term_holds(term, label, NULL))
        return true;
    for (struct value e = value_first(expressions); value_type(e); e = value_next(e)) {
        if (bytes_equal(value_text(value_member(e, "key")), label) && !narrow(e, &least, &most))
            return false;
    }
    return least <= most;
}

/* The values that the term's own In expressions name are the other candidates outside. */
static bool term_names_outside(struct value term, struct bytes label, const struct strings *allowed)
{
    struct value expressions = value_member(term, "matchExpressions");

    for (struct value e = value_first(expressions); value_type(e); e = value_next(e)) {
        struct value values = value_member(e, "values");

        if (!bytes_equal(value_text(value_member(e, "key")), label))
            continue;
        for (struct value v = value_first(values); value_type(v); v = value_next(v)) {
            struct bytes text = value_text(v);

            if (!strings_has(allowed, text) && term_holds(term, label, &text))
                return true;
        }
    }
    return false;
}

static bool term_fits_inside(struct value term, struct bytes label, const struct strings *allowed)
{
    for (size_t i = 0; i < allowed->count; i++) {
        struct bytes value = bytes_from(allowed->items[i]);

        if (term_holds(term, label, &value))
            return true;
    }
    return false;
}

/* With spec.nodeSelector the label can have one value only. */
static void confine_selected(const struct pod *pod, struct bytes label, struct bytes selected,
                             const struct strings *allowed, struct confinement *out)
{
    bool fits = value_type(pod->node_terms) == VALUE_ABSENT;

    for (struct value term = value_first(pod->node_terms); value_type(term);
         term = value_next(term))
        fits |= !node_affinity_term_is_empty(term) && term_holds(term, label, &selected);
    out->may_be_inside = fits && strings_has(allowed, selected);
    out->may_be_outside = fits && !out->may_be_inside;
}

void node_affinity_confine(const struct pod *pod, struct bytes label, const struct strings *allowed,
                           struct confinement *out)
{
    struct value selected = value_member_named(pod->node_selector, label);

    *out = (struct confinement){0};
    if (value_type(selected) == VALUE_STRING) {
        confine_selected(pod, label, value_text(selected), allowed, out);
        return;
    }
    if (value_type(pod->node_terms) == VALUE_ABSENT) {
        *out = (struct confinement){.may_be_outside = true, .may_be_inside = allowed->count > 0};
        return;
    }
    for (struct value term = value_first(pod->node_terms); value_type(term);
         term = value_next(term)) {
        if (node_affinity_term_is_empty(term))
            continue;
        out->may_be_outside |=
            term_holds_elsewhere(term, label) || term_names_outside(term, label, allowed);
        out->may_be_inside |= term_fits_inside(term, label, allowed);
    }
}

bool node_affinity_term_confines(struct value term, struct bytes label,
                                 const struct strings *allowed)
{
    return !term_holds_elsewhere(term, label) && !term_names_outside(term, label, allowed);
}
