{{/*
Refuses values that would render and fail later, each with a sentence that names the value and what to set. Checks of a
single part are in that part's own templates.
*/}}

{{/* Names of the release, its objects and the cluster. A Service's name has at most 63 characters, a StatefulSet's 52. */}}
{{- define "telepod.check.names" -}}
{{- $name := include "telepod.fullname" . -}}
{{- $from := .Values.fullnameOverride | empty | ternary (printf "the release name %q results in" .Release.Name) "fullnameOverride is" -}}
{{- if gt (len $name) 42 -}}
{{- fail (printf "%s %q, which is too long for the names of Services and StatefulSets: set fullnameOverride to 42 characters or fewer" $from $name) -}}
{{- end -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) -}}
{{- fail (printf "%s %q, which cannot be the name of a Service: set fullnameOverride to lower-case letters, digits and dashes, starting with a letter, such as telepod" $from $name) -}}
{{- end -}}
{{- range $value, $text := dict "cluster.name" .Values.cluster.name "environment" .Values.environment "cloud.region" .Values.cloud.region "cloud.account" .Values.cloud.account -}}
{{- if ne $text (trim $text) -}}
{{- fail (printf "%s %q has leading or trailing spaces: remove them" $value $text) -}}
{{- end -}}
{{- if regexMatch "[[:cntrl:]]" $text -}}
{{- fail (printf "%s %q contains control characters: remove them" $value $text) -}}
{{- end -}}
{{- if contains "$(" $text -}}
{{- fail (printf "%s %q contains $(, which Kubernetes expands as a reference to a variable: remove it" $value $text) -}}
{{- end -}}
{{- if gt (len $text) 256 -}}
{{- fail (printf "%s is %d bytes long, and is sent with all telemetry: shorten it to 256 bytes or fewer" $value (len $text)) -}}
{{- end -}}
{{- end -}}
{{- range $key, $value := .Values.commonLabels -}}
{{- include "telepod.check.label" (list "commonLabels" $key $value) -}}
{{- end -}}
{{- end -}}

{{/* Checks a user-defined label. Arguments: the value's name, key and value. */}}
{{- define "telepod.check.label" -}}
{{- if not (regexMatch "^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?$" (last .)) -}}
{{- fail (printf "%s.%s is %q: a label's value consists of at most 63 letters, digits, dashes, dots and underscores; use an annotation for anything else" (first .) (index . 1) (last .)) -}}
{{- end -}}
{{- end -}}

{{/* Refuses a region that its provider does not have. Arguments: name, provider and region. */}}
{{- define "telepod.check.region" -}}
{{- $forms := dict "aws" (list `^[a-z]+(-[a-z]+)+-[0-9]+$` "us-east-1") "gcp" (list `^[a-z]+-[a-z]+[0-9]+$` "us-east1") "azure" (list `^[a-z]+[0-9]*[a-z]*$` "eastus") -}}
{{- $of := . -}}
{{- with get $forms .provider -}}
{{- if and $of.region (not (regexMatch (first .) $of.region)) -}}
{{- fail (printf "%s %q is not a region of %s, whose regions look like %s. If it is a zone, set the zone's region; if it belongs to another cloud, change %s" $of.name $of.region $of.provider (last .) (eq $of.name "cloud.region" | ternary "cloud.provider" "the provider before the slash")) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Refuses a region, platform or account that does not fit the provider. */}}
{{- define "telepod.check.place" -}}
{{- $cloud := .Values.cloud -}}
{{- include "telepod.check.region" (dict "name" "cloud.region" "provider" $cloud.provider "region" $cloud.region) -}}
{{- $provider := get (dict "eks" "aws" "gke" "gcp" "aks" "azure") (include "telepod.platform" .) -}}
{{- if and $provider (ne $provider $cloud.provider) -}}
{{- fail (printf "cloud.platform %s runs on %s, but cloud.provider is %s: change one of the two" $cloud.platform $provider $cloud.provider) -}}
{{- end -}}
{{- $accounts := dict "aws" (list `^[0-9]{12}$` "an AWS account id, which has 12 digits: pass it with --set-string")
  "gcp" (list `^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$` "a Google Cloud project id, which looks like shop-production")
  "azure" (list `^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$` "an Azure subscription id, which looks like 00000000-0000-0000-0000-000000000000") -}}
{{- with get $accounts $cloud.provider -}}
{{- if and $cloud.account (not (regexMatch (first .) $cloud.account)) -}}
{{- fail (printf "cloud.account %q is not %s" $cloud.account (last .)) -}}
{{- end -}}
{{- end -}}
{{- if and (contains "-" $cloud.platform) (include "telepod.regional.installed" .) (eq .Values.regional.mode "daemonset") -}}
{{- fail (printf "cloud.platform %s allows no host ports and node directories, which regional.mode daemonset needs: set regional.mode=gateway" $cloud.platform) -}}
{{- end -}}
{{- end -}}

