{{/* The features of a central Collector, as a list. Arguments: root, part and tier. */}}
{{- define "telepod.central.features" -}}
{{- $site := eq .tier "site" -}}
{{- $routes := and $site (include "telepod.central.hasSamplers" .root) -}}
{{- $decides := and (include "telepod.central.samples" .root) (not $routes) -}}
{{- $metrics := include "telepod.central.siteMetrics" .root -}}
{{- $fans := $site | ternary (include "telepod.central.branches" .root | fromYaml) dict -}}
{{- if $decides -}}
{{- $_ := set $fans "sampled" (include "telepod.destinations.branches" (dict "root" .root "part" "central" "sampled" true) | fromYaml).traces -}}
{{- end -}}
{{- $arguments := dict "root" .root "part" .part "tier" .tier "here" (include "telepod.central.here" . | fromYamlArray) "fans" $fans -}}
{{- range list
      (list "fromRegions" $site)
      (list "fromSite" (not $site))
      (list "spanMetrics" (and $site $metrics))
      (list "routing" $routes)
      (list "sampling" $decides)
      (list "destinations" true)
      (list "ownMetrics" (and $metrics .root.Values.collector.metrics.send)) }}
{{- if last . }}
- {{ include (printf "telepod.central.%s" (first .)) $arguments | fromYaml | toJson }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Receives data from the regions and sends it to the branches. */}}
{{- define "telepod.central.fromRegions" -}}
{{- $environment := .root.Values.environment -}}
extensions: |
  cert_metrics: {files: ["${env:TLS_DIR}/tls.crt", "${env:TLS_DIR}/client-ca.crt"]}
receivers: |
  otlp_mux:
    endpoints: ["[${env:K8S_POD_IP}]:4318", "[${env:K8S_POD_IP}]:4317"]
    # Above the largest request of a region, and below every batch.max_size, above which a batch drops an item.
    max_request_body_size: 16777216
    tls: {cert_file: "${env:TLS_DIR}/tls.crt", key_file: "${env:TLS_DIR}/tls.key", client_ca_file: "${env:TLS_DIR}/client-ca.crt", client_ca_file_reload: true, min_version: "1.3", reload_interval: 1h}
    # Regions share the limit by their certificates, because behind a load balancer all may have the same address.
    admission: {max_in_flight_bytes: {{ include "telepod.collector.inFlight" (dict "part" .part "name" "central" "least" 67108864) }}, peer_identity: certificate}
    # Connections are closed after a while, so a new replica gets its share.
    connections: {max_age: 2m, max_per_peer: 0}
processors: |
  # A cluster can only use the name in its certificate.
  cluster_identity: {require: {{ not (empty (or .root.Values.tls.issuerRef .root.Values.tls.clientCAConfigMap)) }}}
  # Records which site received the data. Not for metrics, because a label that changes at a failover starts new series.
  resource/site:
    attributes:
      - {key: telepod.central.site, value: {{ .root.Values.central.role }}, action: upsert}
      {{- with $environment }}
      - {key: deployment.environment.name, value: {{ include "telepod.collector.literal" . }}, action: insert}
      {{- end }}
  {{- with $environment }}
  resource/environment:
    attributes: [{key: deployment.environment.name, value: {{ include "telepod.collector.literal" . }}, action: insert}]
  {{- end }}
exporters: |
  {{- range $signal, $of := .fans }}
  {{- if has (printf "%s/none" $signal) $of.required }}
  # This site has no destination for {{ $signal }}: it accepts and drops them.
  nop/{{ $signal }}: {}
  {{- end }}
  {{- end }}
pipelines: |
  traces: {receivers: [otlp_mux], processors: [memory_limiter, cluster_identity, resource/site], exporters: [fan_out/traces]}
  metrics: {receivers: [otlp_mux], processors: [memory_limiter, cluster_identity{{ if $environment }}, resource/environment{{ end }}], exporters: [fan_out/metrics]}
  logs: {receivers: [otlp_mux], processors: [memory_limiter, cluster_identity, resource/site], exporters: [fan_out/logs]}
  {{- range $signal, $of := .fans }}
  {{- if has (printf "%s/none" $signal) $of.required }}
  {{ $signal }}/none: {receivers: [fan_out/{{ $signal }}], exporters: [nop/{{ $signal }}]}
  {{- end }}
  {{- end }}
{{- end -}}

{{/* Receives data from the site's own Collectors, in the cluster's network. */}}
{{- define "telepod.central.fromSite" -}}
receivers: |
  otlp_mux:
    endpoints: ["[${env:K8S_POD_IP}]:4317"]
    max_request_body_size: 33554432
    admission: {max_in_flight_bytes: {{ include "telepod.collector.inFlight" (dict "part" .part "name" "central" "least" 67108864) }}, peer_share: 1}
{{- end -}}

{{- define "telepod.central.spanMetrics" -}}
{{- $values := .root.Values.central.spanMetrics -}}
{{- /* The attributes that identify a service. */ -}}
{{- $service := list "service.name" "service.namespace" "cloud.provider" "cloud.region" "k8s.cluster.name" "k8s.namespace.name" "deployment.environment.name" -}}
processors: |
  {{- if $values.replaceIDs }}
  # Names with identifiers would create a series each.
  span_names: {}
  {{- end }}
  # One series of each service counts the spans above maxSeriesPerService. It has no dimensions; these attributes keep the
  # series of clusters and replicas apart.
  transform/overflow:
    error_mode: ignore
    metric_statements:
      - context: datapoint
        conditions: ['datapoint.attributes["otel.metric.overflow"] == true']
        statements:
          - set(datapoint.attributes["collector"], "${env:K8S_POD_NAME}")
          {{- range $service }}
          - set(datapoint.attributes["{{ . }}"], resource.attributes["{{ . }}"]) where resource.attributes["{{ . }}"] != nil
          {{- end }}
