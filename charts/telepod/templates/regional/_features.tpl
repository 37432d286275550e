{{/* The features of the regional Collectors that the values enable, as a list. Arguments: the root. */}}
{{- define "telepod.regional.features" -}}
{{- $regional := .Values.regional -}}
{{- range list
      (list "queueOnDisk" (include "telepod.regional.persistent" .))
      (list "containerLogs" $regional.containerLogs)
      (list "nodeMetrics" $regional.nodeMetrics)
      (list "annotatedPods" $regional.scrape.annotated)
      (list "sampling" (lt (float64 $regional.samplePercent) 100.0))
      (list "applicationMetrics" $regional.applicationMetrics)
      (list "cloudExport" $regional.cloudExport.signals)
      (list "destinations" $regional.destinations)
      (list "ownMetrics" .Values.collector.metrics.send) }}
{{- if last . }}
- {{ include (printf "telepod.regional.%s" (first .)) $ | fromYaml | toJson }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The exporter of metrics pipelines. Arguments: the root. */}}
{{- define "telepod.regional.metricsTo" -}}
{{ hasKey (include "telepod.regional.fans" . | fromYaml) "metrics" | ternary "fan_out/metrics" "otlp_failover" }}
{{- end -}}

{{- define "telepod.regional.queueOnDisk" -}}
extensions: |
  segment_storage/queue:
    directory: ${env:QUEUE_DIR}
    create_directory: true
    # With less free space on the disk, the queue refuses data: an outage of the sites must not fill a node's disk.
    min_free: {{ mul .Values.regional.queue.minFreeMegabytes 1048576 }}
    # Queues of earlier charts (file_storage) are read once.
    import: {directory: "${env:QUEUE_DIR}", components: {otlp_failover: otlp_grpc/loop}}
{{- end -}}

{{- define "telepod.regional.containerLogs" -}}
{{- $files := .Values.regional.logFiles -}}
receivers: |
  file_log:
    include: [{{ range $i, $n := $files.namespaces | default (list "*") }}{{ if $i }}, {{ end }}/var/log/pods/{{ eq $n "*" | ternary "*" (printf "%s_*" $n) }}/*/*.log{{ end }}]
    exclude: [/var/log/pods/{{ .Release.Namespace }}_{{ include "telepod.regional.name" . }}-*/*/*.log{{ range $files.excludeNamespaces }}, /var/log/pods/{{ . }}_*/*/*.log{{ end }}]
    include_file_path: true
    include_file_name: false
    start_at: end
    storage: segment_storage/queue
    retry_on_failure: {enabled: true, max_elapsed_time: 0s}
    operators:
      - {type: container}
      {{- with include "telepod.regional.lines" . }}
      {{- . | nindent 6 }}
      {{- end }}
joins: {logs: {receivers: [file_log]}}
{{- end -}}

{{- define "telepod.regional.nodeMetrics" -}}
receivers: |
  host_metrics:
    collection_interval: 30s
    root_path: /hostfs
    scrapers: {cpu: {}, memory: {}, load: {}, disk: {}}
  kubeletstats:
    collection_interval: 30s
    auth_type: serviceAccount
    # The image's supervisor puts an IPv6 address into brackets.
    endpoint: "https://${env:K8S_NODE_HOST:-${env:K8S_NODE_IP}}:10250"
    # Most kubelets sign their own certificate; this one runs on the Collector's node.
    insecure_skip_verify: true
    metric_groups: [node, pod, container, volume]
processors: |
  resource/node:
    attributes:
      - {key: k8s.node.name, value: "${env:K8S_NODE_NAME}", action: insert}
pipelines: |
  metrics/node: {receivers: [host_metrics, kubeletstats], processors: [memory_limiter, k8s_attributes, resource/node, resource_detection, resource/cloud], exporters: [{{ include "telepod.regional.metricsTo" . }}]}
{{- end -}}

{{- define "telepod.regional.annotatedPods" -}}
receivers: |
  {{- include "telepod.regional.annotated" . | nindent 2 }}
processors: |
  # The names of the scrape job and target would hide those of the service and the pod.
  resource/scraped:
    attributes: [{key: service.name, action: delete}, {key: service.instance.id, action: delete}]
pipelines: |
  metrics/scraped: {receivers: [prometheus/annotated], processors: [memory_limiter, resource/scraped, k8s_attributes, resource_detection, resource/cloud, secrets], exporters: [{{ include "telepod.regional.metricsTo" . }}]}
{{- end -}}

{{/* The Collector's own metrics, and those of the webhook's pods on its node. */}}
{{- define "telepod.regional.ownMetrics" -}}
{{- $daemonset := eq .Values.regional.mode "daemonset" -}}
receivers: |
  {{- include "telepod.metrics.receiver" (dict "root" . "service" "telepod-regional" "instance" ($daemonset | ternary "K8S_NODE_NAME" "K8S_POD_NAME") "webhook" (and $daemonset .Values.injector.enabled)) | nindent 2 }}
