{{/* The managed Kubernetes: cloud.platform without its variant, or that of cloud.provider. */}}
{{- define "telepod.platform" -}}
{{- $ofProvider := dict "aws" "eks" "gcp" "gke" "azure" "aks" -}}
{{- .Values.cloud.platform | trimSuffix "-fargate" | trimSuffix "-autopilot" | trimSuffix "-automatic" | default (get $ofProvider .Values.cloud.provider) | default "other" -}}
{{- end -}}

{{/* Refuses values that cannot work, with what to do about it. */}}
{{- define "telepod.check" -}}
{{- with .Values.cloud -}}
{{- if not .provider -}}
{{- fail "cloud.provider is missing: say where the cluster runs with --set cloud.provider=aws, gcp, azure or other" -}}
{{- end -}}
{{- if and (not .region) (not .regionFromNodes) -}}
{{- fail "cloud.region is missing: set it, e.g. --set cloud.region=us-east-1, or set cloud.regionFromNodes=true where nodes carry topology.kubernetes.io/region (Kubernetes 1.35 and later)" -}}
{{- end -}}
{{- if and .region .regionFromNodes -}}
{{- fail (printf "cloud.region is %q and cloud.regionFromNodes is true: keep one of the two" .region) -}}
{{- end -}}
{{- end -}}
{{- if not .Values.cluster.name -}}
{{- fail "cluster.name is missing: give the cluster a name that is unique in your estate, e.g. --set cluster.name=prod-use1" -}}
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
{{- fail (printf "central.%s is %q: regions speak OTLP over HTTP, but 4317 is the port of OTLP over gRPC: use 4318, or any other" $name $site) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "telepod.check.issuer" (dict "name" "tls.issuerRef" "issuer" .Values.tls.issuerRef) -}}
{{- include "telepod.check.names" . -}}
{{- include "telepod.check.place" . -}}
{{- include "telepod.check.sites" . -}}
{{- end -}}
