{{/* Values that make no sense end here, each with a sentence that says what to do. */}}
{{- define "fairgate.checks" -}}
{{- include "fairgate.checkServer" . -}}
{{- include "fairgate.checkPolicies" . -}}
{{- include "fairgate.checkAdmins" . -}}
{{- include "fairgate.checkCertificates" . -}}
{{- include "fairgate.checkMonitoring" . -}}
{{- end }}

{{- define "fairgate.checkServer" -}}
{{- if eq .Release.Namespace "default" -}}
{{- fail "the release's namespace is default, and what is in fairgate's own is never judged: install it into one that is for nothing else, such as -n fairgate --create-namespace" -}}
{{- end -}}
{{- if not .Values.image.repository -}}
{{- fail "image.repository is empty: say where the image was pushed to, such as registry.example.com/fairgate" -}}
{{- end -}}
{{- if regexMatch `[[:space:]@]|//|:[^/]*$` .Values.image.repository -}}
{{- fail (printf "image.repository is %q: where the image lies, without tag and digest, which are image.tag and image.digest" .Values.image.repository) -}}
{{- end -}}
{{- if regexMatch `/.*[A-Z]` .Values.image.repository -}}
{{- fail (printf "image.repository is %q: what follows the first slash has small letters alone, or nobody pulls it" .Values.image.repository) -}}
{{- end -}}
{{- range $key := list "app.kubernetes.io/name" "app.kubernetes.io/component" -}}
{{- if hasKey ($.Values.podLabels | default dict) $key -}}
{{- fail (printf "podLabels has %s, by which the Service finds the pods: take another key" $key) -}}
{{- end -}}
{{- end -}}
{{- if lt (int .Values.replicas) 1 -}}
{{- fail (printf "replicas is %d: without one, every pod of every tenant would be refused; to stop judging set webhooks.enabled to false" (int .Values.replicas)) -}}
{{- end -}}
{{- $seconds := int .Values.webhooks.timeoutSeconds -}}
{{- if or (lt $seconds 1) (gt $seconds 30) -}}
{{- fail (printf "webhooks.timeoutSeconds is %d: the API server takes 1 to 30" $seconds) -}}
{{- end -}}
{{- if lt (int .Values.serve.threads) 1 -}}
{{- fail (printf "serve.threads is %d: at least one must serve" (int .Values.serve.threads)) -}}
{{- end -}}
{{- if gt (int .Values.serve.threads) 256 -}}
{{- fail (printf "serve.threads is %d: fairgate serve takes 1 to 256" (int .Values.serve.threads)) -}}
{{- end -}}
{{- include "fairgate.checkTime" (list . "drainGrace" "0s" "60s") -}}
{{- include "fairgate.checkTime" (list . "requestTimeout" "1s" "1h") -}}
{{- include "fairgate.checkTime" (list . "maxStaleness" "2s" "1h") -}}
{{- if and .Values.webhooks.pathSecret (lt (len .Values.webhooks.pathSecret) 16) -}}
{{- fail "webhooks.pathSecret has less than 16 characters: it could be guessed; `openssl rand -hex 32` makes one" -}}
{{- end -}}
{{- end }}

{{- define "fairgate.milliseconds" -}}
{{- $number := regexFind `^[0-9]+` . -}}
{{- mulf $number (get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000) (trimPrefix $number .)) -}}
{{- end }}

{{/* Bounds of `fairgate serve`, which would not start. */}}
{{- define "fairgate.checkTime" -}}
{{- $time := get (index . 0).Values.serve (index . 1) -}}
{{- $milliseconds := include "fairgate.milliseconds" ($time | default (index . 2)) | float64 -}}
{{- if or (lt $milliseconds (include "fairgate.milliseconds" (index . 2) | float64)) (gt $milliseconds (include "fairgate.milliseconds" (index . 3) | float64)) -}}
{{- fail (printf "serve.%s is %s: fairgate serve takes %s to %s" (index . 1) $time (index . 2) (index . 3)) -}}
{{- end -}}
{{- end }}

