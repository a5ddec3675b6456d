{{/* A ConfigMap's keys hold no slash. */}}
{{- define "fairgate.policyKey" -}}
{{- replace "/" "__" . -}}
{{- end }}

{{/* As JSON: {"users": [...], "groups": [...]}, in order, with what is meant where groups are left out. */}}
{{- define "fairgate.admins" -}}
{{- $groups := kindIs "slice" .groups | ternary .groups (list "system:masters") -}}
{{- dict "users" (.users | default list | uniq | sortAlpha) "groups" ($groups | uniq | sortAlpha) | toJson -}}
{{- end }}

{{/* Of files by path: the admins of the Cluster among them, as above; nothing where there is no Cluster. */}}
{{- define "fairgate.adminsOfFiles" -}}
{{- range $path, $content := . -}}
{{- if not (regexMatch `\.test\.ya?ml$` $path) -}}
{{- range regexSplit "(?m)^---" $content -1 -}}
{{- $document := fromYaml . -}}
{{- if and (eq (toString $document.kind) "Cluster") (hasPrefix "fairgate.dev/" (toString $document.apiVersion)) -}}
{{- include "fairgate.admins" (($document.spec).admins | default dict) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The policy set as files by path, as JSON: what was given, and a Cluster where that has none. */}}
{{- define "fairgate.policyFiles" -}}
{{- $files := deepCopy .Values.policies.files -}}
{{- if not (include "fairgate.adminsOfFiles" $files) -}}
{{- if hasKey $files "admins.yaml" -}}
{{- fail "policies.files has an admins.yaml, and no Cluster: the chart writes one with the value admins into a file of this name; rename yours" -}}
{{- end -}}
{{- $admins := .Values.admins -}}
{{- $spec := dict "admins" (include "fairgate.admins" $admins | fromJson) -}}
{{- $cluster := dict "apiVersion" "fairgate.dev/v1alpha1" "kind" "Cluster" "metadata" (dict "name" "cluster") "spec" $spec -}}
{{- $_ := set $files "admins.yaml" (printf "# From the chart's value admins.\n%s\n" (toYaml $cluster)) -}}
{{- end -}}
{{- toJson $files -}}
{{- end }}

{{/* The volume in which keys are files again. */}}
{{- define "fairgate.policyVolume" -}}
{{- $configMap := .Values.policies.configMap -}}
configMap:
  name: {{ $configMap.name | default "fairgate-policies" | quote }}
  {{- if not $configMap.name }}
  items:
    {{- range $path, $_ := include "fairgate.policyFiles" . | fromJson }}
    - {key: {{ include "fairgate.policyKey" $path | quote }}, path: {{ $path | quote }}}
    {{- end }}
  {{- else if $configMap.items }}
  items: {{- toYaml $configMap.items | nindent 4 }}
  {{- end }}
{{- end }}
