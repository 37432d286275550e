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
# Events are written, but never for a dry run.
sideEffects: NoneOnDryRun
{{- end -}}

{{/* CEL: the pod's annotation, which beats its label, has this value. */}}
{{- define "telepod.injector.annotationSays" -}}
has(object.metadata.annotations) && 'telepod.dev/inject' in object.metadata.annotations && object.metadata.annotations['telepod.dev/inject'] == '{{ . }}'
{{- end -}}

{{- define "telepod.injector.labelSays" -}}
has(object.metadata.labels) && 'telepod.dev/inject' in object.metadata.labels && object.metadata.labels['telepod.dev/inject'] == '{{ . }}'
{{- end -}}

{{/* Conditions that all pods meet but those that opt out. */}}
{{- define "telepod.injector.doesNotSayNo" -}}
- name: annotation-does-not-say-no
  expression: >-
    !({{ include "telepod.injector.annotationSays" "false" }})
- name: label-does-not-say-no
  expression: >-
    !({{ include "telepod.injector.labelSays" "false" }}) ||
    ({{ include "telepod.injector.annotationSays" "true" }})
{{- end -}}

{{/* A namespace selector's expressions for namespaces that this release may touch at all. */}}
{{- define "telepod.injector.notProtected" -}}
- key: kubernetes.io/metadata.name
  operator: NotIn
  values: {{- splitList "," (include "telepod.injector.protected" .) | toYaml | nindent 4 }}
{{- with .Values.injector.revision }}
- {key: telepod.dev/revision, operator: In, values: [{{ . | quote }}]}
{{- else }}
# Those are another release's.
- {key: telepod.dev/revision, operator: DoesNotExist}
{{- end }}
{{- end -}}
