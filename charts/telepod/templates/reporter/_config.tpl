{{/*
The configuration of the one Collector that reports what the cluster as a whole has: metrics of its objects, and
events. Apart from the nodes' Collectors, because it keeps all objects in memory and only one may do it.

  k8s_cluster, k8s_events ▶ identity ▶ secrets ▶ [fan_out ▶ regional.destinations] ▶ otlp_failover ▶ the sites

Takes the root.
*/}}
{{- define "telepod.reporter.config" -}}
{{- $regional := .Values.regional }}
{{- $receivers := include "telepod.reporter.receivers" . | fromYaml }}
{{- $destinations := list }}
{{- $authenticators := list }}
{{- range include "telepod.destinations" (dict "root" . "part" "regional") | fromYamlArray }}
{{- if or (has "metrics" .signals) (has "logs" .signals) }}
{{- $destinations = append $destinations . }}
{{- with include "telepod.destination.authenticator" . }}{{ $authenticators = append $authenticators . }}{{ end }}
{{- end }}
{{- end }}
{{- $fans := pick (include "telepod.regional.fans" . | fromYaml) "metrics" "logs" -}}
extensions:
  health_check: {endpoint: "[${env:K8S_POD_IP}]:13133"}
  segment_storage/queue: {directory: "${env:QUEUE_DIR}", create_directory: true}
  cert_metrics: {files: ["${env:TLS_DIR}/tls.crt", "${env:TLS_DIR}/ca.crt"]}
  {{- range $destinations }}
  {{- with include "telepod.destination.extension" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- end }}

receivers:
  {{- if $regional.clusterMetrics }}
  k8s_cluster:
    auth_type: serviceAccount
    collection_interval: 30s
    node_conditions_to_report: [Ready, MemoryPressure, DiskPressure, PIDPressure]
    allocatable_types_to_report: [cpu, memory, ephemeral-storage]
  {{- end }}
  {{- if $regional.events }}
  # Events from its start on; those of a pause of its own are missing.
  k8s_events: {auth_type: serviceAccount}
  {{- end }}
  {{- if .Values.collector.metrics.send }}
  {{- include "telepod.metrics.receiver" (dict "root" . "service" "telepod-reporter" "instance" "K8S_POD_NAME") | nindent 2 }}
  {{- end }}

processors:
  memory_limiter: {check_interval: 1s, limit_percentage: 80, spike_limit_percentage: 20}
  {{- if $regional.events }}
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
  {{- include "telepod.destinations.exporters" (dict "root" $ "part" "regional" "tier" "regional" "here" .) | nindent 2 }}
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
  extensions: [health_check, segment_storage/queue, cert_metrics{{ range $authenticators }}, {{ . }}{{ end }}]
  pipelines:
    {{- range $signal, $of := $receivers }}
    {{- $exporter := hasKey $fans $signal | ternary (printf "fan_out/%s" $signal) "otlp_failover" }}
    {{- range $name, $processors := $of }}
    {{ $signal }}/{{ $name }}: {receivers: [{{ get (dict "objects" "k8s_cluster" "events" "k8s_events" "own" "prometheus/own") $name }}], processors: [{{ join ", " $processors }}], exporters: [{{ $exporter }}]}
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
    {{- include "telepod.metrics.telemetry" (dict "root" . "service" "telepod-reporter") | nindent 4 }}
{{- end -}}

{{/* Its pipelines by signal, with the processors of each. */}}
{{- define "telepod.reporter.receivers" -}}
{{- $metrics := dict -}}
{{- $all := dict -}}
{{- if .Values.regional.clusterMetrics }}{{ $_ := set $metrics "objects" (list "memory_limiter" "resource/cloud") }}{{ end -}}
{{- if .Values.collector.metrics.send }}{{ $_ := set $metrics "own" (list "memory_limiter") }}{{ end -}}
{{- if $metrics }}{{ $_ := set $all "metrics" $metrics }}{{ end -}}
{{- if .Values.regional.events }}{{ $_ := set $all "logs" (dict "events" (list "memory_limiter" "transform/events" "resource/cloud" "secrets")) }}{{ end -}}
{{ toYaml $all }}
{{- end -}}

{{/*
The values of its pod: the region's, so that it reaches the same destinations, but for its size and its ServiceAccount,
which has rights of its own.
*/}}
{{- define "telepod.reporter.values" -}}
{{- $regional := .Values.regional -}}
{{- $env := list -}}
{{- range $regional.env }}{{ if not (has .name (list "GOMEMLIMIT" "GOGC")) }}{{ $env = append $env . }}{{ end }}{{ end -}}
{{- $own := dict "resources" $regional.reporter.resources "env" $env "serviceAccount" (dict "annotations" (dig "serviceAccount" "annotations" dict $regional)) -}}
{{ toYaml (merge $own (omit $regional "serviceAccount" "resources" "env")) }}
{{- end -}}

{{- define "telepod.reporter.name" -}}
{{ include "telepod.fullname" . }}-reporter
{{- end -}}

{{- define "telepod.reporter.installed" -}}
{{- if and (include "telepod.regional.installed" .) (or .Values.regional.clusterMetrics .Values.regional.events) -}}
true
{{- end -}}
{{- end -}}