pipelines: |
  metrics/own: {receivers: [prometheus/own], processors: [memory_limiter], exporters: [{{ include "telepod.regional.metricsTo" . }}]}
{{- end -}}

{{- define "telepod.regional.sampling" -}}
processors: |
  # Errors, 5xx and slow spans are always kept; the rest of their traces may not be. All regions keep the same traces.
  transform/keep:
    error_mode: ignore
    trace_statements:
      - context: span
        statements:
          - set(span.attributes["sampling.priority"], 1) where span.attributes["http.response.status_code"] >= 500 or span.attributes["http.status_code"] >= 500
          - set(span.attributes["sampling.priority"], 1) where span.status.code == STATUS_CODE_ERROR or span.end_time_unix_nano - span.start_time_unix_nano > {{ int .Values.central.sampling.slowMilliseconds }}000000
  probabilistic_sampler: {mode: proportional, sampling_percentage: {{ .Values.regional.samplePercent }}}
joins: {traces: {processors: [transform/keep, probabilistic_sampler]}}
{{- end -}}

{{- define "telepod.regional.applicationMetrics" -}}
exporters: |
  prometheus: {endpoint: "[${env:K8S_POD_IP}]:8889", resource_to_telemetry_conversion: {enabled: true}, metric_expiration: 5m}
joins: {metrics: {exporters: [prometheus]}}
{{- end -}}

{{/* The cloud's own tools. Their exporters give up after a while, so they never block other data. */}}
{{- define "telepod.regional.cloudExport" -}}
{{- $provider := .Values.cloud.provider -}}
{{- $signals := .Values.regional.cloudExport.signals -}}
{{- $filter := include "telepod.collector.filter" (include "telepod.regional.rulesFor" (dict "rules" .Values.regional.sovereignty "to" "cloud") | fromYamlArray) -}}
{{- if and (eq $provider "aws") (has "traces" $signals) -}}
extensions: |
  sigv4auth/xray: {region: {{ .Values.cloud.region }}, service: xray}
{{ end -}}
{{- with $filter -}}
processors: |
  # Drops an item if one of the conditions is true.
  filter/cloud:
    error_mode: propagate
    {{- . | trim | nindent 4 }}
{{ end -}}
connectors: |
  forward/cloud: {}
exporters: |
  {{- include "telepod.regional.cloudExporters" . | trim | nindent 2 }}
pipelines: |
  {{- range $signal := $signals }}
  {{- $exporter := get (dict "aws" (eq $signal "traces" | ternary "otlp_http/xray" "awscloudwatchlogs") "gcp" "googlecloud" "azure" "azuremonitor") $provider }}
  {{ $signal }}/cloud: {receivers: [forward/cloud], {{ if $filter }}processors: [filter/cloud], {{ end }}exporters: [{{ $exporter }}]}
  {{- end }}
joins:
  {{- range $signals }}
  {{ . }}: {exporters: [forward/cloud]}
  {{- end }}
{{- end -}}

{{- define "telepod.regional.destinations" -}}
{{- $here := include "telepod.destinations" (dict "root" . "part" "regional") | fromYamlArray -}}
{{- include "telepod.destinations.feature" (dict "root" . "part" "regional" "tier" "regional" "here" $here "fans" (include "telepod.regional.fans" . | fromYaml)) -}}
{{- end -}}
