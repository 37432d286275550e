{{/* The Collectors' and the webhook's own metrics. */}}

{{/*
service.telemetry of a Collector, with labels that identify its cloud, cluster and site. Arguments: root, service and, at a
central site, site.
*/}}
{{- define "telepod.metrics.telemetry" -}}
resource:
  attributes:
    - {name: service.name, value: {{ .service }}}
    {{- if ne .root.Values.cloud.provider "other" }}
    - {name: cloud.provider, value: {{ .root.Values.cloud.provider }}}
    {{- end }}
    - {name: cloud.region, value: "${env:CLOUD_REGION}"}
    - {name: k8s.cluster.name, value: {{ include "telepod.collector.literal" .root.Values.cluster.name }}}
    {{- with .site }}
    - {name: telepod.central.site, value: {{ . }}}
    {{- end }}
    - {name: k8s.node.name, value: "${env:K8S_NODE_NAME}"}
    - {name: k8s.pod.name, value: "${env:K8S_POD_NAME}"}
logs: {disable_stacktrace: true}
metrics:
  # Only the level detailed includes sizes; the views drop what no rule or dashboard uses. Sizes are counted only where data
  # enters and leaves, because each count walks over all of the data.
  level: detailed
  views:
    {{- range list "otelcol.processor.*" "otelcol.connector.*.size" "otelcol_processor_internal_duration" "otelcol_exporter_queue_batch_send_size*" "rpc.*" "http.client.request.body.size" "http.server.request.duration" "http.server.response.body.size" "otelcol_kafka*" }}
    - {selector: {instrument_name: {{ . | quote }}}, stream: {aggregation: {drop: {}}}}
    {{- end }}
    {{- range list "http.client.request.duration" "http.server.request.body.size" }}
    - {selector: {instrument_name: {{ . }}}, stream: {aggregation: {explicit_bucket_histogram: {boundaries: []}}}}
    {{- end }}
  readers:
    - pull:
        exporter:
          prometheus:
            host: ${env:K8S_POD_IP}
            port: 8888
            # The scopes identify components. Names include units and types.
            without_scope_info: false
            without_units: false
            without_type_suffix: false
            with_resource_constant_labels: {included: [cloud.provider, cloud.region, k8s.cluster.name{{ if .site }}, telepod.central.site{{ end }}]}
{{- end -}}

{{/*
The receiver of a Collector's own metrics. Arguments: root, service, instance (the variable with the name of the node or
pod) and webhook, if it collects the webhook's as well.
*/}}
{{- define "telepod.metrics.receiver" -}}
{{- $cluster := include "telepod.collector.literal" .root.Values.cluster.name | trimAll "\"" -}}
prometheus/own:
  config:
    global:
      scrape_interval: {{ .root.Values.collector.metrics.interval }}
      scrape_timeout: {{ .root.Values.collector.metrics.interval }}
      # The queries use names without dots.
      metric_name_validation_scheme: legacy
    scrape_configs:
      - job_name: {{ .service }}
        honor_labels: true
        static_configs: [{targets: ["${env:K8S_POD_IP}:8888"]}]
        relabel_configs:
          # Puts an IPv6 address into brackets.
          - {source_labels: [__address__], regex: "(.*:.*):8888", target_label: __address__, replacement: "[$$1]:8888"}
          - {target_label: instance, replacement: "{{ $cluster }}/${env:{{ .instance }}}"}
          {{- include "telepod.metrics.place" . | nindent 10 }}
        metric_relabel_configs:
          - {source_labels: [__name__], regex: "otelcol_.+|http_.+", action: keep}
          # Keeps only the counts of processors that remove data.
          - {source_labels: [__name__, processor], regex: "otelcol_processor_(incoming|outgoing)_items_total;(memory_limiter|k8s_attributes|resource_detection|resource/(claims|cloud|node|site|environment)|secrets|archive_folder|span_names|cluster_identity|delta_to_cumulative|transform/.+)", action: drop}
          - {source_labels: [__name__], regex: "otelcol_processor_memory_limiter_.+|otelcol_processor_tail_sampling_sampling_(decision|policy|trace_removal).+|otelcol_process_runtime_.+|.+_bucket", action: drop}
          - {regex: "otel_scope_(name|version|schema_url|otelcol_component_kind)|http_request_method|network_protocol_.+|url_scheme|url_path|server_(address|port)|error_permanent", action: labeldrop}
      {{- if .webhook }}
      # The webhook's pods on this node.
      - job_name: telepod-injector
        kubernetes_sd_configs:
          - role: pod
            namespaces: {names: [{{ .root.Release.Namespace }}]}
            selectors:
              - role: pod
                label: app.kubernetes.io/component{{ if include "telepod.repair.installed" .root }} in (injector,repair){{ else }}=injector{{ end }},app.kubernetes.io/instance={{ .root.Release.Name }}
                field: spec.nodeName=${env:K8S_NODE_NAME}
        relabel_configs:
          - {source_labels: [__meta_kubernetes_pod_container_port_name], regex: metrics, action: keep}
          - {source_labels: [__meta_kubernetes_pod_name], target_label: instance, replacement: "{{ $cluster }}/$$1"}
          {{- include "telepod.metrics.place" . | nindent 10 }}
        metric_relabel_configs:
          - {source_labels: [__name__], regex: "telepod_.+", action: keep}
          - {regex: "otel_scope_.+", action: labeldrop}
      {{- end }}
{{- end -}}

{{/* Labels for the location of a target. */}}
{{- define "telepod.metrics.place" -}}
{{- if ne .root.Values.cloud.provider "other" -}}
- {target_label: cloud_provider, replacement: {{ .root.Values.cloud.provider }}}
{{ end -}}
- {target_label: cloud_region, replacement: "${env:CLOUD_REGION}"}
- {target_label: k8s_cluster_name, replacement: {{ include "telepod.collector.literal" .root.Values.cluster.name }}}
{{- end -}}
