package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

// A pod's node selector and required node affinity, one node label, and its allowed values: may the
// pod land on a node with another value, or none; and on one with an allowed value?
var affinity = kind{
	name:     "affinity",
	generate: func(random *rand.Rand) any { return placedPod(random) },
	recorded: recordedAffinity,
	compare:  compareAffinity,
}

const domainLabel = "nvidia.com/gpu.clique"

type placement struct {
	Pod     *v1.Pod  `json:"pod"`
	Label   string   `json:"label"`
	Allowed []string `json:"allowed"`
}

var (
	domains    = []string{"a", "b", "c", "5", "6", "05", "-1", "", "9223372036854775807"}
	nodeValues = []string{"a", "a", "b", "b", "c", "d", "", "5", "6", "7", "05", "005", "0"}
	bounds     = []string{"5", "6", "4", "0", "-1", "7", "05", "9223372036854775807", "9223372036854775806",
		"-9223372036854775808", "9223372036854775808", "x", "", "+5", "1_0", " 5"}
	nodeOps    = []v1.NodeSelectorOperator{"In", "In", "In", "NotIn", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"}
	otherKeys  = []string{"zone", "kubernetes.io/hostname"}
	nodeNames  = []string{"node-1", "node-2"}
	fieldNames = []string{"metadata.name", "metadata.name", "metadata.name", "metadata.namespace"}
)

func nodeExpression(random *rand.Rand, key string) v1.NodeSelectorRequirement {
	out := v1.NodeSelectorRequirement{Key: key, Operator: pick(random, nodeOps...)}
	switch out.Operator {
	case "In", "NotIn":
		for range 1 + random.IntN(3) {
			out.Values = append(out.Values, pick(random, nodeValues...))
		}
	case "Gt", "Lt":
		out.Values = []string{pick(random, bounds...)}
	}
	if oneIn(random, 60) {
		out.Operator = pick(random, v1.NodeSelectorOperator("in"), "", "Gt", "In", "Exists")
	}
	if oneIn(random, 60) {
		out.Values = append(out.Values, pick(random, "bad value", "5"))
	}
	return out
}

func nodeTerm(random *rand.Rand) (out v1.NodeSelectorTerm) {
	for range pick(random, 0, 1, 1, 1, 2, 2, 3) {
		key := domainLabel
		if oneIn(random, 3) {
			key = pick(random, otherKeys...)
		}
		out.MatchExpressions = append(out.MatchExpressions, nodeExpression(random, key))
	}
	if oneIn(random, 6) {
		out.MatchFields = append(out.MatchFields, v1.NodeSelectorRequirement{Key: pick(random, fieldNames...),
			Operator: pick(random, v1.NodeSelectorOperator("In"), "In", "NotIn", "Exists"),
			Values:   []string{pick(random, nodeNames...)}})
	}
	return out
}

func placedPod(random *rand.Rand) placement {
	out := placement{Pod: &v1.Pod{}, Label: domainLabel}
	for range pick(random, 1, 1, 1, 2, 2, 3, 0) {
		out.Allowed = append(out.Allowed, pick(random, domains...))
	}
	if oneIn(random, 4) {
		out.Pod.Spec.NodeSelector = map[string]string{pick(random, domainLabel, domainLabel, otherKeys[0]): pick(random, nodeValues...)}
	}
	if oneIn(random, 8) {
		return out
	}
	selector := &v1.NodeSelector{NodeSelectorTerms: pick(random, []v1.NodeSelectorTerm{}, []v1.NodeSelectorTerm{}, nil)}
	for range pick(random, 0, 1, 1, 1, 1, 2, 2, 3) {
		selector.NodeSelectorTerms = append(selector.NodeSelectorTerms, nodeTerm(random))
	}
	out.Pod.Spec.Affinity = &v1.Affinity{NodeAffinity: &v1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: selector}}
	if oneIn(random, 40) {
		out.Pod.Spec.Affinity = pick(random, &v1.Affinity{}, &v1.Affinity{NodeAffinity: &v1.NodeAffinity{}})
	}
	return out
}

func recordedAffinity(object map[string]any) (out []any) {
	for _, template := range templates(object) {
		for _, allowed := range [][]string{{"a"}, {"b", "c"}, {}} {
			out = append(out, map[string]any{"pod": template, "label": domainLabel, "allowed": allowed})
		}
	}
	return out
}

