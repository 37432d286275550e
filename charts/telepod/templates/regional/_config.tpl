{{/*
The regional Collector's configuration.

  otlp_mux ▶ sender and identity ▶ secrets ▶ [sampling] ▶ otlp_failover: disk queue ▶ primary, or else backup
                                              ├▶ the cloud's own tools
                                              └▶ regional.destinations, each behind fan_out and a disk queue of its own

A sender is answered when its data is on disk. The exporter sends a batch to the first site that works, and keeps
it until one has accepted it. Everything that the values can disable is in _features.tpl.
*/}}
{{- define "telepod.regional.config" -}}
{{- $regional := .Values.regional }}
{{- $daemonset := eq $regional.mode "daemonset" }}
{{- $identifies := ne $regional.senderIdentity "none" }}
{{- $features := include "telepod.regional.features" . | fromYamlArray }}
{{- $fans := include "telepod.regional.fans" . | fromYaml -}}
extensions:
  health_check: {endpoint: "[${env:K8S_POD_IP}]:13133"}
  cert_metrics: {files: ["${env:TLS_DIR}/tls.crt", "${env:TLS_DIR}/ca.crt"]}
  {{- include "telepod.collector.section" (dict "features" $features "section" "extensions") }}

receivers:
  # Both ports accept gRPC and HTTP. A request has to fit into a batch below, and a batch into a request to a site.
  otlp_mux:
    endpoints: ["[${env:K8S_POD_IP}]:{{ include "telepod.regional.port" (dict "root" . "protocol" "grpc") }}", "[${env:K8S_POD_IP}]:{{ include "telepod.regional.port" (dict "root" . "protocol" "http") }}"]
    max_request_body_size: 4194304
    admission: {max_in_flight_bytes: {{ include "telepod.collector.inFlight" (dict "part" $regional "name" "regional" "least" 16777216) }}}
  {{- include "telepod.collector.section" (dict "features" $features "section" "receivers") }}

processors:
  memory_limiter: {check_interval: 1s, limit_percentage: 80, spike_limit_percentage: 20}
  {{- if $identifies }}
  {{- include "telepod.regional.senderIdentity" . | nindent 2 }}
  {{- end }}
  # k8s_attributes does not replace a sender's attributes. This moves the sender's claim about the node aside, so it can set the
  # node of each pod that it knows.
  resource/claims:
    attributes: [{key: telepod.claimed.k8s.node.name, from_attribute: k8s.node.name, action: upsert}, {key: k8s.node.name, action: delete}]
  {{- include "telepod.regional.k8sAttributes" (dict "root" . "ofNode" $daemonset) | nindent 2 }}
  {{- include "telepod.regional.detection" . | nindent 2 }}
  {{- include "telepod.regional.cloudResource" . | nindent 2 }}
      # Restores the claimed node of pods that k8s_attributes does not know, such as those on virtual nodes.
      - {key: k8s.node.name, from_attribute: telepod.claimed.k8s.node.name, action: insert}
      - {key: telepod.claimed.k8s.node.name, action: delete}
  {{- include "telepod.regional.secrets" $regional.redact | nindent 2 }}
  delta_to_cumulative: {max_stale: 10m, max_streams: {{ int $regional.maxDeltaStreams }}}
  {{- include "telepod.collector.section" (dict "features" $features "section" "processors") }}

exporters:
  {{- $persistent := include "telepod.regional.persistent" . | empty | not }}
  {{- include "telepod.regional.sitesExporter" (dict "root" . "persistent" $persistent "megabytes" ($persistent | ternary $regional.queue.megabytes (min 64 $regional.queue.megabytes))) | nindent 2 }}
  {{- include "telepod.collector.section" (dict "features" $features "section" "exporters") }}
{{- with include "telepod.collector.section" (dict "features" $features "section" "connectors") }}

connectors:
  {{- . }}
{{- end }}

