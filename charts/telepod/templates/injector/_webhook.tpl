{{/* What both webhooks have in common. */}}
{{- define "telepod.injector.webhook" -}}
{{- $injector := .root.Values.injector -}}
admissionReviewVersions: [v1]
clientConfig:
  {{- /* In mode selfManaged the webhook fills in caBundle and a secret path: nothing random is rendered. */}}
  {{- with $injector.certificates.caBundle }}
  caBundle: {{ b64enc . }}
  {{- end }}
  service:
    name: {{ include "telepod.injector.name" .root }}
    namespace: {{ .root.Release.Namespace }}
    {{- if ne $injector.certificates.mode "selfManaged" }}
    path: {{ .path }}
    {{- end }}
    port: 443
rules:
  - apiGroups: [""]
    apiVersions: [v1]
    resources: [pods]
    operations: [CREATE]
    scope: Namespaced
matchPolicy: Equivalent
failurePolicy: {{ $injector.failurePolicy }}
timeoutSeconds: {{ $injector.timeoutSeconds }}
reinvocationPolicy: IfNeeded
# The webhook creates events, but not for a dry run.
sideEffects: NoneOnDryRun
{{- end -}}

{{/* CEL: the pod's annotation, which takes precedence over its label, has this value. */}}
{{- define "telepod.injector.annotationIs" -}}
has(object.metadata.annotations) && 'telepod.dev/inject' in object.metadata.annotations && object.metadata.annotations['telepod.dev/inject'] == '{{ . }}'
{{- end -}}

{{- define "telepod.injector.labelIs" -}}
has(object.metadata.labels) && 'telepod.dev/inject' in object.metadata.labels && object.metadata.labels['telepod.dev/inject'] == '{{ . }}'
{{- end -}}

{{/* Conditions that exclude pods that opt out. */}}
{{- define "telepod.injector.notOptedOut" -}}
- name: not-opted-out-by-annotation
  expression: >-
    !({{ include "telepod.injector.annotationIs" "false" }})
- name: not-opted-out-by-label
  expression: >-
    !({{ include "telepod.injector.labelIs" "false" }}) ||
    ({{ include "telepod.injector.annotationIs" "true" }})
{{- end -}}

{{/* Expressions of a namespace selector for the namespaces in which this release may inject. */}}
{{- define "telepod.injector.notProtected" -}}
- key: kubernetes.io/metadata.name
  operator: NotIn
  values: {{- splitList "," (include "telepod.injector.protected" .) | toYaml | nindent 4 }}
{{- with .Values.injector.revision }}
- {key: telepod.dev/revision, operator: In, values: [{{ . | quote }}]}
{{- else }}
# Namespaces with a revision belong to another release.
- {key: telepod.dev/revision, operator: DoesNotExist}
{{- end }}
{{- end -}}
