{{/*
Configurations are put together from features. A feature is one template with all that it adds: a text for each of the sections
extensions, receivers, processors, exporters, connectors and pipelines, and joins, what it adds to the pipeline of a signal.
*/}}

{{/* A section of all features, each line on a line of its own. Arguments: features and section. */}}
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

{{/* What features add to the pipeline of a signal: lists of receivers, processors and exporters. Arguments: features and signal. */}}
{{- define "telepod.collector.joins" -}}
{{- range $part := list "receivers" "processors" "exporters" -}}
{{- $names := list -}}
{{- range $.features }}{{ $names = concat $names (dig "joins" $.signal $part list .) }}{{ end }}
{{ $part }}: [{{ join ", " $names }}]
{{- end -}}
{{- end -}}
