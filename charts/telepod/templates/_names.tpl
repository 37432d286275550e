{{/* The prefix of every object's name. */}}
{{- define "telepod.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 48 | trimSuffix "-" -}}
{{- else if contains "telepod" .Release.Name -}}
{{- .Release.Name | trunc 48 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-telepod" .Release.Name | trunc 48 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
