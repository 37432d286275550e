{{/*
Refuses conflicts with objects that are already in the cluster. Helm looks them up during an install or upgrade; a render
without a cluster finds none.
*/}}

{{/* Refuses a second webhook for the same pods. */}}
{{- define "telepod.check.otherWebhook" -}}
{{- $mine := include "telepod.injector.name" . -}}
{{- range (lookup "admissionregistration.k8s.io/v1" "MutatingWebhookConfiguration" "" "").items -}}
{{- $labels := .metadata.labels | default dict -}}
{{- if and (eq (toString (get $labels "app.kubernetes.io/part-of")) "telepod") (ne .metadata.name $mine) (eq (get $labels "telepod.dev/revision" | default "") $.Values.injector.revision) -}}
{{- fail (printf "release %q has a webhook that injects the same pods, %s: uninstall that release, or set injector.enabled=false or injector.revision in this one" (get $labels "app.kubernetes.io/instance") .metadata.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Refuses a second DaemonSet with the same host ports or node directory. */}}
{{- define "telepod.check.otherDaemonSet" -}}
{{- range (lookup "apps/v1" "DaemonSet" "" "").items -}}
{{- $labels := .metadata.labels | default dict -}}
{{- $same := and (eq .metadata.namespace $.Release.Namespace) (eq (toString (get $labels "app.kubernetes.io/instance")) $.Release.Name) -}}
{{- if and (eq (toString (get $labels "app.kubernetes.io/part-of")) "telepod") (eq (toString (get $labels "app.kubernetes.io/component")) "collector") (not $same) -}}
{{- $ports := list -}}
{{- range (first .spec.template.spec.containers).ports -}}{{- $ports = append $ports (.hostPort | default 0 | int) -}}{{- end -}}
{{- $paths := list -}}
{{- range .spec.template.spec.volumes -}}{{- $paths = append $paths (dig "hostPath" "path" "" .) -}}{{- end -}}
{{- if or (has (int $.Values.regional.hostPorts.grpc) $ports) (has (int $.Values.regional.hostPorts.http) $ports) (has $.Values.regional.queue.path $paths) -}}
{{- fail (printf "release %q in namespace %q already runs Collectors with the same host ports or queue directory: set regional.enabled=false and regional.host=%s.%s.svc to use those, or set other regional.hostPorts and another regional.queue.path" (get $labels "app.kubernetes.io/instance") .metadata.namespace .metadata.name .metadata.namespace) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Refuses changes to the volumes of a StatefulSet that Kubernetes does not allow, and a new name, which would leave queued data
behind on the volumes of the old one. Arguments: root, name, component, size, class, and the values that set them: sizeValue,
classValue, and, if they are others, hasValue (whether there are volumes) and keepValue (MiB of the present ones).
*/}}
{{- define "telepod.check.volumes" -}}
{{- range (lookup "apps/v1" "StatefulSet" .root.Release.Namespace "").items -}}
{{- $labels := .metadata.labels | default dict -}}
{{- $claims := .spec.volumeClaimTemplates -}}
{{- if and (eq (toString (get $labels "app.kubernetes.io/part-of")) "telepod") (eq (toString (get $labels "app.kubernetes.io/instance")) $.root.Release.Name) (eq (toString (get $labels "app.kubernetes.io/component")) $.component) -}}
{{- if and $claims (ne .metadata.name $.name) -}}
{{- fail (printf "this release's StatefulSet is %s and would become %s, which would leave queued data behind on its volumes: set fullnameOverride=%s to keep the name; to rename it, uninstall the release once the queues are empty" .metadata.name $.name (.metadata.name | trimSuffix (regexFind "-[a-z]+$" .metadata.name))) -}}
{{- end -}}
{{- if ne (len ($claims | default list)) (empty $.size | ternary 0 1) -}}
{{- fail (printf "StatefulSet %s %s volume, and Kubernetes does not change that: set %s back, or delete the StatefulSet with kubectl -n %s delete statefulset %s once its queues are empty" .metadata.name (empty $claims | ternary "has no" "has a") ($.hasValue | default $.sizeValue) .metadata.namespace .metadata.name) -}}
{{- end -}}
{{- with $claims -}}
{{- $spec := (first .).spec -}}
{{- $size := $spec.resources.requests.storage -}}
{{- $bytes := include "telepod.collector.bytes" (dict "quantity" $size "name" $.name) | int64 -}}
{{- if ne $bytes (include "telepod.collector.bytes" (dict "quantity" $.size "name" $.name) | int64) -}}
{{- $keep := $.keepValue | empty | ternary "" (printf "set %s=%d to keep them, or " $.keepValue (div $bytes 1048576)) -}}
{{- fail (printf "%s asks for volumes of %s, but those of StatefulSet %s have %s, which Kubernetes does not change: %senlarge the PersistentVolumeClaims, run kubectl -n %s delete statefulset %s --cascade=orphan, and upgrade again" $.sizeValue $.size $.name $size $keep $.root.Release.Namespace $.name) -}}
{{- end -}}
{{- if and $.class (ne $.class ($spec.storageClassName | default "")) -}}
{{- fail (printf "%s is %q, but the volumes of StatefulSet %s have class %q, which Kubernetes does not change: set it back, or uninstall the release once its queues are empty" $.classValue $.class $.name ($spec.storageClassName | default "")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
