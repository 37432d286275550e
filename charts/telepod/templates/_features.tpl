{{/*
Configurations consist of features. A feature is one template with everything that it adds: a text for each of the sections
extensions, receivers, processors, exporters, connectors and pipelines, and joins: what it adds to the pipeline of a signal.
*/}}

{{/* One section of all features, each on a separate line. Arguments: features and section. */}}
{{- define "telepod.collector.section" -}}
{{- $indent := eq .section "pipelines" | ternary 4 2 -}}
{{- range .features -}}
{{- with get . $.section | trim }}{{ . | nindent $indent }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* The names of the features' extensions, as the rest of a list. Arguments: the features. */}}
{{- define "telepod.collector.extensionNames" -}}
{{- range . -}}
{{- range $name, $_ := get . "extensions" | fromYaml }}, {{ $name }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* Receivers, processors and exporters that features add to the pipeline of a signal. Arguments: features and signal. */}}
{{- define "telepod.collector.joins" -}}
{{- range $part := list "receivers" "processors" "exporters" -}}
{{- $names := list -}}
{{- range $.features }}{{ $names = concat $names (dig "joins" $.signal $part list .) }}{{ end }}
{{ $part }}: [{{ join ", " $names }}]
{{- end -}}
{{- end -}}
