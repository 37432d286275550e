{{/*
A central Collector's configuration. Takes root and tier: a site receives; a sampler decides about whole traces
where there are several. A single site does both.

  traces  ▶ fan_out ┬▶ [by trace id to a sampler] ▶ tail sampling ▶ disk queues ▶ Jaeger, Kafka
                    ├▶ archive_folder ▶ disk queue ▶ S3                              everything
                    └▶ span_metrics ▶ metric labels ▶ disk queue ▶ Prometheus        from everything
  metrics ▶ fan_out ┬▶ metric labels ▶ disk queue ▶ Prometheus
                    └▶ disk queue ▶ Kafka
  logs    ▶ fan_out ┬▶ archive_folder ▶ disk queue ▶ S3
                    └▶ disk queue ▶ Kafka

Every branch ends in a queue of its own, so a store that is down delays no other. When its queue is full, a
required branch refuses the request before the others have seen it; an optional one drops, and counts what it drops.
*/}}
{{- define "telepod.central.config" -}}
{{- $central := .root.Values.central }}
{{- $site := eq .tier "site" }}
{{- $routes := and $site (include "telepod.central.hasSamplers" .root) }}
{{- $decides := and (include "telepod.central.samples" .root) (not $routes) }}
{{- $archive := and $site $central.archive.bucket }}
{{- $kafka := $central.kafka.brokers }}
{{- $prometheus := and $site $central.prometheus }}
{{- $own := and .root.Values.collector.metrics.send $central.prometheus }}
{{- $writes := or $prometheus $own }}
{{- $service := $site | ternary "telepod-central" "telepod-sampler" }}
{{- $environment := .root.Values.environment }}
{{- $branches := include "telepod.central.branches" .root | fromYaml }}
{{- $queue := printf "enabled: true, storage: segment_storage/queue, sizer: bytes, queue_size: %s" (include "telepod.central.queueBytes" .root) }}
{{- $retry := "{enabled: true, initial_interval: 1s, max_interval: 5s, max_elapsed_time: 0s}" -}}
extensions:
  health_check: {endpoint: "[${env:K8S_POD_IP}]:13133"}
  {{- if $site }}
  cert_metrics: {files: ["${env:TLS_DIR}/tls.crt", "${env:TLS_DIR}/client-ca.crt"]}
  {{- end }}
  segment_storage/queue:
    directory: ${env:QUEUE_DIR}
    create_directory: true
    # Queues of earlier charts (file_storage) are read once.
    import: {directory: "${env:QUEUE_DIR}", components: {awss3/traces: otlp_grpc/archive, awss3/logs: otlp_grpc/archive, load_balancing/samplers: loadbalancing/samplers}}

receivers:
  {{- if $site }}
  otlp_mux:
    endpoints: ["[${env:K8S_POD_IP}]:4318", "[${env:K8S_POD_IP}]:4317"]
    # Above what a region sends at once, and below every batch.max_size: a batch drops an item above that.
    max_request_body_size: 16777216
    tls: {cert_file: "${env:TLS_DIR}/tls.crt", key_file: "${env:TLS_DIR}/tls.key", client_ca_file: "${env:TLS_DIR}/client-ca.crt", client_ca_file_reload: true, min_version: "1.3", reload_interval: 1h}
    # Regions share what is in flight by their certificates: behind a load balancer all may have one address.
    admission: {max_in_flight_bytes: {{ include "telepod.collector.inFlight" (dict "part" .part "name" "central" "least" 67108864) }}, peer_identity: certificate}
    # Connections end after a while, so that a new replica gets its share.
    connections: {max_age: 2m, max_per_peer: 0}
  {{- else }}
  # From the site's own Collectors, in the cluster's network.
  otlp_mux:
    endpoints: ["[${env:K8S_POD_IP}]:4317"]
    max_request_body_size: 33554432
    admission: {max_in_flight_bytes: {{ include "telepod.collector.inFlight" (dict "part" .part "name" "central" "least" 67108864) }}, peer_share: 1}
  {{- end }}
  {{- if $own }}
  {{- include "telepod.metrics.receiver" (dict "root" .root "service" $service "instance" "K8S_POD_NAME") | nindent 2 }}
  {{- end }}
  {{- if $writes }}
  # The remote-write exporter has no queue on disk; otlp_http/prometheus keeps its data, and hands it over here.
  otlp/prometheus:
    protocols:
      http: {endpoint: "${env:LOOP_HOST:-127.0.0.1}:14320", max_request_body_size: 67108864}
  {{- end }}

