{{/* The managed Kubernetes: cloud.platform without its variant, or the default for cloud.provider. */}}
{{- define "telepod.platform" -}}
{{- $ofProvider := dict "aws" "eks" "gcp" "gke" "azure" "aks" -}}
{{- .Values.cloud.platform | trimSuffix "-fargate" | trimSuffix "-autopilot" | trimSuffix "-automatic" | default (get $ofProvider .Values.cloud.provider) | default "other" -}}
{{- end -}}

{{/* Refuses values that cannot work, with an error that states what to set. */}}
{{- define "telepod.check" -}}
{{- with .Values.cloud -}}
{{- if not .provider -}}
{{- fail "cloud.provider is missing: set it to aws, gcp, azure or other, e.g. --set cloud.provider=aws" -}}
{{- end -}}
{{- if and (not .region) (not .regionFromNodes) -}}
{{- fail "cloud.region is missing: set it, e.g. --set cloud.region=us-east-1, or set cloud.regionFromNodes=true if nodes have the label topology.kubernetes.io/region (Kubernetes 1.35 and later)" -}}
{{- end -}}
{{- if and .region .regionFromNodes -}}
{{- fail (printf "cloud.region is %q and cloud.regionFromNodes is true: keep one of the two" .region) -}}
{{- end -}}
{{- end -}}
{{- if not .Values.cluster.name -}}
{{- fail "cluster.name is missing: set a name that is unique in your estate, e.g. --set cluster.name=prod-use1" -}}
{{- end -}}
{{- with .Values.central -}}
{{- if and .backup (not .primary) -}}
{{- fail "central.backup is set but central.primary is not: name the primary site first, e.g. --set central.primary=central.example.com:4318" -}}
{{- end -}}
{{- if and .primary (eq .primary .backup) -}}
{{- fail (printf "central.primary and central.backup are both %q: name two sites, or leave central.backup empty" .primary) -}}
{{- end -}}
{{- range $name, $site := dict "primary" .primary "backup" .backup -}}
{{- if and $site (not (regexMatch `^([a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}$` $site)) -}}
{{- fail (printf "central.%s is %q: write host:port without a scheme, such as central.example.com:4318" $name $site) -}}
{{- end -}}
{{- if hasSuffix ":4317" $site -}}
{{- fail (printf "central.%s is %q: regions use OTLP over HTTP, but 4317 is the port of OTLP over gRPC: use 4318, or any other port" $name $site) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "telepod.check.issuer" (dict "name" "tls.issuerRef" "issuer" .Values.tls.issuerRef) -}}
{{- include "telepod.check.names" . -}}
{{- include "telepod.check.place" . -}}
{{- include "telepod.check.sites" . -}}
{{- end -}}
