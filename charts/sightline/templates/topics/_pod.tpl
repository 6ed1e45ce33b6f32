{{- define "sightline.topics.pod" -}}
metadata:
  {{- include "sightline.podMetadata" . | nindent 2 }}
spec:
  {{- include "sightline.podSpec" . | nindent 2 }}
  restartPolicy: OnFailure
  containers:
    - {{ include "sightline.container" . | nindent 6 | trim }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
        {{- with include "sightline.kafka.mounts" . }}
        {{- . | nindent 8 }}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: 64Mi
    {{- with include "sightline.kafka.volumes" . }}
    {{- . | nindent 4 }}
    {{- end }}
{{- end }}
