{{/*
A central Collector's configuration. Arguments: root, part (the values of central) and tier. With several replicas, the tier
site receives, and samplers decide about whole traces. A single replica does both.

  traces  ▶ fan_out ┬▶ [by trace id to a sampler] ▶ tail sampling ▶ fan_out ▶ destinations, such as Jaeger and Kafka
                    ├▶ destinations that get everything, such as the archive
                    └▶ span_metrics ▶ destinations of metrics, such as Prometheus
  metrics ▶ fan_out ─▶ destinations, such as Prometheus and Kafka
  logs    ▶ fan_out ─▶ destinations, such as the archive and Kafka

Every branch is [rules] ▶ [labels or folder] ▶ a disk queue of its own ▶ one destination, so one that is down delays no
other. When its queue is full, a required branch refuses the request before the others have seen it; an optional one
drops and counts data. The parts are in _features.tpl.
*/}}
{{- define "telepod.central.config" -}}
{{- $features := include "telepod.central.features" . | fromYamlArray -}}
extensions:
  health_check: {endpoint: "[${env:K8S_POD_IP}]:13133"}
  segment_storage/queue:
    directory: ${env:QUEUE_DIR}
    create_directory: true
    # Queues of earlier charts (file_storage) are read once.
    import: {directory: "${env:QUEUE_DIR}", components: {spool/archive: otlp_grpc/archive, spool/prometheus: otlp_http/prometheus, load_balancing/samplers: loadbalancing/samplers}}
  {{- include "telepod.collector.section" (dict "features" $features "section" "extensions") }}

receivers:
  {{- include "telepod.collector.section" (dict "features" $features "section" "receivers") }}

processors:
  memory_limiter: {check_interval: 1s, limit_percentage: 80, spike_limit_percentage: 20}
  {{- include "telepod.collector.section" (dict "features" $features "section" "processors") }}
{{- with include "telepod.collector.section" (dict "features" $features "section" "connectors") }}

connectors:
  {{- . }}
{{- end }}

exporters:
  {{- include "telepod.collector.section" (dict "features" $features "section" "exporters") }}

service:
  extensions: [health_check, segment_storage/queue{{ include "telepod.collector.extensionNames" $features }}]
  pipelines:
    {{- include "telepod.collector.section" (dict "features" $features "section" "pipelines") }}
  telemetry:
    {{- include "telepod.metrics.telemetry" (dict "root" .root "service" (include "telepod.central.service" .) "site" .root.Values.central.role) | nindent 4 }}
{{- end -}}

{{/* The name under which a tier's Collectors report. Arguments: tier. */}}
{{- define "telepod.central.service" -}}
{{ eq .tier "site" | ternary "telepod-central" "telepod-sampler" }}
{{- end -}}

{{/* The required and optional branches of each signal at a site. Arguments: the root. */}}
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
  # Spans that arrive after the decision follow it.
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
The policies that keep a share of the ordinary traces. All use the same random value of a trace, so the highest percentage of
its services applies. keepPercent counts unless all of them have lower percentages. Arguments: central.sampling.
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
