{{/*
The regional Collector's configuration.

  otlp ▶ enrich ▶ scrub ▶ disk queue ▶ loopback ▶ failover ┬▶ primary
                       └▶ the cloud's own tools            └▶ backup

What is accepted is on disk before its sender hears so. Nothing behind the loopback keeps data or retries: an
error has to reach the failover connector, and then the disk queue, which tries again without end.
*/}}
{{- define "telepod.regional.config" -}}
{{- $regional := .Values.regional }}
{{- $provider := .Values.cloud.provider }}
{{- $daemonset := eq $regional.mode "daemonset" }}
{{- $persistent := include "telepod.regional.persistent" . | empty | not }}
{{- $failover := not (empty .Values.central.backup) }}
{{- $signals := list "traces" "metrics" "logs" }}
{{- $toCloud := $regional.cloudExport.signals }}
{{- $redacted := concat ($regional.redact.keys | default list) $regional.redact.moreKeys | uniq }}
{{- $sites := $failover | ternary (list "primary" "backup") (list "primary") }}
{{- $waits := "sending_queue: {enabled: true, wait_for_result: true, block_on_overflow: true, num_consumers: 16}" }}
{{- $filters := dict }}
{{- range $destination := not (empty $toCloud) | ternary (append $sites "cloud") $sites }}
{{- range $regional.sovereignty }}
{{- if or (not .destinations) (has $destination .destinations) }}{{ $_ := set $filters $destination true }}{{ end }}
{{- end }}
{{- end -}}
extensions:
  health_check: {endpoint: "[${env:K8S_POD_IP}]:13133"}
  {{- if $persistent }}
  file_storage/queue:
    directory: ${env:QUEUE_DIR}
    create_directory: true
    timeout: 10s
    # A file that a power cut has damaged is set aside instead of stopping the Collector.
    recreate: true
    compaction: {on_start: true, on_rebound: true, directory: "${env:QUEUE_DIR}", cleanup_on_start: true}
  {{- end }}
  {{- if and (eq $provider "aws") (has "traces" $toCloud) }}
  sigv4auth/xray: {region: {{ .Values.cloud.region }}, service: xray}
  {{- end }}