service:
  extensions: [health_check, cert_metrics{{ include "telepod.collector.extensionNames" $features }}]
  pipelines:
    {{- range $signal := list "traces" "metrics" "logs" }}
    {{- $joins := include "telepod.collector.joins" (dict "features" $features "signal" $signal) | fromYaml }}
    {{- $sender := $identifies | ternary (list "sender_identity") list }}
    {{- $processors := concat (list "memory_limiter") $sender (list "resource/claims" "k8s_attributes" "resource_detection" "resource/cloud" "secrets") }}
    {{- if eq $signal "metrics" }}{{ $processors = append $processors "delta_to_cumulative" }}{{ end }}
    {{- $exporters := join ", " (prepend $joins.exporters "otlp_failover") }}
    {{ $signal }}: {receivers: [{{ join ", " (prepend $joins.receivers "otlp_mux") }}], processors: [{{ join ", " (concat $processors $joins.processors) }}], exporters: [{{ hasKey $fans $signal | ternary (printf "fan_out/%s" $signal) $exporters }}]}
    {{- if hasKey $fans $signal }}
    {{ $signal }}/sites: {receivers: [fan_out/{{ $signal }}], exporters: [{{ $exporters }}]}
    {{- end }}
    {{- end }}
    {{- include "telepod.collector.section" (dict "features" $features "section" "pipelines") }}
  telemetry:
    {{- include "telepod.metrics.telemetry" (dict "root" . "service" "telepod-regional") | nindent 4 }}
{{- end -}}

{{/* The processor that reports or corrects a pod that claims to be another one. Arguments: the root. */}}
{{- define "telepod.regional.senderIdentity" -}}
sender_identity:
  action: {{ .Values.regional.senderIdentity }}
  {{- if eq .Values.regional.mode "daemonset" }}
  node: ${env:K8S_NODE_NAME}
  {{- end }}
  {{- with .Values.regional.trustedNamespaces }}
  trusted_namespaces: {{ toJson . }}
  {{- end }}
{{- end -}}

{{/*
The processor that queries the cloud's metadata service. A detector of another cloud would wait for its timeout, a gateway's
detector would describe the gateway's node, and EKS's stops the Collector if the API server does not answer. Arguments: the
root.
*/}}
{{- define "telepod.regional.detection" -}}
{{- $detectors := list "env" -}}
{{- if eq .Values.regional.mode "daemonset" -}}
{{- $detectors = concat $detectors (get (dict "aws" (list "ec2") "gcp" (list "gcp") "azure" (list "aks" "azure")) .Values.cloud.provider | default list) -}}
{{- end -}}
resource_detection:
  detectors: [{{ join ", " $detectors }}]
  timeout: 5s
  override: false
  {{- if and (has "ec2" $detectors) (eq (include "telepod.platform" .) "eks") }}
  ec2: {resource_attributes: {cloud.platform: {enabled: false}}} # EKS, see below
  {{- end }}
{{- end -}}

{{/* The processor that names a pod and its workload. Arguments: root, and ofNode if it only watches the pods of its node. */}}
{{- define "telepod.regional.k8sAttributes" -}}
k8s_attributes:
  auth_type: serviceAccount
  {{- if .ofNode }}
  filter: {node_from_env_var: K8S_NODE_NAME}
  {{- end }}
  extract:
    metadata: [k8s.namespace.name, k8s.pod.name, k8s.pod.uid, k8s.node.name, k8s.deployment.name, k8s.container.name, service.namespace, service.name, service.version, service.instance.id]
    otel_annotations: true
    deployment_name_from_replicaset: true
    {{- if .root.Values.cloud.regionFromNodes }}
    labels:
      - {from: node, key: topology.kubernetes.io/region, tag_name: cloud.region}
      - {from: node, key: topology.kubernetes.io/zone, tag_name: cloud.availability_zone}
    {{- end }}
  # Through a host port the connection has the node's address, so the pod's own attributes come first.
  pod_association:
    - sources: [{from: resource_attribute, name: k8s.pod.uid}]
    - sources: [{from: resource_attribute, name: k8s.pod.ip}]
    - sources: [{from: connection}]
{{- end -}}

