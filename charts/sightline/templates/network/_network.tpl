{{/* Pieces of the network policies. */}}

{{/* The pods of one process, as a peer or a selector. */}}
{{- define "sightline.network.pods" -}}
podSelector:
  matchLabels:
    {{- include "sightline.selectorLabels" . | nindent 4 }}
{{- end }}

{{- define "sightline.network.head" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "sightline.metadata" . | nindent 2 }}
{{- end }}

{{/* `ports`: a list of TCP ports as the list of a rule. */}}
{{- define "sightline.network.ports" -}}
ports:
  {{- range . }}
  - protocol: TCP
    port: {{ . }}
  {{- end }}
{{- end }}

{{/* `peers`: who may; without any, everybody. */}}
{{- define "sightline.network.from" -}}
{{- if .peers -}}
from:
  {{- toYaml .peers | nindent 2 }}
{{ end -}}
{{- include "sightline.network.ports" .ports }}
{{- end }}

{{/* The egress rule to Kafka. */}}
{{- define "sightline.network.toKafka" -}}
{{- $policy := .Values.networkPolicy }}
{{- if eq .Values.kafka.mode "dev" -}}
to:
  - {{ include "sightline.network.pods" (dict "root" . "component" "kafka") | nindent 4 | trim }}
{{ include "sightline.network.ports" (list 9092) }}
{{- else if eq .Values.kafka.mode "strimzi" -}}
to:
  - podSelector:
      matchLabels:
        strimzi.io/cluster: {{ include "sightline.kafka.clusterName" . }}
        strimzi.io/kind: Kafka
{{ include "sightline.network.ports" (list 9093) }}
{{- else -}}
{{- with $policy.kafkaTo -}}
to:
  {{- toYaml . | nindent 2 }}
{{ end -}}
{{- $ports := list }}
{{- range splitList "," .Values.kafka.external.bootstrapServers }}
{{- $ports = append $ports (splitList ":" . | last | int) }}
{{- end }}
{{- include "sightline.network.ports" ($policy.kafkaPorts | default ($ports | uniq)) }}
{{- end }}
{{- end }}
