{{/* What the pods of regional and central Collectors have in common. */}}

{{/* The user of the image. */}}
{{- define "telepod.collector.user" -}}
10001
{{- end -}}

{{/* Pull Secrets of both images: the DaemonSet's init container runs the webhook's image. */}}
{{- define "telepod.collector.pullSecrets" -}}
{{- include "telepod.pullSecrets" (dict "root" . "images" (list .Values.collector.image .Values.injector.image)) -}}
{{- end -}}

{{/* Annotation that gives a ServiceAccount an identity in the cloud. Arguments: root and identity. */}}
{{- define "telepod.collector.identityAnnotation" -}}
{{- $annotations := dict "aws" "eks.amazonaws.com/role-arn" "gcp" "iam.gke.io/gcp-service-account" "azure" "azure.workload.identity/client-id" -}}
{{- with .identity -}}
{{ get $annotations $.root.Values.cloud.provider }}: {{ . | quote }}
{{- end -}}
{{- end -}}

{{/* Label for which Azure's webhook gives a pod the identity of its ServiceAccount. Arguments: root and identity. */}}
{{- define "telepod.collector.identityLabel" -}}
{{- if and .identity (eq .root.Values.cloud.provider "azure") -}}
azure.workload.identity/use: "true"
{{- end -}}
{{- end -}}

{{/* Settings that all containers share: what PodSecurity restricted requires, and a read-only root file system. */}}
{{- define "telepod.collector.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Variables that the configurations refer to. */}}
{{- define "telepod.collector.env" -}}
- name: K8S_NODE_NAME
  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
- name: K8S_NODE_IP
  valueFrom: {fieldRef: {fieldPath: status.hostIP}}
- name: K8S_POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: K8S_POD_IP
  valueFrom: {fieldRef: {fieldPath: status.podIP}}
- name: CLOUD_REGION
  {{- if .Values.cloud.regionFromNodes }}
  valueFrom: {fieldRef: {fieldPath: "metadata.labels['topology.kubernetes.io/region']"}}
  {{- else }}
  value: {{ .Values.cloud.region | quote }}
  {{- end }}
# Kubernetes restarts the Collector, and reports it, so the image's supervisor does not.
- name: COLLECTOR_SUPERVISED
  value: "false"
- name: QUEUE_DIR
  value: /var/lib/telepod/queue
- name: TLS_DIR
  value: /etc/telepod/tls
{{- end -}}

{{/*
Collects garbage less often than Go does by default, until the memory in use reaches 80 % of the limit. Without a limit the
heap would be unbounded, so Go's defaults apply. A user-defined variable takes precedence. Arguments: part (the values of
regional or central) and name.
*/}}
{{- define "telepod.collector.goEnv" -}}
{{- $mine := dict -}}
{{- range .part.env }}{{ $_ := set $mine .name true }}{{ end -}}
{{- with ((.part.resources).limits).memory -}}
{{- if not (hasKey $mine "GOMEMLIMIT") -}}
{{- $bytes := include "telepod.collector.bytes" (dict "quantity" . "name" $.name) | int64 -}}
{{- if lt $bytes 67108864 -}}
{{- fail (printf "%s.resources.limits.memory is %v, but a Collector needs 39 MiB without any telemetry: set at least 64Mi" $.name .) -}}
{{- end -}}
- {name: GOMEMLIMIT, value: "{{ div (mul $bytes 4) 5 }}"}
{{ end -}}
{{- if not (hasKey $mine "GOGC") -}}
- {name: GOGC, value: "400"}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Bytes of requests that a receiver keeps in memory at the same time: a sixteenth of the memory limit, because decoded data,
above all a hostile sender's, is several times as large as the request. Arguments: part, name, and least, which the largest
request needs.
*/}}
{{- define "telepod.collector.inFlight" -}}
{{- $bytes := 67108864 -}}
{{- with ((.part.resources).limits).memory -}}
{{- $bytes = div (include "telepod.collector.bytes" (dict "quantity" . "name" $.name) | int64) 16 -}}
{{- end -}}
{{ max .least $bytes }}
{{- end -}}

{{/* A Kubernetes quantity of memory in bytes. Arguments: quantity, name (such as regional), and of, if it is not limits. */}}
{{- define "telepod.collector.bytes" -}}
{{- $units := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- $quantity := kindIs "string" .quantity | ternary .quantity (.quantity | int64 | toString) -}}
{{- $unit := regexFind "[a-zA-Z]*$" $quantity -}}
{{- if not (and (hasKey $units $unit) (regexMatch `^[0-9]+(\.[0-9]+)?[a-zA-Z]*$` $quantity)) -}}
{{- fail (printf "%s.resources.%s.memory is %q: write a number with one of the units k, M, G, T, Ki, Mi, Gi, Ti, such as 512Mi" .name (.of | default "limits") $quantity) -}}
{{- end -}}
{{ mulf (trimSuffix $unit $quantity | float64) (get $units $unit) | int64 }}
{{- end -}}

