{{/* The bridge's file of sources, and the ports that follow from it. */}}

{{/* What the file holds. In a pod a port is of no use unless others reach it. */}}
{{- define "sightline.bridge.file" -}}
sources:
{{- range .Values.bridge.sources }}
{{- $source := deepCopy . }}
{{- if and (hasKey $source "port") (ne $source.type "tcp-connect") (not $source.host) }}
{{- $_ := set $source "host" "0.0.0.0" }}
{{- end }}
  - {{ toYaml $source | nindent 4 | trim }}
{{- end }}
{{- end }}

{{/* A JSON list of name, number and protocol: the ports that senders reach. A port's name has at most 15 characters. */}}
{{- define "sightline.bridge.ports" -}}
{{- $ports := list }}
{{- range $index, $source := .Values.bridge.sources }}
{{- if and (hasKey $source "port") (ne $source.type "tcp-connect") }}
{{- $taken := or (gt (len $source.name) 15) (eq $source.name "management") }}
{{- $name := $taken | ternary (printf "source-%d" $index) $source.name }}
{{- $protocol := eq $source.type "udp" | ternary "UDP" "TCP" }}
{{- $ports = append $ports (dict "name" $name "port" (int $source.port) "protocol" $protocol) }}
{{- end }}
{{- end }}
{{- if not .Values.bridge.sources }}
{{- $ports = list (dict "name" "frames" "port" 9500 "protocol" "TCP") }}
{{- end }}
{{- toJson $ports }}
{{- end }}

{{- define "sightline.bridge.containerPorts" -}}
{{- range include "sightline.bridge.ports" . | fromJsonArray }}
- name: {{ .name }}
  containerPort: {{ .port }}
  {{- if ne .protocol "TCP" }}
  protocol: {{ .protocol }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Rules of a network policy: who may send to the ports, and which ports of senders are dialled. */}}
{{- define "sightline.bridge.ingress" -}}
{{- $ports := list }}
{{- range include "sightline.bridge.ports" . | fromJsonArray }}
{{- $ports = append $ports (dict "protocol" .protocol "port" (int .port)) }}
{{- end }}
{{- if $ports -}}
- {{ with .Values.networkPolicy.tcpFrom -}}
  from:
    {{- toYaml . | nindent 4 }}
  {{ end -}}
  ports:
    {{- toYaml $ports | nindent 4 }}
{{- end }}
{{- end }}

{{- define "sightline.bridge.egress" -}}
{{- $dialled := list }}
{{- range .Values.bridge.sources }}
{{- if eq .type "tcp-connect" }}{{ $dialled = append $dialled (int .port) }}{{ end }}
{{- end }}
{{- with $dialled | uniq -}}
- {{ include "sightline.network.ports" . | nindent 2 | trim }}
{{- end }}
{{- end }}

{{- define "sightline.bridge.settings" -}}
{{- if .Values.bridge.sources -}}
SIGHTLINE_BRIDGE_CONFIG_FILE: /etc/sightline/bridge/bridge.yaml
{{- else if .Values.bridge.tls.secret -}}
SIGHTLINE_BRIDGE_TLS_CERTIFICATE_FILE: /etc/sightline/tls/tls.crt
SIGHTLINE_BRIDGE_TLS_KEY_FILE: /etc/sightline/tls/tls.key
{{- if .Values.bridge.tls.clientCertificates }}
SIGHTLINE_BRIDGE_TLS_CLIENT_CA_FILE: /etc/sightline/tls/ca.crt
{{- end }}
{{- end }}
{{- end }}