receivers:
  otlp:
    protocols:
      # What is accepted here fits everywhere: each limit on the way is above the one before. An item above
      # batch.max_size would be dropped, and what is in a batch with it.
      grpc: {endpoint: "[${env:K8S_POD_IP}]:4317", max_recv_msg_size_mib: 4}
      http: {endpoint: "[${env:K8S_POD_IP}]:4318", max_request_body_size: 4194304}
  # The second half of the hand-over. LOOP_HOST serves where Collectors share a host, and is not set in pods.
  otlp/loop:
    protocols:
      grpc: {endpoint: "${env:LOOP_HOST:-127.0.0.1}:14319", max_recv_msg_size_mib: 8, read_buffer_size: 1048576}
  {{- if .Values.collector.metrics.send }}
  {{- $webhook := and $daemonset .Values.injector.enabled }}
  {{- include "telepod.metrics.receiver" (dict "root" . "service" "telepod-regional" "instance" ($daemonset | ternary "K8S_NODE_NAME" "K8S_POD_NAME") "webhook" $webhook) | nindent 2 }}
  {{- end }}
  {{- if $regional.nodeMetrics }}
  hostmetrics:
    collection_interval: 30s
    root_path: /hostfs
    scrapers: {cpu: {}, memory: {}, load: {}, disk: {}}
  kubeletstats:
    collection_interval: 30s
    auth_type: serviceAccount
    endpoint: "https://${env:K8S_NODE_IP}:10250"
    # Kubelets mostly sign for themselves; this one is on the Collector's own node.
    insecure_skip_verify: true
    metric_groups: [node, pod, container]
  {{- end }}
  {{- if $regional.containerLogs }}
  filelog:
    include: [/var/log/pods/*/*/*.log]
    exclude: [/var/log/pods/{{ .Release.Namespace }}_{{ include "telepod.regional.name" . }}-*/*/*.log]
    include_file_path: true
    include_file_name: false
    start_at: end
    storage: file_storage/queue
    retry_on_failure: {enabled: true, max_elapsed_time: 0s}
    operators: [{type: container}]
  {{- end }}

processors:
  memory_limiter: {check_interval: 1s, limit_percentage: 80, spike_limit_percentage: 20}
  k8sattributes:
    auth_type: serviceAccount
    {{- if $daemonset }}
    filter: {node_from_env_var: K8S_NODE_NAME}
    {{- end }}
    extract:
      metadata: [k8s.namespace.name, k8s.pod.name, k8s.pod.uid, k8s.node.name, k8s.deployment.name, k8s.container.name, service.namespace, service.name, service.version, service.instance.id]
      otel_annotations: true
      deployment_name_from_replicaset: true
      {{- if .Values.cloud.regionFromNodes }}
      labels:
        - {from: node, key: topology.kubernetes.io/region, tag_name: cloud.region}
        - {from: node, key: topology.kubernetes.io/zone, tag_name: cloud.availability_zone}
      {{- end }}
    # Through a host port the connection comes from the node, so the pod's own word goes first.
    pod_association:
      - sources: [{from: resource_attribute, name: k8s.pod.uid}]
      - sources: [{from: resource_attribute, name: k8s.pod.ip}]
      - sources: [{from: connection}]
  resourcedetection:
    {{- /* A detector of another cloud waits in vain. In a gateway they would describe its node, not the pod's.
      That of EKS asks the API server, and ends the Collector where there is no answer. */}}
    {{- $detectors := dict "aws" (list "env" "ec2") "gcp" (list "env" "gcp") "azure" (list "env" "aks" "azure") }}
    detectors: [{{ $daemonset | ternary (get $detectors $provider | default (list "env")) (list "env") | join ", " }}]
    timeout: 5s
    override: false
    {{- if and $daemonset (eq $provider "aws") (eq (include "telepod.platform" .) "eks") }}
    ec2: {resource_attributes: {cloud.platform: {enabled: false}}} # it is EKS, see below
    {{- end }}
  # What the metadata service did not say, or was not there to say.
  resource/cloud:
    attributes:
      {{- if ne $provider "other" }}
      - {key: cloud.provider, value: {{ $provider }}, action: insert}
      {{- end }}
      {{- with get (dict "eks" "aws_eks" "gke" "gcp_kubernetes_engine" "aks" "azure.aks") (include "telepod.platform" .) }}
      - {key: cloud.platform, value: {{ . }}, action: insert}
      {{- end }}
      {{- if .Values.cloud.region }}
      - {key: cloud.region, value: "${env:CLOUD_REGION}", action: insert}
      {{- end }}
      {{- with .Values.cloud.account }}
      - {key: cloud.account.id, value: {{ . | quote }}, action: insert}
      {{- end }}
      - {key: k8s.cluster.name, value: {{ include "telepod.collector.literal" .Values.cluster.name }}, action: insert}
      {{- with .Values.environment }}
      - {key: deployment.environment.name, value: {{ include "telepod.collector.literal" . }}, action: insert}
      {{- end }}
  {{- if $regional.nodeMetrics }}
  resource/node:
    attributes:
      - {key: k8s.node.name, value: "${env:K8S_NODE_NAME}", action: insert}
  {{- end }}
  # Secrets, by exact key: a regular expression over all keys costs half of the throughput.
  resource/redact:
    attributes: &secrets
      {{- range $redacted }}
      - {key: {{ include "telepod.collector.literal" . }}, action: delete}
      {{- end }}
  attributes/redact:
    actions: *secrets
  transform/redact:
    error_mode: ignore
    trace_statements:
      - context: spanevent
        statements:
          {{- range $redacted }}
          - 'delete_key(spanevent.attributes, {{ include "telepod.collector.literal" . | replace "'" "''" }})'
          {{- end }}
    log_statements:
      - context: log
        conditions: [IsMap(log.body)]
        statements:
          {{- range $redacted }}
          - 'delete_key(log.body, {{ include "telepod.collector.literal" . | replace "'" "''" }})'
          {{- end }}
  {{- if lt (float64 $regional.samplePercent) 100.0 }}
  # Errors and slow spans stay whatever the draw; the rest of their traces may not. All regions draw alike.
  transform/keep:
    error_mode: ignore
    trace_statements:
      - context: span
        statements:
          - set(span.attributes["sampling.priority"], 1) where span.status.code == STATUS_CODE_ERROR or span.end_time_unix_nano - span.start_time_unix_nano > {{ int $.Values.central.sampling.slowMilliseconds }}000000
  probabilistic_sampler: {mode: proportional, sampling_percentage: {{ $regional.samplePercent }}}
  {{- end }}
  {{- range $destination := keys $filters | sortAlpha }}
  # What may not go to {{ eq $destination "cloud" | ternary "the cloud's own tools" (printf "the %s site" $destination) }}: a filter drops what a condition is true for.
  filter/{{ $destination }}:
    error_mode: propagate
    {{- range $signal, $item := dict "traces" "span" "metrics" "datapoint" "logs" "log_record" }}
    {{- $conditions := list }}
    {{- range $regional.sovereignty }}
    {{- if and (or (not .destinations) (has $destination .destinations)) (or (not .signals) (has $signal .signals)) }}
    {{- $conditions = append $conditions (include "telepod.regional.condition" .) }}
    {{- end }}
    {{- end }}
    {{- with $conditions }}
    {{ $signal }}:
      {{ $item }}:
        {{- range . }}
        - '{{ . | replace "'" "''" }}'
        {{- end }}
    {{- end }}
    {{- end }}
  {{- end }}

