{{/* The pod of a regional Collector, whatever makes it: DaemonSet, StatefulSet or Deployment. */}}
{{- define "telepod.regional.pod" -}}
{{- $name := include "telepod.regional.name" . }}
{{- $regional := .Values.regional }}
{{- $daemonset := eq $regional.mode "daemonset" }}
{{- $user := include "telepod.regional.user" . -}}
metadata:
  labels:
    {{- include "telepod.regional.labels" . | nindent 4 }}
    {{- with include "telepod.collector.identityLabel" (dict "root" . "identity" $regional.identity) }}
    {{- . | nindent 4 }}
    {{- end }}
  annotations:
    {{- with $regional.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    # A changed configuration is read by a new pod.
    checksum/config: {{ include "telepod.regional.config" . | cat (toYaml $regional.config) | sha256sum }}
spec:
  serviceAccountName: {{ $name }}
  {{- with $regional.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with include "telepod.collector.pullSecrets" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- if $regional.hostNetwork }}
  hostNetwork: true
  dnsPolicy: ClusterFirstWithHostNet
  {{- end }}
  terminationGracePeriodSeconds: 30
  securityContext:
    {{- if eq $user "0" }}
    runAsUser: 0
    {{- else }}
    runAsNonRoot: true
    runAsUser: {{ $user }}
    runAsGroup: {{ $user }}
    fsGroup: {{ $user }}
    {{- end }}
    seccompProfile:
      type: RuntimeDefault
  {{- if $daemonset }}
  initContainers:
    # The kubelet makes the directory for root; this hands it to the Collector, and ends.
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
        {{- if and (eq .Values.cloud.provider "aws") .Values.cloud.region }}
        - name: AWS_REGION
          value: {{ .Values.cloud.region }}
        {{- end }}
        {{- if and (eq .Values.cloud.provider "azure") $regional.cloudExport.signals }}
        - name: APPLICATIONINSIGHTS_CONNECTION_STRING
          valueFrom: {secretKeyRef: {name: {{ $regional.cloudExport.connectionStringSecret }}, key: connection-string}}
        {{- end }}
        {{- with $regional.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - {name: otlp-grpc, containerPort: 4317{{ if $daemonset }}, hostPort: 4317{{ end }}}
        - {name: otlp-http, containerPort: 4318{{ if $daemonset }}, hostPort: 4318{{ end }}}
        - {name: metrics, containerPort: 8888{{ if $regional.hostNetwork }}, hostPort: 8888{{ end }}}
        - {name: health, containerPort: 13133{{ if $regional.hostNetwork }}, hostPort: 13133{{ end }}}
        {{- if $regional.applicationMetrics }}
        - {name: app-metrics, containerPort: 8889{{ if $regional.hostNetwork }}, hostPort: 8889{{ end }}}
        {{- end }}
      {{- include "telepod.collector.probes" . | nindent 6 }}
      {{- with $regional.resources }}
      resources: {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext: {{- include "telepod.collector.securityContext" . | nindent 8 }}
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
  {{- with $regional.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $regional.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if $daemonset }}
  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms:
          # Nodes that are none: their pods get a sidecar or use the Service.
          - matchExpressions:
              - {key: eks.amazonaws.com/compute-type, operator: NotIn, values: [fargate]}
              - {key: type, operator: NotIn, values: [virtual-kubelet]}
  {{- else }}
  topologySpreadConstraints:
    {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - topologyKey: {{ . }}
      maxSkew: 1
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {{- include "telepod.regional.selector" $ | nindent 10 }}
    {{- end }}
  {{- end }}
{{- end -}}
