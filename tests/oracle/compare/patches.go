package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	defaults "k8s.io/kubernetes/pkg/apis/core/v1"
)

// A pod that is created, and what /mutate makes of it: the patch applies as in the API server and
// gives the object that fairgate judges; no node outside its tenant's domains fits it, and one inside
// where it is let in; a second /mutate finds nothing to change.
func patchesOf(name, policies string, domains map[string][]string) kind {
	namespaces := slices.Sorted(maps.Keys(domains))
	return kind{
		name:     name,
		reading:  "patches",
		policies: policies,
		generate: func(random *rand.Rand) any {
			return createReview(createdPod(random), pick(random, namespaces...), random)
		},
		recorded: func(object map[string]any) (out []any) {
			if object["kind"] != "Pod" {
				return nil
			}
			for _, namespace := range namespaces {
				out = append(out, createReview(object, namespace, nil))
			}
			return out
		},
		compare: func(input, answer []byte) finding { return comparePatch(input, answer, domains) },
		again:   reviewAgain,
	}
}

var patches = patchesOf("patches", "policies",
	map[string][]string{"joined": {"a"}, "spread": {"b", "c"}, "anywhere": nil, "plain": nil, "nobody": nil})

var samplePatches = func() kind {
	out := patchesOf("patches-sample", "../../policies/research-cluster",
		map[string][]string{"research": {"a"}, "serving": {"a", "b"}, "sandbox": nil, "course-ml": {"b"}, "nobody": nil})
	out.share = 5
	return out
}()

var (
	podLabels = []string{"app", "a.b/c", "x.example.com/team", "d", "tenant", "bare", "fairgate.dev/workload",
		"jobset.sigs.k8s.io/jobset-name", "ray.io/cluster", "kai.scheduler/queue", "priorityClassName", "team", "cost-center"}
	podAnnotations = []string{"a~0/b", "~", "~1", "/~1", "a/b", "only", "note", "gpu-fraction", "pod-group-name", "purpose"}
	podValues      = []string{"", "x", "train", "1", "0.5", "quote \" and \\", "é\u2028</script>", "line\nbreak", "p2-batch",
		label63 + "a", "joined", "jobset.train"}
	devices     = []v1.ResourceName{"nvidia.com/gpu", "nvidia.com/gpu", "nvidia.com/mig-1g.10gb", "amd.com/gpu", "cpu", "memory"}
	variables   = []string{"PATH", "NVIDIA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "A"}
	topologies  = []string{domainLabel, "kubernetes.io/hostname"}
	tolerations = []v1.Toleration{{Key: "nvidia.com/gpu", Operator: "Exists", Effect: "NoSchedule"},
		{Key: "nvidia.com/gpu", Operator: "Exists"}, {Key: "nvidia.com/gpu", Operator: "Equal", Value: "x", Effect: "NoExecute"},
		{Key: "other/key~x", Value: "v", Effect: "NoExecute"}, {Operator: "Exists"}, {Key: "third", Value: "1"}, {Key: "spot"}}
)

func textMap(random *rand.Rand, keys []string, most int) map[string]string {
	if oneIn(random, 3) {
		return nil
	}
	out := map[string]string{}
	for range random.IntN(most + 1) {
		out[pick(random, keys...)] = pick(random, podValues...)
	}
	return out
}

func deviceContainer(random *rand.Rand, name string) v1.Container {
	out := v1.Container{Name: name, Image: "registry.example.com/ml/train:1.0"}
	for range random.IntN(3) {
		if out.Resources.Limits == nil {
			out.Resources.Limits = v1.ResourceList{}
		}
		out.Resources.Limits[pick(random, devices...)] = *quantity(pick(random, "0", "1", "1", "2"))
	}
	for range random.IntN(3) {
		out.Env = append(out.Env, v1.EnvVar{Name: pick(random, variables...), Value: pick(random, "", "void", "all", "é")})
	}
	return out
}

func workloadTerm(random *rand.Rand) v1.PodAffinityTerm {
	out := v1.PodAffinityTerm{TopologyKey: pick(random, topologies...)}
	selector := &metav1.LabelSelector{}
	if oneIn(random, 2) {
		selector.MatchLabels = map[string]string{pick(random, "fairgate.dev/workload", "fairgate.dev/workload", "app"): pick(random, "x", "jobset.train")}
	}
	if oneIn(random, 3) {
		selector.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: pick(random, "fairgate.dev/workload", "app"),
			Operator: pick(random, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpExists), Values: []string{"x"}}}
	}
	if !oneIn(random, 8) {
		out.LabelSelector = selector
	}
	if oneIn(random, 8) {
		out.Namespaces = []string{"other"}
	}
	return out
}

