"""What must hold of every rendering of the chart."""

import base64
import os
import re
import shutil
import subprocess

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FAIRGATE = os.environ.get("FAIRGATE", os.path.join(ROOT, "build/fairgate"))
EXEMPT = {"kube-system", "kube-node-lease", "fairgate"}  # in any case: what must start without fairgate, and itself


class Rendering:
    def __init__(self, name, text, values, work):
        self.name, self.text, self.work = name, text, work
        self.objects = [each for each in yaml.safe_load_all(text) if each]
        with open(values, encoding="utf-8") as file:
            self.values = yaml.safe_load(file)

    def of_kind(self, kind):
        return [each for each in self.objects if each["kind"] == kind]

    def one(self, kind, name="fairgate"):
        found = [each for each in self.of_kind(kind) if each["metadata"]["name"] == name]
        assert len(found) == 1, f"{len(found)} {kind} named {name}"
        return found[0]

    def pods(self):
        """(owner, pod template) of all that makes pods."""
        for each in self.objects:
            if each["kind"] == "Pod":
                yield each, each
            elif each["kind"] == "CronJob":
                yield each, each["spec"]["jobTemplate"]["spec"]["template"]
            elif each["kind"] in ("Deployment", "Job"):
                yield each, each["spec"]["template"]

    def webhooks(self):
        return [webhook for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
                for each in self.of_kind(kind) for webhook in each.get("webhooks", ())]

    def rights(self, account):
        """(group, resource, verb, name or None) that roles give it."""
        for binding in self.of_kind("ClusterRoleBinding") + self.of_kind("RoleBinding"):
            if any(subject["name"] == account for subject in binding["subjects"]):
                for rule in self.one(binding["roleRef"]["kind"], binding["roleRef"]["name"])["rules"]:
                    assert not rule.get("nonResourceURLs"), rule
                    yield from ((group, resource, verb, name) for group in rule["apiGroups"]
                                for resource in rule["resources"] for verb in rule["verbs"]
                                for name in rule.get("resourceNames") or [None])


def pods_are_restricted(rendering):
    """pods keep to Pod Security's level restricted, and write to no root"""
    for owner, pod in rendering.pods():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, owner["metadata"]
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not set(spec) & {"hostNetwork", "hostPID", "hostIPC"}, spec
        for container in spec["containers"]:
            assert container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                                    "capabilities": {"drop": ["ALL"]}}, container
            assert container["resources"]["limits"]["memory"] and container["resources"]["requests"]["cpu"]
            assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"
        assert not any("subPath" in mount for container in spec["containers"] for mount in container.get("volumeMounts", ())), spec
        assert all(set(volume) - {"name"} <= {"configMap", "secret"} for volume in spec.get("volumes", ())), spec


def server_outlasts_its_drain(rendering):
    """the server has more time to end than its drain takes, and stays until another one is ready"""
    deployment = rendering.one("Deployment")
    assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > 95
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert deployment["spec"]["replicas"] == rendering.values.get("replicas", 3)
    budgets = rendering.of_kind("PodDisruptionBudget")
    if deployment["spec"]["replicas"] == 1:
        assert not budgets, "one replica, which no drain of a node could take away"
    else:
        assert [each["spec"]["maxUnavailable"] for each in budgets] == [1]


def selectors_meet(rendering):
    """what selects the server's pods selects these and no others"""
    selectors = [rendering.one("Deployment")["spec"]["selector"]["matchLabels"]]
    selectors += [each["spec"]["selector"] for each in rendering.of_kind("Service")]
    selectors += [each["spec"]["selector"]["matchLabels"] for each in rendering.of_kind("PodDisruptionBudget")]
    for selector in selectors:
        for owner, pod in rendering.pods():
            selected = selector.items() <= pod["metadata"].get("labels", {}).items()
            assert selected == (owner["kind"] == "Deployment"), (selector, owner["kind"], owner["metadata"])
    ports = {port["name"]: port["containerPort"] for port in rendering.one("Deployment")["spec"]["template"]["spec"]["containers"][0]["ports"]}
    assert ports == {"webhook": 8443, "admin": 8080}


def serving_pods_write_nothing_else(rendering):
    """serving pods may write TenantUsages and nothing else, and read no Secret through the API"""
    rights = set(rendering.rights("fairgate"))
    assert {right for right in rights if right[2] not in ("get", "list", "watch")} == {
        ("fairgate.dev", "tenantusages", "create", None), ("fairgate.dev", "tenantusages", "update", None)}
    assert not any(resource in ("secrets", "configmaps", "*") or "*" in (group, verb) for group, resource, verb, _ in rights)
    assert rendering.one("Deployment")["spec"]["template"]["spec"]["serviceAccountName"] == "fairgate"


