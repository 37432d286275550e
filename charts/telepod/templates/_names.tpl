{{/* The prefix of every object's name. */}}
{{- define "telepod.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains "telepod" .Release.Name -}}
{{- .Release.Name -}}
{{- else -}}
{{- printf "%s-telepod" .Release.Name -}}
{{- end -}}
{{- end -}}