{{- define "fairgate.checkPolicies" -}}
{{- $policies := .Values.policies -}}
{{- if and (not $policies.files) (not $policies.configMap.name) -}}
{{- fail "no policies: give them under policies.files, or name a ConfigMap that has them under policies.configMap.name" -}}
{{- end -}}
{{- if and $policies.files $policies.configMap.name -}}
{{- fail "policies.files and policies.configMap.name are both set: the policy set comes from one of them" -}}
{{- end -}}
{{- if and $policies.configMap.items (not $policies.configMap.name) -}}
{{- fail "policies.configMap.items without policies.configMap.name: name the ConfigMap whose keys these are" -}}
{{- end -}}
{{- $keys := dict -}}
{{- range $path, $content := $policies.files -}}
{{- if not (regexMatch `^([A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*\.ya?ml$` $path) -}}
{{- fail (printf "policies.files: %q can't be a policy file's path: letters, digits, '.', '_' and '-' between slashes, no name that begins with a dot, and .yaml or .yml at the end" $path) -}}
{{- end -}}
{{- $key := include "fairgate.policyKey" $path -}}
{{- if hasKey $keys $key -}}
{{- fail (printf "policies.files: %q and %q would be the same key of a ConfigMap, %q: rename one of them" (get $keys $key) $path $key) -}}
{{- end -}}
{{- $_ := set $keys $key $path -}}
{{- end -}}
{{- if gt (len (toJson $policies.files)) 1000000 -}}
{{- fail (printf "policies.files have %d bytes: a ConfigMap holds 1 MiB" (len (toJson $policies.files))) -}}
{{- end -}}
{{- end }}

{{/* A ConfigMap that is there already is looked into where there is a cluster to ask: not by `helm template`. */}}
{{- define "fairgate.checkAdmins" -}}
{{- if not (or .Values.admins.users .Values.admins.groups) -}}
{{- fail "admins is empty: name who may give namespaces their tenants and change the ladder, such as your GitOps' service account, under admins.users or admins.groups" -}}
{{- end -}}
{{- $files := .Values.policies.files -}}
{{- $where := "policies.files" -}}
{{- with .Values.policies.configMap.name -}}
{{- $files = (lookup "v1" "ConfigMap" $.Release.Namespace .).data -}}
{{- $where = printf "the ConfigMap %s" . -}}
{{- end -}}
{{- $wanted := include "fairgate.admins" .Values.admins -}}
{{- $found := include "fairgate.adminsOfFiles" ($files | default dict) -}}
{{- if and $found (ne $found $wanted) -}}
{{- fail (printf "admins says %s, and the Cluster in %s has admins %s: let both say the same" $wanted $where $found) -}}
{{- end -}}
{{- if and .Values.policies.configMap.name $files (not $found) -}}
{{- fail (printf "%s has no Cluster, so that system:masters alone would be admins: add one with admins %s" $where $wanted) -}}
{{- end -}}
{{- end }}

{{- define "fairgate.checkCertificates" -}}
{{- $certificates := .Values.certificates -}}
{{- if ne $certificates.method "existing" -}}
{{- if or $certificates.existing.secretName $certificates.existing.caBundle -}}
{{- fail (printf "certificates.existing is set, and certificates.method is %s: only one way can be taken; set the method to existing, or leave certificates.existing empty" $certificates.method) -}}
{{- end -}}
{{- else if not (and $certificates.existing.secretName $certificates.existing.caBundle) -}}
{{- fail "certificates.method is existing: certificates.existing.secretName must name the Secret, and certificates.existing.caBundle hold the PEM of whom the API server trusts" -}}
{{- else if not (contains "-----BEGIN CERTIFICATE-----" $certificates.existing.caBundle) -}}
{{- fail "certificates.existing.caBundle is no PEM: it begins with -----BEGIN CERTIFICATE-----, and is not encoded once more" -}}
{{- else if contains "PRIVATE KEY-----" $certificates.existing.caBundle -}}
{{- fail "certificates.existing.caBundle holds a private key: it takes certificates alone, and many may read it" -}}
{{- end -}}
{{- if and $certificates.certManager.issuerRef (ne $certificates.method "cert-manager") -}}
{{- fail (printf "certificates.certManager.issuerRef is set, and certificates.method is %s: only one way can be taken" $certificates.method) -}}
{{- end -}}
{{- end }}

{{- define "fairgate.checkMonitoring" -}}
{{- if and .Values.serviceMonitor.enabled .Values.networkPolicy.enabled (not .Values.networkPolicy.metricsFrom) -}}
{{- fail "serviceMonitor.enabled, and networkPolicy.metricsFrom is empty: Prometheus could not reach the metrics; name its namespace there, such as [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]" -}}
{{- end -}}
{{- end }}