{{- define "telepod.collector.probes" -}}
# Allows two minutes for a slow start. A Collector that hangs later is restarted.
startupProbe:
  httpGet: {path: /, port: health}
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 60
readinessProbe:
  httpGet: {path: /, port: health}
  periodSeconds: 5
  timeoutSeconds: 5
livenessProbe:
  httpGet: {path: /, port: health}
  periodSeconds: 15
  timeoutSeconds: 5
  failureThreshold: 4
{{- end -}}

{{/* The command line: the chart's configuration, with the user's merged over it. Arguments: the user's. */}}
{{- define "telepod.collector.args" -}}
- --config=/etc/telepod/collector/collector.yaml
# The first counts items and bytes at every receiver, connector and exporter. The second retries requests that Prometheus
# answers with 429, instead of dropping them. With the third, file_log marks lines as read once they are in the queue.
- --feature-gates=telemetry.newPipelineTelemetry,exporter.prometheusremotewritexporter.RetryOn429,stanza.synchronousLogEmitter
{{- if . }}
- --config=/etc/telepod/collector/yours.yaml
{{- end }}
{{- end -}}

{{/*
Volume with the certificate, its key and the authorities to trust: ca.crt, and at a site client-ca.crt, for the clients that
it accepts. Arguments: root and secret. Pods with the site's Secret are the site's.
*/}}
{{- define "telepod.collector.tlsVolume" -}}
{{- $tls := .root.Values.tls -}}
{{- $site := eq .secret (include "telepod.central.tlsSecret" .root) -}}
{{- $authorities := list (dict "key" "ca.crt" "path" "ca.crt") -}}
{{- if and $site (not $tls.clientCAConfigMap) -}}
{{- $authorities = append $authorities (dict "key" "ca.crt" "path" "client-ca.crt") -}}
{{- end -}}
{{- $own := list (dict "key" "tls.crt" "path" "tls.crt") (dict "key" "tls.key" "path" "tls.key") -}}
name: tls
projected:
  defaultMode: 0440
  sources:
    - secret:
        name: {{ .secret }}
        items: {{ toJson (empty $tls.caConfigMap | ternary (concat $own $authorities) $own) }}
    {{- with $tls.caConfigMap }}
    - configMap:
        name: {{ . }}
        items: {{ toJson $authorities }}
    {{- end }}
    {{- if and $site $tls.clientCAConfigMap }}
    - configMap:
        name: {{ $tls.clientCAConfigMap }}
        items: [{key: ca.crt, path: client-ca.crt}]
    {{- end }}
{{- end -}}

{{/* Quotes user text for a Collector's configuration, in which a dollar sign starts a variable. */}}
{{- define "telepod.collector.literal" -}}
{{ . | replace "$" "$$" | quote }}
{{- end -}}

{{/* Arguments: root and component. */}}
{{- define "telepod.collector.selector" -}}
{{ include "telepod.selector" . }}
{{- end -}}

{{/* Rules as the conditions of a filter, which drops an item if one of them is true. Arguments: the rules. */}}
{{- define "telepod.collector.filter" -}}
{{- range $signal, $item := dict "traces" "span" "metrics" "datapoint" "logs" "log_record" -}}
{{- $conditions := list -}}
{{- range $ -}}
{{- if or (not .signals) (has $signal .signals) -}}
{{- $conditions = append $conditions (include "telepod.collector.condition" .) -}}
{{- end -}}
{{- end -}}
{{- with $conditions }}
{{ $signal }}:
  {{ $item }}:
    {{- range . }}
    - '{{ . | replace "'" "''" }}'
    {{- end }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A rule as the condition under which its data is dropped. Arguments: the rule. */}}
{{- define "telepod.collector.condition" -}}
{{- $matches := list -}}
{{- if not .attribute -}}
{{- $matches = list "true" -}}
{{- else -}}
{{- $key := include "telepod.collector.literal" .attribute -}}
{{- range $path := list (printf "attributes[%s]" $key) (printf "resource.attributes[%s]" $key) -}}
{{- range $.values -}}
{{- $matches = append $matches (printf "%s == %s" $path (include "telepod.collector.literal" .)) -}}
{{- else -}}
{{- $matches = append $matches (printf "%s != nil" $path) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ if eq .action "keep" }}not ({{ join " or " $matches }}){{ else }}{{ join " or " $matches }}{{ end }}
{{- end -}}
