{{/* Combinations that the schema cannot see; each message says what to set. */}}

{{- define "sightline.validate" -}}
{{- $values := .Values }}
{{- $kafka := $values.kafka }}
{{- $external := $kafka.external }}
{{- include "sightline.validate.credentials" $kafka }}
{{- if eq $kafka.mode "external" }}
{{- if not $external.bootstrapServers }}
{{- fail "kafka.mode is external: set kafka.external.bootstrapServers to host:port,host:port" }}
{{- end }}
{{- if hasPrefix "SASL_" $external.securityProtocol }}
{{- range $process, $secret := $external.secretPerProcess }}
{{- $runs := include "sightline.runs" (dict "root" $ "component" $process) }}
{{- if and $runs (not (or $secret $external.existingSecret)) }}
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
{{- include "sightline.validate.stop" (dict "root" . "component" "gateway" "setting" "SIGHTLINE_GATEWAY_DRAIN_S" "default" 5 "more" 20) }}
{{- include "sightline.validate.stop" (dict "root" . "component" "bridge" "setting" "SIGHTLINE_BRIDGE_SHUTDOWN_TIMEOUT_S" "default" 20 "more" 5) }}
{{- include "sightline.validate.tasks" . }}
{{- include "sightline.validate.memory" . }}
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
{{- include "sightline.validate.access" $values }}
{{- include "sightline.validate.senders" $values.bridge }}
{{- end }}

{{/* A rule about senders that is set and would not hold is worse than none. */}}
{{- define "sightline.validate.senders" -}}
{{- $ciphered := false }}
{{- range .sources }}
{{- if .tls }}{{ $ciphered = true }}{{ end }}
{{- end }}
{{- if and .tls.clientCertificates .sources }}
{{- fail "bridge.tls.clientCertificates would not hold for bridge.sources: set tls.client_ca of each source that needs it" }}
{{- else if and .tls.clientCertificates (not .tls.secret) }}
{{- fail "bridge.tls.clientCertificates would not hold without TLS: set bridge.tls.secret" }}
{{- else if and .tls.secret .sources (not $ciphered) }}
{{- fail "bridge.tls.secret is set and no source of bridge.sources has tls: name the Secret's files there" }}
{{- end }}
{{- end }}

{{/* Nobody is let in from outside because a line was forgotten. */}}
{{- define "sightline.validate.access" -}}
{{- $outside := or .ingress.enabled .httpRoute.enabled (ne .gateway.service.type "ClusterIP") }}
{{- if and .gateway.keysSecret .gateway.openAccess }}
{{- fail "gateway.keysSecret and gateway.openAccess are both set: keep one" }}
{{- else if and .config.SIGHTLINE_GATEWAY_OIDC_ISSUER .gateway.openAccess }}
{{- fail "config.SIGHTLINE_GATEWAY_OIDC_ISSUER and gateway.openAccess are both set: keep one" }}
{{- else if and $outside (not .gateway.keysSecret) (not .gateway.openAccess) (not .config.SIGHTLINE_GATEWAY_OIDC_ISSUER) }}
{{- fail "the gateway can be reached from outside of the cluster: set gateway.keysSecret, or gateway.openAccess to true to let everyone in" }}
{{- end }}
{{- end }}