func podAffinities(random *rand.Rand) *v1.Affinity {
	out := &v1.Affinity{}
	if !oneIn(random, 3) {
		out.NodeAffinity = &v1.NodeAffinity{}
		if !oneIn(random, 4) {
			selector := &v1.NodeSelector{}
			for range pick(random, 0, 1, 1, 1, 2, 3) {
				selector.NodeSelectorTerms = append(selector.NodeSelectorTerms, nodeTerm(random))
			}
			out.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = selector
		}
		if oneIn(random, 4) {
			out.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution = []v1.PreferredSchedulingTerm{{Weight: 1, Preference: nodeTerm(random)}}
		}
	}
	if oneIn(random, 2) {
		out.PodAffinity = &v1.PodAffinity{}
		for range pick(random, 0, 1, 1, 2, 3) {
			out.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution = append(
				out.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution, workloadTerm(random))
		}
	}
	if oneIn(random, 6) {
		out.PodAntiAffinity = &v1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []v1.PodAffinityTerm{workloadTerm(random)}}
	}
	return out
}

func createdPod(random *rand.Rand) any {
	pod := &v1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}}
	pod.Name = pick(random, "train", "train", "")
	pod.GenerateName = pick(random, "", "train-")
	pod.Labels = textMap(random, podLabels, 5)
	pod.Annotations = textMap(random, podAnnotations, 4)
	if oneIn(random, 2) {
		yes, uid := true, types.UID(pick(random, "0b6d1fd5-5a9c-4b7b-8f5e-2f9f8f0d7a11", "é", label63+"a"))
		pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "Job", Name: "j", UID: uid, Controller: &yes}}
	}
	for i := range 1 + random.IntN(3) {
		pod.Spec.Containers = append(pod.Spec.Containers, deviceContainer(random, fmt.Sprint("main-", i)))
	}
	for i := range random.IntN(3) {
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, deviceContainer(random, fmt.Sprint("init-", i)))
	}
	if oneIn(random, 2) {
		pod.Spec.Affinity = podAffinities(random)
	}
	for range random.IntN(3) {
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, pick(random, tolerations...))
	}
	pod.Spec.NodeSelector = textMap(random, []string{"a.b/c", "pool", domainLabel, "zone"}, 2)
	pod.Spec.SchedulerName = pick(random, "", "default-scheduler", "default-scheduler", "kai-scheduler", "volcano")
	pod.Spec.PriorityClassName = pick(random, "", "", "p0-training", "p2-batch", "system-node-critical", "other")
	if oneIn(random, 2) {
		priority, policy := pick[int32](random, 0, 200000, 400000), v1.PreemptLowerPriority
		pod.Spec.Priority, pod.Spec.PreemptionPolicy = &priority, &policy
	}
	if oneIn(random, 4) {
		class := pick(random, "", "nvidia", "kata")
		pod.Spec.RuntimeClassName = &class
	}
	if oneIn(random, 12) {
		pod.Spec.NodeName = "node-1"
	}
	if oneIn(random, 2) { // as in the API server
		defaults.SetObjectDefaults_Pod(pod)
	}
	var raw any
	if err := json.Unmarshal(encode(pod), &raw); err != nil {
		panic(err)
	}
	if oneIn(random, 3) { // as no Go program writes it
		hollow(random, raw)
	}
	return raw
}

