{{/*
A central Collector's configuration. Takes root and tier: site receives, sampler decides about whole traces
where there are several; a single site does both.

  otlp ┬▶ disk queue ▶ loopback ▶ S3 (everything)
       ├▶ span metrics (from everything) ┬▶ disk queue ▶ loopback ▶ Prometheus
       ├▶ metrics ───────────────────────┘
       └▶ [by trace id to a sampler] ▶ tail sampling ▶ disk queues ▶ Jaeger, Kafka

Every branch ends in a queue of its own: a back end that is away holds up no other, and no region.
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
{{- $queue := include "telepod.central.queueBytes" .root }}
{{- $environment := .root.Values.environment }}
{{- $first := $site | ternary (list "resource/site") (list "memory_limiter") }}
{{- $ofMetrics := $environment | empty | ternary (list) (list "resource/environment") }}
{{- $waits := "retry_interval: 100ms, sending_queue: {enabled: true, wait_for_result: true, block_on_overflow: true, num_consumers: 32}" }}
{{- $entered := dict }}
{{- if $site }}
{{- $traces := list }}
{{- if $archive }}{{ $traces = append $traces "traces/archive" }}{{ end }}
{{- if $prometheus }}{{ $traces = append $traces "traces/metrics" }}{{ end }}
{{- if $routes }}{{ $traces = append $traces "traces/samplers" }}{{ else if $decides }}{{ $traces = append $traces "traces/sampled" }}{{ end }}
{{- $logs := list }}
{{- if $archive }}{{ $logs = append $logs "logs/archive" }}{{ end }}
{{- if or $kafka (not $archive) }}{{ $logs = append $logs "logs" }}{{ end }}
{{- $entered = dict "traces" ($traces | default (list "traces")) "metrics" (list "metrics") "logs" $logs }}
{{- end -}}
extensions:
  health_check: {endpoint: "[${env:K8S_POD_IP}]:13133"}
  file_storage/queue:
    directory: ${env:QUEUE_DIR}
    create_directory: true
    timeout: 10s
    recreate: true
    compaction: {on_start: true, on_rebound: true, directory: "${env:QUEUE_DIR}", cleanup_on_start: true}

receivers:
  {{- if $site }}
  otlp:
    protocols:
      http:
        endpoint: "[${env:K8S_POD_IP}]:4318"
        # Below every batch.max_size, above which an item would be dropped.
        max_request_body_size: 16777216
        tls: &mtls {cert_file: "${env:TLS_DIR}/tls.crt", key_file: "${env:TLS_DIR}/tls.key", client_ca_file: "${env:TLS_DIR}/ca.crt", min_version: "1.3", reload_interval: 1h}
      grpc:
        endpoint: "[${env:K8S_POD_IP}]:4317"
        max_recv_msg_size_mib: 16
        tls: *mtls
        # Connections end after a while, so that new replicas get their share.
        keepalive:
          server_parameters: {max_connection_age: 2m, max_connection_age_grace: 30s}
          enforcement_policy: {min_time: 5s, permit_without_stream: true}
  {{- else }}
  # From the site's own Collectors, in the cluster's network.
  otlp:
    protocols:
      grpc: {endpoint: "[${env:K8S_POD_IP}]:4317", max_recv_msg_size_mib: 32}
  {{- end }}
  {{- if $own }}
  {{- include "telepod.metrics.receiver" (dict "root" .root "service" $service "instance" "K8S_POD_NAME") | nindent 2 }}
  {{- end }}
  {{- if $archive }}
  # The S3 exporter neither queues on disk nor retries: otlp_grpc/archive does both in front of it.
  otlp/archive:
    protocols:
      grpc: {endpoint: "${env:LOOP_HOST:-127.0.0.1}:14319", max_recv_msg_size_mib: 64}
  {{- end }}
  {{- if $writes }}
  # The remote-write exporter queues in memory, and calls every error a final one: otlp_http/prometheus keeps on
  # disk, and tries again. HTTP, as what is called final after the sender has given up must not reach it.
  otlp/prometheus:
    protocols:
      http: {endpoint: "${env:LOOP_HOST:-127.0.0.1}:14320", max_request_body_size: 67108864}
  {{- end }}

processors:
  memory_limiter: {check_interval: 1s, limit_percentage: 80, spike_limit_percentage: 20}
  {{- if $site }}
  # Says which site had it. Not to metrics: a label that changes at a failover makes two series of one.
  resource/site:
    attributes:
      - {key: telepod.central.site, value: {{ $central.role }}, action: upsert}
      {{- with $environment }}
      - &environment {key: deployment.environment.name, value: {{ include "telepod.collector.literal" . }}, action: insert}
      {{- end }}
  {{- if $environment }}
  resource/environment: {attributes: [*environment]}
  {{- end }}
  {{- end }}
  {{- if $archive }}
  # The archive's folder, from what the data says of itself.
  transform/archive:
    error_mode: ignore
    trace_statements: &folder
      - context: resource
        statements:
          - set(resource.attributes["telemetry.archive.prefix"], Concat([resource.attributes["cloud.provider"], resource.attributes["cloud.region"]], "/")) where resource.attributes["cloud.provider"] != nil and resource.attributes["cloud.region"] != nil
    log_statements: *folder
  {{- end }}
  {{- if $decides }}
  {{- $share := div (add $central.tracesPerSecond (sub (int $central.replicas) 1)) (int $central.replicas) }}
  {{- $traces := max 1000 (mul $share $central.sampling.decisionSeconds 3) }}
  # Sized for {{ $share }} new traces a second; watch otelcol_processor_tail_sampling_sampling_trace_dropped_too_early_total.
  tail_sampling:
    decision_wait: {{ int $central.sampling.decisionSeconds }}s
    decision_wait_after_root_received: 2s
    num_traces: {{ $traces }}
    expected_new_traces_per_sec: {{ $share }}
    # Spans that come after the decision follow it.
    decision_cache: {sampled_cache_size: {{ mul $traces 5 }}, non_sampled_cache_size: {{ mul $traces 5 }}}
    policies:
      - {name: errors, type: status_code, status_code: {status_codes: [ERROR]}}
      - {name: http-5xx, type: numeric_attribute, numeric_attribute: {key: http.response.status_code, min_value: 500, max_value: 599}}
      - {name: slow, type: latency, latency: {threshold_ms: {{ int $central.sampling.slowMilliseconds }}}}
      - {name: share, type: probabilistic, probabilistic: {sampling_percentage: {{ $central.sampling.keepPercent }}}}
  {{- end }}
{{- if $site }}

connectors:
  # A receiver takes all signals as soon as the pipeline of one has started. What comes for the others waits in
  # these queues, and so does its sender, until they have, too; it would end the Collector otherwise.
  {{- range $signal, $branches := $entered }}
  failover/in-{{ $signal }}: {priority_levels: [[{{ $signal }}/never], [{{ join ", " $branches }}]], {{ $waits }}}
  {{- end }}
  {{- if $archive }}
  {{- range list "traces" "logs" }}
  failover/archive-{{ . }}: {priority_levels: [[{{ . }}/never], [{{ . }}/archive-store]], {{ $waits }}}
  {{- end }}
  {{- end }}
  # The first level of all these: it never works, which is what keeps them looking for one that does.
  {{- include "telepod.collector.never.connectors" . | trim | nindent 2 }}
  {{- if $prometheus }}
  spanmetrics:
    histogram: {unit: s, explicit: {buckets: [5ms, 10ms, 25ms, 50ms, 100ms, 250ms, 500ms, 1s, 2.5s, 5s, 10s]}}
    # Each replica counts for itself, so its name is among the labels.
    dimensions: [{name: cloud.provider}, {name: cloud.region}, {name: k8s.cluster.name}, {name: http.request.method}, {name: http.route}, {name: http.response.status_code}, {name: collector, default: "${env:K8S_POD_NAME}"}]
    resource_metrics_key_attributes: [service.name, cloud.provider, cloud.region, k8s.cluster.name]
    metrics_flush_interval: 15s
    metrics_expiration: 10m
  {{- end }}
  {{- if and $archive $central.archive.regions }}
  # The S3 exporter files a batch under its first resource: what goes to different folders is parted before.
  {{- range list "traces" "logs" }}
  {{- $signal := . }}
  routing/{{ . }}:
    default_pipelines: [{{ . }}/archive-unlisted]
    table:
      {{- range $central.archive.regions }}
      - {context: resource, condition: 'attributes["telemetry.archive.prefix"] == "{{ . }}"', pipelines: [{{ $signal }}/archive-{{ . | replace "/" "-" }}]}
      {{- end }}
  {{- end }}
  {{- end }}
{{- end }}

exporters:
  {{- if $archive }}
  otlp_grpc/archive:
    endpoint: "${env:LOOP_HOST:-127.0.0.1}:14319"
    compression: none
    tls: {insecure: true}
    timeout: 60s
    retry_on_failure: {enabled: true, initial_interval: 1s, max_interval: 5s, max_elapsed_time: 0s}
    sending_queue:
      enabled: true
      storage: file_storage/queue
      sizer: bytes
      queue_size: {{ $queue }}
      num_consumers: 4
      # Large objects are few, and every object costs.
      batch: {sizer: bytes, flush_timeout: 10s, min_size: 8000000, max_size: 17000000}
  {{- range list "traces" "logs" }}
  awss3/{{ . }}:
    marshaler: otlp_proto
    timeout: 30s
    sending_queue: {enabled: false}
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
    # Ends a try that waits for Prometheus. The grace period of the pods has room for it.
    timeout: 15s
    retry_on_failure: {enabled: true, initial_interval: 1s, max_interval: 5s, max_elapsed_time: 0s}
    sending_queue:
      enabled: true
      storage: file_storage/queue
      sizer: bytes
      queue_size: {{ $queue }}
      # In order: Prometheus takes late points only with out_of_order_time_window.
      num_consumers: 1
      batch: {sizer: bytes, flush_timeout: 1s, min_size: 1000000, max_size: 17000000}
  # Tries each second what Prometheus did not answer, or with 5xx, until otlp_http/prometheus gives up; what it
  # refuses with 4xx is dropped.
  prometheusremotewrite:
    endpoint: {{ $central.prometheus }}
    tls: {insecure: {{ hasPrefix "http://" $central.prometheus }}}
    # Above the timeout of otlp_http/prometheus.
    timeout: 2m
    target_info: {enabled: true}
    remote_write_queue: {enabled: false}
    max_batch_request_parallelism: 1
    retry_on_failure: {enabled: true, initial_interval: 1s, max_elapsed_time: 0s}
  {{- end }}
  {{- if $routes }}
  # A trace's spans all go to one sampler. The queue is in front of the choice, so that what a sampler that
  # ended did not take is routed anew, within seconds.
  loadbalancing/samplers:
    routing_key: traceID
    resolver:
      dns: {hostname: {{ include "telepod.central.sampler" .root }}.{{ .root.Release.Namespace }}.svc, port: "4317", interval: 2s, timeout: 1s}
    timeout: 10s
    retry_on_failure: {enabled: true, initial_interval: 500ms, max_interval: 2s, max_elapsed_time: 0s}
    sending_queue:
      enabled: true
      storage: file_storage/queue
      sizer: bytes
      queue_size: {{ $queue }}
      num_consumers: 4
      batch: {sizer: bytes, flush_timeout: 200ms, min_size: 1000000, max_size: 17000000}
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
    retry_on_failure: {enabled: true, initial_interval: 1s, max_interval: 5s, max_elapsed_time: 0s}
    sending_queue:
      enabled: true
      storage: file_storage/queue
      sizer: bytes
      queue_size: {{ $queue }}
      # What has been decided is nowhere else: the sampler waits for room.
      block_on_overflow: true
      # Mostly about 1 MB. The receiver has to take 20 MiB for the largest message that a region may send.
      batch: {sizer: bytes, flush_timeout: 1s, min_size: 1000000, max_size: 17000000}
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
    retry_on_failure: {enabled: true, initial_interval: 1s, max_interval: 5s, max_elapsed_time: 0s}
    sending_queue:
      enabled: true
      storage: file_storage/queue
      sizer: bytes
      queue_size: {{ $queue }}
      block_on_overflow: true
      batch: {sizer: items, flush_timeout: 1s, min_size: 500, max_size: 1000}
  {{- end }}
  {{- if $site }}
  {{- include "telepod.collector.never.exporter" . | nindent 2 }}
  {{- end }}
  {{- if and $site (or (not $archive) (not $prometheus)) }}
  # Takes what this site has no back end for: a region's data is never refused.
  nop: {}
  {{- end }}

service:
  extensions: [health_check, file_storage/queue]
  pipelines:
    {{- range $signal, $branches := $entered }}
    {{ $signal }}/in: {receivers: [otlp], processors: [memory_limiter], exporters: [failover/in-{{ $signal }}]}
    {{- end }}
    {{- if $site }}
    {{- $failovers := dict "metrics" (list "failover/in-metrics") }}
    {{- range list "traces" "logs" }}
    {{- $_ := set $failovers . (list (printf "failover/in-%s" .)) }}
    {{- if $archive }}{{ $_ := set $failovers . (list (printf "failover/in-%s" .) (printf "failover/archive-%s" .)) }}{{ end }}
    {{- end }}
    {{- include "telepod.collector.never.pipelines" $failovers | trim | nindent 4 }}
    {{- end }}
    {{- if $archive }}
    {{- range $signal := list "traces" "logs" }}
    {{ $signal }}/archive: {receivers: [failover/in-{{ $signal }}], processors: [{{ join ", " $first }}], exporters: [otlp_grpc/archive]}
    {{ $signal }}/archive-out: {receivers: [otlp/archive], exporters: [failover/archive-{{ $signal }}]}
    {{- if $central.archive.regions }}
    {{ $signal }}/archive-store: {receivers: [failover/archive-{{ $signal }}], processors: [transform/archive], exporters: [routing/{{ $signal }}]}
    {{- range append $central.archive.regions "unlisted" }}
    {{ $signal }}/archive-{{ . | replace "/" "-" }}: {receivers: [routing/{{ $signal }}], exporters: [awss3/{{ $signal }}]}
    {{- end }}
    {{- else }}
    {{ $signal }}/archive-store: {receivers: [failover/archive-{{ $signal }}], processors: [transform/archive], exporters: [awss3/{{ $signal }}]}
    {{- end }}
    {{- end }}
    {{- end }}
    {{- if $prometheus }}
    traces/metrics: {receivers: [failover/in-traces], exporters: [spanmetrics]}
    metrics/spans: {receivers: [spanmetrics], processors: [{{ join ", " (prepend $ofMetrics "memory_limiter") }}], exporters: [otlp_http/prometheus]}
    {{- end }}
    {{- if $own }}
    metrics/own: {receivers: [prometheus/own], processors: [memory_limiter], exporters: [otlp_http/prometheus]}
    {{- end }}
    {{- if $writes }}
    metrics/prometheus: {receivers: [otlp/prometheus], exporters: [prometheusremotewrite]}
    {{- end }}
    {{- if $routes }}
    traces/samplers: {receivers: [failover/in-traces], processors: [{{ join ", " $first }}], exporters: [loadbalancing/samplers]}
    {{- else if $decides }}
    {{- $exporters := list }}
    {{- if $central.jaeger }}{{ $exporters = append $exporters "otlp_grpc/jaeger" }}{{ end }}
    {{- if $kafka }}{{ $exporters = append $exporters "kafka" }}{{ end }}
    traces/sampled: {receivers: [{{ $site | ternary "failover/in-traces" "otlp" }}], processors: [{{ join ", " (append $first "tail_sampling") }}], exporters: [{{ join ", " $exporters }}]}
    {{- else if not (or $archive $prometheus) }}
    traces: {receivers: [failover/in-traces], exporters: [nop]}
    {{- end }}
    {{- if $site }}
    {{- $metrics := list }}
    {{- if $prometheus }}{{ $metrics = append $metrics "otlp_http/prometheus" }}{{ end }}
    {{- if $kafka }}{{ $metrics = append $metrics "kafka" }}{{ end }}
    metrics: {receivers: [failover/in-metrics], processors: [{{ join ", " $ofMetrics }}], exporters: [{{ join ", " ($metrics | default (list "nop")) }}]}
    {{- if or $kafka (not $archive) }}
    logs: {receivers: [failover/in-logs], processors: [{{ join ", " $first }}], exporters: [{{ $kafka | empty | ternary "nop" "kafka" }}]}
    {{- end }}
    {{- end }}
  telemetry:
    {{- include "telepod.metrics.telemetry" (dict "root" .root "service" $service "site" $central.role) | nindent 4 }}
{{- end -}}
