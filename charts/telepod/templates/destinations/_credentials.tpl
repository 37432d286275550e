{{/* Credentials of destinations: files from Secrets, which are reloaded when they change, or variables if files are not supported. */}}

{{- define "telepod.destination.directory" -}}
${env:DESTINATIONS_DIR:-/etc/telepod/destinations}/{{ .name }}
{{- end -}}

{{/* Name of the variable with a value from a Secret. Arguments: to (the destination), and of (the header or key). */}}
{{- define "telepod.destination.variable" -}}
DESTINATION_{{ printf "%s__%s" .to.name .of | upper | replace "-" "_" }}
{{- end -}}

{{- define "telepod.destination.tls" -}}
{{- $directory := include "telepod.destination.directory" .to -}}
tls:
  {{- if .to.tls.caSecret }}
  ca_file: {{ $directory }}/ca.crt
  {{- end }}
  {{- if .to.tls.certificateSecret }}
  cert_file: {{ $directory }}/tls.crt
  key_file: {{ $directory }}/tls.key
  reload_interval: 1h
  {{- end }}
  {{- with .to.tls.serverName }}
  server_name_override: {{ . }}
  {{- end }}
  insecure_skip_verify: {{ .to.tls.insecureSkipVerify | default false }}
{{- end -}}

{{/* TLS, headers and authentication of a client. Arguments: to. */}}
{{- define "telepod.destination.client" -}}
{{- $lines := list -}}
{{- if .to.tls -}}
{{- $lines = append $lines (include "telepod.destination.tls" .) -}}
{{- end -}}
{{- if or .to.headers .to.secretHeaders -}}
{{- $headers := list -}}
{{- range $name, $value := .to.headers -}}
{{- $headers = append $headers (printf "%s: %s" (quote $name) (include "telepod.collector.literal" $value)) -}}
{{- end -}}
{{- range $name, $from := .to.secretHeaders -}}
{{- $headers = append $headers (printf "%s: \"${env:%s}\"" (quote $name) (include "telepod.destination.variable" (dict "to" $.to "of" $name))) -}}
{{- end -}}
{{- $lines = append $lines (printf "headers: {%s}" (join ", " $headers)) -}}
{{- end -}}
{{- with include "telepod.destination.authenticator" .to -}}
{{- $lines = append $lines (printf "auth: {authenticator: %s}" .) -}}
{{- end -}}
{{ join "\n" $lines }}
{{- end -}}

{{/* Name of the extension that authenticates a client. Arguments: the destination. */}}
{{- define "telepod.destination.authenticator" -}}
{{- range $kind, $type := dict "basic" "basicauth" "bearer" "bearertokenauth" "oauth2" "oauth2client" "sigv4" "sigv4auth" -}}
{{- if hasKey $.auth $kind -}}{{ $type }}/{{ $.name }}{{- end -}}
{{- end -}}
{{- end -}}

{{/* The extension of a destination. Arguments: the destination. */}}
{{- define "telepod.destination.extension" -}}
{{- $directory := include "telepod.destination.directory" . -}}
{{- with include "telepod.destination.authenticator" . -}}
{{ . }}:
{{- end -}}
{{- with .auth.basic }}
  client_auth: {username_file: "{{ $directory }}/username", password_file: "{{ $directory }}/password"}
{{- end -}}
{{- with .auth.bearer }}
  filename: "{{ $directory }}/token"
{{- end -}}
{{- with .auth.oauth2 }}
  client_id_file: "{{ $directory }}/client-id"
  client_secret_file: "{{ $directory }}/client-secret"
  token_url: {{ .tokenURL }}
  {{- with .scopes }}
  scopes: {{ toJson . }}
  {{- end }}
  {{- with .audience }}
  endpoint_params: {audience: {{ . | quote }}}
  {{- end }}
  timeout: 10s
  # Many services issue tokens for five minutes. With upstream's default, also five minutes, each request would fetch one.
  expiry_buffer: 30s
  {{- if $.tls.caSecret }}
  tls: {ca_file: "{{ $directory }}/ca.crt", include_system_ca_certs_pool: true}
  {{- end }}
{{- end -}}
{{- with .auth.sigv4 }}
  region: {{ .region }}
  service: {{ .service }}
{{- end -}}
{{- end -}}

{{/*
The keys of a destination's Secrets to mount, as items of a projected volume. A Collector starts without the Secret of oauth2,
which it reads for each token, but not without the others. Arguments: the destination.
*/}}
{{- define "telepod.destination.sources" -}}
{{- $sources := list -}}
{{- range $kind, $keys := dict "basic" (list "username" "password") "bearer" (list "token") "oauth2" (list "client-id" "client-secret") -}}
{{- with (index $.auth $kind).secret -}}
{{- $sources = append $sources (dict "secret" . "keys" $keys "optional" (eq $kind "oauth2")) -}}
{{- end -}}
{{- end -}}
{{- with .tls.caSecret -}}
{{- $sources = append $sources (dict "secret" . "keys" (list "ca.crt")) -}}
{{- end -}}
{{- with .tls.certificateSecret -}}
{{- $sources = append $sources (dict "secret" . "keys" (list "tls.crt" "tls.key")) -}}
{{- end -}}
{{ toYaml $sources }}
{{- end -}}

{{/* Volumes of a part's pods. Arguments: root and part. */}}
{{- define "telepod.destinations.volumes" -}}
{{- range $to := include "telepod.destinations" . | fromYamlArray }}
{{- with include "telepod.destination.sources" $to | fromYamlArray }}
- name: destination-{{ $to.name }}
  projected:
    defaultMode: 0440
    sources:
      {{- range . }}
      - secret:
          name: {{ .secret }}
          items: [{{ range $i, $key := .keys }}{{ if $i }}, {{ end }}{key: {{ $key }}, path: {{ $key }}}{{ end }}]
          {{- if .optional }}
          optional: true
          {{- end }}
      {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "telepod.destinations.mounts" -}}
{{- range $to := include "telepod.destinations" . | fromYamlArray }}
{{- if include "telepod.destination.sources" $to | fromYamlArray }}
- name: destination-{{ $to.name }}
  mountPath: /etc/telepod/destinations/{{ $to.name }}
  readOnly: true
{{- end }}
{{- end }}
{{- end -}}

{{- define "telepod.destinations.env" -}}
{{- range $to := include "telepod.destinations" . | fromYamlArray }}
{{- range $name, $from := $to.secretHeaders }}
{{ include "telepod.destination.fromSecret" (dict "to" $to "of" $name "secret" $from.secret "key" $from.key "optional" true) }}
{{- end }}
{{- with ($to.auth.sasl).secret }}
{{- range list "username" "password" }}
{{ include "telepod.destination.fromSecret" (dict "to" $to "of" . "secret" $to.auth.sasl.secret "key" .) }}
{{- end }}
{{- end }}
{{- with ($to.auth.connectionString).secret }}
{{ include "telepod.destination.fromSecret" (dict "to" $to "of" "connection-string" "secret" . "key" "connection-string") }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Arguments: to, of, secret, key and optional, if a Collector starts without the Secret. */}}
{{- define "telepod.destination.fromSecret" -}}
- name: {{ include "telepod.destination.variable" . }}
  valueFrom: {secretKeyRef: {name: {{ .secret }}, key: {{ .key | quote }}{{ if .optional }}, optional: true{{ end }}}}
{{- end -}}
