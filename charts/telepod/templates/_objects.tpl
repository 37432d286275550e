{{/* What objects of all parts have in common. */}}

{{/*
Metadata of an object. Arguments: root, name and component; its additional labels and annotations, as mappings; and
clusterScoped, if it has no namespace.
*/}}
{{- define "telepod.metadata" -}}
name: {{ .name }}
{{- if not .clusterScoped }}
namespace: {{ .root.Release.Namespace }}
{{- end }}
labels: {{- merge (include "telepod.objectLabels" . | fromYaml) (.labels | default dict) .root.Values.commonLabels | toYaml | nindent 2 }}
{{- with merge dict (.annotations | default dict) .root.Values.commonAnnotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "telepod.objectLabels" -}}
{{ include "telepod.selector" . }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: telepod
{{- end -}}

{{/* Labels by which Services and workloads select pods. They never change between versions. Arguments: root and component. */}}
{{- define "telepod.selector" -}}
app.kubernetes.io/name: telepod
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* A document with a ServiceAccount, if the chart creates it. Arguments: root, part (the values), name, component, identity and automount. */}}
{{- define "telepod.serviceAccount" -}}
{{- $account := .part.serviceAccount | default dict -}}
{{- if ne (toString $account.create) "false" -}}
{{- $identity := include "telepod.collector.identityAnnotation" (dict "root" .root "identity" .identity) | fromYaml }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "telepod.metadata" (dict "root" .root "component" .component "name" (include "telepod.serviceAccountName" .)
    "annotations" (merge dict ($account.annotations | default dict) $identity)) | nindent 2 }}
{{- if not .automount }}
automountServiceAccountToken: false
{{- end }}
{{- end -}}
{{- end -}}

{{- define "telepod.serviceAccountName" -}}
{{ dig "serviceAccount" "name" "" .part | default .name }}
{{- end -}}

{{/* A document with a PodDisruptionBudget, if it is enabled. Arguments: root, part, name and component. */}}
{{- define "telepod.podDisruptionBudget" -}}
{{- $budget := .part.podDisruptionBudget | default dict -}}
{{- if ne (toString $budget.enabled) "false" }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "telepod.metadata" . | nindent 2 }}
spec:
  {{- if ne (toString ($budget.minAvailable | default "")) "" }}
  minAvailable: {{ $budget.minAvailable }}
  {{- else }}
  maxUnavailable: {{ $budget.maxUnavailable | default 1 }}
  {{- end }}
  # An unhealthy replica does not block the drain of its node.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "telepod.selector" . | nindent 6 }}
{{- end -}}
{{- end -}}

{{/* A document with a HorizontalPodAutoscaler, if it is enabled. Arguments: root, part, name, component, kind, replicas and keeps, if replicas have volumes. */}}
{{- define "telepod.autoscaler" -}}
{{- if dig "autoscaling" "enabled" false .part }}
{{- $scaling := .part.autoscaling }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "telepod.metadata" . | nindent 2 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: {{ .kind }}, name: {{ .name }}}
  minReplicas: {{ $scaling.minReplicas | default .replicas }}
  maxReplicas: {{ $scaling.maxReplicas | default 10 }}
  metrics:
    {{- range $resource, $target := dict "cpu" (hasKey $scaling "targetCPU" | ternary $scaling.targetCPU 70) "memory" $scaling.targetMemory }}
    {{- if $target }}
    - type: Resource
      resource: {name: {{ $resource }}, target: {type: Utilization, averageUtilization: {{ $target }}}}
    {{- end }}
    {{- end }}
    {{- with $scaling.metrics }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- if $scaling.behavior }}
  behavior: {{- toYaml $scaling.behavior | nindent 4 }}
  {{- else if .keeps }}
  # Queued data of a removed replica would stay on its volume.
  behavior: {scaleDown: {selectPolicy: Disabled}}
  {{- end }}
{{- end -}}
{{- end -}}

{{/* Settings of a Service's spec, if any. Arguments: the values of the Service. */}}
{{- define "telepod.serviceSettings" -}}
{{- $spec := pick . "ipFamilyPolicy" "ipFamilies" -}}
{{- $type := .type | default "ClusterIP" -}}
{{- if eq $type "LoadBalancer" -}}
{{- $spec = merge $spec (pick . "loadBalancerClass") (dict "loadBalancerSourceRanges" .sourceRanges) -}}
{{- end -}}
{{- if ne $type "ClusterIP" -}}
{{- $spec = merge $spec (pick . "externalTrafficPolicy") -}}
{{- end -}}
{{- range $key, $value := $spec -}}
{{- if $value }}
{{ $key }}: {{ toJson $value }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Rules of a Collector's NetworkPolicy. Arguments: part, and otlp and metrics, lists of port names. */}}
{{- define "telepod.ingress" -}}
{{- $policy := .part.networkPolicy | default dict -}}
{{- range $rule := list (list $policy.sources .otlp) (list $policy.metricsSources .metrics) }}
- ports:
    {{- range last $rule }}
    - {port: {{ . }}}
    {{- end }}
  {{- with first $rule }}
  from: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end -}}
