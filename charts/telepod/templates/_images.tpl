{{/*
The full name of an image. Arguments: root and path: injector.image, collector.image or drill.image. Without tag and digest, it
gets the digest that an annotation of a published chart lists for its repository, or else the chart's appVersion as its tag.
*/}}
{{- define "telepod.image" -}}
{{- $image := index .root.Values (trimSuffix ".image" .path) "image" -}}
{{- $repository := $image.repository -}}
{{- if not (regexMatch `^([a-zA-Z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+([._/-]+[a-z0-9]+)*$` $repository) -}}
{{- fail (printf "%s.repository is %q: write registry/name in lower case, without a scheme; the tag goes into %s.tag, the digest into %s.digest" .path $repository .path .path) -}}
{{- end -}}
{{- $digest := $image.digest -}}
{{- if and (not $image.tag) (not $digest) -}}
{{- with .root.Chart.Annotations }}{{ $digest = index . (printf "telepod.dev/digest/%s" $repository) }}{{ end -}}
{{- end -}}
{{- with (.root.Values.global).imageRegistry -}}
{{- if not (regexMatch `^[a-zA-Z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$` .) -}}
{{- fail (printf "global.imageRegistry is %q: write a registry such as registry.example.com or registry.example.com/mirror, without a scheme and without a slash at the end" .) -}}
{{- end -}}
{{- $repository = printf "%s/%s" . (regexReplaceAll `^(localhost|[^/]*[.:][^/]*)/` $repository "") -}}
{{- end -}}
{{ $repository }}{{ if $digest }}@{{ $digest }}{{ else }}:{{ $image.tag | default .root.Chart.AppVersion }}{{ end }}
{{- end -}}

{{- define "telepod.injector.image" -}}
{{- include "telepod.image" (dict "root" . "path" "injector.image") -}}
{{- end -}}

{{- define "telepod.collector.image" -}}
{{- if eq .Values.collector.image.repository .Values.injector.image.repository -}}
{{- fail (printf "injector.image.repository and collector.image.repository are both %q: the webhook and the Collector need different images" .Values.collector.image.repository) -}}
{{- end -}}
{{- include "telepod.image" (dict "root" . "path" "collector.image") -}}
{{- end -}}

{{/* Names of the Secrets for all images, as a JSON list. A parent chart may list them as objects. */}}
{{- define "telepod.globalPullSecrets" -}}
{{- $names := list -}}
{{- range ((.Values.global).imagePullSecrets) -}}
{{- if kindIs "string" . }}{{ $names = append $names . }}{{ else }}{{ $names = append $names .name }}{{ end -}}
{{- end -}}
{{ toJson $names }}
{{- end -}}

{{/* imagePullSecrets of a pod. Arguments: root and images: the values of its images. */}}
{{- define "telepod.pullSecrets" -}}
{{- $names := include "telepod.globalPullSecrets" .root | fromJsonArray -}}
{{- range .images }}{{ $names = concat $names .pullSecrets }}{{ end -}}
{{- with $names | uniq -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end -}}
{{- end -}}