// hollow leaves some members null, empty, or there though they were left out.
func hollow(random *rand.Rand, pod any) {
	spec := pod.(map[string]any)["spec"].(map[string]any)
	metadata := pod.(map[string]any)["metadata"].(map[string]any)
	objects := []any{nil, map[string]any{}}
	lists := []any{nil, []any{}}
	for range 1 + random.IntN(3) {
		switch random.IntN(9) {
		case 0:
			metadata["labels"] = pick(random, objects...)
		case 1:
			metadata["annotations"] = pick(random, objects...)
		case 2:
			spec["affinity"] = pick(random, objects...)
		case 3:
			spec["tolerations"] = pick(random, lists...)
		case 4:
			spec["nodeSelector"] = pick(random, objects...)
		case 5:
			spec["containers"].([]any)[0].(map[string]any)["env"] = pick(random, lists...)
		case 6:
			spec["schedulerName"] = pick[any](random, nil, "")
		case 7:
			const required = "requiredDuringSchedulingIgnoredDuringExecution"
			spec["affinity"] = map[string]any{
				"nodeAffinity": pick[any](random, nil, map[string]any{}, map[string]any{required: nil},
					map[string]any{required: map[string]any{}},
					map[string]any{required: map[string]any{"nodeSelectorTerms": []any{map[string]any{},
						map[string]any{"matchExpressions": nil, "matchFields": []any{}}}}}),
				"podAffinity": pick[any](random, nil, map[string]any{}, map[string]any{required: pick(random, lists...)}),
			}
		case 8:
			spec["priorityClassName"] = pick[any](random, nil, "")
			spec["runtimeClassName"] = pick[any](random, nil, "")
		}
	}
}

const reviewUID = "00000000-0000-4000-8000-000000000001"

func createReview(pod any, namespace string, random *rand.Rand) any {
	if object, ok := pod.(map[string]any); ok {
		object = maps.Clone(object)
		metadata, _ := object["metadata"].(map[string]any)
		metadata = maps.Clone(metadata)
		metadata["namespace"] = namespace
		object["metadata"] = metadata
		pod = object
	}
	return map[string]any{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": map[string]any{
		"uid": reviewUID, "operation": "CREATE", "namespace": namespace,
		"kind":     map[string]any{"group": "", "version": "v1", "kind": "Pod"},
		"resource": map[string]any{"group": "", "version": "v1", "resource": "pods"},
		"userInfo": map[string]any{"username": "alice", "groups": []any{"tenants"}},
		"object":   pod, "oldObject": nil, "dryRun": random != nil && oneIn(random, 2),
	}}
}

type patchAnswer struct {
	Mutated struct {
		Response struct {
			Allowed   bool
			PatchType string
			Patch     []byte
		}
	}
	Judged  json.RawMessage
	Allowed bool
}

// As kube-apiserver applies it (admission/plugin/webhook/mutating).
func applied(input []byte, answer patchAnswer) (object []byte, namespace string, err error) {
	var review struct {
		Request struct {
			Object    json.RawMessage
			Namespace string
		}
	}
	if err := json.Unmarshal(input, &review); err != nil {
		return nil, "", err
	}
	object, namespace = review.Request.Object, review.Request.Namespace
	response := answer.Mutated.Response
	if len(response.Patch) == 0 {
		return object, namespace, nil
	}
	if response.PatchType != "JSONPatch" {
		return nil, "", fmt.Errorf("it is a %q", response.PatchType)
	}
	patch, err := jsonpatch.DecodePatch(response.Patch)
	if err == nil && len(patch) == 0 {
		err = fmt.Errorf("it is empty")
	}
	if err == nil {
		object, err = patch.Apply(object)
	}
	return object, namespace, err
}

