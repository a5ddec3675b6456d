{{/* Every object is named fairgate: there is one in a cluster. */}}
{{- define "fairgate.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: fairgate
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* Of a pod that does this. Nothing in it changes with the version. */}}
{{- define "fairgate.podLabels" -}}
app.kubernetes.io/name: fairgate
app.kubernetes.io/instance: {{ (index . 0).Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Labels as YAML, and those of a value, which go before: no key is there twice. */}}
{{- define "fairgate.withLabels" -}}
{{- merge dict (index . 1 | default dict) (index . 0 | fromYaml) | toYaml -}}
{{- end }}

{{/* Of the serving pods; they never change. */}}
{{- define "fairgate.selector" -}}
app.kubernetes.io/name: fairgate
app.kubernetes.io/component: server
{{- end }}

{{- define "fairgate.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default .Chart.AppVersion $image.tag }}
{{- end -}}
{{- end }}

{{/* Of every container. */}}
{{- define "fairgate.container" -}}
image: {{ include "fairgate.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
terminationMessagePolicy: FallbackToLogsOnError
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* Of every pod. */}}
{{- define "fairgate.pod" -}}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- end }}

{{- define "fairgate.tlsSecret" -}}
{{- if eq .Values.certificates.method "existing" -}}
{{ .Values.certificates.existing.secretName }}
{{- else -}}
fairgate-tls
{{- end -}}
{{- end }}

{{/* As a JSON list: what the webhooks are never asked about. */}}
{{- define "fairgate.exemptNamespaces" -}}
{{- concat (list "kube-system" "kube-node-lease" .Release.Namespace) .Values.webhooks.exemptNamespaces | uniq | toJson -}}
{{- end }}

{{/* The objects of a file of access/, in the release's namespace and with its labels. */}}
{{- define "fairgate.access" -}}
{{- $root := index . 0 }}
{{- range splitList "\n---\n" ($root.Files.Get (index . 1)) }}
{{- $object := fromYaml . }}
{{- $_ := set $object.metadata "labels" (include "fairgate.labels" $root | fromYaml) }}
{{- range $object.subjects }}
{{- $_ := set . "namespace" $root.Release.Namespace }}
{{- end }}
{{- range ($object.spec).rules }}
{{- range .subjects }}
{{- $_ := set .serviceAccount "namespace" $root.Release.Namespace }}
{{- end }}
{{- end }}
---
{{ toYaml $object }}
{{- end }}
{{- end }}
