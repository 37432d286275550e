{{/*
The configuration of the Collectors for data that belongs to no single node.

reporter: metrics of the cluster's objects, and events. A single one, because two would report everything twice.
scraper: the targets that a target allocator assigns. A Collector does not start before its target allocator answers,
so no other Collector asks it.

  k8s_cluster, k8s_events, prometheus/monitors ▶ identity ▶ secrets ▶ [fan_out ▶ regional.destinations] ▶ otlp_failover ▶ the sites

Arguments: root and component.
*/}}
{{- define "telepod.reporter.config" -}}
{{- $root := .root }}
{{- $component := .component }}
{{- $receivers := include "telepod.reporter.receivers" . | fromYaml }}
{{- with .root }}
{{- $regional := .Values.regional }}
{{- $objects := and (eq $component "reporter") $regional.clusterMetrics }}
{{- $events := and (eq $component "reporter") $regional.events }}
{{- $service := printf "telepod-%s" $component }}
{{- $destinations := list }}
{{- range include "telepod.destinations" (dict "root" . "part" "regional") | fromYamlArray }}
{{- if or (has "metrics" .signals) (has "logs" .signals) }}
{{- $destinations = append $destinations . }}
{{- end }}
{{- end }}
{{- $fans := pick (include "telepod.regional.fans" . | fromYaml) "metrics" "logs" -}}
extensions:
  health_check: {endpoint: "[${env:K8S_POD_IP}]:13133"}
  segment_storage/queue: {directory: "${env:QUEUE_DIR}", create_directory: true}
  cert_metrics: {files: ["${env:TLS_DIR}/tls.crt", "${env:TLS_DIR}/ca.crt"]}
  {{- with include "telepod.destinations.extensions" $destinations | trim }}{{ . | nindent 2 }}{{ end }}

receivers:
  {{- if $objects }}
  k8s_cluster:
    auth_type: serviceAccount
    collection_interval: 30s
    node_conditions_to_report: [Ready, MemoryPressure, DiskPressure, PIDPressure]
    allocatable_types_to_report: [cpu, memory, ephemeral-storage]
  {{- end }}
  {{- if $events }}
  # Events from its start on; those of a pause of its own are missing.
  k8s_events: {auth_type: serviceAccount}
  {{- end }}
  {{- if eq $component "scraper" }}
  {{- include "telepod.reporter.monitors" . | nindent 2 }}
  {{- end }}
  {{- if .Values.collector.metrics.send }}
  {{- include "telepod.metrics.receiver" (dict "root" . "service" $service "instance" "K8S_POD_NAME") | nindent 2 }}
  {{- end }}

processors:
  memory_limiter: {check_interval: 1s, limit_percentage: 80, spike_limit_percentage: 20}
  {{- if eq $component "scraper" }}
  {{- include "telepod.regional.k8sAttributes" (dict "root" .) | nindent 2 }}
  {{- end }}
  {{- if $events }}
  # An event is about an object: the resource is that object's, as in its other telemetry.
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
  {{- end }}
  {{- include "telepod.regional.cloudResource" . | nindent 2 }}
  {{- include "telepod.regional.secrets" $regional.redact | nindent 2 }}
  {{- with include "telepod.destinations.processors" (dict "root" . "here" $destinations) }}
  {{- . | trim | nindent 2 }}
  {{- end }}

exporters:
  {{- include "telepod.regional.sitesExporter" (dict "root" . "persistent" true "megabytes" (min 256 $regional.queue.megabytes)) | nindent 2 }}
  {{- with $destinations }}
  {{- include "telepod.destinations.exporters" (dict "root" $root "part" "regional" "tier" "regional" "here" .) | nindent 2 }}
  {{- end }}
{{- if $fans }}

connectors:
  {{- with include "telepod.destinations.spools" (dict "root" . "part" "regional" "tier" "regional" "here" $destinations) }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- range $signal, $of := $fans }}
  fan_out/{{ $signal }}:
    required: [{{ join ", " $of.required }}]
    optional: [{{ join ", " $of.optional }}]
  {{- end }}
{{- end }}

