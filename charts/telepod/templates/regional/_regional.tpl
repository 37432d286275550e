{{/* Not empty if regional Collectors are installed, which need a site to send to. */}}
{{- define "telepod.regional.installed" -}}
{{- if and .Values.regional.enabled .Values.central.primary -}}
true
{{- end -}}
{{- end -}}

{{/* Also the name of the Service behind the injector's endpoint "service". */}}
{{- define "telepod.regional.name" -}}
{{ include "telepod.fullname" . }}-collector
{{- end -}}

{{- define "telepod.regional.host" -}}
{{ include "telepod.regional.name" . }}.{{ .Release.Namespace }}.svc
{{- end -}}

{{/* The webhook's flags for the endpoints of pods, one per line, if this or another release has regional Collectors. */}}
{{- define "telepod.regional.endpointFlags" -}}
{{- $regional := .Values.regional -}}
{{- $daemonset := eq $regional.mode "daemonset" -}}
{{- if or (include "telepod.regional.installed" .) $regional.host -}}
{{- $host := $regional.host | default (include "telepod.regional.host" .) -}}
{{- $parts := splitList "." $host -}}
--service-host={{ $host }}
{{- if $daemonset }}
--cluster-service-host={{ prepend (rest $parts) (printf "%s-cluster" (first $parts)) | join "." }}
{{- else }}
--endpoint=sidecar
{{- end }}
{{- if ne (toJson $regional.hostPorts) `{"grpc":4317,"http":4318}` }}
--grpc-port={{ int $regional.hostPorts.grpc }}
--http-port={{ int $regional.hostPorts.http }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* The Service for pods on nodes without a Collector. */}}
{{- define "telepod.regional.clusterName" -}}
{{ include "telepod.regional.name" . }}-cluster
{{- end -}}

{{- define "telepod.regional.selector" -}}
{{ include "telepod.collector.selector" (dict "root" . "component" "collector") }}
{{- end -}}

{{- define "telepod.regional.tlsSecret" -}}
{{- .Values.tls.regionalSecret | default (printf "%s-tls" (include "telepod.regional.name" .)) -}}
{{- end -}}

{{/* Not empty if the queue is on disk. */}}
{{- define "telepod.regional.persistent" -}}
{{- if or (eq .Values.regional.mode "daemonset") .Values.regional.gateway.persistent -}}
true
{{- end -}}
{{- end -}}

{{/*
MiB of a gateway's volume: as the values set it, or twice its queues. The files of a queue are a third larger than the data in
them, and compaction needs room for one more file.
*/}}
{{- define "telepod.regional.volumeMegabytes" -}}
{{- .Values.regional.gateway.volumeMegabytes | default (include "telepod.regional.queueMegabytes" . | int64 | mul 2) -}}
{{- end -}}

{{/* MiB of all queues of a Collector when they are full: to the sites, and to destinations. */}}
{{- define "telepod.regional.queueMegabytes" -}}
{{- $sum := mul .Values.regional.queue.megabytes 3 -}}
{{- range $to := include "telepod.destinations" (dict "root" . "part" "regional") | fromYamlArray -}}
{{- $bytes := include "telepod.destination.queueBytes" (dict "root" $ "part" "regional" "to" $to) | int64 -}}
{{- $sum = add $sum (mul (div $bytes 1048576) (len $to.signals)) -}}
{{- end -}}
{{ $sum }}
{{- end -}}