processors:
  memory_limiter: {check_interval: 1s, limit_percentage: 80, spike_limit_percentage: 20}
  {{- if $site }}
  # A cluster writes under the name in its certificate, and no other.
  cluster_identity: {require: {{ not (empty (or .root.Values.tls.issuerRef .root.Values.tls.clientCAConfigMap)) }}}
  # Which site received it. Not on metrics: a label that changes at a failover would start new series.
  resource/site:
    attributes:
      - {key: telepod.central.site, value: {{ $central.role }}, action: upsert}
      {{- with $environment }}
      - {key: deployment.environment.name, value: {{ include "telepod.collector.literal" . }}, action: insert}
      {{- end }}
  {{- with $environment }}
  resource/environment:
    attributes: [{key: deployment.environment.name, value: {{ include "telepod.collector.literal" . }}, action: insert}]
  {{- end }}
  {{- end }}
  {{- if $archive }}
  archive_folder:
    fallback: unknown/unknown
    {{- with $central.archive.regions }}
    allowed: {{ toJson . }}
    {{- end }}
  {{- end }}
  {{- if $writes }}
  # Prometheus keeps no resources: what makes a series unique becomes its labels.
  transform/labels:
    error_mode: ignore
    metric_statements:
      - context: datapoint
        statements:
          {{- range $central.metrics.labels }}
          {{- $key := include "telepod.collector.literal" . }}
          - 'set(datapoint.attributes[{{ $key }}], resource.attributes[{{ $key }}]) where resource.attributes[{{ $key }}] != nil'
          {{- end }}
  {{- end }}
  {{- if $decides }}
  {{- include "telepod.central.tailSampling" $central | nindent 2 }}
  {{- end }}
{{- if $site }}

connectors:
  {{- range $signal, $of := $branches }}
  fan_out/{{ $signal }}:
    required: [{{ join ", " $of.required }}]
    optional: [{{ join ", " $of.optional }}]
  {{- end }}
  {{- if $prometheus }}
  span_metrics:
    histogram: {unit: s, explicit: {buckets: [5ms, 10ms, 25ms, 50ms, 100ms, 250ms, 500ms, 1s, 2.5s, 5s, 10s]}}
    exemplars: {enabled: true, max_per_data_point: 1}
    # Each replica counts for itself, so its name is among the labels.
    dimensions: [{name: cloud.provider}, {name: cloud.region}, {name: k8s.cluster.name}, {name: k8s.namespace.name}, {name: deployment.environment.name}, {name: http.request.method}, {name: http.route}, {name: http.response.status_code}, {name: collector, default: "${env:K8S_POD_NAME}"}]
    resource_metrics_key_attributes: [service.name, service.namespace, cloud.provider, cloud.region, k8s.cluster.name, k8s.namespace.name, deployment.environment.name]
    # Above maxSeriesPerService spans are counted in one series with the label otel_metric_overflow. Above maxServices
    # the service that was counted longest ago starts again at zero.
    resource_metrics_cache_size: {{ int $central.spanMetrics.maxServices }}
    aggregation_cardinality_limit: {{ int $central.spanMetrics.maxSeriesPerService }}
    metrics_flush_interval: 15s
    metrics_expiration: 10m
  {{- end }}
{{- end }}

