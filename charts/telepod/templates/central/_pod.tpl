{{/* A StatefulSet of central Collectors. Takes root, tier (site or sampler), name and component. */}}
{{- define "telepod.central.workload" -}}
{{- $values := .root.Values }}
{{- $central := $values.central }}
{{- $site := eq .tier "site" }}
{{- $user := include "telepod.collector.user" .root }}
{{- $mine := $site | ternary $central.config dict -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "telepod.collector.labels" . | nindent 4 }}
spec:
  replicas: {{ $central.replicas }}
  revisionHistoryLimit: 3
  serviceName: {{ .name }}
  podManagementPolicy: Parallel
  selector:
    matchLabels: {{- include "telepod.collector.selector" . | nindent 6 }}
  {{- if $central.storage.gigabytes }}
  volumeClaimTemplates:
    - metadata:
        name: queue
      spec:
        accessModes: [ReadWriteOnce]
        {{- with $central.storage.className }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests:
            storage: {{ $central.storage.gigabytes }}Gi
  {{- end }}
  template:
    metadata:
      labels:
        {{- include "telepod.collector.labels" . | nindent 8 }}
        {{- with include "telepod.collector.identityLabel" (dict "root" .root "identity" $central.identity) }}
        {{- . | nindent 8 }}
        {{- end }}
      annotations:
        {{- with $central.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        # A changed configuration is read by a new pod.
        checksum/config: {{ include "telepod.central.config" . | cat (toYaml $mine) | sha256sum }}
    spec:
      serviceAccountName: {{ include "telepod.central.name" .root }}
      automountServiceAccountToken: false
      {{- with $central.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with include "telepod.collector.pullSecrets" .root }}
      {{- . | nindent 6 }}
      {{- end }}
      # Every trace that waits for its decision is decided, and written to disk, before the end.
      terminationGracePeriodSeconds: {{ add $central.sampling.decisionSeconds 50 }}
      securityContext:
        runAsNonRoot: true
        runAsUser: {{ $user }}
        runAsGroup: {{ $user }}
        fsGroup: {{ $user }}
        fsGroupChangePolicy: OnRootMismatch
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: collector
          image: {{ include "telepod.collector.image" .root }}
          imagePullPolicy: {{ $values.collector.image.pullPolicy }}
          args:
            {{- include "telepod.collector.args" $mine | nindent 12 }}
          env:
            {{- include "telepod.collector.env" .root | nindent 12 }}
            {{- with include "telepod.collector.goEnv" (dict "part" $central "name" "central") }}
            {{- . | nindent 12 }}
            {{- end }}
            {{- with $central.env }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          ports:
            - {name: otlp-grpc, containerPort: 4317}
            {{- if $site }}
            - {name: otlp-http, containerPort: 4318}
            {{- end }}
            - {name: metrics, containerPort: 8888}
            - {name: health, containerPort: 13133}
          {{- include "telepod.collector.probes" . | nindent 10 }}
          {{- with $central.resources }}
          resources: {{- toYaml . | nindent 12 }}
          {{- end }}
          securityContext: {{- include "telepod.collector.securityContext" . | nindent 12 }}
          volumeMounts:
            - name: config
              mountPath: /etc/telepod/collector
              readOnly: true
            {{- if $site }}
            - name: tls
              mountPath: /etc/telepod/tls
              readOnly: true
            {{- end }}
            - name: queue
              mountPath: /var/lib/telepod/queue
      volumes:
        - name: config
          configMap:
            name: {{ .name }}
        {{- if $site }}
        - {{- include "telepod.collector.tlsVolume" (dict "root" .root "secret" (include "telepod.central.tlsSecret" .root)) | nindent 10 }}
        {{- end }}
        {{- if not $central.storage.gigabytes }}
        - name: queue
          emptyDir: {}
        {{- end }}
      # Two on one node, or in one zone, would be lost together.
      topologySpreadConstraints:
        {{- $selector := include "telepod.collector.selector" . }}
        {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
        - topologyKey: {{ . }}
          maxSkew: 1
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- $selector | nindent 14 }}
        {{- end }}
      {{- with $central.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $central.tolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "telepod.collector.labels" . | nindent 4 }}
data:
  collector.yaml: |
    {{- include "telepod.central.config" . | nindent 4 }}
  {{- with $mine }}
  yours.yaml: |
    {{- toYaml . | nindent 4 }}
  {{- end }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "telepod.collector.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "telepod.collector.selector" . | nindent 6 }}
{{- end -}}
