{{/*
The regional Collector's configuration.

  otlp_mux ▶ sender and identity ▶ secrets ▶ [sampling] ▶ otlp_failover: disk queue ▶ primary, or else backup
                                              ├▶ the cloud's own tools
                                              └▶ regional.destinations, each behind fan_out and a disk queue of its own

A sender is answered when its data is on disk. The exporter sends a batch to the first site that works, and keeps
it until one has accepted it.
*/}}
{{- define "telepod.regional.config" -}}
{{- $regional := .Values.regional }}
{{- $provider := .Values.cloud.provider }}
{{- $daemonset := eq $regional.mode "daemonset" }}
{{- $persistent := include "telepod.regional.persistent" . | empty | not }}
{{- $toCloud := $regional.cloudExport.signals }}
{{- $xray := and (eq $provider "aws") (has "traces" $toCloud) }}
{{- $samples := lt (float64 $regional.samplePercent) 100.0 }}
{{- $destinations := include "telepod.destinations" (dict "root" . "part" "regional") | fromYamlArray }}
{{- $fans := include "telepod.regional.fans" . | fromYaml -}}
extensions:
  health_check: {endpoint: "[${env:K8S_POD_IP}]:13133"}
  {{- if $persistent }}
  segment_storage/queue:
    directory: ${env:QUEUE_DIR}
    create_directory: true
    # Below this much free space on the disk the queue refuses: an outage of the sites must not fill a node's disk.
    min_free: {{ mul $regional.queue.minFreeMegabytes 1048576 }}
    # Queues of earlier charts (file_storage) are read once.
    import: {directory: "${env:QUEUE_DIR}", components: {otlp_failover: otlp_grpc/loop}}
  {{- end }}
  cert_metrics: {files: ["${env:TLS_DIR}/tls.crt", "${env:TLS_DIR}/ca.crt"]}
  {{- if $xray }}
  sigv4auth/xray: {region: {{ .Values.cloud.region }}, service: xray}
  {{- end }}
  {{- with include "telepod.destinations.extensions" $destinations | trim }}{{ . | nindent 2 }}{{ end }}