{{/* The processor that sets where the cluster runs. Arguments: the root. */}}
{{- define "telepod.regional.cloudResource" -}}
# The chart's values for where the cluster runs replace a sender's.
resource/cloud:
  attributes:
    {{- if ne .Values.cloud.provider "other" }}
    - {key: cloud.provider, value: {{ .Values.cloud.provider }}, action: upsert}
    {{- end }}
    {{- with get (dict "eks" "aws_eks" "gke" "gcp_kubernetes_engine" "aks" "azure.aks") (include "telepod.platform" .) }}
    - {key: cloud.platform, value: {{ . }}, action: upsert}
    {{- end }}
    {{- if .Values.cloud.region }}
    - {key: cloud.region, value: "${env:CLOUD_REGION}", action: upsert}
    {{- end }}
    {{- with .Values.cloud.account }}
    - {key: cloud.account.id, value: {{ . | quote }}, action: upsert}
    {{- end }}
    - {key: k8s.cluster.name, value: {{ include "telepod.collector.literal" .Values.cluster.name }}, action: upsert}
    {{- with .Values.environment }}
    - {key: deployment.environment.name, value: {{ include "telepod.collector.literal" . }}, action: insert}
    {{- end }}
{{- end -}}

{{/* The processor that removes secrets. Arguments: regional.redact. */}}
{{- define "telepod.regional.secrets" -}}
secrets:
  level: {{ .level }}
  {{- range $setting, $keys := dict "more_keys" .keys "keep_keys" .keep }}
  {{- with $keys }}
  {{ $setting }}: {{ range $i, $key := . }}{{ if $i }}, {{ else }}[{{ end }}{{ include "telepod.collector.literal" $key }}{{ end }}]
  {{- end }}
  {{- end }}
{{- end -}}

{{/* The exporter to the central sites. Arguments: root, persistent (whether its queue is on disk) and megabytes, of each signal. */}}
{{- define "telepod.regional.sitesExporter" -}}
{{- $root := .root }}
{{- $sites := empty $root.Values.central.backup | ternary (list "primary") (list "primary" "backup") -}}
otlp_failover:
  # In order of priority. The first one that works gets everything.
  endpoints:
    {{- range $sites }}
    - name: {{ . }}
      endpoint: "https://{{ get $root.Values.central . }}"
      {{- with include "telepod.regional.rulesFor" (dict "rules" $root.Values.regional.sovereignty "to" .) | fromYamlArray }}
      # Data that must not be sent to this site.
      filters:
        {{- toYaml . | replace "$" "$$" | nindent 8 }}
      {{- end }}
    {{- end }}
  tls: {ca_file: "${env:TLS_DIR}/ca.crt", cert_file: "${env:TLS_DIR}/tls.crt", key_file: "${env:TLS_DIR}/tls.key", reload_interval: 1h, min_version: "1.3"}
  compression: zstd
  # For one attempt. Pings detect a site that hangs. A busy site gets enough time, because an attempt that is cut off is repeated.
  timeout: 30s
  retry_on_failure: {max_elapsed_time: 0s}
  sending_queue:
    {{- if .persistent }}
    storage: segment_storage/queue
    {{- end }}
    sizer: bytes
    queue_size: {{ mul .megabytes 1048576 }}
    # A full queue refuses data; the sender retries.
    block_on_overflow: false
    num_consumers: 4
    batch: {sizer: bytes, flush_timeout: 200ms, min_size: 1000000, max_size: 4500000}
{{- end -}}

{{/* The signals that have regional destinations, with the branches of each. */}}
{{- define "telepod.regional.fans" -}}
{{- $fans := dict -}}
{{- range $signal, $of := include "telepod.destinations.branches" (dict "root" . "part" "regional") | fromYaml -}}
{{- if or $of.required $of.optional }}{{ $_ := set $fans $signal (set $of "required" (append $of.required (printf "%s/sites" $signal))) }}{{ end -}}
{{- end -}}
{{ toYaml $fans }}
{{- end -}}

{{/* The rules that apply to a site, the cloud's own tools or a destination. Arguments: rules and to. */}}
{{- define "telepod.regional.rulesFor" -}}
{{- $rules := list -}}
{{- range .rules -}}
{{- if or (not .destinations) (has $.to .destinations) -}}
{{- $rules = append $rules (omit . "destinations") -}}
{{- end -}}
{{- end -}}
{{ toYaml $rules }}
{{- end -}}
