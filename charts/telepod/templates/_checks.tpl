{{/*
Refuses values that would render and fail later, each with a sentence that names the value and what to set. What is
about one part alone is in that part's own check.
*/}}

{{/* Names: of the release, of objects, of the cluster. Services have 63 characters at most, and StatefulSets 52. */}}
{{- define "telepod.check.names" -}}
{{- $name := include "telepod.fullname" . -}}
{{- $from := .Values.fullnameOverride | empty | ternary (printf "the release's name %q makes" .Release.Name) "fullnameOverride is" -}}
{{- if gt (len $name) 42 -}}
{{- fail (printf "%s %q, which is too long for the names of Services and StatefulSets: set fullnameOverride to 42 characters or fewer" $from $name) -}}
{{- end -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) -}}
{{- fail (printf "%s %q, which cannot be the name of a Service: set fullnameOverride to lower-case letters, digits and dashes that begin with a letter, such as telepod" $from $name) -}}
{{- end -}}
{{- range $value, $text := dict "cluster.name" .Values.cluster.name "environment" .Values.environment "cloud.region" .Values.cloud.region "cloud.account" .Values.cloud.account -}}
{{- if ne $text (trim $text) -}}
{{- fail (printf "%s %q has spaces around it: remove them" $value $text) -}}
{{- end -}}
{{- if regexMatch "[[:cntrl:]]" $text -}}
{{- fail (printf "%s %q has control characters: remove them" $value $text) -}}
{{- end -}}
{{- if contains "$(" $text -}}
{{- fail (printf "%s %q has $(, with which Kubernetes would insert a variable of the pod: remove it" $value $text) -}}
{{- end -}}
{{- if gt (len $text) 256 -}}
{{- fail (printf "%s has %d bytes, and is part of every item: shorten it to 256" $value (len $text)) -}}
{{- end -}}
{{- end -}}
{{- range $key, $value := .Values.commonLabels -}}
{{- include "telepod.check.label" (list "commonLabels" $key $value) -}}
{{- end -}}
{{- end -}}

{{/* A label of the user's. Arguments: the value's name, key and value. */}}
{{- define "telepod.check.label" -}}
{{- if not (regexMatch "^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?$" (last .)) -}}
{{- fail (printf "%s.%s is %q: a label's value has at most 63 letters, digits, dashes, dots and underscores; use an annotation for anything else" (first .) (index . 1) (last .)) -}}
{{- end -}}
{{- end -}}