{{/* Checks an issuer of cert-manager, or of a group that extends it. Arguments: name and issuer. */}}
{{- define "telepod.check.issuer" -}}
{{- if and .issuer (not .issuer.name) -}}
{{- fail (printf "%s has no name: set %s.name" .name .name) -}}
{{- end -}}
{{- $own := has (.issuer.group | default "cert-manager.io") (list "cert-manager.io") -}}
{{- if and $own .issuer.kind (not (has .issuer.kind (list "Issuer" "ClusterIssuer"))) -}}
{{- fail (printf "%s.kind is %q: cert-manager's kinds are Issuer and ClusterIssuer; for another kind set %s.group" .name .issuer.kind .name) -}}
{{- end -}}
{{- end -}}

{{/* Checks host:port of the sites. */}}
{{- define "telepod.check.sites" -}}
{{- range $name, $site := dict "primary" .Values.central.primary "backup" .Values.central.backup -}}
{{- if $site -}}
{{- $port := splitList ":" $site | last | int -}}
{{- if or (lt $port 1) (gt $port 65535) -}}
{{- fail (printf "central.%s is %q: a port is a number from 1 to 65535" $name $site) -}}
{{- end -}}
{{- if regexMatch `^(localhost|127\.[0-9.]+|\[::1\]):` $site -}}
{{- fail (printf "central.%s is %q, which leads to each Collector's own pod: set the host name at which regions reach the site" $name $site) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Checks a list of address ranges. Arguments: name and items. */}}
{{- define "telepod.check.ranges" -}}
{{- $byte := `(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])` -}}
{{- $ranges := printf `^(%s(\.%s){3}/([12]?[0-9]|3[0-2])|[0-9a-fA-F]*:[0-9a-fA-F:.]*/([1-9]?[0-9]|1[01][0-9]|12[0-8]))$` $byte $byte -}}
{{- range .items -}}
{{- if not (regexMatch $ranges .) -}}
{{- fail (printf "%s contains %q: write an address range with its prefix length, such as 10.0.0.0/8 or 203.0.113.7/32" $.name .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Checks a Service. Arguments: name, and service (its values). */}}
{{- define "telepod.check.service" -}}
{{- $service := .service -}}
{{- $type := $service.type | default "ClusterIP" -}}
{{- range $key := list "loadBalancerClass" "sourceRanges" -}}
{{- if and (get $service $key) (ne $type "LoadBalancer") -}}
{{- $change := hasKey $service "type" | ternary (printf ", or set %s.type" $.name) "" -}}
{{- fail (printf "%s.%s is for type LoadBalancer, but the type is %s: remove it%s" $.name $key $type $change) -}}
{{- end -}}
{{- end -}}
{{- if and $service.externalTrafficPolicy (eq $type "ClusterIP") -}}
{{- fail (printf "%s.externalTrafficPolicy is for types LoadBalancer and NodePort, but the type is ClusterIP: remove it" .name) -}}
{{- end -}}
{{- if and (eq ($service.ipFamilyPolicy | default "SingleStack") "SingleStack") (gt (len ($service.ipFamilies | default list)) 1) -}}
{{- fail (printf "%s.ipFamilies has two families: set %s.ipFamilyPolicy to PreferDualStack or RequireDualStack, or keep one family" .name .name) -}}
{{- end -}}
{{- include "telepod.check.ranges" (dict "name" (printf "%s.sourceRanges" .name) "items" ($service.sourceRanges | default list)) -}}
{{- end -}}

{{/*
Checks the values of a pod. Arguments: root, part, name (of the value), replicas, kind, and the names that the chart itself
uses: environment, volumes and containers.
*/}}
{{- define "telepod.check.pod" -}}
{{- $part := .part -}}
{{- range $key, $value := $part.podLabels -}}
{{- include "telepod.check.label" (list (printf "%s.podLabels" $.name) $key $value) -}}
{{- end -}}
{{- with $part.serviceAccount -}}
{{- if and (eq (toString .create) "false") (not .name) -}}
{{- fail (printf "%s.serviceAccount.create is false: set %s.serviceAccount.name to an existing ServiceAccount" $.name $.name) -}}
{{- end -}}
{{- end -}}
{{- include "telepod.check.taken" (dict "name" (printf "%s.env" .name) "items" $part.env "taken" .environment) -}}
{{- include "telepod.check.taken" (dict "name" (printf "%s.extraVolumes" .name) "items" $part.extraVolumes "taken" .volumes) -}}
{{- include "telepod.check.taken" (dict "name" (printf "%s.extraContainers" .name) "items" $part.extraContainers "taken" .containers) -}}
{{- include "telepod.check.taken" (dict "name" (printf "%s.initContainers" .name) "items" $part.initContainers "taken" .containers) -}}
{{- include "telepod.check.taken" (dict "name" (printf "%s.initContainers and extraContainers" .name) "items" (concat ($part.initContainers | default list) ($part.extraContainers | default list)) "taken" list) -}}
{{- include "telepod.check.mounts" . -}}
{{- include "telepod.check.runtime" . -}}
{{- include "telepod.check.tolerations" . -}}
{{- if and (eq ($part.dnsPolicy | default "") "None") (not ($part.dnsConfig).nameservers) -}}
{{- fail (printf "%s.dnsPolicy is None: set %s.dnsConfig.nameservers, or choose another policy" .name .name) -}}
{{- end -}}
{{- include "telepod.check.memory" . -}}
{{- include "telepod.check.rollout" . -}}
{{- include "telepod.check.budget" . -}}
{{- include "telepod.check.autoscaling" . -}}
{{- end -}}

{{/* Refuses mounts of volumes that do not exist, and two mounts at one path. Arguments: part, name and volumes. */}}
{{- define "telepod.check.mounts" -}}
{{- $volumes := list -}}
{{- range .part.extraVolumes }}{{ $volumes = append $volumes .name }}{{ end -}}
{{- $paths := list "/etc/telepod/collector" "/etc/telepod/tls" "/var/lib/telepod/queue" -}}
{{- range .part.extraVolumeMounts -}}
{{- if not (has .name (concat $volumes $.volumes)) -}}
{{- fail (printf "%s.extraVolumeMounts mounts %s, which is not a volume of the pod: add it to %s.extraVolumes" $.name .name $.name) -}}
{{- end -}}
{{- if has .mountPath $paths -}}
{{- fail (printf "%s.extraVolumeMounts: there are two mounts at %s: choose another path" $.name .mountPath) -}}
{{- end -}}
{{- if regexMatch `^/|(^|/)\.\.(/|$)` (.subPath | default "") -}}
{{- fail (printf "%s.extraVolumeMounts: subPath of %s is %q: write a path relative to the volume, without .." $.name .mountPath .subPath) -}}
{{- end -}}
{{- $paths = append $paths .mountPath -}}
{{- end -}}
{{- end -}}

{{/* Refuses values that prevent a container from starting, in Go's runtime or the kubelet. Arguments: part and name. */}}
{{- define "telepod.check.runtime" -}}
{{- $forms := dict "GOMEMLIMIT" (list `^(off|[0-9]+(([KMGT]i)?B)?)$` "bytes such as 400MiB, or off") "GOGC" (list `^(off|[0-9]+)$` "a percentage such as 400, or off") -}}
{{- range .part.env -}}
{{- $variable := . -}}
{{- with get $forms .name -}}
{{- if and $variable.value (not (regexMatch (first .) $variable.value)) -}}
{{- fail (printf "%s.env: %s is %q: write %s" $.name $variable.name $variable.value (last .)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $key := list "podSecurityContext" "securityContext" -}}
{{- $context := get $.part $key | default dict -}}
{{- if and $context.runAsNonRoot (hasKey $context "runAsUser") (eq (int $context.runAsUser) 0) -}}
{{- fail (printf "%s.%s has runAsNonRoot and runAsUser 0 (root), so no container would start: choose another user" $.name $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Refuses tolerations whose fields contradict each other. Arguments: part and name. */}}
{{- define "telepod.check.tolerations" -}}
{{- range $i, $toleration := .part.tolerations -}}
{{- $exists := eq (.operator | default "Equal") "Exists" -}}
{{- if and $exists .value -}}
{{- fail (printf "%s.tolerations[%d]: operator Exists tolerates every value: remove value, or set operator to Equal" $.name $i) -}}
{{- end -}}
{{- if and (not $exists) (not .key) -}}
{{- fail (printf "%s.tolerations[%d] has no key: set one, or set operator to Exists to tolerate all taints" $.name $i) -}}
{{- end -}}
{{- if and (hasKey . "tolerationSeconds") (ne (.effect | default "") "NoExecute") -}}
{{- fail (printf "%s.tolerations[%d]: tolerationSeconds is for effect NoExecute: set effect, or remove tolerationSeconds" $.name $i) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Refuses a memory request above the limit. Arguments: part and name. */}}
{{- define "telepod.check.memory" -}}
{{- $resources := .part.resources | default dict -}}
{{- if and ($resources.limits).memory ($resources.requests).memory -}}
{{- $limit := include "telepod.collector.bytes" (dict "quantity" $resources.limits.memory "name" .name) | int64 -}}
{{- $request := include "telepod.collector.bytes" (dict "quantity" $resources.requests.memory "name" .name "of" "requests") | int64 -}}
{{- if gt $request $limit -}}
{{- fail (printf "%s.resources requests %v of memory, more than the limit of %v: raise limits.memory, or lower requests.memory" .name $resources.requests.memory $resources.limits.memory) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Refuses duplicate names, and names that the chart itself uses. Arguments: name, items and taken. */}}
{{- define "telepod.check.taken" -}}
{{- $names := list -}}
{{- range .items -}}
{{- if has .name $names -}}
{{- fail (printf "%s has %s twice: remove one" $.name .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- if has .name $.taken -}}
{{- fail (printf "%s has %s, which the chart sets itself: remove it, or choose another name" $.name .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Refuses a rollout that cannot start, or in which two Collectors would write to one queue. */}}
{{- define "telepod.check.rollout" -}}
{{- $type := dig "updateStrategy" "type" "RollingUpdate" .part -}}
{{- if eq $type (eq .kind "Deployment" | ternary "OnDelete" "Recreate") -}}
{{- fail (printf "%s.updateStrategy.type is %s, which a %s does not have: use RollingUpdate or %s" .name $type .kind (eq .kind "Deployment" | ternary "Recreate" "OnDelete")) -}}
{{- end -}}
{{- if and (ne $type "RollingUpdate") (dig "updateStrategy" "rollingUpdate" dict .part) -}}
{{- fail (printf "%s.updateStrategy has rollingUpdate, but its type is %s: remove one of them" .name $type) -}}
{{- end -}}
{{- $rolling := dig "updateStrategy" "rollingUpdate" dict .part -}}
{{- $surge := $rolling.maxSurge | default 0 | toString -}}
{{- if eq .kind "DaemonSet" -}}
{{- if not (regexMatch `^0%?$` $surge) -}}
{{- fail (printf "%s.updateStrategy.rollingUpdate.maxSurge is %s, but two Collectors on one node cannot share a queue directory and ports: remove it" .name $surge) -}}
{{- end -}}
{{- $away := hasKey $rolling "maxUnavailable" | ternary $rolling.maxUnavailable .part.maxUnavailable | toString -}}
{{- if not (regexMatch `^([1-9][0-9]*|[1-9][0-9]?%|100%)$` $away) -}}
{{- fail (printf "%s.maxUnavailable is %q: set the number or percentage of Collectors that a rollout may replace at the same time, at least 1 or 1%%" .name $away) -}}
{{- end -}}
{{- else if and (hasKey $rolling "maxUnavailable") (regexMatch `^0%?$` (toString $rolling.maxUnavailable)) (hasKey $rolling "maxSurge") (regexMatch `^0%?$` $surge) -}}
{{- fail (printf "%s.updateStrategy.rollingUpdate has maxUnavailable 0 and maxSurge 0, so no pod could be replaced: set one of them to 1" .name) -}}
{{- end -}}
{{- end -}}

{{/* Refuses a budget that blocks every drain. */}}
{{- define "telepod.check.budget" -}}
{{- $budget := .part.podDisruptionBudget | default dict -}}
{{- $least := $budget.minAvailable | default "" | toString -}}
{{- $away := hasKey $budget "maxUnavailable" | ternary $budget.maxUnavailable "" | toString -}}
{{- if and $least $away -}}
{{- fail (printf "%s.podDisruptionBudget has minAvailable and maxUnavailable: keep one of them" .name) -}}
{{- end -}}
{{- if or (regexMatch `^0%?$` $away) (eq $least "100%") (and (regexMatch `^[0-9]+$` $least) (ge (int $least) (int .replicas))) -}}
{{- fail (printf "%s.podDisruptionBudget allows no pod to be unavailable, so its node could not be drained: set maxUnavailable to 1, or minAvailable below the %d replicas" .name (int .replicas)) -}}
{{- end -}}
{{- end -}}

{{- define "telepod.check.autoscaling" -}}
{{- with .part.autoscaling -}}
{{- if .enabled -}}
{{- if eq $.kind "DaemonSet" -}}
{{- fail (printf "%s.autoscaling is for mode gateway: a DaemonSet runs one Collector on each node" $.name) -}}
{{- end -}}
{{- if gt (.minReplicas | default $.replicas | int) (.maxReplicas | default 10 | int) -}}
{{- fail (printf "%s.autoscaling has at least %d replicas and at most %d: raise maxReplicas" $.name (.minReplicas | default $.replicas | int) (.maxReplicas | default 10 | int)) -}}
{{- end -}}
{{- if not (or (hasKey . "targetCPU" | ternary .targetCPU 70) .targetMemory .metrics) -}}
{{- fail (printf "%s.autoscaling has no metric to scale by: set targetCPU, targetMemory or metrics" $.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Checks an identity in the cloud. Arguments: root, name and identity. */}}
{{- define "telepod.check.identity" -}}
{{- $forms := dict "aws" (list `^arn:[a-z-]+:iam::[0-9]{12}:role/` "a role's ARN, arn:aws:iam::<account>:role/<name>")
  "gcp" (list `^[^@ ]+@[^@ ]+\.gserviceaccount\.com$` "a service account's e-mail, <name>@<project>.iam.gserviceaccount.com")
  "azure" (list `^[0-9a-fA-F-]{36}$` "a client id, 00000000-0000-0000-0000-000000000000") -}}
{{- with get $forms .root.Values.cloud.provider -}}
{{- if and $.identity (not (regexMatch (first .) $.identity)) -}}
{{- fail (printf "%s.identity is %q: on %s it must be %s" $.name $.identity $.root.Values.cloud.provider (last .)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Names of the variables that the chart sets in every Collector. */}}
{{- define "telepod.check.collectorEnvironment" -}}
K8S_NODE_NAME,K8S_NODE_IP,K8S_POD_NAME,K8S_POD_IP,CLOUD_REGION,COLLECTOR_SUPERVISED,QUEUE_DIR,TLS_DIR
{{- end -}}

{{/* Checks a cron schedule, which Kubernetes would reject only at the end of the installation. */}}
{{- define "telepod.check.schedule" -}}
{{- $number := list `[0-5]?[0-9]` `([01]?[0-9]|2[0-3])` `(0?[1-9]|[12][0-9]|3[01])` `(0?[1-9]|1[0-2]|(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))` `([0-6]|(?i:sun|mon|tue|wed|thu|fri|sat))` -}}
{{- $fields := list -}}
{{- range $number -}}
{{- $range := printf `(\*|\?|%s(-%s)?)(/[1-9][0-9]*)?` . . -}}
{{- $fields = append $fields (printf "%s(,%s)*" $range $range) -}}
{{- end -}}
{{- if not (regexMatch (printf `^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|@every [0-9a-zµ.]+|%s)$` (join ` +` $fields)) .) -}}
{{- fail (printf "drill.schedule is %q: write five fields (minute, hour, day, month and weekday), such as \"0 4 * * 1\" for Mondays at 4:00" .) -}}
{{- end -}}
{{- range regexFindAll `[0-9]+-[0-9]+` . -1 -}}
{{- $ends := splitList "-" . -}}
{{- if gt (first $ends | atoi) (last $ends | atoi) -}}
{{- fail (printf "drill.schedule is %q: the range %s ends before it starts" $ .) -}}
{{- end -}}
{{- end -}}
{{- if regexMatch `^\S+ +\S+ +(3[01] +0?2|3[01] +(?i:feb)|31 +(0?[469]|11)|31 +(?i:apr|jun|sep|nov)) +[*?]$` . -}}
{{- fail (printf "drill.schedule is %q, a date that never occurs, so the drill would never run: choose another day or month" .) -}}
{{- end -}}
{{- end -}}
