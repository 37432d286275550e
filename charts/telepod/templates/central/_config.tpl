{{/*
A central Collector's configuration. Arguments: root and tier: a site receives; a sampler decides about whole traces
where there are several. A single site does both.

  traces  ▶ fan_out ┬▶ [by trace id to a sampler] ▶ tail sampling ▶ fan_out ▶ destinations, such as Jaeger and Kafka
                    ├▶ destinations that get everything, such as the archive
                    └▶ span_metrics ▶ destinations of metrics, such as Prometheus
  metrics ▶ fan_out ─▶ destinations, such as Prometheus and Kafka
  logs    ▶ fan_out ─▶ destinations, such as the archive and Kafka

Every branch is [rules] ▶ [labels or folder] ▶ a disk queue of its own ▶ one destination, so one that is down delays no
other. When its queue is full, a required branch refuses the request before the others have seen it; an optional one
drops, and counts what it drops.
*/}}
{{- define "telepod.central.config" -}}
{{- $central := .root.Values.central }}
{{- $site := eq .tier "site" }}
{{- $routes := and $site (include "telepod.central.hasSamplers" .root) }}
{{- $decides := and (include "telepod.central.samples" .root) (not $routes) }}
{{- $queues := list }}
{{- range include "telepod.destinations.queues" (dict "root" .root "part" "central" "tier" .tier) | fromYamlArray }}
{{- $queues = append $queues (printf "%s/%s" .signal .destination) }}
{{- end }}
{{- $here := include "telepod.central.here" . | fromYamlArray }}
{{- $own := and .root.Values.collector.metrics.send (include "telepod.central.siteMetrics" .root) }}
{{- $spanMetrics := and $site (include "telepod.central.siteMetrics" .root) }}
{{- $name := $site | ternary "telepod-central" "telepod-sampler" }}
{{- /* The attributes that identify a service. */}}
{{- $service := list "service.name" "service.namespace" "cloud.provider" "cloud.region" "k8s.cluster.name" "k8s.namespace.name" "deployment.environment.name" }}
{{- $environment := .root.Values.environment }}
{{- $branches := include "telepod.central.branches" .root | fromYaml }}
{{- $sampled := (include "telepod.destinations.branches" (dict "root" .root "part" "central" "sampled" true) | fromYaml).traces }}
{{- $retry := include "telepod.destination.retry" . -}}
extensions:
  health_check: {endpoint: "[${env:K8S_POD_IP}]:13133"}
  {{- if $site }}
  cert_metrics: {files: ["${env:TLS_DIR}/tls.crt", "${env:TLS_DIR}/client-ca.crt"]}
  {{- end }}
  segment_storage/queue:
    directory: ${env:QUEUE_DIR}
    create_directory: true
    # Queues of earlier charts (file_storage) are read once.
    import: {directory: "${env:QUEUE_DIR}", components: {spool/archive: otlp_grpc/archive, spool/prometheus: otlp_http/prometheus, load_balancing/samplers: loadbalancing/samplers}}
  {{- with include "telepod.destinations.extensions" $here | trim }}{{ . | nindent 2 }}{{ end }}

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
  {{- include "telepod.metrics.receiver" (dict "root" .root "service" $name "instance" "K8S_POD_NAME") | nindent 2 }}
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
  {{- if $spanMetrics }}
  {{- if $central.spanMetrics.replaceIDs }}
  # Names with identifiers would make a series for each.
  span_names: {}
  {{- end }}
  # One series of each service counts the spans above maxSeriesPerService. It has no dimensions of its own, and without
  # these all clusters and replicas would write the same series.
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
  {{- end }}
  {{- with include "telepod.destinations.processors" (dict "root" .root "here" $here) }}
  {{- . | trim | nindent 2 }}
  {{- end }}
  {{- if $decides }}
  {{- include "telepod.central.tailSampling" $central | nindent 2 }}
  {{- end }}
{{- if or $site $decides }}

