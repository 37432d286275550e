{{/*
The destinations of a part as one list: the short forms first, then its value destinations. Arguments: root and part (central
or regional). Each entry gets defaults for its optional keys, and exporter, the prefix of its exporters' names.
*/}}
{{- define "telepod.destinations" -}}
{{- $all := list -}}
{{- if eq .part "central" -}}
{{- $all = include "telepod.destinations.short" .root.Values.central | fromYamlArray -}}
{{- end -}}
{{- $types := dict "otlp_http" "otlp_failover" "otlp_grpc" "otlp_grpc" "remote_write" "spool" "kafka" "kafka" "s3" "spool" "azure_blob" "azure_blob" -}}
{{- range get (get .root.Values .part) "destinations" -}}
{{- $exporter := printf "%s/%s" (get $types .protocol) .name -}}
{{- $defaults := dict "exporter" $exporter "sampled" (eq $.part "central") "whenFull" "drop" "siteMetrics" (eq .protocol "remote_write")
      "queueMegabytes" 0 "rules" list "headers" dict "secretHeaders" dict "auth" dict "tls" dict "topicPrefix" "otlp_" "endpoint" "" "prefix" "" -}}
{{- $to := mergeOverwrite $defaults (deepCopy .) -}}
{{- if eq $.part "regional" -}}
{{- $_ := set $to "rules" (concat $to.rules (include "telepod.regional.rulesFor" (dict "rules" $.root.Values.regional.sovereignty "to" .name) | fromYamlArray)) -}}
{{- end -}}
{{- $all = append $all $to -}}
{{- end -}}
{{ toYaml $all }}
{{- end -}}

{{/* Names in the part's value destinations. Arguments: root and part. */}}
{{- define "telepod.destinations.names" -}}
{{- $names := list -}}
{{- range get (get .root.Values .part) "destinations" }}{{ $names = append $names .name }}{{ end -}}
{{ toYaml $names }}
{{- end -}}

{{/* central.jaeger, archive, prometheus and kafka as destinations. Arguments: the values of the central part. */}}
{{- define "telepod.destinations.short" -}}
{{- $all := list -}}
{{- $defaults := dict "sampled" true "siteMetrics" false "queueMegabytes" 0 "rules" list "headers" dict "secretHeaders" dict "auth" dict "tls" dict "prefix" "" "endpoint" "" -}}
{{- $full := .whenFull -}}
{{- with .jaeger -}}
{{- $all = append $all (mergeOverwrite (deepCopy $defaults) (dict "name" "jaeger" "whenFull" $full.jaeger "protocol" "otlp_grpc" "exporter" "otlp_grpc/jaeger" "signals" (list "traces") "endpoint" .)) -}}
{{- end -}}
{{- if .archive.bucket -}}
{{- $all = append $all (mergeOverwrite (deepCopy $defaults) (dict "name" "archive" "protocol" "s3" "exporter" "spool/archive" "signals" (list "traces" "logs") "sampled" false) (pick .archive "bucket" "region" "endpoint" "whenFull")) -}}
{{- end -}}
{{- with .prometheus -}}
{{- $all = append $all (mergeOverwrite (deepCopy $defaults) (dict "name" "prometheus" "whenFull" $full.prometheus "protocol" "remote_write" "exporter" "spool/prometheus" "signals" (list "metrics") "endpoint" . "siteMetrics" true)) -}}
{{- end -}}
{{- if .kafka.brokers -}}
{{- $tls := omit (dict "insecure" (not .kafka.tls) "caSecret" .kafka.caSecret "certificateSecret" .kafka.certificateSecret) (empty .kafka.caSecret | ternary "caSecret" "") (empty .kafka.certificateSecret | ternary "certificateSecret" "") -}}
{{- $auth := empty .kafka.sasl.secret | ternary dict (dict "sasl" .kafka.sasl) -}}
{{- $all = append $all (mergeOverwrite (deepCopy $defaults) (dict "name" "kafka" "whenFull" $full.kafka "protocol" "kafka" "exporter" "kafka" "signals" (list "traces" "metrics" "logs") "brokers" .kafka.brokers "topicPrefix" .kafka.topicPrefix "tls" $tls "auth" $auth)) -}}
{{- end -}}
{{ toYaml $all }}
{{- end -}}