func required(pod *v1.Pod) *v1.NodeSelector {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.NodeAffinity == nil {
		return nil
	}
	return pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

// Every value of the label that the pod could tell from others: those it names, the allowed ones,
// one that nobody names, and numbers at each bound, with zeros in front.
func candidates(given placement) map[string]bool {
	out := map[string]bool{"nobody-names-this": true, "0": true, "00000": true}
	addLabel := func(value string) {
		if len(validation.IsValidLabelValue(value)) == 0 {
			out[value] = true
		}
	}
	add := func(value string) {
		addLabel(value)
		number, ok := new(big.Int).SetString(value, 10)
		if !ok {
			return
		}
		for _, step := range []int64{-1, 0, 1} {
			near := new(big.Int).Add(number, big.NewInt(step)).String()
			addLabel(near)
			addLabel("0000" + near)
		}
	}
	for _, value := range given.Allowed {
		add(value)
	}
	if value, ok := given.Pod.Spec.NodeSelector[given.Label]; ok {
		add(value)
	}
	if selector := required(given.Pod); selector != nil {
		for _, term := range selector.NodeSelectorTerms {
			for _, expression := range term.MatchExpressions {
				for _, value := range expression.Values {
					add(value)
				}
			}
		}
	}
	return out
}

// The pod with all but the label left out of its terms: other labels and names are taken to fit.
// What is invalid stays, and matches nothing.
func stripped(given placement) *v1.Pod {
	pod := given.Pod.DeepCopy()
	for key := range pod.Spec.NodeSelector {
		if key != given.Label {
			delete(pod.Spec.NodeSelector, key)
		}
	}
	selector := required(pod)
	if selector == nil {
		return pod
	}
	for i := range selector.NodeSelectorTerms {
		term := &selector.NodeSelectorTerms[i]
		if len(term.MatchExpressions)+len(term.MatchFields) == 0 {
			continue
		}
		kept := []v1.NodeSelectorRequirement{{Key: "is-a-node", Operator: v1.NodeSelectorOpExists}}
		for _, expression := range term.MatchExpressions {
			if expression.Key == given.Label {
				kept = append(kept, expression)
			}
		}
		term.MatchExpressions, term.MatchFields = kept, nil
	}
	return pod
}

func fitsNode(matcher nodeaffinity.RequiredNodeAffinity, name string, labels map[string]string) bool {
	labels["is-a-node"] = ""
	fits, _ := matcher.Match(&v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})
	return fits
}

// The labels that the pod's node selector asks of a node, and others as they come.
func nodeLabels(given placement, other string) map[string]string {
	labels := map[string]string{otherKeys[0]: other, otherKeys[1]: other}
	if other == "another" {
		labels = map[string]string{}
	}
	maps.Copy(labels, given.Pod.Spec.NodeSelector)
	delete(labels, given.Label)
	return labels
}

// A node outside on which the real matcher places the pod.
func nodeOutside(given placement, values map[string]bool) string {
	matcher := nodeaffinity.GetRequiredNodeAffinity(given.Pod)
	for _, name := range append(nodeNames, "node-3") {
		for _, other := range append(slices.Compact(slices.Sorted(slices.Values(nodeValues))), "another") {
			labels := nodeLabels(given, other)
			if fitsNode(matcher, name, labels) {
				return fmt.Sprintf("%s without the label, others %q", name, other)
			}
			for value := range values {
				labels[given.Label] = value
				if fitsNode(matcher, name, labels) {
					return fmt.Sprintf("%s with %q, others %q", name, value, other)
				}
			}
		}
	}
	return ""
}

func compareAffinity(input, answer []byte) finding {
	var given placement
	var got *struct{ Outside, Inside bool }
	if json.Unmarshal(input, &given) != nil || given.Pod == nil || json.Unmarshal(answer, &got) != nil {
		return finding{}
	}
	if got == nil {
		return differs("refused: a pod that upstream reads")
	}
	outside := candidates(given)
	isOutside, isInside := false, false
	matcher := nodeaffinity.GetRequiredNodeAffinity(stripped(given))
	for _, value := range given.Allowed {
		delete(outside, value)
		isInside = isInside || fitsNode(matcher, "node-1", map[string]string{given.Label: value})
	}
	for value := range outside {
		isOutside = isOutside || fitsNode(matcher, "node-1", map[string]string{given.Label: value})
	}
	isOutside = isOutside || fitsNode(matcher, "node-1", map[string]string{})
	if !got.Outside {
		if node := nodeOutside(given, outside); node != "" {
			return differs("confined: it fits %s", node)
		}
	}
	if got.Outside == isOutside && got.Inside == isInside {
		return finding{}
	}
	if reason := isImpossible(given); reason != "" && (got.Outside || !isOutside) && (got.Inside || !isInside) {
		return meant(reason)
	}
	return differs("places: expected outside %v inside %v, got %+v", isOutside, isInside, *got)
}

// What the API server lets no pod have: it is taken for one that could land outside.
func isImpossible(given placement) string {
	selector := required(given.Pod)
	if selector == nil {
		return ""
	}
	if selector.NodeSelectorTerms == nil {
		return "required node affinity without terms matches nothing; the API server refuses it, and where we see it, the pod may land anywhere"
	}
	if _, err := nodeaffinity.NewNodeSelector(selector); err != nil {
		return "an invalid term matches nothing; the API server refuses it, and where we see it, the pod may land anywhere"
	}
	return ""
}