service:
  extensions: [health_check, segment_storage/queue, cert_metrics{{ include "telepod.destinations.authenticators" $destinations }}]
  pipelines:
    {{- range $signal, $of := $receivers }}
    {{- $exporter := hasKey $fans $signal | ternary (printf "fan_out/%s" $signal) "otlp_failover" }}
    {{- range $name, $processors := $of }}
    {{ $signal }}/{{ $name }}: {receivers: [{{ get (dict "objects" "k8s_cluster" "events" "k8s_events" "monitors" "prometheus/monitors" "own" "prometheus/own") $name }}], processors: [{{ join ", " $processors }}], exporters: [{{ $exporter }}]}
    {{- end }}
    {{- if hasKey $fans $signal }}
    {{ $signal }}/sites: {receivers: [fan_out/{{ $signal }}], exporters: [otlp_failover]}
    {{- end }}
    {{- range $to := $destinations }}
    {{- if has $signal $to.signals }}
    {{ $signal }}/{{ $to.name }}: {receivers: [fan_out/{{ $signal }}], {{ with include "telepod.destination.processors" $to | fromYamlArray }}processors: [{{ join ", " . }}], {{ end }}exporters: [{{ $to.exporter }}]}
    {{- with include "telepod.destination.upload" (dict "to" $to "signal" $signal) }}
    {{ . }}
    {{- end }}
    {{- end }}
    {{- end }}
    {{- end }}
  telemetry:
    {{- include "telepod.metrics.telemetry" (dict "root" . "service" $service) | nindent 4 }}
{{- end }}
{{- end -}}

{{/*
The receiver of what a target allocator assigns. Monitors without limits of their own get those of scrape. Arguments: the root.
*/}}
{{- define "telepod.reporter.monitors" -}}
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

{{/* Its pipelines by signal, with the processors of each. Arguments: root and component. */}}
{{- define "telepod.reporter.receivers" -}}
{{- $metrics := dict -}}
{{- $all := dict -}}
{{- $values := .root.Values -}}
{{- $reporter := eq .component "reporter" -}}
{{- if and $reporter $values.regional.clusterMetrics }}{{ $_ := set $metrics "objects" (list "memory_limiter" "resource/cloud") }}{{ end -}}
{{- if not $reporter }}{{ $_ := set $metrics "monitors" (list "memory_limiter" "k8s_attributes" "resource/cloud" "secrets") }}{{ end -}}
{{- if $values.collector.metrics.send }}{{ $_ := set $metrics "own" (list "memory_limiter") }}{{ end -}}
{{- if $metrics }}{{ $_ := set $all "metrics" $metrics }}{{ end -}}
{{- if and $reporter $values.regional.events }}{{ $_ := set $all "logs" (dict "events" (list "memory_limiter" "transform/events" "resource/cloud" "secrets")) }}{{ end -}}
{{ toYaml $all }}
{{- end -}}

{{/*
The values of its pod: the region's, so that it reaches the same destinations, but for its size and its ServiceAccount,
which has rights of its own. Arguments: root and component.
*/}}
{{- define "telepod.reporter.values" -}}
{{- $regional := .root.Values.regional -}}
{{- $env := list -}}
{{- range $regional.env }}{{ if not (has .name (list "GOMEMLIMIT" "GOGC")) }}{{ $env = append $env . }}{{ end }}{{ end -}}
{{- $resources := eq .component "reporter" | ternary $regional.reporter.resources $regional.scrape.targetAllocator.resources -}}
{{- $own := dict "resources" $resources "env" $env "serviceAccount" (dict "annotations" (dig "serviceAccount" "annotations" dict $regional)) -}}
{{ toYaml (merge $own (omit $regional "serviceAccount" "resources" "env")) }}
{{- end -}}

{{/* Those that are installed, separated by commas. Arguments: the root. */}}
{{- define "telepod.reporter.components" -}}
{{- $components := list -}}
{{- if include "telepod.regional.installed" . -}}
{{- if or .Values.regional.clusterMetrics .Values.regional.events }}{{ $components = append $components "reporter" }}{{ end -}}
{{- if .Values.regional.scrape.targetAllocator.endpoint }}{{ $components = append $components "scraper" }}{{ end -}}
{{- end -}}
{{ join "," $components }}
{{- end -}}
