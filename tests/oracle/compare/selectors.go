package main

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// A label selector, and sets of labels that it matches or doesn't.
var selectors = kind{
	name:     "selectors",
	generate: func(random *rand.Rand) any { return selectorAndLabels(random) },
	recorded: recordedSelectors,
	compare:  compareSelectors,
}

var (
	label63     = strings.Repeat("a", 63)
	prefix253   = strings.Repeat("a.", 126) + "b"
	labelKeys   = []string{"a", "a", "b", "b", "c", "app.kubernetes.io/name", "A", "a_b.c-d", label63, prefix253 + "/a", "0"}
	badKeys     = []string{"", "-a", "a-", "a/b/c", "/a", "a/", "A.io/b", "a..b/c", ".a/b", label63 + "a", prefix253 + "c/a", "a b", "é", "a_b/c", "-a.b/c"}
	labelValues = []string{"", "1", "1", "x", "x", "y", "Y", "a-b_c.d", label63, "01"}
	badValues   = []string{"-x", "x-", "a b", label63 + "a", "é", "a/b", "_", "."}
	operators   = []string{"In", "In", "NotIn", "NotIn", "Exists", "DoesNotExist"}
	badOps      = []string{"in", "Gt", "Lt", "", "=", "!=", "exists", "NotExists", "Equals"}
)

func mostly(random *rand.Rand, good, bad []string) string {
	if oneIn(random, 60) {
		return pick(random, bad...)
	}
	return pick(random, good...)
}

func expression(random *rand.Rand) map[string]any {
	operator := mostly(random, operators, badOps)
	out := map[string]any{"key": mostly(random, labelKeys, badKeys), "operator": operator}
	takesValues := operator == "In" || operator == "NotIn"
	if takesValues != oneIn(random, 30) {
		values := []any{}
		for range pick(random, 0, 1, 1, 1, 1, 2, 2, 2, 3) {
			values = append(values, mostly(random, labelValues, badValues))
		}
		out["values"] = values
	}
	return out
}

func labelSet(random *rand.Rand) map[string]any {
	out := map[string]any{}
	for range random.IntN(5) {
		out[mostly(random, labelKeys, badKeys)] = mostly(random, labelValues, badValues)
	}
	return out
}

func selectorAndLabels(random *rand.Rand) any {
	selector := map[string]any{}
	if oneIn(random, 2) {
		matching := map[string]any{}
		for range pick(random, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3) {
			matching[mostly(random, labelKeys, badKeys)] = mostly(random, labelValues, badValues)
		}
		selector["matchLabels"] = matching
	}
	if oneIn(random, 2) {
		expressions := []any{}
		for range pick(random, 0, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3) {
			expressions = append(expressions, expression(random))
		}
		selector["matchExpressions"] = expressions
	}
	out := []any{selector}
	for range 4 {
		out = append(out, labelSet(random))
	}
	return out
}

// Every selector of a recorded object, tried on the labels that are in it.
func recordedSelectors(object map[string]any) (out []any) {
	sets := []any{map[string]any{}}
	walk(object, func(name string, member any) {
		if name == "labels" {
			sets = append(sets, member)
		}
	})
	walk(object, func(name string, member any) {
		if name == "labelSelector" || name == "selector" {
			out = append(out, append([]any{member}, sets...))
		}
	})
	return out
}

// What our loader calls a mistake in a policy, though a Kubernetes object may have it.
func isStricter(selector any) (reason string) {
	walk(selector, func(name string, member any) {
		switch member := member.(type) {
		case map[string]any:
			if len(member) == 0 {
				reason = "a policy gives no empty list or map"
			}
		case []any:
			if len(member) == 0 {
				reason = "a policy gives no empty list or map"
			}
			texts := []string{}
			for _, element := range member {
				if text, ok := element.(string); ok {
					texts = append(texts, text)
				}
			}
			slices.Sort(texts)
			if reason == "" && len(slices.Compact(texts)) < len(member) && name == "values" {
				reason = "a policy lists no value twice"
			}
		}
	})
	return reason
}

func compareSelectors(input, answer []byte) finding {
	var parts []json.RawMessage
	var selector metav1.LabelSelector
	var raw any
	var got []bool
	if json.Unmarshal(input, &parts) != nil || len(parts) == 0 || json.Unmarshal(parts[0], &selector) != nil ||
		json.Unmarshal(parts[0], &raw) != nil || json.Unmarshal(answer, &got) != nil {
		return finding{}
	}
	matcher, err := metav1.LabelSelectorAsSelector(&selector)
	if err != nil && got != nil {
		return differs("accepted: upstream says %v", err)
	}
	if err != nil {
		return finding{}
	}
	if got == nil {
		if reason := isStricter(raw); reason != "" {
			return meant(reason)
		}
		return differs("refused: upstream takes it")
	}
	for i, part := range parts[1:] {
		var set labels.Set
		if json.Unmarshal(part, &set) != nil || i >= len(got) {
			return finding{}
		}
		if got[i] != matcher.Matches(set) {
			return differs("match: of %s expected %v, got %v", part, matcher.Matches(set), got[i])
		}
	}
	return finding{}
}
