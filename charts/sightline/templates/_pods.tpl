{{/* What every pod has in common. */}}

{{/* What a process reads only when it starts: its pods are replaced when this changes. */}}
{{- define "sightline.checksum" -}}
{{- $read := include "sightline.settings" . }}
{{- if and (eq .component "classifier") (eq .root.Values.spark.mode "kubernetes") }}
{{- $read = cat $read (include "sightline.spark.executor" .root) }}
{{- end }}
{{- if and (eq .component "bridge") .root.Values.bridge.sources }}
{{- $read = cat $read (include "sightline.bridge.file" .root) }}
{{- end }}
{{- sha256sum $read }}
{{- end }}

{{- define "sightline.podMetadata" -}}
{{- $values := .values }}
{{- $annotations := merge (dict) ($values.podAnnotations | default dict) .root.Values.pods.annotations }}
{{- if ne .component "kafka" }}{{ $_ := set $annotations "checksum/config" (include "sightline.checksum" .) }}{{ end }}
{{- with $annotations -}}
annotations:
  {{- toYaml . | nindent 2 }}
{{ end -}}
labels:
  {{- include "sightline.podLabels" . | nindent 2 }}
  {{- with merge (dict) ($values.podLabels | default dict) .root.Values.pods.labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/*
The start of every pod's spec. Without service links: they would set SIGHTLINE_GATEWAY_PORT and its like to addresses,
which the processes read as their settings.
*/}}
{{- define "sightline.podSpec" -}}
serviceAccountName: {{ .account | default (include "sightline.serviceAccountName" .root) }}
automountServiceAccountToken: {{ .token | default false }}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- include "sightline.scheduling" . }}
{{- end }}

{{- define "sightline.scheduling" -}}
{{- $pods := .root.Values.pods }}
{{- with merge (dict) (.values.nodeSelector | default dict) $pods.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations | default $pods.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity | default $pods.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "sightline.priorityClassName" . }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{- define "sightline.priorityClassName" -}}
{{- $made := .root.Values.priorityClass.create | ternary (include "sightline.priorityClass" .root) "" }}
{{- .values.priorityClassName | default .root.Values.pods.priorityClassName | default $made }}
{{- end }}

{{/* Of the whole cluster, so the namespace is part of its name. */}}
{{- define "sightline.priorityClass" -}}
{{- printf "%s-%s" .Release.Namespace (include "sightline.fullname" .) }}
{{- end }}

{{- define "sightline.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Name, image, security, settings and resources of a process's container. */}}
{{- define "sightline.container" -}}
name: {{ .component }}
image: {{ include "sightline.image" (dict "root" .root "image" .values.image) }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  {{- include "sightline.containerSecurity" . | nindent 2 }}
envFrom:
  - configMapRef:
      name: {{ include "sightline.componentName" . }}
{{- with include "sightline.env" . }}
env:
  {{- . | nindent 2 }}
{{- end }}
resources:
  {{- toYaml .values.resources | nindent 2 }}
{{- end }}

{{/* Variables that a ConfigMap cannot hold: secrets, the pod's own name, and what users add. */}}
{{- define "sightline.env" -}}
{{- $parts := list (include "sightline.kafka.env" .) }}
{{- if eq .component "classifier" }}{{ $parts = append $parts (include "sightline.spark.env" .) }}{{ end }}
{{- with .values.extraEnv }}{{ $parts = append $parts (toYaml .) }}{{ end }}
{{- $parts | compact | join "\n" }}
{{- end }}

{{/* `port` and `path`: an HTTP probe; seconds follow. */}}
{{- define "sightline.probe" -}}
httpGet:
  path: {{ .path }}
  port: {{ .port }}
periodSeconds: {{ .every }}
timeoutSeconds: {{ .timeout | default 3 }}
failureThreshold: {{ .failures | default 3 }}
{{- end }}

{{/* The same three for every process: started once it answers, alive while it answers, ready when it says so. */}}
{{- define "sightline.probes" -}}
startupProbe:
  {{- include "sightline.probe" (dict "path" "/healthz" "port" .port "every" 2 "failures" 60) | nindent 2 }}
livenessProbe:
  {{- include "sightline.probe" (dict "path" "/healthz" "port" .port "every" 10 "timeout" 5) | nindent 2 }}
readinessProbe:
  {{- include "sightline.probe" (dict "path" "/readyz" "port" .port "every" 2 "timeout" 5) | nindent 2 }}
{{- end }}

{{/* The process goes on while the nodes learn that new connections have to go elsewhere. */}}
{{- define "sightline.drain" -}}
lifecycle:
  preStop:
    exec:
      command: [sleep, {{ .values.drainSeconds | quote }}]
{{- end }}