{{/* Refuses a volume that Kubernetes would not change, or that is smaller than its queues. Arguments: root and kind. */}}
{{- define "telepod.regional.checkVolumes" -}}
{{- $gateway := .root.Values.regional.gateway -}}
{{- $stateful := eq .kind "StatefulSet" -}}
{{- $queues := include "telepod.regional.queueMegabytes" .root | int64 -}}
{{- if and $stateful $gateway.volumeMegabytes (lt (int64 $gateway.volumeMegabytes) $queues) -}}
{{- fail (printf "regional.gateway.volumeMegabytes is %d, but the queues of a Collector need %d MiB: set it to twice that, or lower regional.queue.megabytes or queueMegabytes of regional.destinations" (int64 $gateway.volumeMegabytes) $queues) -}}
{{- end -}}
{{- include "telepod.check.volumes" (dict "root" .root "name" (include "telepod.regional.name" .root) "component" "collector"
  "size" ($stateful | ternary (printf "%sMi" (include "telepod.regional.volumeMegabytes" .root)) "")
  "sizeValue" ($gateway.volumeMegabytes | empty | ternary "regional.queue.megabytes with regional.destinations" "regional.gateway.volumeMegabytes")
  "keepValue" "regional.gateway.volumeMegabytes" "hasValue" (eq .kind "DaemonSet" | ternary "regional.mode" "regional.gateway.persistent")
  "class" $gateway.storageClassName "classValue" "regional.gateway.storageClassName") -}}
{{- end -}}

{{/* Log files of containers belong to root. */}}
{{- define "telepod.regional.user" -}}
{{- if .Values.regional.containerLogs -}}
0
{{- else -}}
{{ dig "podSecurityContext" "runAsUser" (include "telepod.collector.user" .) .Values.regional | int }}
{{- end -}}
{{- end -}}

{{/* The Collector of a node must not be evicted, and stops after the pods that send to it. */}}
{{- define "telepod.regional.priorityClass" -}}
{{- .Values.regional.priorityClassName | default (eq .Values.regional.mode "daemonset" | ternary "system-node-critical" "") -}}
{{- end -}}

{{/* Port that the Collector listens on: the host port in the nodes' network. Arguments: root and protocol. */}}
{{- define "telepod.regional.port" -}}
{{- if .root.Values.regional.hostNetwork -}}
{{ get .root.Values.regional.hostPorts .protocol | int }}
{{- else -}}
{{ eq .protocol "grpc" | ternary 4317 4318 }}
{{- end -}}
{{- end -}}

{{/* Affinity of the DaemonSet: the user's, without Fargate and virtual nodes. Their pods get a sidecar or use the Service. */}}
{{- define "telepod.regional.affinity" -}}
{{- $real := list (dict "key" "eks.amazonaws.com/compute-type" "operator" "NotIn" "values" (list "fargate"))
  (dict "key" "type" "operator" "NotIn" "values" (list "virtual-kubelet")) -}}
{{- $affinity := deepCopy (.Values.regional.affinity | default dict) -}}
{{- $node := deepCopy ($affinity.nodeAffinity | default dict) -}}
{{- $terms := list -}}
{{- range dig "requiredDuringSchedulingIgnoredDuringExecution" "nodeSelectorTerms" (list dict) $node -}}
{{- $terms = append $terms (merge (dict "matchExpressions" (concat (.matchExpressions | default list) $real)) (omit . "matchExpressions")) -}}
{{- end -}}
{{- $_ := set $node "requiredDuringSchedulingIgnoredDuringExecution" (dict "nodeSelectorTerms" $terms) -}}
{{- $_ := set $affinity "nodeAffinity" $node -}}
{{ toYaml $affinity }}
{{- end -}}