exporters:
  {{- if $archive }}
  {{- range list "traces" "logs" }}
  awss3/{{ . }}:
    marshaler: otlp_proto
    timeout: 30s
    retry_on_failure: {{ $retry }}
    sending_queue:
      {{ $queue | replace ", " "\n" | nindent 6 | trim }}
      num_consumers: 4
      # Large objects are few, and every object costs. A batch has one folder.
      batch: {sizer: bytes, flush_timeout: 10s, min_size: 8000000, max_size: 17000000, partition: {metadata_keys: [archive-folder]}}
    resource_attrs_to_s3: {s3_prefix: telemetry.archive.prefix}
    s3uploader:
      region: {{ $central.archive.region }}
      s3_bucket: {{ $central.archive.bucket }}
      s3_base_prefix: {{ . }}
      s3_prefix: unknown/unknown
      s3_partition_format: "year=%Y/month=%m/day=%d/hour=%H/minute=%M"
      s3_partition_timezone: UTC
      file_prefix: ${env:K8S_POD_NAME}_
      unique_key_func_name: uuidv7
      compression: zstd
      retry_max_attempts: 3
      {{- with $central.archive.endpoint }}
      endpoint: {{ . }}
      s3_force_path_style: true
      disable_ssl: {{ hasPrefix "http://" . }}
      {{- end }}
  {{- end }}
  {{- end }}
  {{- if $writes }}
  otlp_http/prometheus:
    endpoint: "http://${env:LOOP_HOST:-127.0.0.1}:14320"
    compression: none
    # Ends a try that waits for Prometheus. The pods' grace period is longer.
    timeout: 15s
    retry_on_failure: {{ $retry }}
    # In order: Prometheus accepts late points only with out_of_order_time_window.
    sending_queue: { {{- $queue }}, num_consumers: 1, batch: {sizer: bytes, flush_timeout: 1s, min_size: 1000000, max_size: 17000000}}
  # Tries each second what Prometheus did not answer, or answered with 5xx, until otlp_http/prometheus gives up.
  # What Prometheus refuses with 4xx is dropped, logged and counted.
  prometheus_remote_write:
    endpoint: {{ $central.prometheus }}
    tls: {insecure: {{ hasPrefix "http://" $central.prometheus }}}
    # Above the timeout of otlp_http/prometheus: the end of this one is final.
    timeout: 2m
    target_info: {enabled: true}
    remote_write_queue: {enabled: false}
    max_batch_request_parallelism: 1
    retry_on_failure: {enabled: true, initial_interval: 1s, max_elapsed_time: 0s}
  {{- end }}
  {{- if $routes }}
  # All spans of a trace go to one sampler. The queue is in front of the choice: what a sampler that stopped did
  # not accept is routed again, within seconds.
  load_balancing/samplers:
    routing_key: traceID
    resolver:
      dns: {hostname: {{ include "telepod.central.sampler" .root }}.{{ .root.Release.Namespace }}.svc, port: "4317", interval: 2s, timeout: 1s}
    timeout: 10s
    retry_on_failure: {enabled: true, initial_interval: 500ms, max_interval: 2s, max_elapsed_time: 0s}
    sending_queue: { {{- $queue }}, num_consumers: 4, batch: {sizer: bytes, flush_timeout: 200ms, min_size: 1000000, max_size: 17000000}}
    protocol:
      otlp:
        compression: none
        timeout: 2s
        tls: {insecure: true}
        retry_on_failure: {enabled: false}
        sending_queue: {enabled: false}
  {{- end }}
  {{- if and $decides $central.jaeger }}
  otlp_grpc/jaeger:
    endpoint: {{ $central.jaeger }}
    tls: {insecure: {{ not (hasPrefix "https://" $central.jaeger) }}}
    timeout: 10s
    retry_on_failure: {{ $retry }}
    # What has been decided is nowhere else: the sampler waits for room. A batch is mostly about 1 MB; Jaeger has to
    # accept 20 MiB for the largest message that a region may send.
    sending_queue: { {{- $queue }}, block_on_overflow: true, batch: {sizer: bytes, flush_timeout: 1s, min_size: 1000000, max_size: 17000000}}
  {{- end }}
  {{- if $kafka }}
  kafka:
    brokers: {{ $kafka | toJson }}
    {{- if $central.kafka.tls }}
    tls: {insecure: false}
    {{- end }}
    {{- range $signal, $topic := dict "traces" "spans" "metrics" "metrics" "logs" "logs" }}
    {{ $signal }}: {topic: {{ $central.kafka.topicPrefix }}{{ $topic }}, encoding: otlp_proto}
    {{- end }}
    producer: {required_acks: -1, compression: zstd, max_message_bytes: 1000000}
    partition_traces_by_id: true
    retry_on_failure: {{ $retry }}
    sending_queue: { {{- $queue }}, block_on_overflow: true, batch: {sizer: items, flush_timeout: 1s, min_size: 500, max_size: 1000}}
  {{- end }}
  {{- if $site }}
  {{- range $signal, $of := $branches }}
  {{- if has (printf "%s/none" $signal) $of.required }}
  # This site has no store for {{ $signal }}, and refuses nothing for it.
  nop/{{ $signal }}: {}
  {{- end }}
  {{- end }}
  {{- end }}

