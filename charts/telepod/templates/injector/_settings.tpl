{{/*
The annotations of pods and namespaces: what each accepts, as a pattern (RE2) and in words. Package injector
may reject more values. The patterns must match every value that it accepts.
*/}}
{{- define "telepod.injector.settings" -}}
{{- $quantity := `\+?[0-9.]*[1-9][0-9.]*([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]+)?` -}}
inject: {pattern: 'true|false', accepts: 'true or false'}
profile:
  pattern: '{{ include "telepod.injector.profiles" . | replace "," "|" }}'
  accepts: 'a profile of this cluster: {{ include "telepod.injector.profiles" . | replace "," ", " }}'
containers: {pattern: '[-a-z0-9, ]*', accepts: 'a list of container names, separated by commas'}
exclude-containers: {pattern: '[-a-z0-9, ]*', accepts: 'a list of container names, separated by commas'}
exclude-variables: {pattern: '([^\[\\]|\\.|\[[^\]]+\])*', accepts: 'a list of variable names or patterns such as CLOUD_*'}
exclude-attributes: {pattern: '([^\[\\]|\\.|\[[^\]]+\])*', accepts: 'a list of attribute keys or patterns such as k8s.*'}
env-from: {pattern: 'inspect|keep|override', accepts: 'inspect, keep or override'}
endpoint:
  pattern: 'node|service|sidecar|(?i:https?)://[^/?#@ ]+(/[^?# ]*)?'
  accepts: 'node, service, sidecar or a URL such as http://collector:4317'
protocol: {pattern: 'grpc|http/protobuf', accepts: 'http/protobuf or grpc'}
sidecar: {pattern: 'true|false', accepts: 'true or false'}
sidecar-image:
  pattern: '[a-zA-Z0-9][a-zA-Z0-9._-]*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[\w][\w.-]{0,127})?(@[A-Za-z][A-Za-z0-9]*:[0-9a-fA-F]{32,})?'
  accepts: 'an image reference'
sidecar-cpu-request: {pattern: '{{ $quantity }}', accepts: 'a quantity such as 50m'}
sidecar-cpu-limit: {pattern: '{{ $quantity }}', accepts: 'a quantity such as 500m'}
sidecar-memory-request: {pattern: '{{ $quantity }}', accepts: 'a quantity such as 64Mi'}
sidecar-memory-limit: {pattern: '{{ $quantity }}', accepts: 'a quantity such as 128Mi'}
repair: {pattern: 'true|false', accepts: 'true or false'}
{{- end -}}