def serving_pods_read_what_they_watch(rendering):
    """serving pods may read what they watch, and one by one what they look up alone"""
    with open(os.path.join(ROOT, "webhook/ledger/live.c"), encoding="utf-8") as file:
        watched = set(re.findall(r'^ {4}\[LIVE_\w+\] = "(\w+)"', file.read(), re.M))
    assert len(watched) == 10, watched
    rights = set(rendering.rights("fairgate"))
    looked_up = {"namespaces", "pods", "resourceclaims", "resourceclaimtemplates", "tenantusages"}
    for verb, resources in (("list", watched | {"tenantusages"}), ("watch", watched | {"tenantusages"}), ("get", looked_up)):
        assert {right[1] for right in rights if right[2] == verb} == resources, verb


def certificates_have_rights_of_their_own(rendering):
    """what makes certificates may write two Secrets and the webhook configurations, by their names"""
    rights = set(rendering.rights("fairgate-certificates"))
    configurations = "mutatingwebhookconfigurations", "validatingwebhookconfigurations"
    if rendering.values.get("certificates", {}).get("method", "self") != "self":
        assert not rights and not rendering.of_kind("Job")
        return
    assert {(resource, name) for _, resource, verb, name in rights if verb != "create"} == {
        ("secrets", "fairgate-tls"), ("secrets", "fairgate-ca"), *((each, "fairgate") for each in configurations)}
    assert {right for right in rights if right[2] == "create"} == {("", "secrets", "create", None)}


def certificates_wait_for_webhooks(rendering):
    """what makes certificates is run again until it has found the webhooks that are registered with it"""
    is_enabled = rendering.values.get("webhooks", {}).get("enabled", True)
    own = [each for each in rendering.of_kind("Job") + rendering.of_kind("CronJob") if each["metadata"]["name"].startswith("fairgate-certificates")]
    for job in own:
        template = job["spec"].get("jobTemplate", job)["spec"]["template"]
        assert ("--expect-webhooks" in template["spec"]["containers"][0]["args"]) == is_enabled, job["metadata"]
        assert template["spec"]["restartPolicy"] == "OnFailure"


def audit_lists_what_it_judges(rendering):
    """what audits may list what it looks at, and write reports"""
    rights = set(rendering.rights("fairgate-audit"))
    if not rendering.values.get("audit", {}).get("enabled"):
        assert not rights and not [each for each in rendering.of_kind("CronJob") if each["metadata"]["name"] == "fairgate-audit"]
        return
    with open(os.path.join(ROOT, "webhook/cli/audit_cluster.c"), encoding="utf-8") as file:
        rows = re.findall(r'\{"/api[^"]*",\s+"([^"]*)",\s+"(\w+)"', file.read())
    assert len(rows) > 15, rows
    assert {right for right in rights if right[0] != "wgpolicyk8s.io"} == {(*row, "list", None) for row in rows}
    assert {resource for group, resource, _, _ in rights if group == "wgpolicyk8s.io"} == {"policyreports", "clusterpolicyreports"}


def no_account_has_all(rendering):
    """no right is for everything but the server's priority in the API server"""
    for kind in ("ClusterRole", "Role"):
        for each in rendering.of_kind(kind):
            for rule in each["rules"]:
                assert "*" not in rule["verbs"] + rule["resources"] + rule["apiGroups"], rule
    for each in rendering.of_kind("ServiceAccount"):
        assert each["automountServiceAccountToken"] is False


def webhooks_ask_about_all_that_is_judged(rendering):
    """webhooks are registered for what fairgate judges, but no pod's DELETE"""
    with open(os.path.join(ROOT, "webhook/kube/kinds.c"), encoding="utf-8") as file:
        rows = re.findall(r'^ {4}\{"([^"]*)",\s+"(\w+)", "\w+", KIND_', file.read(), re.M)
    assert len(rows) > 30 and ("", "pods") in rows, rows
    judged = {*rows, ("", "pods/ephemeralcontainers"), ("", "pods/resize"), ("", "pods/binding")}
    for webhook in rendering.webhooks():
        rules = {(group, resource): set(rule["operations"]) for rule in webhook["rules"]
                 for group in rule["apiGroups"] for resource in rule["resources"]}
        if webhook["name"].startswith("mutate"):
            assert rules == {("", "pods"): {"CREATE"}}, rules
            continue
        assert set(rules) == judged, set(rules) ^ judged
        assert {row for row, operations in rules.items() if "DELETE" in operations} == {("scheduling.k8s.io", "priorityclasses")}
        assert all("UPDATE" in operations or "binding" in row[1] for row, operations in rules.items()), rules