service:
  extensions: [health_check, segment_storage/queue{{ if $site }}, cert_metrics{{ end }}]
  pipelines:
    {{- if $site }}
    {{- $metricsOnly := $environment | empty | ternary "" ", resource/environment" }}
    traces: {receivers: [otlp_mux], processors: [memory_limiter, cluster_identity, resource/site], exporters: [fan_out/traces]}
    metrics: {receivers: [otlp_mux], processors: [memory_limiter, cluster_identity{{ $metricsOnly }}], exporters: [fan_out/metrics]}
    logs: {receivers: [otlp_mux], processors: [memory_limiter, cluster_identity, resource/site], exporters: [fan_out/logs]}
    {{- range $signal, $of := $branches }}
    {{- if has (printf "%s/none" $signal) $of.required }}
    {{ $signal }}/none: {receivers: [fan_out/{{ $signal }}], exporters: [nop/{{ $signal }}]}
    {{- end }}
    {{- if and $archive (ne $signal "metrics") }}
    {{ $signal }}/archive: {receivers: [fan_out/{{ $signal }}], processors: [archive_folder], exporters: [awss3/{{ $signal }}]}
    {{- end }}
    {{- if and $kafka (ne $signal "traces") }}
    {{ $signal }}/kafka: {receivers: [fan_out/{{ $signal }}], exporters: [kafka]}
    {{- end }}
    {{- end }}
    {{- if $prometheus }}
    traces/span-metrics: {receivers: [fan_out/traces], exporters: [span_metrics]}
    metrics/spans: {receivers: [span_metrics], processors: [memory_limiter{{ $metricsOnly }}], exporters: [otlp_http/prometheus]}
    metrics/prometheus: {receivers: [fan_out/metrics], processors: [transform/labels], exporters: [otlp_http/prometheus]}
    {{- end }}
    {{- end }}
    {{- if $own }}
    metrics/own: {receivers: [prometheus/own], processors: [memory_limiter], exporters: [otlp_http/prometheus]}
    {{- end }}
    {{- if $writes }}
    metrics/write: {receivers: [otlp/prometheus], exporters: [prometheus_remote_write]}
    {{- end }}
    {{- if $routes }}
    traces/samplers: {receivers: [fan_out/traces], exporters: [load_balancing/samplers]}
    {{- else if $decides }}
    {{- $exporters := compact (list ($central.jaeger | empty | ternary "" "otlp_grpc/jaeger") ($kafka | empty | ternary "" "kafka")) }}
    {{- if $site }}
    traces/sampled: {receivers: [fan_out/traces], processors: [tail_sampling], exporters: [{{ join ", " $exporters }}]}
    {{- else }}
    traces/sampled: {receivers: [otlp_mux], processors: [memory_limiter, tail_sampling], exporters: [{{ join ", " $exporters }}]}
    {{- end }}
    {{- end }}
  telemetry:
    {{- include "telepod.metrics.telemetry" (dict "root" .root "service" $service "site" $central.role) | nindent 4 }}
{{- end -}}

