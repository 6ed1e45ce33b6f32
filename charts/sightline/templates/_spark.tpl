{{/* Where Spark computes. */}}

{{- define "sightline.spark.settings" -}}
{{- $spark := .Values.spark }}
{{- $kubernetes := $spark.kubernetes }}
{{- if eq $spark.mode "local" -}}
SIGHTLINE_CLASSIFIER_MASTER: {{ printf "local[%d]" (int $spark.local.cores) }}
{{- else -}}
SIGHTLINE_CLASSIFIER_MASTER: {{ $kubernetes.master }}
SIGHTLINE_CLASSIFIER_EXECUTORS: {{ $kubernetes.executors | quote }}
SIGHTLINE_CLASSIFIER_EXECUTOR_CORES: {{ $kubernetes.executorCores | quote }}
SIGHTLINE_CLASSIFIER_EXECUTOR_MEMORY: {{ $kubernetes.executorMemory }}
SIGHTLINE_CLASSIFIER_EXECUTOR_MEMORY_OVERHEAD: {{ $kubernetes.executorMemoryOverhead }}
SIGHTLINE_CLASSIFIER_DRIVER_HOST: {{ include "sightline.driverName" . }}.{{ .Release.Namespace }}.svc
SIGHTLINE_CLASSIFIER_DRIVER_PORT: "7078"
SIGHTLINE_CLASSIFIER_BLOCK_MANAGER_PORT: "7079"
SIGHTLINE_CLASSIFIER_KUBERNETES_NAMESPACE: {{ .Release.Namespace }}
SIGHTLINE_CLASSIFIER_KUBERNETES_IMAGE: {{ include "sightline.image" (dict "root" . "image" .Values.classifier.image) }}
SIGHTLINE_CLASSIFIER_KUBERNETES_SERVICE_ACCOUNT: {{ include "sightline.serviceAccountName" . }}
SIGHTLINE_CLASSIFIER_KUBERNETES_POD_TEMPLATE: /etc/sightline/spark/executor.yaml
{{- end }}
{{- end }}

{{- define "sightline.spark.env" -}}
{{- if eq .root.Values.spark.mode "kubernetes" -}}
- name: SIGHTLINE_CLASSIFIER_KUBERNETES_POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- end }}
{{- end }}

{{- define "sightline.spark.templateName" -}}
{{- printf "%s-executor" (include "sightline.fullname" .) }}
{{- end }}

{{/*
What Spark makes executor pods after. It adds image, command, cores and memory. Kafka's secrets are not in it: the
driver hands executors what they need with each task.
*/}}
{{- define "sightline.spark.executor" -}}
{{- $executor := dict "root" . "component" "executor" "values" .Values.classifier -}}
apiVersion: v1
kind: Pod
metadata:
  labels:
    {{- include "sightline.podLabels" $executor | nindent 4 }}
    {{- with merge (dict) .Values.classifier.podLabels .Values.pods.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with merge (dict) .Values.spark.kubernetes.podAnnotations .Values.pods.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- include "sightline.podSpec" $executor | nindent 2 }}
  {{- with include "sightline.models.initContainers" . }}
  initContainers:
    {{- . | nindent 4 }}
  {{- end }}
  containers:
    - name: executor
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      securityContext:
        {{- include "sightline.containerSecurity" . | nindent 8 }}
      {{- with .Values.classifier.extraEnv }}
      env:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
        {{- with include "sightline.models.mounts" . }}
        {{- . | nindent 8 }}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: {{ .Values.classifier.tmpSize }}
    {{- with include "sightline.models.volumes" . }}
    {{- . | nindent 4 }}
    {{- end }}
{{- end }}