receivers:
  # Both ports accept gRPC and HTTP. A request has to fit into a batch below, and a batch into a request to a site.
  otlp_mux:
    endpoints: ["[${env:K8S_POD_IP}]:{{ include "telepod.regional.port" (dict "root" . "protocol" "grpc") }}", "[${env:K8S_POD_IP}]:{{ include "telepod.regional.port" (dict "root" . "protocol" "http") }}"]
    max_request_body_size: 4194304
    admission: {max_in_flight_bytes: {{ include "telepod.collector.inFlight" (dict "part" $regional "name" "regional" "least" 16777216) }}}
  {{- if .Values.collector.metrics.send }}
  {{- $webhook := and $daemonset .Values.injector.enabled }}
  {{- include "telepod.metrics.receiver" (dict "root" . "service" "telepod-regional" "instance" ($daemonset | ternary "K8S_NODE_NAME" "K8S_POD_NAME") "webhook" $webhook) | nindent 2 }}
  {{- end }}
  {{- if $regional.nodeMetrics }}
  host_metrics:
    collection_interval: 30s
    root_path: /hostfs
    scrapers: {cpu: {}, memory: {}, load: {}, disk: {}}
  kubeletstats:
    collection_interval: 30s
    auth_type: serviceAccount
    # The image's supervisor puts an IPv6 address into brackets.
    endpoint: "https://${env:K8S_NODE_HOST:-${env:K8S_NODE_IP}}:10250"
    # Most kubelets sign their own certificate; this one runs on the Collector's node.
    insecure_skip_verify: true
    metric_groups: [node, pod, container, volume]
  {{- end }}
  {{- if $regional.containerLogs }}
  file_log:
    {{- $namespaces := $regional.logFiles.namespaces | default (list "*") }}
    include: [{{ range $i, $n := $namespaces }}{{ if $i }}, {{ end }}/var/log/pods/{{ eq $n "*" | ternary "*" (printf "%s_*" $n) }}/*/*.log{{ end }}]
    exclude: [/var/log/pods/{{ .Release.Namespace }}_{{ include "telepod.regional.name" . }}-*/*/*.log{{ range $regional.logFiles.excludeNamespaces }}, /var/log/pods/{{ . }}_*/*/*.log{{ end }}]
    include_file_path: true
    include_file_name: false
    start_at: end
    storage: segment_storage/queue
    retry_on_failure: {enabled: true, max_elapsed_time: 0s}
    {{- if or $regional.logFiles.firstLine $regional.logFiles.json }}
    operators:
      - {type: container}
      {{- include "telepod.regional.lines" . | nindent 6 }}
    {{- else }}
    operators: [{type: container}]
    {{- end }}
  {{- end }}
  {{- if $regional.scrape.annotated }}
  {{- include "telepod.regional.annotated" . | nindent 2 }}
  {{- end }}

processors:
  memory_limiter: {check_interval: 1s, limit_percentage: 80, spike_limit_percentage: 20}
  {{- if ne $regional.senderIdentity "none" }}
  # A pod that claims to be another one is reported, or corrected.
  sender_identity:
    action: {{ $regional.senderIdentity }}
    {{- if $daemonset }}
    node: ${env:K8S_NODE_NAME}
    {{- end }}
    {{- with $regional.trustedNamespaces }}
    trusted_namespaces: {{ toJson . }}
    {{- end }}
  {{- end }}
  # k8s_attributes replaces nothing that a sender claims. Without the claim it names the node of each pod that it knows.
  resource/claims:
    attributes: [{key: telepod.claimed.k8s.node.name, from_attribute: k8s.node.name, action: upsert}, {key: k8s.node.name, action: delete}]
  {{- include "telepod.regional.k8sAttributes" (dict "root" . "ofNode" $daemonset) | nindent 2 }}
  resource_detection:
    {{- /* A detector of another cloud waits for its timeout. In a gateway they would describe the gateway's node.
      The detector of EKS asks the API server, and stops the Collector if there is no answer. */}}
    {{- $detectors := dict "aws" (list "env" "ec2") "gcp" (list "env" "gcp") "azure" (list "env" "aks" "azure") }}
    detectors: [{{ $daemonset | ternary (get $detectors $provider | default (list "env")) (list "env") | join ", " }}]
    timeout: 5s
    override: false
    {{- if and $daemonset (eq $provider "aws") (eq (include "telepod.platform" .) "eks") }}
    ec2: {resource_attributes: {cloud.platform: {enabled: false}}} # EKS, see below
    {{- end }}
  {{- include "telepod.regional.cloudResource" . | nindent 2 }}
      # Of pods that Kubernetes does not know here, such as those of virtual nodes.
      - {key: k8s.node.name, from_attribute: telepod.claimed.k8s.node.name, action: insert}
      - {key: telepod.claimed.k8s.node.name, action: delete}
  {{- if $regional.scrape.annotated }}
  # The job's and the target's names would hide the service and the pod.
  resource/scraped:
    attributes: [{key: service.name, action: delete}, {key: service.instance.id, action: delete}]
  {{- end }}
  {{- if $regional.nodeMetrics }}
  resource/node:
    attributes:
      - {key: k8s.node.name, value: "${env:K8S_NODE_NAME}", action: insert}
  {{- end }}
  {{- include "telepod.regional.secrets" $regional.redact | nindent 2 }}
  delta_to_cumulative: {max_stale: 10m, max_streams: {{ int $regional.maxDeltaStreams }}}
  {{- if $samples }}
  # Errors, 5xx and slow spans are kept whatever the draw; the rest of their traces may not be. All regions draw alike.
  transform/keep:
    error_mode: ignore
    trace_statements:
      - context: span
        statements:
          - set(span.attributes["sampling.priority"], 1) where span.attributes["http.response.status_code"] >= 500 or span.attributes["http.status_code"] >= 500
          - set(span.attributes["sampling.priority"], 1) where span.status.code == STATUS_CODE_ERROR or span.end_time_unix_nano - span.start_time_unix_nano > {{ int $.Values.central.sampling.slowMilliseconds }}000000
  probabilistic_sampler: {mode: proportional, sampling_percentage: {{ $regional.samplePercent }}}
  {{- end }}
  {{- if $toCloud }}
  {{- with include "telepod.collector.filter" (include "telepod.regional.rulesFor" (dict "rules" $regional.sovereignty "to" "cloud") | fromYamlArray) }}
  # A filter drops what one of its conditions is true for.
  filter/cloud:
    error_mode: propagate
    {{- . | trimSuffix "\n" | nindent 4 }}
  {{- end }}
  {{- end }}
  {{- with include "telepod.destinations.processors" (dict "root" . "here" $destinations) }}
  {{- . | trim | nindent 2 }}
  {{- end }}