{{/* The branches of each signal at a site, by whether they may refuse: see the top. Takes the root. */}}
{{- define "telepod.central.branches" -}}
{{- $central := .Values.central -}}
{{- $traces := dict "required" list "optional" list -}}
{{- $metrics := dict "required" list "optional" list -}}
{{- $logs := dict "required" list "optional" list -}}
{{- if include "telepod.central.hasSamplers" . -}}
{{- $_ := set $traces "required" (append $traces.required "traces/samplers") -}}
{{- else if include "telepod.central.samples" . -}}
{{- $_ := set $traces "required" (append $traces.required "traces/sampled") -}}
{{- end -}}
{{- if $central.archive.bucket -}}
{{- $kind := eq $central.archive.whenFull "drop" | ternary "optional" "required" -}}
{{- $_ := set $traces $kind (append (get $traces $kind) "traces/archive") -}}
{{- $_ := set $logs $kind (append (get $logs $kind) "logs/archive") -}}
{{- end -}}
{{- if $central.prometheus -}}
{{- $_ := set $traces "optional" (append $traces.optional "traces/span-metrics") -}}
{{- $_ := set $metrics "required" (append $metrics.required "metrics/prometheus") -}}
{{- end -}}
{{- if $central.kafka.brokers -}}
{{- $_ := set $metrics "required" (append $metrics.required "metrics/kafka") -}}
{{- $_ := set $logs "required" (append $logs.required "logs/kafka") -}}
{{- end -}}
{{- range $signal, $of := dict "traces" $traces "metrics" $metrics "logs" $logs -}}
{{- if not (or $of.required $of.optional) }}{{ $_ := set $of "required" (list (printf "%s/none" $signal)) }}{{ end -}}
{{- end -}}
{{ dict "traces" $traces "metrics" $metrics "logs" $logs | toYaml }}
{{- end -}}

{{/* Takes the values of the central part. */}}
{{- define "telepod.central.tailSampling" -}}
{{- $share := div (add .tracesPerSecond (sub (int .replicas) 1)) (int .replicas) -}}
{{- $traces := max 1000 (mul $share .sampling.decisionSeconds 3) -}}
# Sized for {{ $share }} new traces a second; watch otelcol_processor_tail_sampling_sampling_trace_dropped_too_early_total.
tail_sampling:
  decision_wait: {{ int .sampling.decisionSeconds }}s
  decision_wait_after_root_received: 2s
  num_traces: {{ $traces }}
  expected_new_traces_per_sec: {{ $share }}
  # Spans that come after the decision follow it.
  decision_cache: {sampled_cache_size: {{ mul $traces 5 }}, non_sampled_cache_size: {{ mul $traces 5 }}}
  policies:
    - {name: errors, type: status_code, status_code: {status_codes: [ERROR]}}
    - {name: http-5xx, type: numeric_attribute, numeric_attribute: {key: http.response.status_code, min_value: 500, max_value: 599}}
    # The name of the attribute before semantic conventions 1.23.
    - {name: http-5xx-old, type: numeric_attribute, numeric_attribute: {key: http.status_code, min_value: 500, max_value: 599}}
    - {name: slow, type: latency, latency: {threshold_ms: {{ int .sampling.slowMilliseconds }}}}
    {{- with .sampling.policies }}
    {{- toYaml . | replace "$" "$$" | nindent 4 }}
    {{- end }}
    - {name: share, type: probabilistic, probabilistic: {sampling_percentage: {{ .sampling.keepPercent }}}}
{{- end -}}
