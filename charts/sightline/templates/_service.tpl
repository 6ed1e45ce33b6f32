{{/*
`service` beside `root`: the part of a Service's spec that follows from the values; `target` names its port, unless
`ports` is a list of names, numbers and protocols.
*/}}
{{- define "sightline.service" -}}
{{- $service := .service -}}
type: {{ $service.type }}
{{- if ne $service.type "ClusterIP" }}
{{- with $service.externalTrafficPolicy }}
externalTrafficPolicy: {{ . }}
{{- end }}
{{- end }}
{{- if eq $service.type "LoadBalancer" }}
{{- with $service.loadBalancerSourceRanges }}
loadBalancerSourceRanges:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
ports:
  {{- range .ports }}
  - name: {{ .name }}
    port: {{ .port }}
    targetPort: {{ .name }}
    {{- if ne .protocol "TCP" }}
    protocol: {{ .protocol }}
    {{- end }}
  {{- else }}
  - name: {{ .target }}
    port: {{ $service.port }}
    targetPort: {{ .target }}
    {{- if and $service.nodePort (ne $service.type "ClusterIP") }}
    nodePort: {{ $service.nodePort }}
    {{- end }}
  {{- end }}
{{- end }}
