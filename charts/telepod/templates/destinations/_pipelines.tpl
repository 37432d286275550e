{{/* Components of the destinations' pipelines. */}}

{{/*
Destinations as a feature of a Collector. Arguments: root, part, tier, here (the destinations of the tier), and fans: the
branches of each fan_out, by its name.
*/}}
{{- define "telepod.destinations.feature" -}}
extensions: |
  {{- range .here }}
  {{- with include "telepod.destination.extension" . }}{{ . | nindent 2 }}{{ end }}
  {{- end }}
processors: |
  {{- with include "telepod.destinations.processors" . }}{{ . | trim | nindent 2 }}{{ end }}
connectors: |
  {{- if .fans }}
  # Requests go to required branches first, in order. If one with a full queue refuses a request, no later branch has received it.
  {{- end }}
  {{- range $name, $of := .fans }}
  fan_out/{{ $name }}:
    required: [{{ join ", " $of.required }}]
    optional: [{{ join ", " $of.optional }}]
  {{- end }}
  {{- range $to := .here }}
  {{- if hasPrefix "spool/" $to.exporter }}
  {{- include "telepod.destination.spool" (dict "root" $.root "part" $.part "tier" $.tier "to" $to) | nindent 2 }}
  {{- end }}
  {{- end }}
exporters: |
  {{- range $to := .here }}
  {{- include "telepod.destination.exporters" (dict "root" $.root "part" $.part "tier" $.tier "to" $to) | nindent 2 }}
  {{- end }}
pipelines: |
  {{- $queues := list }}
  {{- range include "telepod.destinations.queues" . | fromYamlArray }}{{ $queues = append $queues (printf "%s/%s" .signal .destination) }}{{ end }}
  {{- range $to := .here }}
  {{- $processors := include "telepod.destination.processors" $to | fromYamlArray }}
  {{- range $signal := $to.signals }}
  {{- $fan := and (eq $signal "traces") $to.sampled | ternary "sampled" $signal }}
  {{- if hasKey $.fans $fan }}
  {{ $signal }}/{{ $to.name }}: {receivers: [fan_out/{{ $fan }}], {{ with $processors }}processors: [{{ join ", " . }}], {{ end }}exporters: [{{ $to.exporter }}]}
  {{- end }}
  {{- if and (hasPrefix "spool/" $to.exporter) (has (printf "%s/%s" $signal $to.name) $queues) }}
  {{ $signal }}/{{ $to.name }}-upload: {receivers: [{{ $to.exporter }}], exporters: [{{ include "telepod.destination.uploader" (dict "to" $to "signal" $signal) }}]}
  {{- end }}
  {{- end }}
  {{- end }}
{{- end -}}

{{/*
The branches of each signal: those that may refuse (required), and those that drop (optional). Arguments: root, part, and
sampled, for those behind tail sampling.
*/}}
{{- define "telepod.destinations.branches" -}}
{{- $all := dict -}}
{{- range list "traces" "metrics" "logs" }}{{ $_ := set $all . (dict "required" list "optional" list) }}{{ end -}}
{{- range $to := include "telepod.destinations" (pick . "root" "part") | fromYamlArray -}}
{{- range $signal := $to.signals -}}
{{- if eq (not (empty $.sampled)) (and (eq $signal "traces") (not (empty $to.sampled))) -}}
{{- $of := get $all $signal -}}
{{- $kind := eq $to.whenFull "drop" | ternary "optional" "required" -}}
{{- $_ := set $of $kind (append (get $of $kind) (printf "%s/%s" $signal $to.name)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ toYaml $all }}
{{- end -}}

{{/* Arguments: root and here. */}}
{{- define "telepod.destinations.processors" -}}
{{- $protocols := list -}}
{{- range .here }}{{ $protocols = append $protocols .protocol }}{{ end -}}
{{- if has "s3" $protocols }}
archive_folder:
  fallback: unknown/unknown
  {{- with .root.Values.central.archive.regions }}
  allowed: {{ toJson . }}
  {{- end }}
{{- end }}
{{- if has "remote_write" $protocols }}
# Prometheus has no resources, so the attributes that make a series unique become labels. service.instance.id, which becomes the
# label instance, is unique only within its cluster, so it gets the cluster's name as a prefix; that of Collectors has it already.
transform/labels:
  error_mode: ignore
  metric_statements:
    - context: resource
      conditions: ['resource.attributes["service.instance.id"] != nil and resource.attributes["k8s.cluster.name"] != nil']
      statements:
        - 'set(resource.attributes["service.instance.id"], Concat([resource.attributes["k8s.cluster.name"], resource.attributes["service.instance.id"]], "/")) where not HasPrefix(resource.attributes["service.instance.id"], Concat([resource.attributes["k8s.cluster.name"], ""], "/"))'
    - context: datapoint
      statements:
        {{- range .root.Values.central.metrics.labels }}
        {{- $key := include "telepod.collector.literal" . }}
        - 'set(datapoint.attributes[{{ $key }}], resource.attributes[{{ $key }}]) where resource.attributes[{{ $key }}] != nil'
        {{- end }}
{{- end }}
{{- range .here }}
{{- if and .rules (ne .protocol "otlp_http") }}
filter/{{ .name }}:
  error_mode: propagate
  {{- include "telepod.collector.filter" .rules | trim | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The processors in front of a destination. otlp_failover applies rules itself. Arguments: the destination. */}}
{{- define "telepod.destination.processors" -}}
{{- $all := list -}}
{{- if and .rules (ne .protocol "otlp_http") }}{{ $all = append $all (printf "filter/%s" .name) }}{{ end -}}
{{- if eq .protocol "s3" }}{{ $all = append $all "archive_folder" }}{{ end -}}
{{- if eq .protocol "remote_write" }}{{ $all = append $all "transform/labels" }}{{ end -}}
{{ toYaml $all }}
{{- end -}}