// Is it what the API server asks when a pod is created? (What is made smaller may not be.)
func isPodReview(input []byte) bool {
	var review struct {
		Request struct {
			UID, Operation string
			Kind           metav1.GroupVersionKind
			Resource       metav1.GroupVersionResource
			Object         struct {
				metav1.TypeMeta
				Metadata map[string]any
			}
		}
	}
	return json.Unmarshal(input, &review) == nil && len(review.Request.UID) == len(reviewUID) &&
		review.Request.Operation == "CREATE" && review.Request.Kind.Kind == "Pod" &&
		review.Request.Kind.Version == "v1" && review.Request.Resource.Resource == "pods" &&
		review.Request.Resource.Version == "v1" &&
		review.Request.Object.TypeMeta == metav1.TypeMeta{Kind: "Pod", APIVersion: "v1"} &&
		review.Request.Object.Metadata != nil
}

func comparePatch(input, answer []byte, domains map[string][]string) finding {
	var got *patchAnswer
	if !isPodReview(input) {
		return finding{}
	}
	if json.Unmarshal(answer, &got) != nil || got == nil {
		return differs("unanswered: the review is refused")
	}
	object, namespace, err := applied(input, *got)
	if err != nil {
		return differs("patch: upstream says: %v", err)
	}
	if !equalJSON(object, got.Judged) {
		return differs("object: upstream makes %s", object)
	}
	var pod v1.Pod
	if err := json.Unmarshal(object, &pod); err != nil {
		return differs("type: upstream says: %v", err)
	}
	allowed := domains[namespace]
	if !got.Mutated.Response.Allowed || len(allowed) == 0 || pod.Spec.NodeName != "" || !asksForDevice(&pod) {
		return finding{}
	}
	return compareConfinement(&pod, allowed, got.Allowed)
}

func asksForDevice(pod *v1.Pod) bool {
	for _, containers := range [][]v1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for _, container := range containers {
			if amount := container.Resources.Limits["nvidia.com/gpu"]; !amount.IsZero() {
				return true
			}
		}
	}
	return false
}

// Whatever the verdict on it: /mutate has confined the pod. One that is let in fits somewhere inside.
func compareConfinement(pod *v1.Pod, allowed []string, isLetIn bool) finding {
	given := placement{Pod: pod, Label: domainLabel, Allowed: allowed}
	outside := candidates(given)
	for _, value := range allowed {
		delete(outside, value)
	}
	if node := nodeOutside(given, outside); node != "" {
		return differs("confined: it fits %s", node)
	}
	matcher := nodeaffinity.GetRequiredNodeAffinity(stripped(given))
	for _, value := range allowed {
		if !isLetIn || fitsNode(matcher, "node-1", map[string]string{domainLabel: value}) {
			return finding{}
		}
	}
	if reason := isImpossible(given); reason != "" {
		return meant(reason)
	}
	return differs("nowhere: it fits no node inside")
}

func equalJSON(a, b []byte) bool {
	decode := func(text []byte) (value any) {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&value); err != nil {
			return err.Error()
		}
		return value
	}
	return reflect.DeepEqual(decode(a), decode(b))
}

// The review of the pod as the API server hands it on once the patch is applied: read, defaulted and
// written anew. A second /mutate changes nothing, and the verdict is the same. nil: there is none.
func reviewAgain(input, answer []byte) ([]byte, func(answer []byte) finding) {
	var first patchAnswer
	var pod v1.Pod
	if json.Unmarshal(answer, &first) != nil || !first.Mutated.Response.Allowed {
		return nil, nil
	}
	object, namespace, err := applied(input, first)
	if err != nil || json.Unmarshal(object, &pod) != nil {
		return nil, nil
	}
	defaults.SetObjectDefaults_Pod(&pod)
	var raw any
	if json.Unmarshal(encode(&pod), &raw) != nil {
		return nil, nil
	}
	return encode(createReview(raw, namespace, nil)), func(answer []byte) finding {
		var second patchAnswer
		if json.Unmarshal(answer, &second) != nil {
			return differs("unanswered: the review of the mutated pod is refused")
		}
		if patch := second.Mutated.Response.Patch; len(patch) > 0 {
			return differs("again: a second /mutate makes %s", patch)
		}
		if second.Allowed != first.Allowed {
			return differs("verdict: it was %v, and is %v of what the API server made of the pod", first.Allowed, second.Allowed)
		}
		return finding{}
	}
}
