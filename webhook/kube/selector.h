/* selector: label selectors (metav1.LabelSelector), and what node affinity can be known to require.
 */
#pragma once

#include "base/json.h"
#include "base/schema.h"

enum selector_operator { SELECTOR_IN, SELECTOR_NOT_IN, SELECTOR_EXISTS, SELECTOR_DOES_NOT_EXIST };

struct selector_expression {
    const struct node *node;
    const char *key;
    int operator; /* enum selector_operator */
    struct strings values;
};

/* A zeroed one matches everything. */
struct selector {
    const struct node *node;
    struct string_map match_labels;
    struct objects match_expressions; /* struct selector_expression */
};

/* matchLabels and matchExpressions, checked as Kubernetes checks them: In and NotIn need values,
 * the others have none; keys and values have the syntax of labels. */
extern const struct schema selector_schema;

/* A label's key, for JSON Schema: longer ones aside. */
#define SELECTOR_KEY_JSON                                                                          \
    "{\"pattern\": \"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"      \
    "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$\"}"

/* A DNS subdomain: lower-case names with a letter or digit at both ends, and dots between; what
 * most objects are named by, and the part of a label's key before the slash. */
bool selector_is_subdomain(struct bytes text);

/* Can a label, or an annotation, have this key? */
bool selector_is_key(struct bytes text);

/* A mistake at `node` where `key` can't be the key of a label, or of an annotation: it would be
 * there on no object. */
void selector_check_key(const struct node *node, const char *key, struct problems *problems);

/* Can a label have this value? An empty one, too. */
bool selector_is_value(struct bytes text);

/* The key of the first requirement that doesn't hold; NULL: all do. `labels`: a JSON object of
 * strings, or absent. NotIn and DoesNotExist hold for a missing key. */
const char *selector_find_mismatch(const struct selector *selector, struct value labels);

bool selector_matches(const struct selector *selector, struct value labels);

/* Can no set of labels match both? True also where one of them matches nothing by itself. (False
 * where it is not sure: not every value that NotIn leaves over need be a label's value.) */
bool selector_excludes(const struct selector *a, const struct selector *b);
