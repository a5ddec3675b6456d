"""Pods by a seeded generator: odd shapes of everything that /mutate reads or writes."""

import random

LABEL = "example.com/fabric-domain"  # of the sample set
WORKLOAD = "fairgate.dev/workload"
UID = "41c5d2b0-5f0e-4d0a-a1b8-5a0a5f3f6d10"
ABSENT = object()


class Pods:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, *choices):
        choice = self.random.choice(choices)
        return choice() if callable(choice) else choice

    def some(self, most, make):
        return [make() for _ in range(self.random.randint(0, most))]

    def maybe(self, owner, key, *choices):
        """Absent, null, or one of the choices."""
        value = self.pick(ABSENT, None, *choices, *choices)
        if value is not ABSENT:
            owner[key] = value

    # ---- node selection

    def expression(self):
        key = self.pick(LABEL, LABEL, LABEL, "kubernetes.io/arch", "nvidia.com/gpu.product")
        operator = self.pick("In", "In", "NotIn", "Exists", "DoesNotExist", "Gt")
        expression = {"key": key, "operator": operator}
        if operator in ("In", "NotIn"):
            expression["values"] = self.random.sample(["a", "b", "c", "amd64"],
                                                      self.random.randint(1, 3))
        elif operator == "Gt":
            expression["values"] = [self.pick("1", "7", "a")]
        return expression

    def term(self):
        term = {}
        self.maybe(term, "matchExpressions", [], lambda: self.some(3, self.expression))
        self.maybe(term, "matchFields", [], [
            {"key": "metadata.name", "operator": "In", "values": ["node-a1"]}])
        return {key: value for key, value in term.items() if self.random.random() < 0.8}

    def node_affinity(self):
        affinity = {}
        self.maybe(affinity, "preferredDuringSchedulingIgnoredDuringExecution", [])
        self.maybe(affinity, "requiredDuringSchedulingIgnoredDuringExecution",
                   lambda: {"nodeSelectorTerms": self.some(4, self.term)})
        return affinity

    def pod_term(self):
        selector = self.pick({"matchLabels": {"app": "web"}},
                             {"matchLabels": {WORKLOAD: self.pick("other", UID)}},
                             {"matchExpressions": [{"key": WORKLOAD, "operator": "Exists"}]})
        return {"labelSelector": selector,
                "topologyKey": self.pick(LABEL, LABEL, "kubernetes.io/hostname")}

    def pod_affinity(self):
        affinity = {}
        self.maybe(affinity, "requiredDuringSchedulingIgnoredDuringExecution", [],
                   lambda: self.some(3, self.pod_term))
        return affinity

    def affinity(self):
        affinity = {}
        self.maybe(affinity, "nodeAffinity", self.node_affinity, self.node_affinity)
        self.maybe(affinity, "podAffinity", self.pod_affinity)
        self.maybe(affinity, "podAntiAffinity", {})
        return affinity

    # ---- containers

    def resources(self):
        return self.pick({}, {"limits": {"memory": "1Gi"}},
                         {"limits": {"memory": "1Gi", "nvidia.com/gpu": "1"}},
                         {"limits": {"memory": "1Gi", "nvidia.com/gpu": 2}},
                         {"limits": {"memory": "1Gi", "nvidia.com/mig-1g.10gb": "1"}},
                         {"requests": None, "limits": None})

    def variable(self):
        return self.pick({"name": "A", "value": "1"}, {"name": "NVIDIA_VISIBLE_DEVICES"},
                         {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}})

    def container(self, name):
        container = {"name": name, "image": self.pick(
            "registry.example.com/ml/train:1", "registry.example.com/ml/eval:2", "redis:7")}
        self.maybe(container, "resources", self.resources, self.resources)
        self.maybe(container, "env", [], lambda: self.some(2, self.variable))
        return container

    # ---- the rest

    def toleration(self):
        toleration = {"operator": "Exists"}
        toleration["key"] = self.pick("nvidia.com/gpu", "nvidia.com/gpu", "other/key~x")
        self.maybe(toleration, "effect", "NoSchedule", "NoExecute", "")
        return toleration

    def labels(self):
        labels = {"team": "nlp"}
        for key, value in (("cost-center", "CC-4711"), (WORKLOAD, "copied"), (WORKLOAD, UID),
                           ("app.kubernetes.io/part-of", "x"), ("a/b~c", "y"), ("~1", "z"),
                           ("jobset.sigs.k8s.io/jobset-uid", UID)):
            if self.random.random() < 0.25:
                labels[key] = value
        return labels

    def owner(self):
        return {"apiVersion": "batch/v1", "kind": "Job", "name": "sweep", "uid": UID,
                "controller": self.pick(True, True, False)}

    def metadata(self, number):
        metadata = {"name": f"pod-{number}", "namespace": self.pick(
            "research", "research", "research-x", "serving", "sandbox", "default")}
        self.maybe(metadata, "labels", {}, self.labels, self.labels)
        self.maybe(metadata, "annotations", {}, {"purpose": "x"}, {"gpu-fraction": "0.5"},
                   {"x/y~z": "1"})
        self.maybe(metadata, "ownerReferences", [], lambda: [self.owner()], lambda: [self.owner()])
        return metadata

    def pod(self, number):
        spec = {"containers": [self.container(f"c{i}")
                               for i in range(self.random.randint(1, 3))]}
        self.maybe(spec, "initContainers", [], lambda: [self.container("init")])
        self.maybe(spec, "affinity", {}, self.affinity, self.affinity, self.affinity)
        self.maybe(spec, "tolerations", [], lambda: self.some(3, self.toleration))
        self.maybe(spec, "schedulerName", "default-scheduler", "kai-scheduler")
        self.maybe(spec, "runtimeClassName", "nvidia", "")
        self.maybe(spec, "nodeSelector", {}, {LABEL: "a"}, {LABEL: "b"}, {"a/b~c": "1"})
        self.maybe(spec, "priorityClassName", "", "p2-batch", "p0-training", "standard", "unknown")
        self.maybe(spec, "priority", 0, 200000)
        self.maybe(spec, "preemptionPolicy", "PreemptLowerPriority", "Never")
        if self.random.random() < 0.05:
            spec["nodeName"] = self.pick("node-a1", "node-b1", "nowhere")
        return {"apiVersion": "v1", "kind": "Pod", "metadata": self.metadata(number), "spec": spec}
