{{- define "telepod.injector.name" -}}
{{ include "telepod.fullname" . }}-injector
{{- end -}}

{{- define "telepod.injector.selector" -}}
{{ include "telepod.selector" (dict "root" . "component" "injector") }}
{{- end -}}

{{/* Security contexts of the other pods that run the injector's image, and of their containers: as for the webhook. */}}
{{- define "telepod.injector.podSecurityContext" -}}
{{ .Values.injector.podSecurityContext | default (include "telepod.pod.user" 65532 | fromYaml) | toYaml }}
{{- end -}}

{{- define "telepod.injector.securityContext" -}}
{{ .Values.injector.securityContext | default (include "telepod.collector.securityContext" . | fromYaml) | toYaml }}
{{- end -}}

{{- define "telepod.injector.pullSecrets" -}}
{{- include "telepod.pullSecrets" (dict "root" . "images" (list .Values.injector.image)) -}}
{{- end -}}

{{/* Private GKE clusters open only 443 and 10250 from the control plane to the nodes. */}}
{{- define "telepod.injector.port" -}}
{{- if .Values.injector.port -}}
{{ .Values.injector.port }}
{{- else if eq (include "telepod.platform" .) "gke" -}}
10250
{{- else -}}
9443
{{- end -}}
{{- end -}}

{{/* "true" if the controller that repairs pods is installed. */}}
{{- define "telepod.repair.installed" -}}
{{- and .Values.injector.enabled .Values.injector.repair.enabled | ternary "true" "" -}}
{{- end -}}

{{- define "telepod.repair.name" -}}
{{ include "telepod.fullname" . }}-repair
{{- end -}}

{{/* The built-in profile of the provider, or base. */}}
{{- define "telepod.injector.builtinProfile" -}}
{{- eq .Values.cloud.provider "other" | ternary "base" .Values.cloud.provider -}}
{{- end -}}

{{/* The profile of pods that name none. */}}
{{- define "telepod.injector.profile" -}}
{{ .Values.injector.profile | default (include "telepod.injector.builtinProfile" .) }}
{{- end -}}

{{/* All profiles, as a comma-separated list. */}}
{{- define "telepod.injector.profiles" -}}
{{- concat (list "aws" "azure" "base" "gcp") (keys .Values.profiles) | uniq | sortAlpha | join "," -}}
{{- end -}}

{{/* Files of the profiles, by name. */}}
{{- define "telepod.injector.profileFiles" -}}
{{- range $name, $profile := .Values.profiles -}}
{{ $name }}.yaml: |
  {{- toYaml (merge (dict "name" $name) $profile) | nindent 2 }}
{{ else -}}
{}
{{- end -}}
{{- end -}}

{{/* Namespaces that are never touched, as a comma-separated list. */}}
{{- define "telepod.injector.protected" -}}
{{- concat (list "kube-system" .Release.Namespace) .Values.injector.protectedNamespaces | uniq | join "," -}}
{{- end -}}

{{/* The Secret for the serving certificate, which may not exist yet. */}}
{{- define "telepod.injector.certificateSecret" -}}
{{- if eq .Values.injector.certificates.mode "existingSecret" -}}
{{ .Values.injector.certificates.existingSecret }}
{{- else if eq .Values.injector.certificates.mode "certManager" -}}
{{ include "telepod.injector.name" . }}-tls
{{- else -}}
{{ include "telepod.injector.name" . }}-certificates
{{- end -}}
{{- end -}}

{{/* The priority class: the chart's own unless the values set one. */}}
{{- define "telepod.injector.priorityClass" -}}
{{- .Values.injector.priorityClassName | default (include "telepod.injector.name" .) -}}
{{- end -}}

