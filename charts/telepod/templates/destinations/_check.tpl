{{/* Refuses destinations that cannot work, with an error that states what to set. Arguments: root and part. */}}
{{- define "telepod.destinations.check" -}}
{{- $names := dict -}}
{{- range $to := include "telepod.destinations" . | fromYamlArray -}}
{{- if hasKey $names $to.name -}}
{{- fail (printf "%s.destinations: two have the name %q: choose another name (the values jaeger, prometheus, archive and kafka create destinations with these names)" $.part $to.name) -}}
{{- end -}}
{{- $_ := set $names $to.name true -}}
{{- end -}}
{{- include "telepod.destinations.checkVariables" . -}}
{{- range $i, $to := get (get .root.Values .part) "destinations" -}}
{{- include "telepod.destination.check" (dict "root" $.root "part" $.part "to" $to "at" (printf "%s.destinations[%d] (%s)" $.part $i $to.name)) -}}
{{- end -}}
{{- end -}}

{{/* Refuses headers that would need the same variable of a Collector. Arguments: root and part. */}}
{{- define "telepod.destinations.checkVariables" -}}
{{- $taken := dict -}}
{{- range $to := include "telepod.destinations" . | fromYamlArray -}}
{{- range $header, $from := $to.secretHeaders -}}
{{- $variable := include "telepod.destination.variable" (dict "to" $to "of" $header) -}}
{{- $place := printf "header %s of %s" $header $to.name -}}
{{- with get $taken $variable -}}
{{- fail (printf "%s.destinations: %s and %s both need the variable %s in the Collector's pods: remove one, or rename a destination" $.part . $place $variable) -}}
{{- end -}}
{{- $_ := set $taken $variable $place -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Arguments: root, part, to (as in the values) and at. */}}
{{- define "telepod.destination.check" -}}
{{- $at := .at -}}
{{- with .to -}}
{{- $reserved := list "none" "own" "spans" "span-metrics" "sampled" "samplers" "write" "cloud" "node" "sites" "cluster" "scraped" "monitors" "events" "objects" "primary" "backup" -}}
{{- if or (has .name $reserved) (regexMatch `^(spans|own)-|-upload$` .name) -}}
{{- fail (printf "%s: the chart reserves this name for a pipeline: choose another one that does not start with spans- or own-, or end with -upload" $at) -}}
{{- end -}}
{{- if and (eq $.part "regional") (not (include "telepod.regional.persistent" $.root)) (gt (int (.queueMegabytes | default 0)) 64) -}}
{{- fail (printf "%s: queueMegabytes is %d, but regional.gateway.persistent is false and the queue is in memory: set it to 64, or remove it" $at (int .queueMegabytes)) -}}
{{- end -}}
{{- if and (eq $.part "regional") (or (hasKey . "sampled") (hasKey . "siteMetrics")) -}}
{{- fail (printf "%s: sampled and siteMetrics are for central sites only: remove them" $at) -}}
{{- end -}}
{{- if and (eq .protocol "remote_write") (ne (join "," .signals) "metrics") -}}
{{- fail (printf "%s: remote write transports metrics only: set signals to [metrics], or use another protocol" $at) -}}
{{- end -}}
{{- if and .siteMetrics (not (has "metrics" .signals)) -}}
{{- fail (printf "%s: siteMetrics needs metrics among its signals: add metrics, or remove siteMetrics" $at) -}}
{{- end -}}
{{- if has .protocol (list "otlp_http" "otlp_grpc" "remote_write") -}}
{{- if not .endpoint -}}
{{- fail (printf "%s: endpoint is missing: set the URL to send to" $at) -}}
{{- end -}}
{{- if not (regexMatch `^https?://([A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(:[0-9]+)?(/[^\s?#]*)?$` .endpoint) -}}
{{- fail (printf "%s: endpoint is %q: write a URL that starts with https:// or http://, without user and password, ? and #" $at .endpoint) -}}
{{- end -}}
{{- $address := regexReplaceAll `^https?://([^/]*).*$` .endpoint "${1}" -}}
{{- with regexFind `:[0-9]+$` $address | trimPrefix ":" -}}
{{- if or (lt (int .) 1) (gt (int .) 65535) -}}
{{- fail (printf "%s: the endpoint's port is %s: a port is a number from 1 to 65535" $at .) -}}
{{- end -}}
{{- end -}}
{{- if has $address (list $.root.Values.central.primary $.root.Values.central.backup) -}}
{{- fail (printf "%s: endpoint %s is one of the central sites, which regions send to anyway: remove this destination" $at $address) -}}
{{- end -}}
{{- if and (eq .protocol "otlp_grpc") (not (regexMatch `^https?://[^/]+:[0-9]+$` .endpoint)) -}}
{{- fail (printf "%s: endpoint is %q: OTLP over gRPC needs a port and has no path: write https://host:4317" $at .endpoint) -}}
{{- end -}}
{{- if and (eq .protocol "otlp_http") (regexMatch `/v1/(traces|metrics|logs)/?$` .endpoint) -}}
{{- fail (printf "%s: endpoint is %q: leave out /v1/…, which is appended for each signal" $at .endpoint) -}}
{{- end -}}
{{- if and (hasPrefix "http://" .endpoint) (or .auth .secretHeaders) -}}
{{- fail (printf "%s: credentials would be sent in the clear to %s: use https://" $at .endpoint) -}}
{{- end -}}
{{- if and (hasPrefix "http://" .endpoint) .tls -}}
{{- fail (printf "%s: tls is set, but the endpoint is %s: use https://, or remove tls" $at .endpoint) -}}
{{- end -}}
{{- end -}}
{{- if eq .protocol "kafka" -}}
{{- if not .brokers -}}
{{- fail (printf "%s: brokers are missing: list one or more as host:port" $at) -}}
{{- end -}}
{{- include "telepod.check.brokers" (dict "name" (printf "%s: brokers" $at) "brokers" .brokers) -}}
{{- else if or .brokers .topicPrefix -}}
{{- fail (printf "%s: brokers and topicPrefix are for protocol kafka: use endpoint" $at) -}}
{{- end -}}
{{- if has .protocol (list "s3" "azure_blob") -}}
{{- include "telepod.destination.checkBucket" $ -}}
{{- else if or .bucket .region .prefix -}}
{{- fail (printf "%s: bucket, region and prefix are for protocols s3 and azure_blob: remove them" $at) -}}
{{- end -}}
{{- include "telepod.destination.checkCredentials" $ -}}
{{- $signals := .signals -}}
{{- range $j, $rule := .rules -}}
{{- range $rule.signals -}}
{{- if not (has . $signals) -}}
{{- fail (printf "%s: rules[%d] is about %s, which the destination does not get: add %s to its signals, or remove it from the rule" $at $j . .) -}}
{{- end -}}
{{- end -}}
{{- if and $rule.values (not $rule.attribute) -}}
{{- fail (printf "%s: rules[%d] has values but no attribute: set the attribute to compare" $at $j) -}}
{{- end -}}
{{- if not $rule.attribute -}}
{{- fail (printf "%s: rules[%d] has no attribute, so it applies to everything: set one, or leave the signal out of signals" $at $j) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Checks Kafka brokers. Arguments: name and brokers. */}}
{{- define "telepod.check.brokers" -}}
{{- range .brokers -}}
{{- if not (regexMatch `^[^/:\s]+:[0-9]+$|^\[[0-9a-fA-F:]+\]:[0-9]+$` .) -}}
{{- fail (printf "%s contains %q: write host:port without a scheme, such as kafka.streams:9092" $.name .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Refuses an endpoint that does not work with AWS's library. Arguments: name and endpoint. */}}
{{- define "telepod.check.bucketEndpoint" -}}
{{- if contains "storage.googleapis.com" (.endpoint | default "") -}}
{{- fail (printf "%s is %q, but Google Cloud Storage rejects the requests of AWS's library: use S3, or a gateway with the S3 protocol (docs/destinations.md)" .name .endpoint) -}}
{{- end -}}
{{- end -}}

{{- define "telepod.destination.checkBucket" -}}
{{- with .to -}}
{{- if not .bucket -}}
{{- fail (printf "%s: bucket is missing: set the name of the bucket or container" $.at) -}}
{{- end -}}
{{- if or (contains "/" .bucket) (contains ":" .bucket) -}}
{{- fail (printf "%s: bucket is %q: write only its name, without s3:// and without a path (see prefix)" $.at .bucket) -}}
{{- end -}}
{{- if and (eq .protocol "azure_blob") (not (regexMatch `^[a-z0-9]([a-z0-9]|-[a-z0-9]){2,62}$` .bucket)) -}}
{{- fail (printf "%s: bucket is %q: a container's name has 3 to 63 lower-case letters, digits and single dashes" $.at .bucket) -}}
{{- end -}}
{{- if and (eq .protocol "s3") (not .region) -}}
{{- fail (printf "%s: region is missing: set the region of bucket %s" $.at .bucket) -}}
{{- end -}}
{{- if and (eq .protocol "s3") (has "metrics" .signals) -}}
{{- fail (printf "%s: metrics are not archived in S3: set signals to traces, logs or both" $.at) -}}
{{- end -}}
{{- include "telepod.check.bucketEndpoint" (dict "name" (printf "%s: endpoint" $.at) "endpoint" .endpoint) -}}
{{- if and .endpoint (not (regexMatch "^https?://" .endpoint)) -}}
{{- fail (printf "%s: endpoint is %q: write a URL that starts with https:// or http://" $.at .endpoint) -}}
{{- end -}}
{{- if and (eq .protocol "azure_blob") (not .endpoint) (not (.auth).connectionString) -}}
{{- fail (printf "%s: set endpoint to https://ACCOUNT.blob.core.windows.net, or auth.connectionString to a Secret" $.at) -}}
{{- end -}}
{{- if and (eq .protocol "azure_blob") (not (.auth).connectionString) (or (ne $.root.Values.cloud.provider "azure") (not (get $.root.Values $.part).identity)) -}}
{{- fail (printf "%s: without a connection string it needs Azure workload identity: set auth.connectionString to a Secret, or %s.identity on an Azure cluster" $.at $.part) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "telepod.destination.checkCredentials" -}}
{{- $allowed := get (dict "otlp_http" (list "basic" "bearer" "oauth2" "sigv4") "otlp_grpc" (list "basic" "bearer" "oauth2") "remote_write" (list "basic" "bearer" "oauth2" "sigv4") "kafka" (list "sasl") "s3" list "azure_blob" (list "connectionString")) .to.protocol -}}
{{- if gt (len (.to.auth | default dict)) 1 -}}
{{- fail (printf "%s: auth has %s: set one of them" .at (keys .to.auth | sortAlpha | join " and ")) -}}
{{- end -}}
{{- range $kind, $auth := .to.auth -}}
{{- if not (has $kind $allowed) -}}
{{- fail (printf "%s: auth.%s does not work with protocol %s: use %s" $.at $kind $.to.protocol (empty $allowed | ternary (eq $.part "central" | ternary "central.identity, central.awsRole or central.env" "regional.identity or regional.env") (join ", " $allowed))) -}}
{{- end -}}
{{- $keyless := or (eq $kind "sigv4") (eq ($auth.mechanism | default "") "AWS_MSK_IAM_OAUTHBEARER") -}}
{{- if and (not $keyless) (not $auth.secret) -}}
{{- fail (printf "%s: auth.%s.secret is missing: name the Secret with the credentials" $.at $kind) -}}
{{- end -}}
{{- if and $keyless (not $auth.region) -}}
{{- fail (printf "%s: auth.%s.region is missing: set the region to sign for" $.at $kind) -}}
{{- end -}}
{{- if and (eq $kind "sigv4") (not $auth.service) -}}
{{- fail (printf "%s: auth.sigv4.service is missing: set the service to sign for, such as aps or xray" $.at) -}}
{{- end -}}
{{- if and (eq $kind "oauth2") (not (regexMatch `^https://[^/@\s]+(/[^\s#]*)?$` ($auth.tokenURL | default ""))) -}}
{{- fail (printf "%s: auth.oauth2.tokenURL is missing or not a URL that starts with https://: set it to the service's token endpoint" $.at) -}}
{{- end -}}
{{- end -}}
{{- if and (or .to.headers .to.secretHeaders) (not (has .to.protocol (list "otlp_http" "otlp_grpc" "remote_write"))) -}}
{{- fail (printf "%s: protocol %s does not support headers: remove them" .at .to.protocol) -}}
{{- end -}}
{{- if and .to.tls (has .to.protocol (list "s3" "azure_blob")) -}}
{{- fail (printf "%s: tls is not available for protocol %s, which trusts the system's authorities: remove it" .at .to.protocol) -}}
{{- end -}}
{{- if and (.to.tls).insecure (ne .to.protocol "kafka") -}}
{{- fail (printf "%s: tls.insecure is for protocol kafka: use http:// in the endpoint" .at) -}}
{{- end -}}
{{- $headers := dict -}}
{{- range $name, $value := .to.headers -}}
{{- if hasKey $headers (lower $name) -}}
{{- fail (printf "%s: headers %s and %s are the same: remove one" $.at (get $headers (lower $name)) $name) -}}
{{- end -}}
{{- $_ := set $headers (lower $name) $name -}}
{{- end -}}
{{- range $name := concat (keys (.to.headers | default dict)) (keys (.to.secretHeaders | default dict)) | sortAlpha -}}
{{- if has (lower $name) (list "host" "content-type" "content-encoding" "content-length" "transfer-encoding" "connection") -}}
{{- fail (printf "%s: header %s is set by the protocol: remove it" $.at $name) -}}
{{- end -}}
{{- if and (eq (lower $name) "authorization") $.to.auth -}}
{{- fail (printf "%s: header %s and auth both set the credentials: remove one" $.at $name) -}}
{{- end -}}
{{- end -}}
{{- if and (.to.tls).insecureSkipVerify (.to.tls).caSecret -}}
{{- fail (printf "%s: tls.insecureSkipVerify ignores tls.caSecret: remove one of them" .at) -}}
{{- end -}}
{{- range $name, $from := .to.secretHeaders -}}
{{- if hasKey ($.to.headers | default dict) $name -}}
{{- fail (printf "%s: header %s is in headers and in secretHeaders: remove one" $.at $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
