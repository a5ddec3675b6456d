# A pod's manifest -> the AdmissionReview that the API server would send for it.
{"p0-training": 400000, "p1-serving": 300000, "p2-batch": 200000, "p3-interactive": 100000} as $values
| .spec.schedulerName //= "default-scheduler"
| .spec.serviceAccountName //= "default"
| .spec.restartPolicy //= "Always"
| .spec.priority = ($values[.spec.priorityClassName // ""] // 0)
| .spec.preemptionPolicy =
    (if .spec.priorityClassName == "p3-interactive" then "Never" else "PreemptLowerPriority" end)
| .spec.tolerations += [
    {key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute",
     tolerationSeconds: 300},
    {key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute",
     tolerationSeconds: 300}]
| .spec.containers[].resources |= (.requests = (.limits + .requests))
| {group: "", version: "v1", kind: "Pod"} as $kind
| {group: "", version: "v1", resource: "pods"} as $resource
| {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
        uid: $uid,
        kind: $kind,
        resource: $resource,
        requestKind: $kind,
        requestResource: $resource,
        name: .metadata.name,
        namespace: .metadata.namespace,
        operation: "CREATE",
        userInfo: {username: "alice", uid: "alice", groups: ["tenants", "system:authenticated"]},
        object: .,
        oldObject: null,
        dryRun: false,
        options: {kind: "CreateOptions", apiVersion: "meta.k8s.io/v1",
                  fieldManager: "kubectl-create"}
    }
  }
