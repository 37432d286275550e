{{- define "telepod.central.name" -}}
{{ include "telepod.fullname" . }}-central
{{- end -}}

{{- define "telepod.central.sampler" -}}
{{ include "telepod.fullname" . }}-sampler
{{- end -}}

{{/* Not empty if a destination gets sampled traces. */}}
{{- define "telepod.central.samples" -}}
{{- $of := (include "telepod.destinations.branches" (dict "root" . "part" "central" "sampled" true) | fromYaml).traces -}}
{{- if or $of.required $of.optional -}}
true
{{- end -}}
{{- end -}}

{{/* Not empty if a destination gets span metrics and the Collectors' own metrics. */}}
{{- define "telepod.central.siteMetrics" -}}
{{- range include "telepod.destinations" (dict "root" . "part" "central") | fromYamlArray -}}
{{- if and .siteMetrics (has "metrics" .signals) -}}
true
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Not empty if separate samplers run behind the Collectors that receive. */}}
{{- define "telepod.central.hasSamplers" -}}
{{- if and .Values.central.enabled (gt (int .Values.central.replicas) 1) (include "telepod.central.samples" .) -}}
true
{{- end -}}
{{- end -}}

{{/* host:port at which the regions reach this site. */}}
{{- define "telepod.central.endpoint" -}}
{{ get .Values.central .Values.central.role }}
{{- end -}}

{{- define "telepod.central.tlsSecret" -}}
{{- .Values.tls.centralSecret | default (printf "%s-tls" (include "telepod.central.name" .)) -}}
{{- end -}}

