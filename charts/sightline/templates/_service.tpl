{{/* `service` beside `root`: the part of a Service's spec that follows from the values; `target` names its port. */}}
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
  - name: {{ .target }}
    port: {{ $service.port }}
    targetPort: {{ .target }}
    {{- if and $service.nodePort (ne $service.type "ClusterIP") }}
    nodePort: {{ $service.nodePort }}
    {{- end }}
{{- end }}
