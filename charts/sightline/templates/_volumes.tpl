{{/* A pod's persistent volume `data`: as a volume of the pod, or as a claim of its StatefulSet. */}}

{{- define "sightline.dataVolume" -}}
{{- if not .enabled -}}
- name: data
  emptyDir:
    sizeLimit: {{ .size }}
{{- else if .existingClaim -}}
- name: data
  persistentVolumeClaim:
    claimName: {{ .existingClaim }}
{{- end }}
{{- end }}

{{- define "sightline.dataClaim" -}}
{{- if and .enabled (not .existingClaim) -}}
volumeClaimTemplates:
  - apiVersion: v1
    kind: PersistentVolumeClaim
    metadata:
      name: data
    spec:
      accessModes:
        {{- toYaml .accessModes | nindent 8 }}
      {{- with .storageClass }}
      storageClassName: {{ eq . "-" | ternary "" . | quote }}
      {{- end }}
      resources:
        requests:
          storage: {{ .size }}
{{- end }}
{{- end }}