{{/* Nothing goes in the clear, or to another broker, because a line was forgotten. */}}
{{- define "sightline.validate.credentials" -}}
{{- $external := .external }}
{{- $protocol := $external.securityProtocol }}
{{- $passwords := prepend (values $external.secretPerProcess) $external.existingSecret | compact }}
{{- $certificates := list $external.caSecret $external.certificateSecret | compact }}
{{- if ne .mode "external" }}
{{- range $name := list "bootstrapServers" "securityProtocol" "existingSecret" "secretPerProcess" "caSecret" "certificateSecret" "oauthTokenUrl" }}
{{- $value := get $external $name }}
{{- if kindIs "map" $value }}{{ $value = values $value | compact }}{{ end }}
{{- if and $value (ne (toString $value) "PLAINTEXT") }}
{{- fail (printf "kafka.mode is %s, which ignores kafka.external.%s: set kafka.mode to external" $.mode $name) }}
{{- end }}
{{- end }}
{{- else if and $passwords (not (hasPrefix "SASL_" $protocol)) }}
{{- fail (printf "a Secret with a password is set, and kafka.external.securityProtocol is %s, which sends no password: set SASL_SSL" $protocol) }}
{{- else if ne (and (hasPrefix "SASL_" $protocol) (eq $external.saslMechanism "OAUTHBEARER")) (ne $external.oauthTokenUrl "") }}
{{- fail "kafka.external.oauthTokenUrl and saslMechanism OAUTHBEARER belong together: set both" }}
{{- else if and $certificates (not (hasSuffix "SSL" $protocol)) }}
{{- fail (printf "a Secret with a certificate is set, and kafka.external.securityProtocol is %s, which checks no certificate: set SASL_SSL or SSL" $protocol) }}
{{- end }}
{{- end }}

{{/* Networks, decoders and the process take 2 GiB beside the heap; a container above its limit is killed. */}}
{{- define "sightline.validate.memory" -}}
{{- $heap := .Values.config.SIGHTLINE_CLASSIFIER_DRIVER_MEMORY | default "2g" }}
{{- $needed := add (include "sightline.mebibytes" $heap | int64) 2048 }}
{{- $limit := dig "limits" "memory" "" .Values.classifier.resources }}
{{- if and $limit (lt (include "sightline.mebibytes" $limit | int64) $needed) }}
{{- fail (printf "classifier.resources.limits.memory is %s: config.SIGHTLINE_CLASSIFIER_DRIVER_MEMORY (%s) needs %dMi, the heap and 2 GiB beside it" (include "sightline.scalar" $limit) $heap $needed) }}
{{- end }}
{{- end }}

{{/* Whole MiB of an amount of memory, as a JVM or Kubernetes writes it. */}}
{{- define "sightline.mebibytes" -}}
{{- $text := include "sightline.scalar" . }}
{{- $units := dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "" 1 }}
{{- if regexMatch "[mg]$" $text }}{{ $text = printf "%si" (upper $text) }}{{ end }}
{{- divf (mulf (regexFind "^[0-9.]+" $text | float64) (get $units (regexFind "[A-Za-z]*$" $text))) 1048576 | floor | int64 }}
{{- end }}

{{/* A process that is killed while it ends its work fails what it has: `more` is what it takes beside its setting. */}}
{{- define "sightline.validate.stop" -}}
{{- $values := get .root.Values .component }}
{{- $work := addf (get .root.Values.config .setting | default .default) .more | ceil | int }}
{{- if and (include "sightline.runs" .) (gt (add $values.drainSeconds $work) (int $values.stopSeconds)) }}
{{- fail (printf "%s.stopSeconds has to be at least %d above %s.drainSeconds: the process ends its work in between (config.%s)" .component $work .component .setting) }}
{{- end }}
{{- end }}

{{- define "sightline.validate.tasks" -}}
{{- $config := .Values.config }}
{{- $topic := $config.SIGHTLINE_CLASSIFIER_IMAGES_TOPIC | default "images" }}
{{- $spark := .Values.spark }}
{{- if eq ($config.SIGHTLINE_CLASSIFIER_TRIGGER | default "processing") "continuous" }}
{{- range .Files.Get "files/topics.json" | fromJsonArray }}
{{- if and (eq .name $topic) (eq $spark.mode "local") (lt (int $spark.local.cores) (int .partitions)) }}
{{- fail (printf "config.SIGHTLINE_CLASSIFIER_TRIGGER is continuous, which keeps one task a partition: set spark.local.cores to %d or more" (int .partitions)) }}
{{- end }}
{{- if and (eq .name $topic) (eq $spark.mode "kubernetes") (lt (mul $spark.kubernetes.executors $spark.kubernetes.executorCores | int) (int .partitions)) }}
{{- fail (printf "config.SIGHTLINE_CLASSIFIER_TRIGGER is continuous, which keeps one task a partition: set spark.kubernetes.executors x executorCores to %d or more" (int .partitions)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
