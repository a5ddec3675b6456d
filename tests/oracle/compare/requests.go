package main

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	helpers "k8s.io/component-helpers/resource"
	defaults "k8s.io/kubernetes/pkg/apis/core/v1"
)

// A pod's effective request, as the scheduler reckons it.
var requests = kind{
	name:     "requests",
	generate: func(random *rand.Rand) any { return requestingPod(random) },
	recorded: recordedRequests,
	compare:  compareRequests,
}

var resourceNames = []v1.ResourceName{"cpu", "cpu", "memory", "memory", "ephemeral-storage", "nvidia.com/gpu",
	"nvidia.com/gpu", "nvidia.com/mig-1g.10gb", "hugepages-2Mi", "hugepages-1Gi", "example.com/x", "storage"}

var amounts = []string{"0", "0", "1", "1", "2", "3", "4", "8", "100m", "500m", "1500m", "1Gi", "512Mi", "1.5Gi", "2Ti",
	"0.1", "1n", "1u", "1e3", "2Mi", "7", "0.000000001", "250M"}

// They don't fit, or only a few of them do.
var hugeAmounts = []string{"-1", "8E", "4E", "9223372036854775807", "9223372036854775807n", "7Ei", "8Ei", "10E"}

func quantity(text string) *resource.Quantity {
	out := resource.MustParse(text)
	return &out
}

func resourceList(random *rand.Rand, most int, isHuge bool) v1.ResourceList {
	list := v1.ResourceList{}
	for range random.IntN(most + 1) {
		amount := pick(random, amounts...)
		if isHuge && oneIn(random, 6) {
			amount = pick(random, hugeAmounts...)
		}
		list[pick(random, resourceNames...)] = resource.MustParse(amount)
	}
	return list
}

func container(random *rand.Rand, name string, isHuge bool) v1.Container {
	return v1.Container{Name: name, Image: "nginx", Resources: v1.ResourceRequirements{
		Requests: resourceList(random, 3, isHuge),
		Limits:   resourceList(random, 3, isHuge),
	}}
}

func requestingPod(random *rand.Rand) *v1.Pod {
	pod := &v1.Pod{}
	isHuge := oneIn(random, 20)
	for i := range random.IntN(4) {
		pod.Spec.Containers = append(pod.Spec.Containers, container(random, fmt.Sprint("main-", i), isHuge))
	}
	for i := range random.IntN(5) {
		init := container(random, fmt.Sprint("init-", i), isHuge)
		if oneIn(random, 2) {
			policy := pick(random, v1.ContainerRestartPolicyAlways, v1.ContainerRestartPolicyAlways,
				v1.ContainerRestartPolicyAlways, v1.ContainerRestartPolicyOnFailure, v1.ContainerRestartPolicyNever, "always")
			init.RestartPolicy = &policy
		}
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, init)
	}
	if oneIn(random, 6) {
		pod.Spec.EphemeralContainers = []v1.EphemeralContainer{{EphemeralContainerCommon: v1.EphemeralContainerCommon(
			container(random, "debug", isHuge))}}
	}
	if oneIn(random, 3) {
		pod.Spec.Overhead = resourceList(random, 2, isHuge)
	}
	if oneIn(random, 3) {
		own := container(random, "", isHuge).Resources
		pod.Spec.Resources = &own
	}
	alignHugepages(pod)
	if oneIn(random, 2) {
		defaults.SetDefaults_Pod(pod) // as in every review of a pod
		if oneIn(random, 2) {
			addStatus(random, pod)
		}
	}
	return pod
}

// Of hugepages a container asks for just its limit; the API server lets in no other.
func alignHugepages(pod *v1.Pod) {
	for _, containers := range [][]v1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for _, container := range containers {
			for _, name := range []v1.ResourceName{"hugepages-2Mi", "hugepages-1Gi"} {
				if amount, ok := container.Resources.Requests[name]; ok {
					container.Resources.Limits[name] = amount
				}
			}
		}
	}
}