connectors:
  {{- with include "telepod.destinations.spools" (dict "root" .root "part" "central" "tier" .tier "here" $here) }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- if $site }}
  {{- range $signal, $of := $branches }}
  fan_out/{{ $signal }}:
    required: [{{ join ", " $of.required }}]
    optional: [{{ join ", " $of.optional }}]
  {{- end }}
  {{- end }}
  {{- if $decides }}
  # What has been sampled.
  fan_out/sampled:
    required: [{{ join ", " $sampled.required }}]
    optional: [{{ join ", " $sampled.optional }}]
  {{- end }}
  {{- if $spanMetrics }}
  span_metrics:
    histogram: {unit: s, explicit: {buckets: [5ms, 10ms, 25ms, 50ms, 100ms, 250ms, 500ms, 1s, 2.5s, 5s, 10s]}}
    exemplars: {enabled: true, max_per_data_point: 1}
    # Each replica counts for itself, so its name is among the labels. http.status_code is what old SDKs write.
    dimensions: [{name: cloud.provider}, {name: cloud.region}, {name: k8s.cluster.name}, {name: k8s.namespace.name}, {name: deployment.environment.name}, {name: http.request.method}, {name: http.route}, {name: http.response.status_code}, {name: http.status_code}, {name: collector, default: "${env:K8S_POD_NAME}"}]
    resource_metrics_key_attributes: [{{ join ", " $service }}]
    # Above maxSeriesPerService spans are counted in one series with the label otel_metric_overflow. Above maxServices
    # the service that was counted longest ago starts again at zero.
    resource_metrics_cache_size: {{ int $central.spanMetrics.maxServices }}
    aggregation_cardinality_limit: {{ int $central.spanMetrics.maxSeriesPerService }}
    metrics_flush_interval: 15s
    metrics_expiration: 10m
  {{- end }}
{{- end }}

exporters:
  {{- include "telepod.destinations.exporters" (dict "root" .root "part" "central" "tier" .tier "here" $here) | nindent 2 }}
  {{- if $routes }}
  # All spans of a trace go to one sampler. The queue is in front of the choice: what a sampler that stopped did
  # not accept is routed again, within seconds.
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
  extensions: [health_check, segment_storage/queue{{ if $site }}, cert_metrics{{ end }}{{ include "telepod.destinations.authenticators" $here }}]
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
    {{- end }}
    {{- if $spanMetrics }}
    traces/span-metrics: {receivers: [fan_out/traces], {{ if $central.spanMetrics.replaceIDs }}processors: [span_names], {{ end }}exporters: [span_metrics]}
    {{- end }}
    {{- end }}
    {{- if $routes }}
    traces/samplers: {receivers: [fan_out/traces], exporters: [load_balancing/samplers]}
    {{- else if $decides }}
    traces/sampled: {receivers: [{{ $site | ternary "fan_out/traces" "otlp_mux" }}], processors: [{{ if not $site }}memory_limiter, {{ end }}tail_sampling], exporters: [fan_out/sampled]}
    {{- end }}
    {{- range $to := $here }}
    {{- $processors := include "telepod.destination.processors" $to | fromYamlArray }}
    {{- range $signal := $to.signals }}
    {{- $kept := and (eq $signal "traces") $to.sampled }}
    {{- if $kept | ternary $decides $site }}
    {{ $signal }}/{{ $to.name }}: {receivers: [fan_out/{{ $kept | ternary "sampled" $signal }}], {{ with $processors }}processors: [{{ join ", " . }}], {{ end }}exporters: [{{ $to.exporter }}]}
    {{- end }}
    {{- if has (printf "%s/%s" $signal $to.name) $queues }}
    {{- with include "telepod.destination.upload" (dict "to" $to "signal" $signal) }}
    {{ . }}
    {{- end }}
    {{- end }}
    {{- end }}
    {{- if and $to.siteMetrics (has "metrics" $to.signals) }}
    {{- $filter := empty $to.rules | ternary list (eq $to.protocol "otlp_http" | ternary list (list (printf "filter/%s" $to.name))) }}
    {{- $suffix := eq $to.name "prometheus" | ternary "" (printf "-%s" $to.name) }}
    {{- if $spanMetrics }}
    metrics/spans{{ $suffix }}: {receivers: [span_metrics], processors: [{{ join ", " (concat (list "memory_limiter") (empty $environment | ternary list (list "resource/environment")) (list "transform/overflow") $filter) }}], exporters: [{{ $to.exporter }}]}
    {{- end }}
    {{- if $own }}
    metrics/own{{ $suffix }}: {receivers: [prometheus/own], processors: [{{ join ", " (concat (list "memory_limiter") $filter) }}], exporters: [{{ $to.exporter }}]}
    {{- end }}
    {{- end }}
    {{- end }}
  telemetry:
    {{- include "telepod.metrics.telemetry" (dict "root" .root "service" $name "site" $central.role) | nindent 4 }}
{{- end -}}