{{/* Variables that AWS's libraries read. Arguments: the root. */}}
{{- define "telepod.central.awsEnv" -}}
{{- with .Values.central.awsRole -}}
- {name: AWS_ROLE_ARN, value: {{ . | quote }}}
- {name: AWS_WEB_IDENTITY_TOKEN_FILE, value: /var/run/secrets/telepod/aws/token}
- {name: AWS_ROLE_SESSION_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
{{- end -}}
{{- end -}}

{{/* Annotations that configure the load balancer in front of a site. */}}
{{- define "telepod.central.serviceAnnotations" -}}
{{- $internal := eq .Values.central.service.exposure "internal" -}}
{{- $platform := include "telepod.platform" . -}}
{{- $annotations := dict -}}
{{- if eq $platform "eks" -}}
{{- $annotations = dict "service.beta.kubernetes.io/aws-load-balancer-type" "external"
      "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type" "ip"
      "service.beta.kubernetes.io/aws-load-balancer-scheme" ($internal | ternary "internal" "internet-facing") -}}
{{- else if and (eq $platform "gke") $internal -}}
{{- $annotations = dict "networking.gke.io/load-balancer-type" "Internal"
      "networking.gke.io/internal-load-balancer-allow-global-access" "true" -}}
{{- else if eq $platform "gke" -}}
{{- $annotations = dict "cloud.google.com/l4-rbs" "enabled" -}}
{{- else if and (eq $platform "aks") $internal -}}
{{- $annotations = dict "service.beta.kubernetes.io/azure-load-balancer-internal" "true" -}}
{{- end -}}
{{- with merge (deepCopy .Values.central.service.annotations) $annotations -}}
{{ toYaml . }}
{{- end -}}
{{- end -}}

{{/* Refuses values of the central part that cannot work, with an error that states what to set. */}}
{{- define "telepod.central.check" -}}
{{- include "telepod.check" . -}}
{{- include "telepod.destinations.check" (dict "root" . "part" "central") -}}
{{- with .Values.central -}}
{{- if not (get . .role) -}}
{{- fail (printf "central.enabled: this is the %s site, but central.%s is empty: set the host:port at which regions reach it" .role .role) -}}
{{- end -}}
{{- if not (or .jaeger .prometheus .archive.bucket .kafka.brokers .destinations) -}}
{{- fail "central.enabled: the site has no destination: set one or more of central.jaeger, central.prometheus, central.archive.bucket, central.kafka.brokers, central.destinations" -}}
{{- end -}}
{{- if and (gt (int .replicas) 1) (not .storage.gigabytes) -}}
{{- fail (printf "central.replicas is %d and central.storage.gigabytes is 0: replicas need storage, or queued data is lost with a pod: set central.storage.gigabytes" (int .replicas)) -}}
{{- end -}}
{{- if and .archive.bucket (not .archive.region) -}}
{{- fail (printf "central.archive.bucket is %q but central.archive.region is missing: set the bucket's region" .archive.bucket) -}}
{{- end -}}
{{- if and .archive.endpoint (not (regexMatch "^https?://" .archive.endpoint)) -}}
{{- fail (printf "central.archive.endpoint is %q: write a URL that starts with https:// or http://" .archive.endpoint) -}}
{{- end -}}
{{- if and .jaeger (not (regexMatch `^(https://)?([^/\s:]+|\[[0-9a-fA-F:.]+\]):[1-9][0-9]*$` .jaeger)) -}}
{{- fail (printf "central.jaeger is %q: write host:port of its OTLP gRPC port, such as jaeger.tracing:4317, or https://host:port" .jaeger) -}}
{{- end -}}
{{- if and .prometheus (not (regexMatch `^https?://[^/@\s]+(/\S*)?$` .prometheus)) -}}
{{- fail (printf "central.prometheus is %q: write the remote-write URL, such as http://prometheus.monitoring:9090/api/v1/write; for one with credentials use central.destinations" (regexReplaceAll `//[^/]*@` .prometheus "//…@")) -}}
{{- end -}}
{{- if and .awsRole (eq $.Values.cloud.provider "aws") -}}
{{- fail "central.awsRole is for sites outside AWS, but cloud.provider is aws: set central.identity to the role" -}}
{{- end -}}
{{- if and .archive.bucket (or (not (regexMatch `^[a-z0-9][-a-z0-9.]{1,61}[a-z0-9]$` .archive.bucket)) (contains ".." .archive.bucket) (regexMatch `^[0-9.]+$` .archive.bucket)) -}}
{{- fail (printf "central.archive.bucket is %q: write only the bucket's name, without s3:// and without a path" .archive.bucket) -}}
{{- end -}}
{{- if and .archive.bucket (not .archive.endpoint) (not (regexMatch `^[a-z]+(-[a-z]+)+-[0-9]+$` .archive.region)) -}}
{{- fail (printf "central.archive.region is %q, but without central.archive.endpoint the bucket is in AWS: write an AWS region, such as us-east-1" .archive.region) -}}
{{- end -}}
{{- range .archive.regions -}}
{{- include "telepod.check.region" (dict "name" "central.archive.regions" "provider" (splitList "/" . | first) "region" (splitList "/" . | last)) -}}
{{- end -}}
{{- if and (or .kafka.caSecret .kafka.certificateSecret) (not .kafka.tls) -}}
{{- fail "central.kafka.caSecret and certificateSecret are for TLS: set central.kafka.tls to true, or remove them" -}}
{{- end -}}
{{- if and .terminationGracePeriodSeconds (lt (int .terminationGracePeriodSeconds) (int .service.drainSeconds)) (eq .service.type "LoadBalancer") -}}
{{- fail (printf "central.terminationGracePeriodSeconds is %d, but a pod first drains for %d seconds (central.service.drainSeconds): set it higher, or to 0 for the chart's default" (int .terminationGracePeriodSeconds) (int .service.drainSeconds)) -}}
{{- end -}}
{{- include "telepod.check.bucketEndpoint" (dict "name" "central.archive.endpoint" "endpoint" .archive.endpoint) -}}
{{- include "telepod.check.brokers" (dict "name" "central.kafka.brokers" "brokers" .kafka.brokers) -}}
{{- $policies := list "errors" "http-5xx" "http-5xx-old" "slow" "share" -}}
{{- range .sampling.services }}{{ $policies = append $policies (include "telepod.central.share" .) }}{{ end -}}
{{- $chart := $policies -}}
{{- range .sampling.policies -}}
{{- if has .name $policies -}}
{{- fail (printf "central.sampling.policies: there are two policies %q: choose another name (the chart uses %s)" .name (join ", " (uniq $chart))) -}}
{{- end -}}
{{- $policies = append $policies .name -}}
{{- end -}}
{{- include "telepod.central.checkShared" $ -}}
{{- if and .identity (eq $.Values.cloud.provider "other") -}}
{{- fail "central.identity is an identity of aws, gcp or azure, but cloud.provider is other: remove it, and put keys into central.env" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Refuses mistakes that are possible in every part: in its pods, Service, identity and volumes. */}}
{{- define "telepod.central.checkShared" -}}
{{- with .Values.central -}}
{{- $pod := dict "root" $ "part" . "name" "central" "kind" "StatefulSet" "replicas" .replicas
  "environment" (include "telepod.check.collectorEnvironment" . | splitList ",") "volumes" (list "config" "tls" "queue") "containers" (list "collector") -}}
{{- include "telepod.check.pod" $pod -}}
{{- if include "telepod.central.hasSamplers" $ -}}
{{- include "telepod.check.pod" (merge (dict "name" "central.sampler" "part" .sampler) (omit $pod "name" "part")) -}}
{{- end -}}
{{- if and (dig "autoscaling" "enabled" false .) (eq (int .replicas) 1) (include "telepod.central.samples" $) -}}
{{- fail "central.autoscaling needs separate samplers, which keep the spans of a trace together: set central.replicas to 2 or more" -}}
{{- end -}}
{{- include "telepod.check.service" (dict "name" "central.service" "service" .service) -}}
{{- include "telepod.check.identity" (dict "root" $ "name" "central" "identity" .identity) -}}
{{- $size := .storage.gigabytes | empty | ternary "" (printf "%dGi" (int .storage.gigabytes)) -}}
{{- range $component, $name := dict "central" (include "telepod.central.name" $) "sampler" (include "telepod.central.sampler" $) -}}
{{- include "telepod.check.volumes" (dict "root" $ "name" $name "component" $component "size" $size "sizeValue" "central.storage.gigabytes"
  "class" $.Values.central.storage.className "classValue" "central.storage.className") -}}
{{- end -}}
{{- end -}}
{{- end -}}