{{/* Refuses a regional.host that is not a Service, or that is needed and missing. */}}
{{- define "telepod.regional.checkHost" -}}
{{- with .Values.regional -}}
{{- if and .host (include "telepod.regional.installed" $) -}}
{{- fail (printf "regional.host is %q, a Service of another release, but this one has regional Collectors: remove it, or set regional.enabled=false" .host) -}}
{{- end -}}
{{- if and .host (not (regexMatch `^[a-z]([-a-z0-9]*[a-z0-9])?\.[a-z0-9]([-a-z0-9]*[a-z0-9])?\.svc(\.[-.a-z0-9]+)?$` .host)) -}}
{{- fail (printf "regional.host is %q: write the Service's name without scheme and port, <name>.<namespace>.svc, such as telepod-collector.telepod.svc" .host) -}}
{{- end -}}
{{- if and (not .enabled) (eq .mode "gateway") (not .host) -}}
{{- fail "regional.mode is gateway and regional.enabled is false, so pods would have no endpoint: set regional.host to the Service of the release with the gateway, such as telepod-collector.telepod.svc" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Refuses ports of nodes that clash. */}}
{{- define "telepod.regional.checkPorts" -}}
{{- with .Values.regional -}}
{{- $taken := list 10249 10250 10256 -}}
{{- if .hostNetwork -}}
{{- $taken = concat $taken (list 8888 8889 13133) -}}
{{- end -}}
{{- if eq (int .hostPorts.grpc) (int .hostPorts.http) -}}
{{- fail (printf "regional.hostPorts are both %d: choose two ports" (int .hostPorts.grpc)) -}}
{{- end -}}
{{- range $protocol, $port := .hostPorts -}}
{{- if has (int $port) $taken -}}
{{- fail (printf "regional.hostPorts.%s is %d, which the kubelet, kube-proxy or the Collector's metrics and health use on each node: choose another" $protocol (int $port)) -}}
{{- end -}}
{{- end -}}
{{- if not (regexMatch `^/[^/[:cntrl:]][^[:cntrl:]]*$` .queue.path) -}}
{{- fail (printf "regional.queue.path is %q: write an absolute path on the node, such as /var/lib/telepod/queue" .queue.path) -}}
{{- end -}}
{{- if regexMatch `(^|/)\.\.(/|$)` .queue.path -}}
{{- fail (printf "regional.queue.path is %q: Kubernetes does not accept a path with .." .queue.path) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Refuses values of the regional part that cannot work, with an error that states what to set. */}}
{{- define "telepod.regional.check" -}}
{{- include "telepod.check" . -}}
{{- include "telepod.destinations.check" (dict "root" . "part" "regional") -}}
{{- with .Values.regional -}}
{{- if and (eq .mode "gateway") (or .nodeMetrics .containerLogs .hostNetwork) -}}
{{- fail "regional.mode is gateway, which runs on some nodes only: set nodeMetrics, containerLogs and hostNetwork of regional to false, or the mode to daemonset" -}}
{{- end -}}
{{- if and (eq .mode "gateway") .scrape.annotated -}}
{{- fail "regional.scrape.annotated needs a Collector on each node, but regional.mode is gateway: set it to daemonset" -}}
{{- end -}}
{{- with .scrape.targetAllocator -}}
{{- $port := regexFind `:[0-9]+/?$` .endpoint | trimPrefix ":" | trimSuffix "/" | default "80" | atoi -}}
{{- if and .endpoint (or (lt $port 1) (gt $port 65535) (not (regexMatch `^https?://([^/@:\s?#]+|\[[0-9a-fA-F:.]+\])(:[0-9]+)?/?$` .endpoint))) -}}
{{- fail (printf "regional.scrape.targetAllocator.endpoint is %q: write the URL of its Service, such as http://target-allocator.monitoring" .endpoint) -}}
{{- end -}}
{{- if and .secret (not (hasPrefix "https://" .endpoint)) -}}
{{- fail (printf "regional.scrape.targetAllocator.secret is for HTTPS, but the endpoint is %q: write https://, or remove the Secret" .endpoint) -}}
{{- end -}}
{{- if and (hasPrefix "https://" .endpoint) (not .secret) -}}
{{- fail (printf "regional.scrape.targetAllocator.endpoint is %q: with HTTPS a target allocator requires a client certificate: set secret to a Secret with ca.crt, tls.crt and tls.key" .endpoint) -}}
{{- end -}}
{{- end -}}
{{- $_ := mustRegexMatch .logFiles.firstLine "" -}}
{{- if and (not .containerLogs) (or .logFiles.namespaces .logFiles.excludeNamespaces .logFiles.firstLine .logFiles.json) -}}
{{- fail "regional.logFiles has no effect while container logs are not collected: set regional.containerLogs to true" -}}
{{- end -}}
{{- if and .identity (eq $.Values.cloud.provider "other") -}}
{{- fail "regional.identity is an identity of aws, gcp or azure, but cloud.provider is other: remove it" -}}
{{- end -}}
{{- if and .containerLogs (not (include "telepod.regional.persistent" $)) -}}
{{- fail "regional.containerLogs stores on disk how far it has read: set regional.mode to daemonset" -}}
{{- end -}}
{{- if .cloudExport.signals -}}
{{- if eq $.Values.cloud.provider "other" -}}
{{- fail "regional.cloudExport.signals needs a cloud, but cloud.provider is other: remove the signals, or add an exporter in regional.config" -}}
{{- end -}}
{{- if and (eq $.Values.cloud.provider "aws") (has "metrics" .cloudExport.signals) -}}
{{- fail "regional.cloudExport.signals: the chart cannot export metrics to AWS: list only traces and logs" -}}
{{- end -}}
{{- if and (eq $.Values.cloud.provider "aws") (not $.Values.cloud.region) -}}
{{- fail "regional.cloudExport on aws needs the region it writes to: set cloud.region instead of cloud.regionFromNodes" -}}
{{- end -}}
{{- if and (eq $.Values.cloud.provider "azure") (not .cloudExport.connectionStringSecret) -}}
{{- fail "regional.cloudExport on azure needs regional.cloudExport.connectionStringSecret: set it to a Secret with Azure Monitor's connection string under the key connection-string" -}}
{{- end -}}
{{- end -}}
{{- $gateway := eq .mode "gateway" -}}
{{- $kind := $gateway | ternary (.gateway.persistent | ternary "StatefulSet" "Deployment") "DaemonSet" -}}
{{- include "telepod.regional.checkPorts" $ -}}
{{- include "telepod.check.identity" (dict "root" $ "name" "regional" "identity" .identity) -}}
{{- include "telepod.check.pod" (dict "root" $ "part" . "name" "regional" "kind" $kind "replicas" .gateway.replicas
  "environment" (include "telepod.check.collectorEnvironment" . | splitList ",") "volumes" (list "config" "tls" "queue" "host-proc" "host-sys" "pod-logs")
  "containers" (list "collector" "queue-owner")) -}}
{{- include "telepod.check.service" (dict "name" "regional.service" "service" .service) -}}
{{- if not $gateway -}}
{{- include "telepod.check.otherDaemonSet" $ -}}
{{- end -}}
{{- include "telepod.regional.checkVolumes" (dict "root" $ "kind" $kind) -}}
{{- range $i, $rule := .sovereignty -}}
{{- if and .values (not .attribute) -}}
{{- fail (printf "regional.sovereignty[%d] has values but no attribute: set the attribute to compare" $i) -}}
{{- end -}}
{{- if and (eq .action "keep") (not .attribute) -}}
{{- fail (printf "regional.sovereignty[%d] keeps everything, so it has no effect: set an attribute, or action drop" $i) -}}
{{- end -}}
{{- if and (has "backup" .destinations) (not $.Values.central.backup) -}}
{{- fail (printf "regional.sovereignty[%d] is about the backup, but there is none: set central.backup, or remove the rule" $i) -}}
{{- end -}}
{{- range .destinations -}}
{{- if not (has . (concat (list "primary" "backup" "cloud") (include "telepod.destinations.names" (dict "root" $ "part" "regional") | fromYamlArray))) -}}
{{- fail (printf "regional.sovereignty[%d] is about %q: use primary, backup, cloud, or the name of one of regional.destinations" $i .) -}}
{{- end -}}
{{- end -}}
{{- if and (has "cloud" .destinations) (not $.Values.regional.cloudExport.signals) -}}
{{- fail (printf "regional.sovereignty[%d] is about the cloud's own tools, but nothing is sent there: set regional.cloudExport.signals, or remove the rule" $i) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