{{/* The branches of each signal at a site, by whether they may refuse: see the top. Arguments: the root. */}}
{{- define "telepod.central.branches" -}}
{{- $all := include "telepod.destinations.branches" (dict "root" . "part" "central") | fromYaml -}}
{{- if include "telepod.central.samples" . -}}
{{- $_ := set $all.traces "required" (prepend $all.traces.required (include "telepod.central.hasSamplers" . | empty | ternary "traces/sampled" "traces/samplers")) -}}
{{- end -}}
{{- if include "telepod.central.siteMetrics" . -}}
{{- $_ := set $all.traces "optional" (append $all.traces.optional "traces/span-metrics") -}}
{{- end -}}
{{- range $signal, $of := $all -}}
{{- if not (or $of.required $of.optional) }}{{ $_ := set $of "required" (list (printf "%s/none" $signal)) }}{{ end -}}
{{- end -}}
{{ toYaml $all }}
{{- end -}}

{{/* The destinations that a tier sends to. Arguments: root and tier. */}}
{{- define "telepod.central.here" -}}
{{- $queues := include "telepod.destinations.queues" (dict "root" .root "part" "central" "tier" .tier) | fromYamlArray -}}
{{- $names := list -}}
{{- range $queues }}{{ $names = append $names .destination }}{{ end -}}
{{- $here := list -}}
{{- range include "telepod.destinations" (dict "root" .root "part" "central") | fromYamlArray -}}
{{- if has .name $names }}{{ $here = append $here . }}{{ end -}}
{{- end -}}
{{ toYaml $here }}
{{- end -}}

{{/* Arguments: the values of the central part. */}}
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
    {{- include "telepod.central.shares" .sampling | trim | nindent 4 }}
{{- end -}}

{{/*
The policies that keep a share of the ordinary traces. All draw alike, so a trace is kept with the highest percentage of its
services: keepPercent applies if one of them has no lower one of its own. Arguments: central.sampling.
*/}}
{{- define "telepod.central.shares" -}}
{{- $sampling := . -}}
{{- $shares := dict -}}
{{- $lower := list -}}
{{- range $service, $percent := .services -}}
{{- if $percent -}}
{{- $name := include "telepod.central.share" $percent -}}
{{- $_ := set $shares $name (append (get $shares $name | default list) (replace "$" "$$" $service)) -}}
{{- end -}}
{{- if lt (float64 $percent) (float64 $sampling.keepPercent) -}}
{{- $lower = append $lower (printf "resource.attributes[%q] != %s" "service.name" (include "telepod.collector.literal" $service)) -}}
{{- end -}}
{{- end -}}
{{- range $name, $services := $shares }}
- name: {{ $name }}
  type: and
  and:
    and_sub_policy:
      - {name: services, type: string_attribute, string_attribute: {key: service.name, values: {{ toJson $services }}}}
      - {name: percentage, type: probabilistic, probabilistic: {sampling_percentage: {{ trimPrefix "share-" $name }}}}
{{- end }}
{{- if $lower }}
- name: share
  type: and
  and:
    and_sub_policy:
      - name: other-services
        type: ottl_condition
        ottl_condition:
          error_mode: ignore
          span: [{{ join " and " $lower | toJson }}]
      - {name: percentage, type: probabilistic, probabilistic: {sampling_percentage: {{ .keepPercent }}}}
{{- else }}
- {name: share, type: probabilistic, probabilistic: {sampling_percentage: {{ .keepPercent }}}}
{{- end }}
{{- end -}}

{{/* The name of the policy for services with a percentage. Arguments: the percentage. */}}
{{- define "telepod.central.share" -}}
share-{{ float64 . }}
{{- end -}}