{{/* A region that its provider does not have. Arguments: name, provider and region. */}}
{{- define "telepod.check.region" -}}
{{- $forms := dict "aws" (list `^[a-z]+(-[a-z]+)+-[0-9]+$` "us-east-1") "gcp" (list `^[a-z]+-[a-z]+[0-9]+$` "us-east1") "azure" (list `^[a-z]+[0-9]*[a-z]*$` "eastus") -}}
{{- $of := . -}}
{{- with get $forms .provider -}}
{{- if and $of.region (not (regexMatch (first .) $of.region)) -}}
{{- fail (printf "%s %q is no region of %s: they look like %s. A zone is no region; regions of another cloud need another %s" $of.name $of.region $of.provider (last .) (eq $of.name "cloud.region" | ternary "cloud.provider" "provider before the slash")) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Place: a region and a platform of the provider's. */}}
{{- define "telepod.check.place" -}}
{{- $cloud := .Values.cloud -}}
{{- include "telepod.check.region" (dict "name" "cloud.region" "provider" $cloud.provider "region" $cloud.region) -}}
{{- $provider := get (dict "eks" "aws" "gke" "gcp" "aks" "azure") (include "telepod.platform" .) -}}
{{- if and $provider (ne $provider $cloud.provider) -}}
{{- fail (printf "cloud.platform %s runs on %s, but cloud.provider is %s: change one of the two" $cloud.platform $provider $cloud.provider) -}}
{{- end -}}
{{- $accounts := dict "aws" (list `^[0-9]{12}$` "AWS account: it has 12 digits; pass it with --set-string")
  "gcp" (list `^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$` "project id of Google Cloud: it looks like shop-production")
  "azure" (list `^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$` "subscription id of Azure: it looks like 00000000-0000-0000-0000-000000000000") -}}
{{- with get $accounts $cloud.provider -}}
{{- if and $cloud.account (not (regexMatch (first .) $cloud.account)) -}}
{{- fail (printf "cloud.account %q is no %s" $cloud.account (last .)) -}}
{{- end -}}
{{- end -}}
{{- if and (contains "-" $cloud.platform) (include "telepod.regional.installed" .) (eq .Values.regional.mode "daemonset") -}}
{{- fail (printf "cloud.platform %s allows no host ports and no directories of nodes, which regional.mode daemonset needs: set regional.mode=gateway" $cloud.platform) -}}
{{- end -}}
{{- end -}}

{{/* An issuer of cert-manager, or of a group that extends it. Arguments: name and issuer. */}}
{{- define "telepod.check.issuer" -}}
{{- if and .issuer (not .issuer.name) -}}
{{- fail (printf "%s has no name: set %s.name" .name .name) -}}
{{- end -}}
{{- $own := has (.issuer.group | default "cert-manager.io") (list "cert-manager.io") -}}
{{- if and $own .issuer.kind (not (has .issuer.kind (list "Issuer" "ClusterIssuer"))) -}}
{{- fail (printf "%s.kind is %q: cert-manager has Issuer and ClusterIssuer; for others set %s.group" .name .issuer.kind .name) -}}
{{- end -}}
{{- end -}}

{{/* host:port of the sites. */}}
{{- define "telepod.check.sites" -}}
{{- range $name, $site := dict "primary" .Values.central.primary "backup" .Values.central.backup -}}
{{- if $site -}}
{{- $port := splitList ":" $site | last | int -}}
{{- if or (lt $port 1) (gt $port 65535) -}}
{{- fail (printf "central.%s is %q: a port is a number from 1 to 65535" $name $site) -}}
{{- end -}}
{{- if regexMatch `^(localhost|127\.[0-9.]+|\[::1\]):` $site -}}
{{- fail (printf "central.%s is %q, which is each Collector's own pod: name the site as regions reach it" $name $site) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A list of what must not be below a value. Arguments: name and items, addresses with a prefix. */}}
{{- define "telepod.check.ranges" -}}
{{- $byte := `(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])` -}}
{{- $ranges := printf `^(%s(\.%s){3}/([12]?[0-9]|3[0-2])|[0-9a-fA-F]*:[0-9a-fA-F:.]*/([1-9]?[0-9]|1[01][0-9]|12[0-8]))$` $byte $byte -}}
{{- range .items -}}
{{- if not (regexMatch $ranges .) -}}
{{- fail (printf "%s has %q: write an address range with its prefix, such as 10.0.0.0/8 or 203.0.113.7/32" $.name .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A Service. Arguments: name and service, the values. */}}
{{- define "telepod.check.service" -}}
{{- $service := .service -}}
{{- $type := $service.type | default "ClusterIP" -}}
{{- range $key := list "loadBalancerClass" "sourceRanges" -}}
{{- if and (get $service $key) (ne $type "LoadBalancer") -}}
{{- fail (printf "%s.%s is for type LoadBalancer, but the type is %s: remove it, or set %s.type" $.name $key $type $.name) -}}
{{- end -}}
{{- end -}}
{{- if and $service.externalTrafficPolicy (eq $type "ClusterIP") -}}
{{- fail (printf "%s.externalTrafficPolicy is for types LoadBalancer and NodePort, but the type is ClusterIP: remove it" .name) -}}
{{- end -}}
{{- if and (eq ($service.ipFamilyPolicy | default "SingleStack") "SingleStack") (gt (len ($service.ipFamilies | default list)) 1) -}}
{{- fail (printf "%s.ipFamilies has two families: set %s.ipFamilyPolicy to PreferDualStack or RequireDualStack, or leave one" .name .name) -}}
{{- end -}}
{{- include "telepod.check.ranges" (dict "name" (printf "%s.sourceRanges" .name) "items" ($service.sourceRanges | default list)) -}}
{{- end -}}

{{/*
Values of a pod. Arguments: root, part, name (of the value), replicas, kind, and what the chart brings itself: environment,
volumes and containers.
*/}}
{{- define "telepod.check.pod" -}}
{{- $part := .part -}}
{{- range $key, $value := $part.podLabels -}}
{{- include "telepod.check.label" (list (printf "%s.podLabels" $.name) $key $value) -}}
{{- end -}}
{{- with $part.serviceAccount -}}
{{- if and (eq (toString .create) "false") (not .name) -}}
{{- fail (printf "%s.serviceAccount.create is false: name the ServiceAccount that exists in %s.serviceAccount.name" $.name $.name) -}}
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
{{- fail (printf "%s.dnsPolicy is None: set %s.dnsConfig.nameservers, or another policy" .name .name) -}}
{{- end -}}
{{- include "telepod.check.memory" . -}}
{{- include "telepod.check.rollout" . -}}
{{- include "telepod.check.budget" . -}}
{{- include "telepod.check.autoscaling" . -}}
{{- end -}}

{{/* Mounts of volumes that do not exist, or where another one is. Arguments: part, name and volumes. */}}
{{- define "telepod.check.mounts" -}}
{{- $volumes := list -}}
{{- range .part.extraVolumes }}{{ $volumes = append $volumes .name }}{{ end -}}
{{- $paths := list "/etc/telepod/collector" "/etc/telepod/tls" "/var/lib/telepod/queue" -}}
{{- range .part.extraVolumeMounts -}}
{{- if not (has .name (concat $volumes $.volumes)) -}}
{{- fail (printf "%s.extraVolumeMounts mounts %s, which is no volume: add it to %s.extraVolumes" $.name .name $.name) -}}
{{- end -}}
{{- if has .mountPath $paths -}}
{{- fail (printf "%s.extraVolumeMounts: there are two mounts at %s: choose another path" $.name .mountPath) -}}
{{- end -}}
{{- if regexMatch `^/|(^|/)\.\.(/|$)` (.subPath | default "") -}}
{{- fail (printf "%s.extraVolumeMounts: subPath of %s is %q: write a path in the volume, without .." $.name .mountPath .subPath) -}}
{{- end -}}
{{- $paths = append $paths .mountPath -}}
{{- end -}}
{{- end -}}

{{/* What would keep a container from starting: values that Go's runtime or the kubelet refuses. Arguments: part and name. */}}
{{- define "telepod.check.runtime" -}}
{{- $forms := dict "GOMEMLIMIT" (list `^(off|[0-9]+(([KMGT]i)?B)?)$` "bytes such as 400MiB, or off") "GOGC" (list `^(off|[0-9]+)$` "a percentage such as 400, or off") -}}
{{- range .part.env -}}
{{- $value := .value -}}
{{- with get $forms .name -}}
{{- if and $value (not (regexMatch (first .) $value)) -}}
{{- fail (printf "%s.env: one of Go's variables is %q: write %s" $.name $value (last .)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $key := list "podSecurityContext" "securityContext" -}}
{{- $context := get $.part $key | default dict -}}
{{- if and $context.runAsNonRoot (hasKey $context "runAsUser") (eq (int $context.runAsUser) 0) -}}
{{- fail (printf "%s.%s has runAsNonRoot and runAsUser 0, which is root, so that no container would start: choose another user" $.name $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Tolerations with keys that contradict each other. Arguments: part and name. */}}
{{- define "telepod.check.tolerations" -}}
{{- range $i, $toleration := .part.tolerations -}}
{{- $exists := eq (.operator | default "Equal") "Exists" -}}
{{- if and $exists .value -}}
{{- fail (printf "%s.tolerations[%d]: operator Exists tolerates every value: remove value, or set operator to Equal" $.name $i) -}}
{{- end -}}
{{- if and (not $exists) (not .key) -}}
{{- fail (printf "%s.tolerations[%d] has no key: set one, or operator to Exists for all taints" $.name $i) -}}
{{- end -}}
{{- if and (hasKey . "tolerationSeconds") (ne (.effect | default "") "NoExecute") -}}
{{- fail (printf "%s.tolerations[%d]: tolerationSeconds is for effect NoExecute: set the effect, or remove it" $.name $i) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A request of more memory than the limit. Arguments: part and name. */}}
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

{{/* Names that the chart uses itself, or that are twice: Kubernetes refuses both. Arguments: name, items and taken. */}}
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

{{/* A rollout that cannot begin, or that has two Collectors write one queue. */}}
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
{{- fail (printf "%s.updateStrategy.rollingUpdate.maxSurge is %s, but two Collectors on one node cannot write one queue and listen on the same ports: remove it" .name $surge) -}}
{{- end -}}
{{- $away := hasKey $rolling "maxUnavailable" | ternary $rolling.maxUnavailable .part.maxUnavailable | toString -}}
{{- if not (regexMatch `^([1-9][0-9]*|[1-9][0-9]?%|100%)$` $away) -}}
{{- fail (printf "%s.maxUnavailable is %q: set the number or percentage of Collectors that a rollout may replace at the same time, 1 or 1%% at least" .name $away) -}}
{{- end -}}
{{- else if and (hasKey $rolling "maxUnavailable") (regexMatch `^0%?$` (toString $rolling.maxUnavailable)) (hasKey $rolling "maxSurge") (regexMatch `^0%?$` $surge) -}}
{{- fail (printf "%s.updateStrategy.rollingUpdate has maxUnavailable 0 and maxSurge 0, with which no pod can be replaced: set one of them to 1" .name) -}}
{{- end -}}
{{- end -}}

{{/* A budget that blocks every drain. */}}
{{- define "telepod.check.budget" -}}
{{- $budget := .part.podDisruptionBudget | default dict -}}
{{- $least := $budget.minAvailable | default "" | toString -}}
{{- $away := hasKey $budget "maxUnavailable" | ternary $budget.maxUnavailable "" | toString -}}
{{- if and $least $away -}}
{{- fail (printf "%s.podDisruptionBudget has minAvailable and maxUnavailable: leave one" .name) -}}
{{- end -}}
{{- if or (regexMatch `^0%?$` $away) (eq $least "100%") (and (regexMatch `^[0-9]+$` $least) (ge (int $least) (int .replicas))) -}}
{{- fail (printf "%s.podDisruptionBudget allows no pod to be away, so that no node with one could be drained: set maxUnavailable to 1, or minAvailable below the %d replicas" .name (int .replicas)) -}}
{{- end -}}
{{- end -}}

{{- define "telepod.check.autoscaling" -}}
{{- with .part.autoscaling -}}
{{- if .enabled -}}
{{- if eq $.kind "DaemonSet" -}}
{{- fail (printf "%s.autoscaling is for mode gateway: a DaemonSet has one Collector on each node" $.name) -}}
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

{{/* An identity of the cloud. Arguments: root, name and identity. */}}
{{- define "telepod.check.identity" -}}
{{- $forms := dict "aws" (list `^arn:[a-z-]+:iam::[0-9]{12}:role/` "a role's ARN, arn:aws:iam::<account>:role/<name>")
  "gcp" (list `^[^@ ]+@[^@ ]+\.gserviceaccount\.com$` "a service account's e-mail, <name>@<project>.iam.gserviceaccount.com")
  "azure" (list `^[0-9a-fA-F-]{36}$` "a client id, 00000000-0000-0000-0000-000000000000") -}}
{{- with get $forms .root.Values.cloud.provider -}}
{{- if and $.identity (not (regexMatch (first .) $.identity)) -}}
{{- fail (printf "%s.identity is %q: on %s it is %s" $.name $.identity $.root.Values.cloud.provider (last .)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Names of variables that every Collector has. */}}
{{- define "telepod.check.collectorEnvironment" -}}
K8S_NODE_NAME,K8S_NODE_IP,K8S_POD_NAME,K8S_POD_IP,CLOUD_REGION,COLLECTOR_SUPERVISED,QUEUE_DIR,TLS_DIR
{{- end -}}

{{/* A schedule in cron's form, which Kubernetes would refuse only at the end of the installation. */}}
{{- define "telepod.check.schedule" -}}
{{- $number := list `[0-5]?[0-9]` `([01]?[0-9]|2[0-3])` `(0?[1-9]|[12][0-9]|3[01])` `(0?[1-9]|1[0-2]|(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))` `([0-6]|(?i:sun|mon|tue|wed|thu|fri|sat))` -}}
{{- $fields := list -}}
{{- range $number -}}
{{- $range := printf `(\*|\?|%s(-%s)?)(/[1-9][0-9]*)?` . . -}}
{{- $fields = append $fields (printf "%s(,%s)*" $range $range) -}}
{{- end -}}
{{- if not (regexMatch (printf `^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|@every [0-9a-zµ.]+|%s)$` (join ` +` $fields)) .) -}}
{{- fail (printf "drill.schedule is %q: write five fields, minute, hour, day, month and weekday, such as \"0 4 * * 1\" for Mondays at four" .) -}}
{{- end -}}
{{- range regexFindAll `[0-9]+-[0-9]+` . -1 -}}
{{- $ends := splitList "-" . -}}
{{- if gt (first $ends | atoi) (last $ends | atoi) -}}
{{- fail (printf "drill.schedule is %q: the range %s ends before it starts" $ .) -}}
{{- end -}}
{{- end -}}
{{- if regexMatch `^\S+ +\S+ +(3[01] +0?2|3[01] +(?i:feb)|31 +(0?[469]|11)|31 +(?i:apr|jun|sep|nov)) +[*?]$` . -}}
{{- fail (printf "drill.schedule is %q, a day that this month does not have: the drill would never run" .) -}}
{{- end -}}
{{- end -}}