exporters:
  {{- include "telepod.regional.sitesExporter" (dict "root" . "persistent" $persistent "megabytes" ($persistent | ternary $regional.queue.megabytes (min 64 $regional.queue.megabytes))) | nindent 2 }}
  {{- if $regional.applicationMetrics }}
  prometheus: {endpoint: "[${env:K8S_POD_IP}]:8889", resource_to_telemetry_conversion: {enabled: true}, metric_expiration: 5m}
  {{- end }}
  {{- with include "telepod.regional.cloudExporters" . }}
  {{- . | trim | nindent 2 }}
  {{- end }}
  {{- with $destinations }}
  {{- include "telepod.destinations.exporters" (dict "root" $ "part" "regional" "tier" "regional" "here" .) | nindent 2 }}
  {{- end }}
{{- if or $toCloud $fans }}

connectors:
  {{- with include "telepod.destinations.spools" (dict "root" . "part" "regional" "tier" "regional" "here" $destinations) }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- if $toCloud }}
  forward/cloud: {}
  {{- end }}
  {{- range $signal, $of := $fans }}
  # Required destinations first, then the sites: what a full queue of a destination refuses, the sites have not seen,
  # however often the sender tries again. What the sites refuse, no optional destination has seen.
  fan_out/{{ $signal }}:
    required: [{{ join ", " $of.required }}]
    optional: [{{ join ", " $of.optional }}]
  {{- end }}
{{- end }}

service:
  extensions: [health_check, cert_metrics{{ if $persistent }}, segment_storage/queue{{ end }}{{ if $xray }}, sigv4auth/xray{{ end }}{{ include "telepod.destinations.authenticators" $destinations }}]
  pipelines:
    {{- range $signal := list "traces" "metrics" "logs" }}
    {{- $receivers := and (eq $signal "logs") $regional.containerLogs | ternary (list "otlp_mux" "file_log") (list "otlp_mux") }}
    {{- $sender := eq $regional.senderIdentity "none" | ternary list (list "sender_identity") }}
    {{- $processors := concat (list "memory_limiter") $sender (list "resource/claims" "k8s_attributes" "resource_detection" "resource/cloud" "secrets") }}
    {{- if and (eq $signal "traces") $samples }}{{ $processors = concat $processors (list "transform/keep" "probabilistic_sampler") }}{{ end }}
    {{- if eq $signal "metrics" }}{{ $processors = append $processors "delta_to_cumulative" }}{{ end }}
    {{- $exporters := list "otlp_failover" }}
    {{- if has $signal $toCloud }}{{ $exporters = append $exporters "forward/cloud" }}{{ end }}
    {{- if and (eq $signal "metrics") $regional.applicationMetrics }}{{ $exporters = append $exporters "prometheus" }}{{ end }}
    {{ $signal }}: {receivers: [{{ join ", " $receivers }}], processors: [{{ join ", " $processors }}], exporters: [{{ hasKey $fans $signal | ternary (printf "fan_out/%s" $signal) (join ", " $exporters) }}]}
    {{- if hasKey $fans $signal }}
    {{ $signal }}/sites: {receivers: [fan_out/{{ $signal }}], exporters: [{{ join ", " $exporters }}]}
    {{- end }}
    {{- end }}
    {{- $metrics := hasKey $fans "metrics" | ternary "fan_out/metrics" "otlp_failover" }}
    {{- if $regional.nodeMetrics }}
    metrics/node: {receivers: [host_metrics, kubeletstats], processors: [memory_limiter, k8s_attributes, resource/node, resource_detection, resource/cloud], exporters: [{{ $metrics }}]}
    {{- end }}
    {{- if $regional.scrape.annotated }}
    metrics/scraped: {receivers: [prometheus/annotated], processors: [memory_limiter, resource/scraped, k8s_attributes, resource_detection, resource/cloud, secrets], exporters: [{{ $metrics }}]}
    {{- end }}
    {{- if .Values.collector.metrics.send }}
    metrics/own: {receivers: [prometheus/own], processors: [memory_limiter], exporters: [{{ $metrics }}]}
    {{- end }}
    {{- range $signal := $toCloud }}
    {{- $exporter := get (dict "aws" (eq $signal "traces" | ternary "otlp_http/xray" "awscloudwatchlogs") "gcp" "googlecloud" "azure" "azuremonitor") $provider }}
    {{ $signal }}/cloud: {receivers: [forward/cloud], {{ if include "telepod.collector.filter" (include "telepod.regional.rulesFor" (dict "rules" $regional.sovereignty "to" "cloud") | fromYamlArray) }}processors: [filter/cloud], {{ end }}exporters: [{{ $exporter }}]}
    {{- end }}
    {{- range $to := $destinations }}
    {{- $processors := include "telepod.destination.processors" $to | fromYamlArray }}
    {{- range $signal := $to.signals }}
    {{ $signal }}/{{ $to.name }}: {receivers: [fan_out/{{ $signal }}], {{ with $processors }}processors: [{{ join ", " . }}], {{ end }}exporters: [{{ $to.exporter }}]}
    {{- with include "telepod.destination.upload" (dict "to" $to "signal" $signal) }}
    {{ . }}
    {{- end }}
    {{- end }}
    {{- end }}
  telemetry:
    {{- include "telepod.metrics.telemetry" (dict "root" . "service" "telepod-regional") | nindent 4 }}
{{- end -}}