exporters:
  # The first half of the hand-over: a sender is answered when its data is in {{ $persistent | ternary "a file" "the queue" }}.
  otlp_grpc/loop:
    endpoint: "${env:LOOP_HOST:-127.0.0.1}:14319"
    compression: none
    # About a batch, in one system call.
    write_buffer_size: 1048576
    tls: {insecure: true}
    # Longer than one try at each site.
    timeout: 10s
    retry_on_failure: {enabled: true, initial_interval: 500ms, max_interval: 1s, max_elapsed_time: 0s}
    sending_queue:
      enabled: true
      {{- if $persistent }}
      storage: file_storage/queue
      {{- end }}
      sizer: bytes
      queue_size: {{ mul ($persistent | ternary $regional.queue.megabytes (min 64 $regional.queue.megabytes)) 1048576 }}
      # Full, it refuses; the sender tries again.
      block_on_overflow: false
      # What they send at once has to pass within a site's timeout.
      num_consumers: 4
      # Flushed before the pings below give up: when a site hangs, a request is on its way to fail with them.
      batch: {sizer: bytes, flush_timeout: 700ms, min_size: 1000000, max_size: 4500000}
  # The second half: one try at each site. A site that hangs or is cut off is noticed by the pings, before
  # it has been sent what goes to the other site as well.
  {{- range $sites }}
  otlp_http/{{ . }}:
    endpoint: "https://{{ get $.Values.central . }}"
    compression: zstd
    headers: {Expect: 100-continue}
    http2_read_idle_timeout: 400ms
    http2_ping_timeout: 500ms
    # A connection that nothing uses would cost pings; beyond this a new one is cheaper.
    idle_conn_timeout: 6s
    timeout: 2s
    tls: {ca_file: "${env:TLS_DIR}/ca.crt", cert_file: "${env:TLS_DIR}/tls.crt", key_file: "${env:TLS_DIR}/tls.key", reload_interval: 1h, min_version: "1.3"}
    retry_on_failure: {enabled: false}
    sending_queue: {enabled: false}
  {{- end }}
  {{- include "telepod.collector.never.exporter" . | nindent 2 }}
  {{- if $regional.applicationMetrics }}
  prometheus: {endpoint: "[${env:K8S_POD_IP}]:8889", resource_to_telemetry_conversion: {enabled: true}, metric_expiration: 5m}
  {{- end }}
  {{- with include "telepod.regional.cloudExporters" . }}
  {{- . | trim | nindent 2 }}
  {{- end }}