def webhooks_fail_closed(rendering):
    """webhooks fail closed, except in namespaces told by a label that nobody can set"""
    names = EXEMPT | set(rendering.values.get("webhooks", {}).get("exemptNamespaces", ["cert-manager", "gpu-operator"]))
    webhooks = rendering.webhooks()
    assert len(webhooks) == (2 if rendering.values.get("webhooks", {}).get("enabled", True) else 0)
    for webhook in webhooks:
        assert webhook["failurePolicy"] == "Fail" and webhook["matchPolicy"] == "Equivalent"
        assert webhook["sideEffects"] == "NoneOnDryRun" and 1 <= webhook["timeoutSeconds"] <= 30
        assert "objectSelector" not in webhook and "matchConditions" not in webhook
        expression, = webhook["namespaceSelector"]["matchExpressions"]
        assert (expression["key"], expression["operator"]) == ("kubernetes.io/metadata.name", "NotIn")
        assert set(expression["values"]) == names, expression
    for policy in rendering.of_kind("ValidatingAdmissionPolicy"):
        assert set(policy["spec"]["matchConstraints"]["resourceRules"][0]["resourceNames"]) == names
        assert policy["spec"]["failurePolicy"] == "Fail"
    assert len(rendering.of_kind("ValidatingAdmissionPolicy")) == len(webhooks) / 2


def webhooks_lead_to_the_service(rendering):
    """webhooks lead to the Service, to the path with the secret where there is one, by an authority that is known"""
    port, = (port["port"] for port in rendering.one("Service")["spec"]["ports"])
    secrets = [each["stringData"]["secret"] for each in rendering.of_kind("Secret")]
    for webhook in rendering.webhooks():
        phase = webhook["name"].split(".")[0]
        service = webhook["clientConfig"]["service"]
        assert service == {"name": "fairgate", "namespace": "fairgate", "port": port, "path": "/".join(["", phase, *secrets])}
        assert ("caBundle" in webhook["clientConfig"]) == (rendering.name == "gitops")


def mounted(rendering):
    """The policy set as the kubelet lays it out: keys are files again."""
    config = rendering.one("ConfigMap", "fairgate-policies")["data"]
    volume, = (each["configMap"] for each in rendering.one("Deployment")["spec"]["template"]["spec"]["volumes"]
               if each["name"] == "policies")
    assert volume["name"] == "fairgate-policies" and {item["key"] for item in volume["items"]} == set(config)
    return {item["path"]: config[item["key"]] for item in volume["items"]}


