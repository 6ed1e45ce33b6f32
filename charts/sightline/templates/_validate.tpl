{{/* Combinations that the schema cannot see; each message says what to set. */}}

{{- define "sightline.validate" -}}
{{- $values := .Values }}
{{- $kafka := $values.kafka }}
{{- if eq $kafka.mode "external" }}
{{- $external := $kafka.external }}
{{- if not $external.bootstrapServers }}
{{- fail "kafka.mode is external: set kafka.external.bootstrapServers to host:port,host:port" }}
{{- end }}
{{- if hasPrefix "SASL_" $external.securityProtocol }}
{{- range $process, $secret := $external.secretPerProcess }}
{{- if not (or $secret $external.existingSecret) }}
{{- fail (printf "kafka.external.securityProtocol is %s: set kafka.external.existingSecret, or kafka.external.secretPerProcess.%s" $external.securityProtocol $process) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- if and (eq $kafka.mode "strimzi") (not $kafka.strimzi.create) (not $kafka.strimzi.clusterName) }}
{{- fail "kafka.strimzi.create is false: set kafka.strimzi.clusterName to the Kafka that exists" }}
{{- end }}
{{- if gt (include "sightline.topics.insync" . | int) (include "sightline.topics.replicas" . | int) }}
{{- fail "topics.minInsyncReplicas is above topics.replicationFactor: no write could be acknowledged" }}
{{- end }}
{{- if and (eq $kafka.mode "dev") (gt (int $values.topics.replicationFactor) 1) }}
{{- fail "topics.replicationFactor is above 1: kafka.mode dev has one broker" }}
{{- end }}
{{- if and (eq $kafka.mode "strimzi") $kafka.strimzi.create (gt (int $values.topics.replicationFactor) (int $kafka.strimzi.replicas)) }}
{{- fail "topics.replicationFactor is above kafka.strimzi.replicas" }}
{{- end }}
{{- range $process := list "gateway" "bridge" }}
{{- with get $values $process }}
{{- if gt (add .drainSeconds 25) (int .stopSeconds) }}
{{- fail (printf "%s.stopSeconds has to be at least 25 above %s.drainSeconds: the process ends its work in between" $process $process) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and (eq $values.models.source "claim") (not $values.models.existingClaim) }}
{{- fail "models.source is claim: set models.existingClaim" }}
{{- end }}
{{- if and (eq $values.models.source "init") (not $values.models.init.command) }}
{{- fail "models.source is init: set models.init.command to what fills /opt/sightline/models" }}
{{- end }}
{{- if and $values.gateway.autoscaling.enabled (gt (int $values.gateway.autoscaling.minReplicas) (int $values.gateway.autoscaling.maxReplicas)) }}
{{- fail "gateway.autoscaling.minReplicas is above gateway.autoscaling.maxReplicas" }}
{{- end }}
{{- if and $values.ingress.enabled $values.ingress.tls.enabled (not $values.ingress.hosts) }}
{{- fail "ingress.tls is enabled: set ingress.hosts, which the certificate is for" }}
{{- end }}
{{- if and $values.httpRoute.enabled (not $values.httpRoute.parentRefs) }}
{{- fail "httpRoute is enabled: set httpRoute.parentRefs to the Gateway that it hangs on" }}
{{- end }}
{{- end }}
