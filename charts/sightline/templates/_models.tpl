{{/* Where a process finds its models; nothing when they are in its image. */}}

{{- define "sightline.models.volumes" -}}
{{- $models := .Values.models }}
{{- if eq $models.source "claim" -}}
- name: models
  persistentVolumeClaim:
    claimName: {{ $models.existingClaim }}
    readOnly: true
{{- else if eq $models.source "init" -}}
- name: models
  emptyDir:
    sizeLimit: {{ $models.init.size }}
{{- end }}
{{- end }}

{{- define "sightline.models.mounts" -}}
{{- if ne .Values.models.source "image" -}}
- name: models
  mountPath: /opt/sightline/models
  readOnly: true
  {{- if and (eq .Values.models.source "claim") .Values.models.subPath }}
  subPath: {{ .Values.models.subPath }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "sightline.models.initContainers" -}}
{{- $init := .Values.models.init }}
{{- if eq .Values.models.source "init" -}}
- name: models
  image: {{ include "sightline.image" (dict "root" . "image" ($init.image | default .Values.classifier.image)) }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command:
    {{- toYaml $init.command | nindent 4 }}
  {{- with $init.args }}
  args:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "sightline.containerSecurity" . | nindent 4 }}
  resources:
    {{- toYaml $init.resources | nindent 4 }}
  volumeMounts:
    - name: models
      mountPath: /opt/sightline/models
    - name: tmp
      mountPath: /tmp
{{- end }}
{{- end }}
