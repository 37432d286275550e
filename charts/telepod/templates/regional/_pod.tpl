{{/* Variables that AWS's libraries read. */}}
{{- define "telepod.regional.awsEnv" -}}
{{- if and (eq .Values.cloud.provider "aws") .Values.cloud.region -}}
- name: AWS_REGION
  value: {{ .Values.cloud.region }}
{{- end -}}
{{- end -}}

{{/* The pod template of a regional Collector, for a DaemonSet, StatefulSet or Deployment. */}}
{{- define "telepod.regional.pod" -}}
{{- $name := include "telepod.regional.name" . }}
{{- $regional := .Values.regional }}
{{- $daemonset := eq $regional.mode "daemonset" }}
{{- $user := include "telepod.regional.user" . -}}
{{- $part := dict "root" . "part" $regional "name" $name "component" "collector" }}
{{- $annotations := dict "checksum/config" (include "telepod.regional.config" . | cat (toYaml $regional.config) | sha256sum) }}
{{- $identity := include "telepod.collector.identityLabel" (dict "root" . "identity" $regional.identity) | fromYaml }}
# A changed configuration replaces the pod.
metadata: {{- include "telepod.pod.metadata" (merge (dict "labels" $identity "annotations" $annotations) $part) | nindent 2 }}
spec:
  {{- $security := eq $user "0" | ternary (dict "runAsUser" 0 "seccompProfile" (dict "type" "RuntimeDefault")) (include "telepod.pod.user" $user | fromYaml) }}
  {{- $affinity := $daemonset | ternary (include "telepod.regional.affinity" . | fromYaml) dict }}
  {{- include "telepod.pod.spec" (merge (dict "grace" 45 "hostNetwork" $regional.hostNetwork "securityContext" $security
    "affinity" $affinity "spread" (not $daemonset) "priorityClass" (include "telepod.regional.priorityClass" .)) $part) | nindent 2 }}
  {{- with include "telepod.collector.pullSecrets" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- if or $daemonset $regional.initContainers }}
  initContainers:
    {{- with $regional.initContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
  {{- if $daemonset }}
    # The kubelet creates the directory as root. This gives it to the Collector's user, and exits.
    - name: queue-owner
      image: {{ include "telepod.injector.image" . }}
      imagePullPolicy: {{ .Values.injector.image.pullPolicy }}
      args: [own-directory, --user={{ $user }}, /var/lib/telepod/queue]
      resources:
        requests: {cpu: 10m, memory: 32Mi}
        limits: {memory: 128Mi}
      securityContext:
        runAsNonRoot: false
        runAsUser: 0
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL], add: [CHOWN, DAC_OVERRIDE]}
      volumeMounts:
        - name: queue
          mountPath: /var/lib/telepod/queue
  {{- end }}
  containers:
    - name: collector
      image: {{ include "telepod.collector.image" . }}
      imagePullPolicy: {{ .Values.collector.image.pullPolicy }}
      args:
        {{- include "telepod.collector.args" $regional.config | nindent 8 }}
      env:
        {{- include "telepod.collector.env" . | nindent 8 }}
        {{- with include "telepod.collector.goEnv" (dict "part" $regional "name" "regional") }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- with include "telepod.regional.awsEnv" . }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- if and (eq .Values.cloud.provider "azure") $regional.cloudExport.signals }}
        - name: APPLICATIONINSIGHTS_CONNECTION_STRING
          valueFrom: {secretKeyRef: {name: {{ $regional.cloudExport.connectionStringSecret }}, key: connection-string}}
        {{- end }}
        {{- with include "telepod.destinations.env" (dict "root" . "part" "regional") }}
        {{- . | trim | nindent 8 }}
        {{- end }}
        {{- with $regional.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        {{- range $protocol, $port := $regional.hostPorts }}
        - {name: otlp-{{ $protocol }}, containerPort: {{ include "telepod.regional.port" (dict "root" $ "protocol" $protocol) }}{{ if $daemonset }}, hostPort: {{ int $port }}{{ end }}}
        {{- end }}
        - {name: metrics, containerPort: 8888{{ if $regional.hostNetwork }}, hostPort: 8888{{ end }}}
        - {name: health, containerPort: 13133{{ if $regional.hostNetwork }}, hostPort: 13133{{ end }}}
        {{- if $regional.applicationMetrics }}
        - {name: app-metrics, containerPort: 8889{{ if $regional.hostNetwork }}, hostPort: 8889{{ end }}}
        {{- end }}
      {{- include "telepod.collector.probes" . | nindent 6 }}
      {{- include "telepod.pod.container" (dict "part" $regional) | nindent 6 }}
      volumeMounts:
        - name: config
          mountPath: /etc/telepod/collector
          readOnly: true
        - name: tls
          mountPath: /etc/telepod/tls
          readOnly: true
        {{- if include "telepod.regional.persistent" . }}
        - name: queue
          mountPath: /var/lib/telepod/queue
        {{- end }}
        {{- if $regional.nodeMetrics }}
        {{- range list "proc" "sys" }}
        - name: host-{{ . }}
          mountPath: /hostfs/{{ . }}
          readOnly: true
        {{- end }}
        {{- end }}
        {{- if $regional.containerLogs }}
        - name: pod-logs
          mountPath: /var/log/pods
          readOnly: true
        {{- end }}
        {{- with include "telepod.destinations.mounts" (dict "root" . "part" "regional") }}
        {{- . | trim | nindent 8 }}
        {{- end }}
        {{- with $regional.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with $regional.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    - name: config
      configMap:
        name: {{ $name }}
    - {{- include "telepod.collector.tlsVolume" (dict "root" . "secret" (include "telepod.regional.tlsSecret" .)) | nindent 6 }}
    {{- if $daemonset }}
    - name: queue
      hostPath: {path: {{ $regional.queue.path }}, type: DirectoryOrCreate}
    {{- end }}
    {{- if $regional.nodeMetrics }}
    {{- range list "proc" "sys" }}
    - name: host-{{ . }}
      hostPath: {path: /{{ . }}}
    {{- end }}
    {{- end }}
    {{- if $regional.containerLogs }}
    - name: pod-logs
      hostPath: {path: /var/log/pods}
    {{- end }}
    {{- with include "telepod.destinations.volumes" (dict "root" . "part" "regional") }}
    {{- . | trim | nindent 4 }}
    {{- end }}
    {{- with $regional.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}
