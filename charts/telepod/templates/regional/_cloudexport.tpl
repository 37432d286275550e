{{/* Exporters to the cloud's own tools. They give up after a while, so they never block other data. */}}
{{- define "telepod.regional.cloudExporters" -}}
{{- $signals := .Values.regional.cloudExport.signals -}}
{{- if and (eq .Values.cloud.provider "aws") (has "traces" $signals) -}}
otlp_http/xray:
  traces_endpoint: "https://xray.{{ .Values.cloud.region }}.amazonaws.com/v1/traces"
  compression: gzip
  auth: {authenticator: sigv4auth/xray}
  retry_on_failure: {enabled: true, max_elapsed_time: 300s}
  {{ include "telepod.regional.cloudQueue" . }}
{{ end -}}
{{- if and (eq .Values.cloud.provider "aws") (has "logs" $signals) -}}
awscloudwatchlogs:
  region: {{ .Values.cloud.region }}
  log_group_name: {{ include "telepod.collector.literal" .Values.regional.cloudExport.logGroup }}
  log_stream_name: ${env:K8S_POD_NAME}
  retry_on_failure: {enabled: true, max_elapsed_time: 300s}
  {{ include "telepod.regional.cloudQueue" . }}
{{ end -}}
{{- if and (eq .Values.cloud.provider "gcp") $signals -}}
googlecloud:
  {{- with .Values.cloud.account }}
  project: {{ . | quote }}
  {{- end }}
  log: {default_log_name: telepod}
  {{ include "telepod.regional.cloudQueue" . }}
{{ end -}}
{{- if and (eq .Values.cloud.provider "azure") $signals -}}
azuremonitor:
  connection_string: ${env:APPLICATIONINSIGHTS_CONNECTION_STRING}
  {{ include "telepod.regional.cloudQueue" . }}
{{ end -}}
{{- end -}}

{{- define "telepod.regional.cloudQueue" -}}
sending_queue: {enabled: true{{ if include "telepod.regional.persistent" . }}, storage: segment_storage/queue{{ end }}, queue_size: 5000, num_consumers: 4}
{{- end -}}
