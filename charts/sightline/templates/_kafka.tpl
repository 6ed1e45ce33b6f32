{{/* Where Kafka is and how a process shows who it is, in the three modes. */}}

{{- define "sightline.kafka.devName" -}}
{{- printf "%s-kafka" (include "sightline.fullname" .) }}
{{- end }}

{{- define "sightline.kafka.clusterName" -}}
{{- .Values.kafka.strimzi.clusterName | default (include "sightline.fullname" .) }}
{{- end }}

{{- define "sightline.kafka.bootstrapServers" -}}
{{- $kafka := .Values.kafka }}
{{- if eq $kafka.mode "dev" }}
{{- printf "%s.%s.svc:9092" (include "sightline.kafka.devName" .) .Release.Namespace }}
{{- else if eq $kafka.mode "strimzi" }}
{{- printf "%s-kafka-bootstrap.%s.svc:9093" (include "sightline.kafka.clusterName" .) .Release.Namespace }}
{{- else }}
{{- $kafka.external.bootstrapServers }}
{{- end }}
{{- end }}

{{- define "sightline.kafka.securityProtocol" -}}
{{- $kafka := .Values.kafka }}
{{- get (dict "dev" "PLAINTEXT" "strimzi" "SASL_SSL" "external" $kafka.external.securityProtocol) $kafka.mode }}
{{- end }}

{{/* The Secret with a process's password; Strimzi makes one a KafkaUser, under its name. */}}
{{- define "sightline.kafka.userSecret" -}}
{{- $kafka := .root.Values.kafka }}
{{- if eq $kafka.mode "strimzi" }}
{{- include "sightline.componentName" . }}
{{- else if hasPrefix "SASL_" (include "sightline.kafka.securityProtocol" .root) }}
{{- get $kafka.external.secretPerProcess .component | default $kafka.external.existingSecret }}
{{- end }}
{{- end }}

{{/* What a process's volume of Kafka credentials is made of: sources of a projected volume, or nothing. */}}
{{- define "sightline.kafka.sources" -}}
{{- $kafka := .root.Values.kafka }}
{{- $strimzi := eq $kafka.mode "strimzi" }}
{{- $external := $kafka.external }}
{{- $protocol := include "sightline.kafka.securityProtocol" .root }}
{{- with include "sightline.kafka.userSecret" . }}
- secret:
    name: {{ . }}
    items:
      - key: {{ $strimzi | ternary "password" $external.passwordKey }}
        path: password
{{- end }}
{{- if $strimzi }}
- secret:
    name: {{ include "sightline.kafka.clusterName" .root }}-cluster-ca-cert
    items:
      - key: ca.crt
        path: ca.crt
{{- else if hasSuffix "SSL" $protocol }}
{{- with $external.caSecret }}
- secret:
    name: {{ . }}
    items:
      - key: {{ $external.caKey }}
        path: ca.crt
{{- end }}
{{- with $external.certificateSecret }}
- secret:
    name: {{ . }}
    items:
      - key: tls.crt
        path: tls.crt
      - key: tls.key
        path: tls.key
{{- end }}
{{- end }}
{{- end }}

{{- define "sightline.kafka.settings" -}}
{{- $kafka := .root.Values.kafka }}
{{- $protocol := include "sightline.kafka.securityProtocol" .root }}
{{- $sources := include "sightline.kafka.sources" . }}
SIGHTLINE_KAFKA_BOOTSTRAP_SERVERS: {{ include "sightline.kafka.bootstrapServers" .root | quote }}
SIGHTLINE_KAFKA_SECURITY_PROTOCOL: {{ $protocol }}
{{- if hasPrefix "SASL_" $protocol }}
SIGHTLINE_KAFKA_SASL_MECHANISM: {{ eq $kafka.mode "strimzi" | ternary "SCRAM-SHA-512" $kafka.external.saslMechanism }}
SIGHTLINE_KAFKA_PASSWORD_FILE: /etc/sightline/kafka/password
{{- end }}
{{- if eq $kafka.mode "external" }}
{{- with $kafka.external.oauthTokenUrl }}
SIGHTLINE_KAFKA_OAUTH_TOKEN_URL: {{ . | quote }}
{{- end }}
{{- with $kafka.external.oauthScope }}
SIGHTLINE_KAFKA_OAUTH_SCOPE: {{ . | quote }}
{{- end }}
{{- end }}
{{- if eq $kafka.mode "strimzi" }}
SIGHTLINE_KAFKA_USERNAME: {{ include "sightline.componentName" . }}
{{- end }}
{{- if contains "path: ca.crt" $sources }}
SIGHTLINE_KAFKA_CA_FILE: /etc/sightline/kafka/ca.crt
{{- end }}
{{- if contains "path: tls.crt" $sources }}
SIGHTLINE_KAFKA_CERTIFICATE_FILE: /etc/sightline/kafka/tls.crt
SIGHTLINE_KAFKA_KEY_FILE: /etc/sightline/kafka/tls.key
{{- end }}
{{- end }}

{{/* The password is a file; only the name of an external user comes from its Secret as a variable. */}}
{{- define "sightline.kafka.env" -}}
{{- if eq .root.Values.kafka.mode "external" }}
{{- with include "sightline.kafka.userSecret" . -}}
- name: SIGHTLINE_KAFKA_USERNAME
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: {{ $.root.Values.kafka.external.usernameKey }}
{{- end }}
{{- end }}
{{- end }}

{{- define "sightline.kafka.volumes" -}}
{{- with include "sightline.kafka.sources" . -}}
- name: kafka-credentials
  projected:
    defaultMode: 0440
    sources:
      {{- . | trim | nindent 6 }}
{{- end }}
{{- end }}

{{- define "sightline.kafka.mounts" -}}
{{- if include "sightline.kafka.sources" . -}}
- name: kafka-credentials
  mountPath: /etc/sightline/kafka
  readOnly: true
{{- end }}
{{- end }}