{{/* Refuses values of the injector that cannot work, with an error that states what to set. */}}
{{- define "telepod.injector.check" -}}
{{- include "telepod.check" . -}}
{{- with .Values.injector.certificates -}}
{{- if and (eq .mode "existingSecret") (not .existingSecret) -}}
{{- fail "injector.certificates.mode is existingSecret: name the kubernetes.io/tls Secret in injector.certificates.existingSecret" -}}
{{- end -}}
{{- if and (ne .mode "existingSecret") (or .existingSecret .caBundle) -}}
{{- fail (printf "injector.certificates.existingSecret and caBundle are for mode existingSecret, but the mode is %s: set the mode, or remove them" .mode) -}}
{{- end -}}
{{- if and .caBundle (not (contains "BEGIN CERTIFICATE" .caBundle)) -}}
{{- fail "injector.certificates.caBundle is not PEM: pass the file with --set-file injector.certificates.caBundle=ca.pem" -}}
{{- end -}}
{{- if and (ne .mode "certManager") .issuerRef -}}
{{- fail (printf "injector.certificates.issuerRef is for mode certManager, but the mode is %s: set the mode, or remove it" .mode) -}}
{{- end -}}
{{- include "telepod.check.issuer" (dict "name" "injector.certificates.issuerRef" "issuer" .issuerRef) -}}
{{- end -}}
{{- with .Values.injector.networkPolicy -}}
{{- if and .enabled (not .sources) -}}
{{- fail "injector.networkPolicy has no sources, so no API server could call the webhook: set injector.networkPolicy.sources, for example to [{ipBlock: {cidr: 10.0.0.0/24}}]" -}}
{{- end -}}
{{- if and .enabled $.Values.injector.hostNetwork -}}
{{- fail "injector.networkPolicy has no effect on pods in the nodes' network: set injector.networkPolicy.enabled or injector.hostNetwork to false" -}}
{{- end -}}
{{- end -}}
{{- with .Values.injector.repair -}}
{{- if and .enabled (has .probeNamespace (splitList "," (include "telepod.injector.protected" $))) -}}
{{- fail (printf "injector.repair.probeNamespace %s is protected, so no trial pod would be injected there: choose an existing namespace that is not protected" .probeNamespace) -}}
{{- end -}}
{{- if and .enabled $.Values.injector.revision -}}
{{- fail "injector.repair is only for a release without injector.revision: set injector.repair.enabled to false, or injector.revision to \"\"" -}}
{{- end -}}
{{- if and .enabled (not (semverCompare ">=1.30-0" $.Capabilities.KubeVersion.Version)) -}}
{{- fail "injector.repair needs Kubernetes 1.30, whose admission policies restrict it to dry runs of pods: set injector.repair.enabled to false" -}}
{{- end -}}
{{- end -}}
{{- $port := include "telepod.injector.port" . | int -}}
{{- if and .Values.injector.hostNetwork (eq $port 10250) -}}
{{- fail "injector.hostNetwork cannot serve on 10250, which is the kubelet's port on a node: set injector.port to a free port" -}}
{{- end -}}
{{- if has $port (list 8080 8081) -}}
{{- fail (printf "injector.port %d is taken by the webhook's metrics (8080) or probes (8081): choose another" $port) -}}
{{- end -}}
{{- with .Values.injector -}}
{{- if and .hostNetwork (lt $port 1024) -}}
{{- fail (printf "injector.port %d needs root in the nodes' network: choose 1024 or higher" $port) -}}
{{- end -}}
{{- $nodePorts := list (int $.Values.regional.hostPorts.grpc) (int $.Values.regional.hostPorts.http) -}}
{{- if and .hostNetwork (has $port $nodePorts) -}}
{{- fail (printf "injector.port %d is one of regional.hostPorts on each node: choose another" $port) -}}
{{- end -}}
{{- if and .hostNetwork (or (has 8080 $nodePorts) (has 8081 $nodePorts)) -}}
{{- fail "regional.hostPorts has 8080 or 8081, which the webhook uses on its nodes with injector.hostNetwork: choose other ports" -}}
{{- end -}}
{{- range .protectedNamespaces -}}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$" .) -}}
{{- fail (printf "injector.protectedNamespaces contains %q: list complete names of namespaces; patterns are not supported" .) -}}
{{- end -}}
{{- end -}}
{{- include "telepod.check.pod" (dict "root" $ "part" . "name" "injector" "kind" "Deployment" "replicas" .replicas
  "environment" (list "POD_NAME" "POD_NAMESPACE" "GOMEMLIMIT") "volumes" (list "profiles" "certificates") "containers" (list "webhook")) -}}
{{- include "telepod.check.service" (dict "name" "injector.service" "service" .service) -}}
{{- end -}}
{{- include "telepod.regional.checkHost" . -}}
{{- include "telepod.check.otherWebhook" . -}}
{{- $profile := include "telepod.injector.profile" . -}}
{{- $known := include "telepod.injector.profiles" . -}}
{{- if not (has $profile (splitList "," $known)) -}}
{{- fail (printf "injector.profile %q does not exist: use one of %s, or define it in profiles" $profile $known) -}}
{{- end -}}
{{- range $name, $profile := .Values.profiles -}}
{{- if has $name (list "aws" "azure" "base" "gcp") -}}
{{- fail (printf "profiles.%s has the name of a built-in profile: choose another name and set inherits: %s" $name $name) -}}
{{- end -}}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$" $name) -}}
{{- fail (printf "profiles.%s: a profile's name consists of at most 63 lower-case letters, digits and dashes" $name) -}}
{{- end -}}
{{- with $profile.inherits -}}
{{- if not (has . (splitList "," $known)) -}}
{{- fail (printf "profiles.%s inherits %q, which does not exist: use one of %s" $name . $known) -}}
{{- end -}}
{{- end -}}
{{- include "telepod.injector.checkChain" (list $.Values.profiles (list $name)) -}}
{{- if and $profile.name (ne $profile.name $name) -}}
{{- fail (printf "profiles.%s has name %q: remove name, because the key is the name" $name $profile.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Refuses profiles that inherit each other. Arguments: the profiles, and a chain of names, each of which inherits the next. */}}
{{- define "telepod.injector.checkChain" -}}
{{- $profiles := first . -}}
{{- $chain := last . -}}
{{- with (get $profiles (last $chain) | default dict).inherits -}}
{{- if has . $chain -}}
{{- fail (printf "profiles.%s inherits itself: %s: set inherits to a built-in profile in one of them" . (append $chain . | join " → ")) -}}
{{- end -}}
{{- include "telepod.injector.checkChain" (list $profiles (append $chain .)) -}}
{{- end -}}
{{- end -}}
