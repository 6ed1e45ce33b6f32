{{/* The settings of a process: a ConfigMap's data, one variable a line. */}}

{{- define "sightline.settings" -}}
{{- $settings := dict "SIGHTLINE_LOG_FORMAT" "json" }}
{{- $settings = merge $settings (include "sightline.kafka.settings" . | fromYaml) }}
{{- if eq .component "classifier" }}
{{- $settings = merge $settings (include "sightline.spark.settings" .root | fromYaml) }}
{{- end }}
{{- if eq .component "topics" }}
{{- $settings = merge $settings (include "sightline.topics.settings" .root | fromYaml) }}
{{- end }}
{{- if eq .component "bridge" }}
{{- $settings = merge $settings (include "sightline.bridge.settings" .root | fromYaml) }}
{{- end }}
{{- if eq .component "gateway" }}
{{- $settings = merge $settings (include "sightline.access.settings" .root | fromYaml) }}
{{- end }}
{{- $component := .component }}
{{- range $name, $value := .root.Values.config }}
{{- if include "sightline.settings.concerns" (dict "name" $name "component" $component) }}
{{- $_ := set $settings $name (include "sightline.scalar" $value) }}
{{- end }}
{{- end }}
{{- toYaml $settings }}
{{- end }}

{{/* Whether a process reads a variable: one that names another process is not its own, and must not restart it. */}}
{{- define "sightline.settings.concerns" -}}
{{- $others := without (list "gateway" "bridge" "classifier" "topics") .component }}
{{- $foreign := false }}
{{- range $others }}
{{- if hasPrefix (printf "SIGHTLINE_%s_" (upper .)) $.name }}{{ $foreign = true }}{{ end }}
{{- end }}
{{- if not $foreign }}true{{ end }}
{{- end }}

{{/* Helm reads whole numbers as floats, which would be written as 1.048576e+07. */}}
{{- define "sightline.scalar" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) }}{{ printf "%.0f" . }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{/* Whether the gateway knows callers; without, the chart has judged where it can be reached from. */}}
{{- define "sightline.access.settings" -}}
{{- if .Values.gateway.keysSecret -}}
SIGHTLINE_GATEWAY_KEYS_FILE: /etc/sightline/access/keys
{{- else if not .Values.config.SIGHTLINE_GATEWAY_OIDC_ISSUER -}}
SIGHTLINE_GATEWAY_OPEN_ACCESS: "true"
{{- end }}
{{- end }}

{{- define "sightline.topics.settings" -}}
SIGHTLINE_TOPICS_REPLICATION_FACTOR: {{ include "sightline.topics.replicas" . | quote }}
SIGHTLINE_TOPICS_MIN_INSYNC_REPLICAS: {{ include "sightline.topics.insync" . | quote }}
SIGHTLINE_TOPICS_DEADLINE_S: {{ .Values.topics.deadlineSeconds | quote }}
{{- end }}

{{/* Three replicas, but no more than there are brokers. */}}
{{- define "sightline.topics.replicas" -}}
{{- $kafka := .Values.kafka }}
{{- $known := dict "dev" 1 "strimzi" (min 3 $kafka.strimzi.replicas) "external" 3 }}
{{- .Values.topics.replicationFactor | default (get $known $kafka.mode) }}
{{- end }}

{{/* A majority: one replica can be away, and what was acknowledged is on two. */}}
{{- define "sightline.topics.insync" -}}
{{- $replicas := include "sightline.topics.replicas" . | int }}
{{- .Values.topics.minInsyncReplicas | default (add (div $replicas 2) 1) }}
{{- end }}

{{/* Bytes of the largest record: the largest image and its headers, as services/contracts computes it. */}}
{{- define "sightline.recordLimit" -}}
{{- $limit := .Values.config.SIGHTLINE_MAX_IMAGE_BYTES | default 10485760 }}
{{- add (int64 $limit) 65536 }}
{{- end }}
