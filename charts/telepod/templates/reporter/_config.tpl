{{/*
The configuration of the Collectors for data that does not belong to a single node.

reporter: metrics of the cluster's objects, and events. Only one runs, because two would report everything twice.
scraper: the targets that a target allocator assigns. A Collector does not start before its target allocator answers,
so no other Collector uses it.

  k8s_cluster, k8s_events, prometheus/monitors ▶ identity ▶ secrets ▶ [fan_out ▶ regional.destinations] ▶ otlp_failover ▶ the sites

Arguments: root and component.
*/}}
{{- define "telepod.reporter.config" -}}
{{- $features := include "telepod.reporter.features" . | fromYamlArray -}}
extensions:
  health_check: {endpoint: "[${env:K8S_POD_IP}]:13133"}
  segment_storage/queue: {directory: "${env:QUEUE_DIR}", create_directory: true}
  cert_metrics: {files: ["${env:TLS_DIR}/tls.crt", "${env:TLS_DIR}/ca.crt"]}
  {{- include "telepod.collector.section" (dict "features" $features "section" "extensions") }}

receivers:
  {{- include "telepod.collector.section" (dict "features" $features "section" "receivers") }}

processors:
  memory_limiter: {check_interval: 1s, limit_percentage: 80, spike_limit_percentage: 20}
  {{- include "telepod.regional.cloudResource" .root | nindent 2 }}
  {{- include "telepod.regional.secrets" .root.Values.regional.redact | nindent 2 }}
  {{- include "telepod.collector.section" (dict "features" $features "section" "processors") }}

exporters:
  {{- include "telepod.regional.sitesExporter" (dict "root" .root "persistent" true "megabytes" (min 256 .root.Values.regional.queue.megabytes)) | nindent 2 }}
  {{- include "telepod.collector.section" (dict "features" $features "section" "exporters") }}
{{- with include "telepod.collector.section" (dict "features" $features "section" "connectors") }}

connectors:
  {{- . }}
{{- end }}

service:
  extensions: [health_check, segment_storage/queue, cert_metrics{{ include "telepod.collector.extensionNames" $features }}]
  pipelines:
    {{- include "telepod.collector.section" (dict "features" $features "section" "pipelines") }}
  telemetry:
    {{- include "telepod.metrics.telemetry" (dict "root" .root "service" (printf "telepod-%s" .component)) | nindent 4 }}
{{- end -}}

{{/* The features of a component, as a list. Arguments: root and component. */}}
{{- define "telepod.reporter.features" -}}
{{- $regional := .root.Values.regional -}}
{{- $reporter := eq .component "reporter" -}}
{{- $objects := and $reporter $regional.clusterMetrics -}}
{{- $events := and $reporter $regional.events -}}
{{- $own := .root.Values.collector.metrics.send -}}
{{- $signals := list -}}
{{- if or $objects $own (not $reporter) }}{{ $signals = append $signals "metrics" }}{{ end -}}
{{- if $events }}{{ $signals = append $signals "logs" }}{{ end -}}
{{- $fans := dict -}}
{{- range $signal, $of := include "telepod.regional.fans" .root | fromYaml }}{{ if has $signal $signals }}{{ $_ := set $fans $signal $of }}{{ end }}{{ end -}}
{{- $arguments := dict "root" .root "component" .component "fans" $fans -}}
{{- range list (list "objects" $objects) (list "events" $events) (list "monitors" (not $reporter)) (list "destinations" $fans) (list "ownMetrics" $own) }}
{{- if last . }}
- {{ include (printf "telepod.reporter.%s" (first .)) $arguments | fromYaml | toJson }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "telepod.reporter.objects" -}}
receivers: |
  k8s_cluster:
    auth_type: serviceAccount
    collection_interval: 30s
    node_conditions_to_report: [Ready, MemoryPressure, DiskPressure, PIDPressure]
    allocatable_types_to_report: [cpu, memory, ephemeral-storage]
pipelines: |
  metrics/objects: {receivers: [k8s_cluster], processors: [memory_limiter, resource/cloud], exporters: [{{ include "telepod.regional.metricsTo" .root }}]}
{{- end -}}

{{- define "telepod.reporter.events" -}}
receivers: |
  # Only events since its start; those during a restart are missing.
  k8s_events: {auth_type: serviceAccount}
processors: |
  # The resource of an event is that of the object that it is about, as in the object's other telemetry.
  transform/events:
    error_mode: ignore
    log_statements:
      - context: log
        statements:
          - set(resource.attributes["k8s.namespace.name"], log.attributes["k8s.namespace.name"]) where log.attributes["k8s.namespace.name"] != ""
          - delete_key(log.attributes, "k8s.namespace.name")
          - delete_key(resource.attributes, "k8s.node.name") where resource.attributes["k8s.node.name"] == ""
          {{- range $kind, $key := dict "Pod" "pod" "Node" "node" "Deployment" "deployment" "ReplicaSet" "replicaset" "StatefulSet" "statefulset" "DaemonSet" "daemonset" "Job" "job" "CronJob" "cronjob" }}
          - set(resource.attributes["k8s.{{ $key }}.name"], resource.attributes["k8s.object.name"]) where resource.attributes["k8s.object.kind"] == "{{ $kind }}"
          {{- if ne $kind "Node" }}
          - set(resource.attributes["k8s.{{ $key }}.uid"], resource.attributes["k8s.object.uid"]) where resource.attributes["k8s.object.kind"] == "{{ $kind }}"
          {{- end }}
          {{- end }}
          - set(resource.attributes["service.name"], "kubernetes-events")