connectors:
  # A receiver takes all signals as soon as the pipeline of one has started. What comes for the others waits in
  # these queues, and so does its sender, until they have, too; it would end the Collector otherwise.
  {{- range $signals }}
  failover/in-{{ . }}: {priority_levels: [[{{ . }}/never], [{{ . }}]], retry_interval: 100ms, {{ $waits }}}
  {{- end }}
  {{- range $signals }}
  failover/{{ . }}: {priority_levels: [[{{ . }}/never], [{{ . }}/primary]{{ if $failover }}, [{{ . }}/backup]{{ end }}], retry_interval: 1s, {{ $waits }}}
  {{- end }}
  # The first level of all these: it never works, which is what keeps them looking for one that does.
  {{- include "telepod.collector.never.connectors" . | trim | nindent 2 }}
  {{- if $toCloud }}
  forward/cloud: {}
  {{- end }}

service:
  extensions: [health_check{{ if $persistent }}, file_storage/queue{{ end }}{{ if and (eq $provider "aws") (has "traces" $toCloud) }}, sigv4auth/xray{{ end }}]
  pipelines:
    {{- $enrich := list "k8sattributes" "resourcedetection" "resource/cloud" }}
    {{- range $signal := $signals }}
    {{- $receivers := list "otlp" }}
    {{- if and (eq $signal "logs") $regional.containerLogs }}{{ $receivers = append $receivers "filelog" }}{{ end }}
    {{- $processors := concat $enrich (list "resource/redact" "attributes/redact") }}
    {{- if ne $signal "metrics" }}{{ $processors = append $processors "transform/redact" }}{{ end }}
    {{- if and (eq $signal "traces") (lt (float64 $regional.samplePercent) 100.0) }}{{ $processors = concat $processors (list "transform/keep" "probabilistic_sampler") }}{{ end }}
    {{- $exporters := list "otlp_grpc/loop" }}
    {{- if has $signal $toCloud }}{{ $exporters = append $exporters "forward/cloud" }}{{ end }}
    {{- if and (eq $signal "metrics") $regional.applicationMetrics }}{{ $exporters = append $exporters "prometheus" }}{{ end }}
    {{ $signal }}/in: {receivers: [{{ join ", " $receivers }}], processors: [memory_limiter], exporters: [failover/in-{{ $signal }}]}
    {{ $signal }}: {receivers: [failover/in-{{ $signal }}], processors: [{{ join ", " $processors }}], exporters: [{{ join ", " $exporters }}]}
    {{- end }}
    {{- if $regional.nodeMetrics }}
    metrics/node: {receivers: [hostmetrics, kubeletstats], processors: [memory_limiter, k8sattributes, resource/node, resourcedetection, resource/cloud], exporters: [otlp_grpc/loop]}
    {{- end }}
    {{- if .Values.collector.metrics.send }}
    metrics/own: {receivers: [prometheus/own], processors: [memory_limiter], exporters: [otlp_grpc/loop]}
    {{- end }}
    {{- range $signal := $signals }}
    {{ $signal }}/out: {receivers: [otlp/loop], exporters: [failover/{{ $signal }}]}
    {{- range $sites }}
    {{ $signal }}/{{ . }}: {receivers: [failover/{{ $signal }}], {{ if hasKey $filters . }}processors: [filter/{{ . }}], {{ end }}exporters: [otlp_http/{{ . }}]}
    {{- end }}
    {{- end }}
    {{- $failovers := dict }}
    {{- range $signals }}{{ $_ := set $failovers . (list (printf "failover/in-%s" .) (printf "failover/%s" .)) }}{{ end }}
    {{- include "telepod.collector.never.pipelines" $failovers | trim | nindent 4 }}
    {{- range $signal := $toCloud }}
    {{- $exporter := get (dict "aws" (eq $signal "traces" | ternary "otlp_http/xray" "awscloudwatchlogs") "gcp" "googlecloud" "azure" "azuremonitor") $provider }}
    {{ $signal }}/cloud: {receivers: [forward/cloud], {{ if hasKey $filters "cloud" }}processors: [filter/cloud], {{ end }}exporters: [{{ $exporter }}]}
    {{- end }}
  telemetry:
    {{- include "telepod.metrics.telemetry" (dict "root" . "service" "telepod-regional") | nindent 4 }}
{{- end -}}

{{/* A rule as the condition under which its data is dropped. Takes the rule. */}}
{{- define "telepod.regional.condition" -}}
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
