{{/* The receiver that scrapes the node's annotated pods. It limits what a careless or hostile pod can send. Arguments: the root. */}}
{{- define "telepod.regional.annotated" -}}
{{- $scrape := .Values.regional.scrape -}}
prometheus/annotated:
  config:
    global:
      scrape_interval: {{ $scrape.interval }}
      scrape_timeout: {{ include "telepod.regional.scrapeTimeout" . }}
      metric_name_validation_scheme: legacy
    scrape_configs:
      - job_name: annotated
        sample_limit: {{ int $scrape.maxSamples }}
        body_size_limit: 16MB
        label_limit: 64
        label_name_length_limit: 256
        label_value_length_limit: 4096
        target_limit: 500
        kubernetes_sd_configs:
          - role: pod
            selectors: [{role: pod, field: "spec.nodeName=${env:K8S_NODE_NAME}"}]
        relabel_configs:
          - {source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scrape], regex: "true", action: keep}
          - {source_labels: [__meta_kubernetes_pod_phase], regex: 'Pending|Succeeded|Failed|Completed', action: drop}
          # Telepod's own pods have their own jobs.
          - {source_labels: [__meta_kubernetes_namespace, __meta_kubernetes_pod_label_app_kubernetes_io_name], regex: "{{ .Release.Namespace }};telepod", action: drop}
          - {source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scheme], regex: '(https?)', target_label: __scheme__}
          - {source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_path], regex: '(/.*)', target_label: __metrics_path__}
          - {source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_port, __meta_kubernetes_pod_ip], regex: '(\d+);(.*:.*)', target_label: __address__, replacement: "[$$2]:$$1"}
          - {source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_port, __meta_kubernetes_pod_ip], regex: '(\d+);([0-9.]+)', target_label: __address__, replacement: "$$2:$$1"}
{{- end -}}

{{- define "telepod.regional.scrapeTimeout" -}}
{{ regexMatch "^[0-9]s$" .Values.regional.scrape.interval | ternary .Values.regional.scrape.interval "10s" }}
{{- end -}}

{{/* Operators for the lines of log files, after that for the container's format. Arguments: the root. */}}
{{- define "telepod.regional.lines" -}}
{{- $files := .Values.regional.logFiles -}}
{{- with $files.firstLine -}}
# Joins the lines of a record. An incomplete record waits for five seconds.
- type: recombine
  combine_field: body
  is_first_entry: 'body matches {{ . | replace "$" "$$" | toJson | replace "'" "''" }}'
  source_identifier: attributes["log.file.path"]
  max_log_size: 256KiB
  max_batch_size: 1000
  force_flush_period: 5s
{{ end -}}
{{- if $files.json -}}
- type: json_parser
  if: 'body matches "^\\s*\\{"'
  on_error: send_quiet
{{- range list "level" "severity" "lvl" }}
- {type: severity_parser, if: 'attributes["{{ . }}"] != nil', parse_from: 'attributes["{{ . }}"]', on_error: send_quiet}
{{- end }}
{{- range list "time" "ts" "timestamp" }}
- {type: time_parser, if: 'string(attributes["{{ . }}"] ?? "") matches "^\\d{4}-\\d\\d-\\d\\dT"', parse_from: 'attributes["{{ . }}"]', layout_type: gotime, layout: "2006-01-02T15:04:05.999999999Z07:00", on_error: send_quiet}
{{- end }}
- {type: trace_parser, if: 'string(attributes["trace_id"] ?? "") matches "^[0-9a-f]{32}$$"', trace_id: {parse_from: 'attributes["trace_id"]'}, span_id: {parse_from: 'attributes["span_id"]'}, on_error: send_quiet}
{{- range list "msg" "message" }}
- {type: move, if: 'attributes["{{ . }}"] != nil', from: 'attributes["{{ . }}"]', to: body, on_error: send_quiet}
{{- end }}
{{- end -}}
{{- end -}}