connectors: |
  span_metrics:
    histogram: {unit: s, explicit: {buckets: [5ms, 10ms, 25ms, 50ms, 100ms, 250ms, 500ms, 1s, 2.5s, 5s, 10s]}}
    exemplars: {enabled: true, max_per_data_point: 1}
    # Each replica counts separately, so its name is among the labels. Old SDKs set http.status_code.
    dimensions: [{name: cloud.provider}, {name: cloud.region}, {name: k8s.cluster.name}, {name: k8s.namespace.name}, {name: deployment.environment.name}, {name: http.request.method}, {name: http.route}, {name: http.response.status_code}, {name: http.status_code}, {name: collector, default: "${env:K8S_POD_NAME}"}]
    resource_metrics_key_attributes: [{{ join ", " $service }}]
    # Above maxSeriesPerService, spans are counted in one series with the label otel_metric_overflow. Above maxServices, the
    # least recently counted service restarts at zero.
    resource_metrics_cache_size: {{ int $values.maxServices }}
    aggregation_cardinality_limit: {{ int $values.maxSeriesPerService }}
    metrics_flush_interval: 15s
    metrics_expiration: 10m
pipelines: |
  traces/span-metrics: {receivers: [fan_out/traces], {{ if $values.replaceIDs }}processors: [span_names], {{ end }}exporters: [span_metrics]}
  {{- $processors := empty .root.Values.environment | ternary (list "memory_limiter" "transform/overflow") (list "memory_limiter" "resource/environment" "transform/overflow") }}
  {{- include "telepod.central.metricsPipelines" (dict "here" .here "name" "spans" "receiver" "span_metrics" "processors" $processors) | nindent 2 }}
{{- end -}}

{{- define "telepod.central.ownMetrics" -}}
receivers: |
  {{- include "telepod.metrics.receiver" (dict "root" .root "service" (include "telepod.central.service" .) "instance" "K8S_POD_NAME") | nindent 2 }}
pipelines: |
  {{- include "telepod.central.metricsPipelines" (dict "here" .here "name" "own" "receiver" "prometheus/own" "processors" (list "memory_limiter")) | nindent 2 }}
{{- end -}}

{{/*
The pipelines for metrics that a site creates, to each destination that gets them. Arguments: here, name, receiver and
processors.
*/}}
{{- define "telepod.central.metricsPipelines" -}}
{{- range $to := .here -}}
{{- if and $to.siteMetrics (has "metrics" $to.signals) -}}
{{- $suffix := eq $to.name "prometheus" | ternary "" (printf "-%s" $to.name) -}}
{{- $filter := and (not (empty $to.rules)) (ne $to.protocol "otlp_http") | ternary (list (printf "filter/%s" $to.name)) list -}}
metrics/{{ $.name }}{{ $suffix }}: {receivers: [{{ $.receiver }}], processors: [{{ join ", " (concat $.processors $filter) }}], exporters: [{{ $to.exporter }}]}
{{ end -}}
{{- end -}}
{{- end -}}

{{/* Sends all spans of a trace to one sampler. */}}
{{- define "telepod.central.routing" -}}
exporters: |
  # The queue is in front of the routing: if a sampler stops, data that it has not accepted goes to another one within seconds.
  load_balancing/samplers:
    routing_key: traceID
    resolver:
      dns: {hostname: {{ include "telepod.central.sampler" .root }}.{{ .root.Release.Namespace }}.svc, port: "4317", interval: 2s, timeout: 1s}
    timeout: 10s
    retry_on_failure: {enabled: true, initial_interval: 500ms, max_interval: 2s, max_elapsed_time: 0s}
    sending_queue: {enabled: true, storage: segment_storage/queue, sizer: bytes, queue_size: {{ include "telepod.destinations.share" . }}, num_consumers: 4, batch: {sizer: bytes, flush_timeout: 200ms, min_size: 1000000, max_size: 17000000}}
    protocol:
      otlp:
        compression: none
        timeout: 2s
        tls: {insecure: true}
        retry_on_failure: {enabled: false}
        sending_queue: {enabled: false}
pipelines: |
  traces/samplers: {receivers: [fan_out/traces], exporters: [load_balancing/samplers]}
{{- end -}}

{{/* Decides which traces are kept, and sends them to the destinations of sampled traces. */}}
{{- define "telepod.central.sampling" -}}
processors: |
  {{- include "telepod.central.tailSampling" .root.Values.central | nindent 2 }}
pipelines: |
  {{- $in := eq .tier "site" | ternary "receivers: [fan_out/traces], processors: [tail_sampling]" "receivers: [otlp_mux], processors: [memory_limiter, tail_sampling]" }}
  traces/sampled: { {{- $in }}, exporters: [fan_out/sampled]}
{{- end -}}

{{- define "telepod.central.destinations" -}}
{{- include "telepod.destinations.feature" (dict "root" .root "part" "central" "tier" .tier "here" .here "fans" .fans) -}}
{{- end -}}