def policies_arrive(rendering):
    """the policy set arrives as it was given, is sound, and has the admins"""
    if rendering.values["policies"].get("configMap"):
        volume, = (each["configMap"] for each in rendering.one("Deployment")["spec"]["template"]["spec"]["volumes"]
                   if each["name"] == "policies")
        assert volume == rendering.values["policies"]["configMap"]
        assert not [each for each in rendering.of_kind("ConfigMap") if each["metadata"]["name"] == "fairgate-policies"]
        return
    files = mounted(rendering)
    given = rendering.values["policies"]["files"]
    assert {path: content for path, content in files.items() if path != "admins.yaml"} == given
    clusters = [each for content in files.values() for each in yaml.safe_load_all(content) if each and each["kind"] == "Cluster"]
    assert len(clusters) == 1
    admins = clusters[0]["spec"]["admins"]
    assert set(admins["users"]) == set(rendering.values["admins"].get("users", ()))
    assert set(admins["groups"]) == set(rendering.values["admins"].get("groups", ["system:masters"]))
    folder = os.path.join(rendering.work, "policies")
    shutil.rmtree(folder, ignore_errors=True)
    for path, content in files.items():
        os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
        with open(os.path.join(folder, path), "w", encoding="utf-8") as file:
            file.write(content)
    done = subprocess.run([FAIRGATE, "check", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def arguments_exist(rendering):
    """every argument of every container is an option of fairgate"""
    for _, pod in rendering.pods():
        for container in pod["spec"]["containers"]:
            command = container["args"][:2 if container["args"][0] == "certs" else 1]
            options = {word.split("=")[0] for word in container["args"] if word.startswith("--")}
            told = subprocess.run([FAIRGATE, *command, "--help"], capture_output=True, text=True, check=False)
            missing = {each for each in options if not re.search(rf"^ +(-\w, )?{each}\b", told.stdout, re.M)}
            assert told.returncode == 0, (container["args"], told.stderr)
            assert not missing, missing


def all_is_in_the_namespace(rendering):
    """every object has the chart's labels, and is in the release's namespace or in none"""
    cluster = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "FlowSchema", "PriorityLevelConfiguration",
               "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy",
               "ValidatingAdmissionPolicyBinding"}
    for each in rendering.objects:
        wanted = None if each["kind"] in cluster else "fairgate"
        assert each["metadata"].get("namespace") == wanted, each["metadata"]
        if each["kind"] != "CustomResourceDefinition":
            assert each["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm", each["metadata"]
    for account in (subject for kind in ("ClusterRoleBinding", "RoleBinding") for each in rendering.of_kind(kind)
                    for subject in each["subjects"]):
        assert account["namespace"] == "fairgate"
        rendering.one("ServiceAccount", account["name"])


def system_classes_have_a_quota(rendering):
    """pods of the system's priority classes are let in, too, where only a quota lets them be outside of kube-system"""
    classes = {pod["spec"]["priorityClassName"] for _, pod in rendering.pods() if "priorityClassName" in pod["spec"]}
    quotas = rendering.of_kind("ResourceQuota")
    assert [each["spec"]["scopeSelector"]["matchExpressions"] for each in quotas] == [
        [{"scopeName": "PriorityClass", "operator": "In", "values": [name]}] for name in classes if name.startswith("system-")]
    assert all(set(each["spec"]["hard"]) == {"pods"} and int(each["spec"]["hard"]["pods"]) >= 100 for each in quotas), quotas


def test_knows_whom_the_api_server_trusts(rendering):
    """helm test holds the certificate against those whom the API server trusts"""
    test = rendering.one("Pod", "fairgate-test")["spec"]
    container, = (each for each in test["containers"] if each["name"] == "certificate")
    option, = (word for word in container["args"] if word.startswith("--ca="))
    folder, key = os.path.split(option.removeprefix("--ca="))
    mount, = (each["name"] for each in container["volumeMounts"] if each["mountPath"] == folder)
    volume, = (each for each in test["volumes"] if each["name"] == mount)
    if rendering.name != "gitops":  # the rotation and cert-manager publish what is in the Secret
        assert volume["secret"]["secretName"] == "fairgate-tls" and key == "ca.crt"
        return
    published = rendering.one("ConfigMap", volume["configMap"]["name"])["data"][key]
    assert {webhook["clientConfig"]["caBundle"] for webhook in rendering.webhooks()} == {base64.b64encode(published.encode()).decode()}


def definition_stays(rendering):
    """the TenantUsage API is upgraded with the chart, and not taken away with it"""
    for each in rendering.of_kind("CustomResourceDefinition"):
        assert each["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert len(rendering.of_kind("CustomResourceDefinition")) == rendering.values.get("crds", {}).get("enabled", True)


def alerts_lead_to_their_pages(rendering):
    """alerts lead to their pages, at the address that was given, and are about what there is"""
    given = rendering.values.get("prometheusRule", {})
    groups = [group for each in rendering.of_kind("PrometheusRule") for group in each["spec"]["groups"]]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    assert bool(alerts) == given.get("enabled", False)
    for alert in alerts:
        assert alert["annotations"]["runbook_url"] == given["runbookUrl"].rstrip("/") + f"/{alert['alert']}.md", alert
        for name in re.findall('cronjob="([^"]*)"', alert["expr"]):
            rendering.one("CronJob", name)


PROPERTIES = [pods_are_restricted, server_outlasts_its_drain, selectors_meet, serving_pods_write_nothing_else,
              serving_pods_read_what_they_watch, certificates_have_rights_of_their_own, certificates_wait_for_webhooks,
              audit_lists_what_it_judges, no_account_has_all,
              webhooks_ask_about_all_that_is_judged, webhooks_fail_closed, webhooks_lead_to_the_service, policies_arrive, arguments_exist, all_is_in_the_namespace,
              system_classes_have_a_quota, test_knows_whom_the_api_server_trusts, definition_stays, alerts_lead_to_their_pages]