// What the kubelet tells of a pod that is being resized.
func addStatus(random *rand.Rand, pod *v1.Pod) {
	status := func(name string) v1.ContainerStatus {
		out := v1.ContainerStatus{Name: name}
		if !oneIn(random, 4) {
			own := container(random, "", false).Resources
			out.Resources = &own
		}
		if !oneIn(random, 3) {
			out.AllocatedResources = resourceList(random, 3, false)
		}
		return out
	}
	for _, container := range pod.Spec.Containers {
		if !oneIn(random, 4) {
			pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, status(container.Name))
		}
	}
	for _, container := range pod.Spec.InitContainers {
		if !oneIn(random, 4) {
			pod.Status.InitContainerStatuses = append(pod.Status.InitContainerStatuses, status(container.Name))
		}
	}
	if oneIn(random, 3) {
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, status("gone"))
	}
	if oneIn(random, 3) {
		own := container(random, "", false).Resources
		pod.Status.Resources = &own
		pod.Status.AllocatedResources = resourceList(random, 3, false)
	}
	if oneIn(random, 3) {
		pod.Status.Conditions = append(pod.Status.Conditions, v1.PodCondition{Type: "Ready", Reason: "Infeasible"})
	}
	if oneIn(random, 3) {
		pod.Status.Conditions = append(pod.Status.Conditions, v1.PodCondition{Type: v1.PodResizePending,
			Reason: pick(random, v1.PodReasonInfeasible, v1.PodReasonDeferred)})
	}
}

func recordedRequests(object map[string]any) (out []any) {
	for _, template := range templates(object) {
		out = append(out, template)
	}
	return out
}

// All amounts of one resource in a pod: what they add up to, and the finest part that any has.
type total struct {
	sum  *big.Rat
	part *big.Int
}

// mayFail: some sum on the way may need more than 64 bits.
func (total total) mayFail() bool {
	return !fits(total.sum) || !fits(new(big.Rat).Mul(total.sum, new(big.Rat).SetInt(total.part)))
}

// Is there an amount in any list of the pod that can't be read; and what all of them come to?
func addUp(pod any) (isUnreadable bool, totals map[string]total) {
	totals = map[string]total{}
	walk(pod, func(name string, member any) {
		list, _ := member.(map[string]any)
		if !holdsQuantities(name) {
			return
		}
		for name, amount := range list {
			quantity, _ := expectedQuantity(encode(amount))
			if quantity == nil {
				isUnreadable = true
				continue
			}
			value, soFar := exactValue(quantity), totals[name]
			if soFar.sum == nil {
				soFar = total{new(big.Rat), big.NewInt(1)}
			}
			common := new(big.Int).GCD(nil, nil, soFar.part, value.Denom())
			soFar.part.Mul(soFar.part, new(big.Int).Quo(value.Denom(), common))
			soFar.sum.Add(soFar.sum, value)
			totals[name] = soFar
		}
	})
	return isUnreadable, totals
}

func compareRequests(input, answer []byte) finding {
	var raw any
	var pod v1.Pod
	var got map[string]string
	if json.Unmarshal(input, &raw) != nil || json.Unmarshal(input, &pod) != nil || json.Unmarshal(answer, &got) != nil {
		return finding{}
	}
	isUnreadable, totals := addUp(raw)
	if isUnreadable && got != nil {
		return differs("accepted: an amount in it can't be read")
	}
	if isUnreadable {
		return meant("an amount that can't be read, as in the oracle of quantities")
	}
	if got == nil {
		for _, total := range totals {
			if total.mayFail() {
				return meant("a sum is two whole numbers of 64 bits; what needs more is refused")
			}
		}
		return differs("refused: upstream reads it")
	}
	deviation := ""
	if helpers.IsPodResizeInfeasible(&pod) {
		deviation = "a resize that the node can't give counts as asked for until it is taken back"
		pod.Status.Conditions = nil
	}
	defaults.SetDefaults_Pod(&pod)
	expected := helpers.PodRequests(&pod, helpers.PodResourcesOptions{
		UseStatusResources: true,
		InPlacePodLevelResourcesVerticalScalingEnabled: true,
	})
	for name, quantity := range expected {
		text, isThere := got[string(name)]
		if !isThere {
			return differs("lacks: expected %s of %s", show(exactValue(&quantity)), name)
		}
		if value := readAmount(&text); !same(value, exactValue(&quantity)) {
			return differs("amount: expected %s of %s, got %s", show(exactValue(&quantity)), name, show(value))
		}
	}
	if len(got) != len(expected) {
		return differs("more: expected %d resources, got %d", len(expected), len(got))
	}
	return meant(deviation)
}
