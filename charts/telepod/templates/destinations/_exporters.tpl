{{/*
Exporters of a destination, each with its own queue. Arguments: root, part, tier and to (the destination).
*/}}
{{- define "telepod.destination.exporters" -}}
{{- include (printf "telepod.destination.%s" .to.protocol) . -}}
{{- end -}}

{{/* Retries without a time limit: the data waits in the queue, and an alert reports it. */}}
{{- define "telepod.destination.retry" -}}
{enabled: true, initial_interval: 1s, max_interval: 5s, max_elapsed_time: 0s}
{{- end -}}

{{- define "telepod.destination.queue" -}}
{{- $persistent := or (eq .part "central") (include "telepod.regional.persistent" .root) -}}
enabled: true, {{ if $persistent }}storage: segment_storage/queue, {{ end }}sizer: bytes, queue_size: {{ include "telepod.destination.queueBytes" . }}
{{- end -}}

{{/* Sampled traces exist nowhere else, so a sampler waits until the queue has room. */}}
{{- define "telepod.destination.blocks" -}}
{{- if and (eq .part "central") (has "traces" .to.signals) .to.sampled (eq .to.whenFull "refuse") -}}
, block_on_overflow: true
{{- end -}}
{{- end -}}

{{- define "telepod.destination.otlp_http" -}}
# Retries after 401, 403, 404, 429 and 5xx, and follows Retry-After. 400 and 413 are final.
{{ .to.exporter }}:
  endpoints:
    - name: {{ .to.name }}
      endpoint: {{ .to.endpoint | replace "$" "$$" | quote }}
      {{- with .to.rules }}
      filters:
        {{- toYaml . | replace "$" "$$" | nindent 8 }}
      {{- end }}
  {{- include "telepod.destination.client" . | nindent 2 }}
  compression: gzip
  # For a service on the internet, which is slower than a site and must not be probed many times a second.
  timeout: 30s
  connect_timeout: 5s
  http2_read_idle_timeout: 10s
  http2_ping_timeout: 5s
  idle_conn_timeout: 60s
  expect_continue: false
  probe_interval: 2s
  max_retry_after: 5m
  retry_on_failure: {initial_interval: 1s, max_interval: 30s, max_elapsed_time: 0s}
  sending_queue: { {{- include "telepod.destination.queue" . }}{{ include "telepod.destination.blocks" . }}, num_consumers: 4, batch: {sizer: bytes, flush_timeout: 1s, min_size: 1000000, max_size: 17000000}}
{{- end -}}

{{- define "telepod.destination.otlp_grpc" -}}
{{ .to.exporter }}:
  endpoint: {{ .to.endpoint | trimPrefix "http://" }}
  {{- if .to.tls }}
  {{- include "telepod.destination.client" . | nindent 2 }}
  {{- else }}
  tls: {insecure: {{ not (hasPrefix "https://" .to.endpoint) }}}
  {{- with include "telepod.destination.client" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- end }}
  timeout: 10s
  retry_on_failure: {{ include "telepod.destination.retry" . }}
  # Most batches have about 1 MB; the server has to accept 20 MiB for the largest message that a region may send.
  sending_queue: { {{- include "telepod.destination.queue" . }}{{ include "telepod.destination.blocks" . }}, batch: {sizer: bytes, flush_timeout: 1s, min_size: 1000000, max_size: 17000000}}
{{- end -}}

{{- define "telepod.destination.remote_write" -}}
# {{ .to.exporter }} has the queue and the timeout. It retries if there is no answer, or after 429 and 5xx. Data that is
# refused with another 4xx is dropped, logged and counted.
{{ include "telepod.destination.uploader" (dict "to" .to "signal" "metrics") }}:
  endpoint: {{ .to.endpoint | replace "$" "$$" }}
  {{- if .to.tls }}
  {{- include "telepod.destination.client" . | nindent 2 }}
  {{- else }}
  tls: {insecure: {{ hasPrefix "http://" .to.endpoint }}}
  {{- with include "telepod.destination.client" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- end }}
  timeout: 0s
  target_info: {enabled: true}
  remote_write_queue: {enabled: false}
  max_batch_request_parallelism: 1
  retry_on_failure: {enabled: false}
{{- end -}}

{{- define "telepod.destination.kafka" -}}
{{ .to.exporter }}:
  brokers: {{ .to.brokers | toJson }}
  {{- if not .to.tls.insecure }}
  {{- if or .to.tls.caSecret .to.tls.certificateSecret .to.tls.insecureSkipVerify }}
  {{- include "telepod.destination.tls" . | nindent 2 }}
  {{- else }}
  tls: {insecure: false}
  {{- end }}
  {{- end }}
  {{- with .to.auth.sasl }}
  {{- if eq (.mechanism | default "SCRAM-SHA-512") "AWS_MSK_IAM_OAUTHBEARER" }}
  auth: {sasl: {mechanism: AWS_MSK_IAM_OAUTHBEARER, aws_msk: {region: {{ .region }}}}}
  {{- else }}
  auth: {sasl: {mechanism: {{ .mechanism | default "SCRAM-SHA-512" }}, username: "${env:{{ include "telepod.destination.variable" (dict "to" $.to "of" "username") }}}", password: "${env:{{ include "telepod.destination.variable" (dict "to" $.to "of" "password") }}}"}}
  {{- end }}
  {{- end }}
  {{- range $signal, $topic := dict "traces" "spans" "metrics" "metrics" "logs" "logs" }}
  {{ $signal }}: {topic: {{ $.to.topicPrefix }}{{ $topic }}, encoding: otlp_proto}
  {{- end }}
  producer: {required_acks: -1, compression: zstd, max_message_bytes: 1000000}
  partition_traces_by_id: true
  retry_on_failure: {{ include "telepod.destination.retry" . }}
  sending_queue: { {{- include "telepod.destination.queue" . }}{{ include "telepod.destination.blocks" . }}, batch: {sizer: items, flush_timeout: 1s, min_size: 500, max_size: 1000}}
{{- end -}}

