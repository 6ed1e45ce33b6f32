{{/*
Names and labels. Most templates here take a "pod": a dict of `root` (the chart's scope), `component` (the process)
and `values` (its section of the values).
*/}}

{{- define "sightline.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* 40 characters, so that the longest suffix and what controllers append stay within the 63 of a label. */}}
{{- define "sightline.fullname" -}}
{{- $name := include "sightline.name" . }}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- .Values.fullnameOverride | default $full | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "sightline.componentName" -}}
{{- printf "%s-%s" (include "sightline.fullname" .root) .component }}
{{- end }}

{{/* The Service by which executors reach the classifier, and Prometheus its metrics. */}}
{{- define "sightline.driverName" -}}
{{- printf "%s-classifier-driver" (include "sightline.fullname" .) }}
{{- end }}

{{- define "sightline.serviceAccountName" -}}
{{- $account := .Values.serviceAccount }}
{{- $account.name | default ($account.create | ternary (include "sightline.fullname" .) "default") }}
{{- end }}

{{- define "sightline.driverAccountName" -}}
{{- $account := .Values.spark.kubernetes.serviceAccount }}
{{- $account.name | default ($account.create | ternary (printf "%s-driver" (include "sightline.fullname" .)) "default") }}
{{- end }}

{{/* What selects the pods of one process; immutable once installed. */}}
{{- define "sightline.selectorLabels" -}}
app.kubernetes.io/name: {{ include "sightline.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Labels of pods: none that changes with the chart's version, or each upgrade would restart everything. */}}
{{- define "sightline.podLabels" -}}
{{ include "sightline.selectorLabels" . }}
app.kubernetes.io/part-of: sightline
{{- end }}

{{- define "sightline.labels" -}}
{{ include "sightline.selectorLabels" . }}
app.kubernetes.io/part-of: sightline
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "sightline.metadata" -}}
name: {{ include "sightline.componentName" . }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "sightline.labels" . | nindent 2 }}
{{- end }}

{{/* `image` beside `root`: an image of the values as one reference. */}}
{{- define "sightline.image" -}}
{{- $tag := .image.tag | default .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- with .root.Values.image.registry }}{{ trimSuffix "/" . }}/{{ end }}
{{- .image.repository }}{{ empty .image.digest | ternary (printf ":%s" $tag) (printf "@%s" .image.digest) }}
{{- end }}

{{/* Whether a process is part of the release. With Strimzi the operator makes the topics. */}}
{{- define "sightline.runs" -}}
{{- if eq .component "bridge" }}
{{- if .root.Values.bridge.enabled }}true{{ end }}
{{- else if eq .component "topics" }}
{{- if and .root.Values.topics.enabled (ne .root.Values.kafka.mode "strimzi") }}true{{ end }}
{{- else }}true{{ end }}
{{- end }}