pipelines: |
  logs/events: {receivers: [k8s_events], processors: [memory_limiter, transform/events, resource/cloud, secrets], exporters: [{{ hasKey .fans "logs" | ternary "fan_out/logs" "otlp_failover" }}]}
{{- end -}}

{{- define "telepod.reporter.monitors" -}}
receivers: |
  {{- include "telepod.reporter.targets" .root | nindent 2 }}
processors: |
  {{- include "telepod.regional.k8sAttributes" (dict "root" .root) | nindent 2 }}
pipelines: |
  metrics/monitors: {receivers: [prometheus/monitors], processors: [memory_limiter, k8s_attributes, resource/cloud, secrets], exporters: [{{ include "telepod.regional.metricsTo" .root }}]}
{{- end -}}

{{- define "telepod.reporter.ownMetrics" -}}
receivers: |
  {{- include "telepod.metrics.receiver" (dict "root" .root "service" (printf "telepod-%s" .component) "instance" "K8S_POD_NAME") | nindent 2 }}
pipelines: |
  metrics/own: {receivers: [prometheus/own], processors: [memory_limiter], exporters: [{{ include "telepod.regional.metricsTo" .root }}]}
{{- end -}}

{{/* The feature of regional.destinations, for the signals of this component. */}}
{{- define "telepod.reporter.destinations" -}}
{{- $here := list -}}
{{- range include "telepod.destinations" (dict "root" .root "part" "regional") | fromYamlArray -}}
{{- $signals := list -}}
{{- range .signals }}{{ if hasKey $.fans . }}{{ $signals = append $signals . }}{{ end }}{{ end -}}
{{- if $signals }}{{ $here = append $here (set . "signals" $signals) }}{{ end -}}
{{- end -}}
{{- include "telepod.destinations.feature" (dict "root" .root "part" "regional" "tier" "regional" "here" $here "fans" .fans) }}
  {{- range $signal, $_ := .fans }}
  {{ $signal }}/sites: {receivers: [fan_out/{{ $signal }}], exporters: [otlp_failover]}
  {{- end }}
{{- end -}}

{{/*
The receiver that scrapes the targets of a target allocator. Monitors without their own limits get those of regional.scrape.
Arguments: the root.
*/}}
{{- define "telepod.reporter.targets" -}}
{{- $scrape := .Values.regional.scrape -}}
prometheus/monitors:
  config:
    global:
      scrape_interval: {{ $scrape.interval }}
      scrape_timeout: {{ include "telepod.regional.scrapeTimeout" . }}
      metric_name_validation_scheme: legacy
      sample_limit: {{ int $scrape.maxSamples }}
      body_size_limit: 16MB
      label_limit: 64
      label_name_length_limit: 256
      label_value_length_limit: 4096
  target_allocator:
    endpoint: {{ $scrape.targetAllocator.endpoint | trimSuffix "/" | quote }}
    interval: 30s
    collector_id: ${env:K8S_POD_NAME}
    {{- if $scrape.targetAllocator.secret }}
    {{- $directory := "${env:TARGET_ALLOCATOR_DIR:-/etc/telepod/target-allocator}" }}
    tls: {ca_file: "{{ $directory }}/ca.crt", cert_file: "{{ $directory }}/tls.crt", key_file: "{{ $directory }}/tls.key", reload_interval: 1h}
    {{- end }}
{{- end -}}

{{/*
The values of its pod: the region's, so it reaches the same destinations, except for its resources and its ServiceAccount,
which has its own permissions. Arguments: root and component.
*/}}
{{- define "telepod.reporter.values" -}}
{{- $regional := .root.Values.regional -}}
{{- $env := list -}}
{{- range $regional.env }}{{ if not (has .name (list "GOMEMLIMIT" "GOGC")) }}{{ $env = append $env . }}{{ end }}{{ end -}}
{{- $resources := eq .component "reporter" | ternary $regional.reporter.resources $regional.scrape.targetAllocator.resources -}}
{{- $own := dict "resources" $resources "env" $env "serviceAccount" (dict "annotations" (dig "serviceAccount" "annotations" dict $regional)) -}}
{{ toYaml (merge $own (omit $regional "serviceAccount" "resources" "env")) }}
{{- end -}}

{{/* The installed components, separated by commas. Arguments: the root. */}}
{{- define "telepod.reporter.components" -}}
{{- $components := list -}}
{{- if include "telepod.regional.installed" . -}}
{{- if or .Values.regional.clusterMetrics .Values.regional.events }}{{ $components = append $components "reporter" }}{{ end -}}
{{- if .Values.regional.scrape.targetAllocator.endpoint }}{{ $components = append $components "scraper" }}{{ end -}}
{{- end -}}
{{ join "," $components }}
{{- end -}}
