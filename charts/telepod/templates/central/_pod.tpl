{{/* A StatefulSet of central Collectors. Arguments: root, tier (site or sampler), name and component. */}}
{{- define "telepod.central.workload" -}}
{{- $values := .root.Values }}
{{- $central := $values.central }}
{{- $site := eq .tier "site" }}
{{- $part := $site | ternary $central (mergeOverwrite (omit (deepCopy $central) "autoscaling") $central.sampler) }}
{{- $_ := set . "part" $part }}
{{- $drain := $site | ternary (include "telepod.central.drain" .root | int) 0 }}
{{- $mine := $site | ternary $central.config dict -}}
apiVersion: apps/v1
kind: StatefulSet
metadata: {{- include "telepod.metadata" (dict "root" .root "component" .component "name" .name) | nindent 2 }}
spec:
  {{- with include "telepod.replicas" (dict "root" .root "part" $part "name" .name "kind" "StatefulSet" "replicas" $central.replicas) }}
  replicas: {{ . }}
  {{- end }}
  {{- /* Load balancers need time to register a new pod. */}}
  {{- with $part.minReadySeconds | default (and $drain 10) }}
  minReadySeconds: {{ . }}
  {{- end }}
  {{- with $part.updateStrategy }}
  updateStrategy: {{- toYaml . | nindent 4 }}
  {{- end }}
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
    {{- $annotations := dict "checksum/config" (include "telepod.central.config" . | cat (toYaml $mine) | sha256sum) }}
    {{- $identity := include "telepod.collector.identityLabel" (dict "root" .root "identity" $central.identity) | fromYaml }}
    # A changed configuration replaces the pod.
    metadata: {{- include "telepod.pod.metadata" (merge (dict "labels" $identity "annotations" $annotations) .) | nindent 6 }}
    spec:
      # The grace period is long enough to decide every waiting trace and write it to disk.
      {{- include "telepod.pod.spec" (merge (dict "account" (include "telepod.central.name" .root) "spread" true
        "grace" (add $central.sampling.decisionSeconds 50 $drain)
        "securityContext" (include "telepod.collector.user" .root | include "telepod.pod.user" | fromYaml)) .) | nindent 6 }}
      automountServiceAccountToken: false
      {{- with include "telepod.collector.pullSecrets" .root }}
      {{- . | nindent 6 }}
      {{- end }}
      {{- with $part.initContainers }}
      initContainers: {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: collector
          image: {{ include "telepod.collector.image" .root }}
          imagePullPolicy: {{ $values.collector.image.pullPolicy }}
          args:
            {{- include "telepod.collector.args" $mine | nindent 12 }}
          env:
            {{- include "telepod.collector.env" .root | nindent 12 }}
            {{- with include "telepod.collector.goEnv" (dict "part" $part "name" "central") }}
            {{- . | nindent 12 }}
            {{- end }}
            {{- with include "telepod.destinations.env" (dict "root" .root "part" "central") }}
            {{- . | trim | nindent 12 }}
            {{- end }}
            {{- with include "telepod.central.awsEnv" .root }}
            {{- . | nindent 12 }}
            {{- end }}
            {{- with $part.env }}
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
          {{- $lifecycle := (gt $drain 0) | ternary (dict "preStop" (dict "sleep" (dict "seconds" $drain))) dict }}
          {{- include "telepod.pod.container" (dict "part" $part "lifecycle" $lifecycle) | nindent 10 }}
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
            {{- with include "telepod.destinations.mounts" (dict "root" .root "part" "central") }}
            {{- . | trim | nindent 12 }}
            {{- end }}
            {{- if $central.awsRole }}
            - name: aws-token
              mountPath: /var/run/secrets/telepod/aws
              readOnly: true
            {{- end }}
            {{- with $part.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
        {{- with $part.extraContainers }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
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
        {{- with include "telepod.destinations.volumes" (dict "root" .root "part" "central") }}
        {{- . | trim | nindent 8 }}
        {{- end }}
        {{- if $central.awsRole }}
        # AWS exchanges this token for keys of the role.
        - name: aws-token
          projected:
            defaultMode: 0440
            sources:
              - serviceAccountToken: {audience: sts.amazonaws.com, expirationSeconds: 3600, path: token}
        {{- end }}
        {{- with $part.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
---
apiVersion: v1
kind: ConfigMap
metadata: {{- include "telepod.metadata" (dict "root" .root "component" .component "name" .name) | nindent 2 }}
data:
  collector.yaml: |
    {{- include "telepod.central.config" . | nindent 4 }}
  {{- with $mine }}
  yours.yaml: |
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- include "telepod.podDisruptionBudget" . }}
{{- include "telepod.autoscaler" (merge (dict "kind" "StatefulSet" "replicas" $central.replicas "keeps" $central.storage.gigabytes) .) }}
{{- end -}}

{{/* Seconds for which a terminating pod serves while load balancers remove it. The sleep hook needs Kubernetes 1.30. */}}
{{- define "telepod.central.drain" -}}
{{- $service := .Values.central.service -}}
{{- if and (eq $service.type "LoadBalancer") (semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version) -}}
{{ int $service.drainSeconds }}
{{- end -}}
{{- end -}}