{{/* The exporter behind a spool. Arguments: to (the destination) and signal. */}}
{{- define "telepod.destination.uploader" -}}
{{- if eq .to.protocol "remote_write" -}}
prometheus_remote_write{{ if ne .to.name "prometheus" }}/{{ .to.name }}{{ end }}
{{- else -}}
awss3/{{ if ne .to.name "archive" }}{{ .to.name }}/{{ end }}{{ .signal }}
{{- end -}}
{{- end -}}

{{/*
The queues of one tier (site, sampler or regional), by exporter and signal. Samplers, if there are any, have the queues for
sampled traces. Arguments: root, part and tier.
*/}}
{{- define "telepod.destinations.queues" -}}
{{- $queues := list -}}
{{- $apart := and (ne .tier "regional") (include "telepod.central.hasSamplers" .root) -}}
{{- range $to := include "telepod.destinations" . | fromYamlArray -}}
{{- range $signal := $to.signals -}}
{{- $sampled := and (eq $signal "traces") $to.sampled -}}
{{- $own := and (eq $signal "metrics") $to.siteMetrics $.root.Values.collector.metrics.send -}}
{{- $here := not $apart -}}
{{- if $apart -}}{{- $here = eq $.tier "site" | ternary (not $sampled) (or $sampled $own) -}}{{- end -}}
{{- if $here -}}
{{- $queues = append $queues (dict "destination" $to.name "exporter" $to.exporter "signal" $signal "megabytes" $to.queueMegabytes) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $apart (eq .tier "site") -}}
{{- $queues = append $queues (dict "destination" "samplers" "exporter" "load_balancing/samplers" "signal" "traces" "megabytes" 0) -}}
{{- end -}}
{{ toYaml $queues }}
{{- end -}}

{{/*
Bytes of each queue of a site without its own size: an equal share of the volume. One share stays free for reserve segments.
With up to seven queues a share is an eighth. Arguments: root and tier.
*/}}
{{- define "telepod.destinations.share" -}}
{{- $volume := mul (.root.Values.central.storage.gigabytes | default 4) 1073741824 -}}
{{- $given := 0 -}}
{{- $equal := 0 -}}
{{- range include "telepod.destinations.queues" (dict "root" .root "part" "central" "tier" .tier) | fromYamlArray -}}
{{- if .megabytes -}}
{{- $given = add $given (mul .megabytes 1048576) -}}
{{- else -}}
{{- $equal = add1 $equal -}}
{{- end -}}
{{- end -}}
{{- $share := div (sub $volume $given) (max 8 (add1 $equal)) -}}
{{- if lt $share 67108864 -}}
{{- fail (printf "central.storage.gigabytes is %v, which leaves %d MiB for each of the site's queues: set it higher, or lower queueMegabytes of central.destinations" .root.Values.central.storage.gigabytes (div $share 1048576)) -}}
{{- end -}}
{{ $share }}
{{- end -}}

{{/* Bytes of a destination's queue, for each of its signals. Arguments: root, part, tier and to. */}}
{{- define "telepod.destination.queueBytes" -}}
{{- if .to.queueMegabytes -}}
{{ mul .to.queueMegabytes 1048576 }}
{{- else if eq .part "central" -}}
{{ include "telepod.destinations.share" . }}
{{- else if not (include "telepod.regional.persistent" .root) -}}
{{- /* In memory, destinations share the size of one queue to the sites; below 8 MiB no batch would fit. */ -}}
{{ mul (max 8 (div (min 64 .root.Values.regional.queue.megabytes) (len .root.Values.regional.destinations))) 1048576 }}
{{- else -}}
{{ mul (min 256 .root.Values.regional.queue.megabytes) 1048576 }}
{{- end -}}
{{- end -}}
