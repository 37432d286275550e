{{/* Settings of a pod that injector, regional and central have in common: what charts/values-shared.yaml lists. */}}

{{/*
Metadata of a pod template. Nothing in it depends on the chart's version, so an upgrade that changes nothing else replaces no
pod. Arguments: root, part, component, and its additional labels and annotations, as mappings.
*/}}
{{- define "telepod.pod.metadata" -}}
{{- $labels := include "telepod.selector" . | fromYaml -}}
labels: {{- merge $labels (dict "app.kubernetes.io/part-of" "telepod") (.labels | default dict) (.part.podLabels | default dict) .root.Values.commonLabels | toYaml | nindent 2 }}
{{- with merge dict (.annotations | default dict) (.part.podAnnotations | default dict) }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/*
The pod's own settings. Arguments: root, part, name and component; securityContext, a mapping; grace, in seconds. Optional:
account (the name of another ServiceAccount), hostNetwork, priorityClass, affinity (a mapping), and spread (whether replicas
spread over nodes and zones) with matchLabelKeys.
*/}}
{{- define "telepod.pod.spec" -}}
{{- $part := .part -}}
serviceAccountName: {{ include "telepod.serviceAccountName" (dict "part" $part "name" (.account | default .name)) }}
{{- with $part.priorityClassName | default .priorityClass }}
priorityClassName: {{ . }}
{{- end }}
{{- with $part.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- if .hostNetwork }}
hostNetwork: true
{{- end }}
{{- with $part.dnsPolicy | default (and .hostNetwork "ClusterFirstWithHostNet") }}
dnsPolicy: {{ . }}
{{- end }}
{{- with $part.dnsConfig }}
dnsConfig: {{- toYaml . | nindent 2 }}
{{- end }}
terminationGracePeriodSeconds: {{ $part.terminationGracePeriodSeconds | default .grace | int }}
securityContext: {{- $part.podSecurityContext | default .securityContext | toYaml | nindent 2 }}
{{- with $part.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity | default $part.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- $selector := include "telepod.selector" . | fromYaml }}
{{- if $part.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range $part.topologySpreadConstraints }}
  {{- $constraint := merge dict . (dict "maxSkew" 1 "whenUnsatisfiable" "ScheduleAnyway") }}
  {{- if not .labelSelector }}
  {{- $_ := set $constraint "labelSelector" (dict "matchLabels" $selector) }}
  {{- end }}
  - {{- toYaml $constraint | nindent 4 }}
  {{- end }}
{{- else if .spread }}
# Replicas on one node, or in one zone, would fail together.
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- toYaml $selector | nindent 8 }}
    {{- with $.matchLabelKeys }}
    matchLabelKeys: {{ toJson . }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Security context of a pod that runs as a user and group. Arguments: the user. */}}
{{- define "telepod.pod.user" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* Settings of the part's container. Arguments: part. Optional: lifecycle, a mapping. */}}
{{- define "telepod.pod.container" -}}
{{- with .part.envFrom }}
envFrom: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .part.resources }}
resources: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .part.lifecycle | default .lifecycle }}
lifecycle: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- .part.securityContext | default (include "telepod.collector.securityContext" . | fromYaml) | toYaml | nindent 2 }}
{{- end -}}

{{/*
Number of replicas. An autoscaler sets it instead, except that an upgrade keeps the current number, which Helm would reset
to 1. Arguments: root, part, name, kind and replicas.
*/}}
{{- define "telepod.replicas" -}}
{{- if not (dig "autoscaling" "enabled" false .part) -}}
{{ .replicas }}
{{- else -}}
{{- with lookup "apps/v1" .kind .root.Release.Namespace .name -}}
{{ .spec.replicas }}
{{- end -}}
{{- end -}}
{{- end -}}