{{/* The processor that names a pod and its workload. Arguments: root, and ofNode if it knows the pods of its node alone. */}}
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

{{/* The processor that says where the cluster runs. Arguments: the root. */}}
{{- define "telepod.regional.cloudResource" -}}
# Where the cluster runs is the chart's word: what a sender claims is replaced.
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
      # What may not go there.
      filters:
        {{- toYaml . | replace "$" "$$" | nindent 8 }}
      {{- end }}
    {{- end }}
  tls: {ca_file: "${env:TLS_DIR}/ca.crt", cert_file: "${env:TLS_DIR}/tls.crt", key_file: "${env:TLS_DIR}/tls.key", reload_interval: 1h, min_version: "1.3"}
  compression: zstd
  # Of one try. Pings find a site that hangs; one that is busy gets the time that it needs: a try that is cut off is sent again.
  timeout: 30s
  retry_on_failure: {max_elapsed_time: 0s}
  sending_queue:
    {{- if .persistent }}
    storage: segment_storage/queue
    {{- end }}
    sizer: bytes
    queue_size: {{ mul .megabytes 1048576 }}
    # A full queue refuses; the sender tries again.
    block_on_overflow: false
    num_consumers: 4
    batch: {sizer: bytes, flush_timeout: 400ms, min_size: 1000000, max_size: 4500000}
{{- end -}}

{{/* The signals that have destinations of the region's own, with the branches of each. */}}
{{- define "telepod.regional.fans" -}}
{{- $fans := dict -}}
{{- range $signal, $of := include "telepod.destinations.branches" (dict "root" . "part" "regional") | fromYaml -}}
{{- if or $of.required $of.optional }}{{ $_ := set $fans $signal (set $of "required" (append $of.required (printf "%s/sites" $signal))) }}{{ end -}}
{{- end -}}
{{ toYaml $fans }}
{{- end -}}

{{/* What may not go to a site, the cloud's own tools or a destination. Arguments: rules and to. */}}
{{- define "telepod.regional.rulesFor" -}}
{{- $rules := list -}}
{{- range .rules -}}
{{- if or (not .destinations) (has $.to .destinations) -}}
{{- $rules = append $rules (omit . "destinations") -}}
{{- end -}}
{{- end -}}
{{ toYaml $rules }}
{{- end -}}