{{/*
The queue in front of an exporter without its own disk queue. When it is full, it can drop the oldest data. Arguments: root,
part, tier and to (the destination).
*/}}
{{- define "telepod.destination.spool" -}}
{{- $archive := eq .to.protocol "s3" -}}
{{ .to.exporter }}:
  when_full: {{ eq .to.whenFull "drop" | ternary "drop_oldest" "refuse" }}
  {{- if and $archive (eq .to.whenFull "drop") }}
  # Drops data of the folder that fills most of the queue.
  fair_by: archive-folder
  {{- end }}
  {{- if $archive }}
  # awss3 reads the folder from this attribute.
  resource_attributes: {telemetry.archive.prefix: archive-folder}
  {{- end }}
  # For the first attempt. A batch that needs longer is halved. The pods' grace period is longer than this.
  timeout: {{ $archive | ternary "30s" "15s" }}
  retry_on_failure: {initial_interval: 1s, max_interval: 5s}
  {{- if and $archive (or (eq .part "central") (include "telepod.regional.persistent" .root)) }}
  # Batches that S3 never accepts are kept here, as OTLP protobuf.
  dead_letter: {directory: "${env:QUEUE_DIR}/rejected-{{ .to.name }}", max_bytes: 67108864}
  {{- end }}
  sending_queue:
    {{ include "telepod.destination.queue" . | replace ", " "\n" | nindent 4 | trim }}
    {{- if $archive }}
    # A batch is in memory twice while it is sent.
    num_consumers: 2
    # Fewer, larger objects cost less. A batch has the data of one folder.
    batch: {sizer: bytes, flush_timeout: 10s, min_size: 8000000, max_size: 17000000, partition: {metadata_keys: [archive-folder]}}
    {{- else }}
    # One consumer keeps the order: Prometheus accepts late points only with out_of_order_time_window.
    num_consumers: 1
    batch: {sizer: bytes, flush_timeout: 1s, min_size: 1000000, max_size: 17000000}
    {{- end }}
{{- end -}}

{{- define "telepod.destination.s3" -}}
{{- range $i, $signal := .to.signals }}
{{- if $i }}{{ "\n" }}{{ end -}}
{{ include "telepod.destination.uploader" (dict "to" $.to "signal" $signal) }}:
  marshaler: otlp_proto
  # {{ $.to.exporter }} has the queue, the timeout and the retries. A retry has another key, so S3 may store both objects.
  timeout: 0s
  retry_on_failure: {enabled: false}
  sending_queue: {enabled: false}
  resource_attrs_to_s3: {s3_prefix: telemetry.archive.prefix}
  s3uploader:
    region: {{ $.to.region }}
    s3_bucket: {{ $.to.bucket }}
    s3_base_prefix: {{ with $.to.prefix }}{{ . }}/{{ end }}{{ $signal }}
    s3_prefix: unknown/unknown
    s3_partition_format: "year=%Y/month=%m/day=%d/hour=%H/minute=%M"
    s3_partition_timezone: UTC
    file_prefix: ${env:K8S_POD_NAME}_
    unique_key_func_name: uuidv7
    compression: zstd
    retry_max_attempts: 3
    {{- with $.to.endpoint }}
    endpoint: {{ . }}
    s3_force_path_style: true
    disable_ssl: {{ hasPrefix "http://" . }}
    {{- end }}
{{- end }}
{{- end -}}

{{- define "telepod.destination.azure_blob" -}}
{{ .to.exporter }}:
  {{- with .to.endpoint }}
  url: {{ . }}
  {{- end }}
  {{- if (.to.auth.connectionString).secret }}
  auth: {type: connection_string, connection_string: "${env:{{ include "telepod.destination.variable" (dict "to" .to "of" "connection-string") }}}"}
  {{- else }}
  # Azure workload identity sets these variables.
  auth: {type: workload_identity, tenant_id: "${env:AZURE_TENANT_ID:-}", client_id: "${env:AZURE_CLIENT_ID:-}", federated_token_file: "${env:AZURE_FEDERATED_TOKEN_FILE:-}"}
  {{- end }}
  container: {traces: {{ .to.bucket }}, metrics: {{ .to.bucket }}, logs: {{ .to.bucket }}}
  format: proto
  # A Go time layout; a random number at the end makes the name unique.
  blob_name_format:
    {{- range list "traces" "metrics" "logs" }}
    {{ . }}_format: {{ with $.to.prefix }}{{ . }}/{{ end }}{{ . }}/year=2006/month=01/day=02/hour=15/minute=04/otlp
    {{- end }}
    serial_num_range: 9007199254740991
    timezone: UTC
  timeout: 30s
  retry_on_failure: {{ include "telepod.destination.retry" . }}
  sending_queue: { {{- include "telepod.destination.queue" . }}, num_consumers: 4, batch: {sizer: bytes, flush_timeout: 10s, min_size: 8000000, max_size: 17000000}}
{{- end -}}
