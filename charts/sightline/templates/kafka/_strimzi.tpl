{{/* Brokers under the restricted pod security standard; Strimzi's images need their root to be writable. */}}
{{- define "sightline.kafka.nodeTemplate" -}}
pod:
  securityContext:
    runAsNonRoot: true
    seccompProfile:
      type: RuntimeDefault
  {{- with .Values.pods.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.pods.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
kafkaContainer:
  securityContext:
    {{- omit (include "sightline.containerSecurity" . | fromYaml) "readOnlyRootFilesystem" | toYaml | nindent 4 }}
{{- end }}

{{- define "sightline.kafka.brokerConfig" -}}
{{- $replicas := min 3 .Values.kafka.strimzi.replicas | int }}
{{- $insync := add (div $replicas 2) 1 | int }}
{{- $limit := include "sightline.recordLimit" . | int }}
{{- $config := dict
  "auto.create.topics.enable" false
  "default.replication.factor" $replicas
  "min.insync.replicas" $insync
  "offsets.topic.replication.factor" $replicas
  "transaction.state.log.replication.factor" $replicas
  "transaction.state.log.min.isr" $insync
  "share.coordinator.state.topic.replication.factor" $replicas
  "share.coordinator.state.topic.min.isr" $insync
  "message.max.bytes" $limit
  "replica.fetch.max.bytes" $limit
}}
{{- range $name, $value := .Values.kafka.strimzi.config }}
{{- $_ := set $config $name (kindIs "float64" $value | ternary (include "sightline.scalar" $value) $value) }}
{{- end }}
{{- toYaml $config }}
{{- end }}
