package helm_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestOddValues sets values of the right type that Kubernetes or a Collector would refuse later.
func TestOddValues(t *testing.T) {
	base := filepath.Join(t.TempDir(), "base.yaml")
	write(t, base, "cloud: {provider: aws, region: us-east-1}\ncluster: {name: prod}\ncentral: {primary: 'central.example.com:4318'}\n")
	// to returns a site with a destination.
	to := func(more string) string {
		return "central: {enabled: true, destinations: [{name: v, protocol: otlp_http, endpoint: 'https://v.example', signals: [logs], " + more + "}]}"
	}
	at := func(endpoint string) string {
		return "central: {enabled: true, destinations: [{name: v, protocol: otlp_http, endpoint: '" + endpoint + "', signals: [logs]}]}"
	}
	site := func(more string) string { return "central: {enabled: true, jaeger: 'jaeger:4317', " + more + "}" }
	for name, c := range map[string]struct{ values, want string }{
		"long cluster name":          {"cluster: {name: '" + strings.Repeat("a", 257) + "'}", "shorten it to 256"},
		"blank environment":          {"environment: '   '", `environment "   " has spaces around it`},
		"environment of two lines":   {`environment: "a\nb"`, "has control characters"},
		"far too many replicas":      {"injector: {replicas: 99999999999}", "maximum"},
		"priority class of words":    {"regional: {priorityClassName: my class}", "priorityClassName"},
		"runtime class of words":     {"regional: {runtimeClassName: g visor}", "runtimeClassName"},
		"storage class of words":     {site("storage: {className: Fast SSD}"), "className"},
		"account in upper case":      {"regional: {serviceAccount: {name: MyAccount}}", "serviceAccount/name"},
		"Secret in upper case":       {"tls: {regionalSecret: My_TLS}", "regionalSecret"},
		"node's label of words":      {"regional: {nodeSelector: {disk: a b}}", "nodeSelector/disk"},
		"toleration's unknown key":   {"regional: {tolerations: [{operater: Exists}]}", "'operater' not allowed"},
		"toleration's operator":      {"regional: {tolerations: [{operator: Exist}]}", "tolerations/0/operator"},
		"affinity's unknown key":     {"regional: {affinity: {nodeAfinity: {}}}", "'nodeAfinity' not allowed"},
		"resources' unknown key":     {"regional: {resources: {limit: {memory: 1Gi}}}", "'limit' not allowed"},
		"request above the limit":    {"regional: {resources: {requests: {memory: 2Gi}, limits: {memory: 1Gi}}}", "regional.resources requests 2Gi of memory, more than the limit of 1Gi"},
		"processors by words":        {"regional: {resources: {requests: {cpu: 1 core}}}", "requests/cpu"},
		"variable twice":             {"regional: {env: [{name: A, value: one}, {name: A, value: two}]}", "regional.env has A twice"},
		"variable of a number":       {"regional: {env: [{name: A, value: 1}]}", "env/0/value"},
		"volume twice":               {"regional: {extraVolumes: [{name: a, emptyDir: {}}, {name: a, emptyDir: {}}]}", "regional.extraVolumes has a twice"},
		"mount of no volume":         {"regional: {extraVolumeMounts: [{name: nope, mountPath: /x}]}", "mounts nope, which is no volume"},
		"mount over the chart's":     {"regional: {extraVolumes: [{name: a, emptyDir: {}}], extraVolumeMounts: [{name: a, mountPath: /etc/telepod/tls}]}", "two mounts at /etc/telepod/tls"},
		"container without image":    {"regional: {extraContainers: [{name: c}]}", "missing property 'image'"},
		"no DNS":                     {"regional: {dnsPolicy: None}", "set regional.dnsConfig.nameservers"},
		"unknown update strategy":    {"regional: {updateStrategy: {type: Rolling}}", "updateStrategy/type"},
		"strategy of another kind":   {"regional: {updateStrategy: {type: Recreate}}", "which a DaemonSet does not have: use RollingUpdate or OnDelete"},
		"two strategies":             {"injector: {updateStrategy: {type: Recreate, rollingUpdate: {maxSurge: 1}}}", "has rollingUpdate, but its type is Recreate"},
		"hook's unknown key":         {"regional: {lifecycle: {prestop: {}}}", "'prestop' not allowed"},
		"label's key of words":       {"regional: {podLabels: {a b: x}}", "'/regional/podLabels': additional properties 'a b' not allowed"},
		"annotation's key of words":  {"commonAnnotations: {a b: x}", "'/commonAnnotations': additional properties 'a b' not allowed"},
		"common label's key":         {"commonLabels: {-a: x}", "'/commonLabels': additional properties '-a' not allowed"},
		"budget above all":           {"injector: {podDisruptionBudget: {maxUnavailable: 150%}}", "maxUnavailable"},
		"budget by words":            {"injector: {podDisruptionBudget: {maxUnavailable: one}}", "maxUnavailable"},
		"unknown source":             {"regional: {networkPolicy: {sources: [{ipBlok: {}}]}}", "'ipBlok' not allowed"},
		"tag of words":               {"collector: {image: {tag: a b}}", "image/tag"},
		"object without a kind":      {"extraObjects: [{metadata: {name: a}}]", "without apiVersion or kind"},
		"negative price":             {"cost: {prices: {aws: {egress: -1}}}", "aws/egress"},
		"configuration's typo":       {"regional: {config: {receiver: {a: {}}}}", "'receiver' not allowed"},
		"service's typo":             {"regional: {config: {service: {pipeline: {}}}}", "'pipeline' not allowed"},
		"unknown policy":             {site("sampling: {policies: [{name: a, type: allways}]}"), "policies/0/type"},
		"policy twice":               {site("sampling: {policies: [{name: a, type: always_sample}, {name: a, type: drop}]}"), `two policies "a"`},
		"policy of a percentage":     {site("sampling: {services: {checkout: 50}, policies: [{name: share-50, type: always_sample}]}"), `two policies "share-50"`},
		"percentage above 100":       {site("sampling: {services: {checkout: 101}}"), "services/checkout"},
		"policy of the chart":        {site("sampling: {policies: [{name: slow, type: always_sample}]}"), `two policies "slow"`},
		"range with a long prefix":   {site("service: {sourceRanges: ['10.0.0.0/33']}"), "write an address range with its prefix"},
		"range of no address":        {site("service: {sourceRanges: ['300.0.0.0/8']}"), "write an address range with its prefix"},
		"Jaeger on port 0":           {"central: {enabled: true, jaeger: 'jaeger:0'}", "write host:port of its OTLP gRPC port"},
		"Prometheus of words":        {"central: {enabled: true, prometheus: 'http://a b/api'}", "write the remote-write URL"},
		"scrape without a pause":     {"regional: {scrape: {annotated: true, interval: 0s}}", "scrape/interval"},
		"regular expression":         {"regional: {containerLogs: true, logFiles: {firstLine: '(['}}", "logFiles.firstLine"},
		"queue of two lines":         {`regional: {queue: {path: "/a\nb"}}`, "write an absolute path of the node"},
		"target allocator by name":   {"regional: {scrape: {targetAllocator: {endpoint: targets}}}", "write the URL of its Service"},
		"target allocator's Secret":  {"regional: {scrape: {targetAllocator: {endpoint: 'http://targets', secret: a}}}", "is for HTTPS"},
		"header of two lines":        {to(`headers: {x: "a\nb"}`), "headers/x"},
		"header's name of words":     {to("headers: {x z: a}"), "'x z' not allowed"},
		"header's name beyond ASCII": {to("headers: {ключ: a}"), "headers"},
		"header and credentials":     {to("headers: {Authorization: x}, auth: {basic: {secret: a}}"), "header Authorization and auth both set the credentials"},
		"header in two cases":        {to("headers: {X-A: a, x-a: b}"), "headers X-A and x-a are the same"},
		"header of the protocol":     {to("headers: {Content-Type: text/plain}"), "header Content-Type is set by the protocol"},
		"credentials' Secret":        {to("auth: {basic: {secret: My_Secret}}"), "auth/basic/secret"},
		"authority's Secret":         {to("tls: {caSecret: My CA}"), "tls/caSecret"},
		"server of words":            {to("tls: {serverName: a b}"), "tls/serverName"},
		"authority that is ignored":  {to("tls: {insecureSkipVerify: true, caSecret: a}"), "tls.insecureSkipVerify ignores tls.caSecret"},
		"rule about another signal":  {to("rules: [{action: keep, attribute: a, signals: [traces]}]"), "rules[0] is about traces, which the destination does not get"},
		"login of words":             {to("auth: {oauth2: {secret: a, tokenURL: 'https://a b'}}"), "auth.oauth2.tokenURL is missing or not a URL"},
		"signature's region":         {to("auth: {sigv4: {region: a b, service: aps}}"), "sigv4/region"},
		"port beyond all":            {at("https://v.example:99999"), "a port is a number from 1 to 65535"},
		"key in a query":             {at("https://v.example/?key=secret"), "without user and password, ? and #"},
		"host beyond ASCII":          {at("https://прод.example"), "write a URL that starts with"},
		"the site itself":            {at("https://central.example.com:4318"), "is one of the central sites"},
		"broker without port":        {"central: {enabled: true, destinations: [{name: v, protocol: kafka, brokers: [kafka], signals: [logs]}]}", "write host:port without a scheme"},
		"topics of words":            {"central: {enabled: true, destinations: [{name: v, protocol: kafka, brokers: ['kafka:9092'], topicPrefix: a b, signals: [logs]}]}", "topicPrefix"},
		"spread's unknown key":       {"regional: {topologySpreadConstraints: [{topologyKey: a, maxSkw: 1}]}", "'maxSkw' not allowed"},
		"DNS settings' unknown key":  {"regional: {dnsConfig: {nameserver: [192.0.2.1]}}", "'nameserver' not allowed"},
		"container's unknown right":  {"regional: {securityContext: {runAsUsr: 1}}", "'runAsUsr' not allowed"},
		"user in quotes":             {"regional: {podSecurityContext: {runAsUser: '1000'}}", "podSecurityContext/runAsUser"},
		"variables of nothing":       {"regional: {envFrom: [{secret: a}]}", "'secret' not allowed"},
		"volume of nothing":          {"regional: {extraVolumes: [{name: a}]}", "extraVolumes/0"},
		"relative mount":             {"regional: {extraVolumes: [{name: a, emptyDir: {}}], extraVolumeMounts: [{name: a, mountPath: x}]}", "mountPath"},
		"scaling by unknown metric":  {"injector: {autoscaling: {enabled: true, metrics: [{type: Resources}]}}", "metrics/0/type"},
		"price of no destination":    {"cost: {destinations: {My Vendor: 0.3}}", "'My Vendor' not allowed"},
		"bucket of Google":           {"central: {enabled: true, archive: {bucket: bucket, region: auto, endpoint: 'https://storage.googleapis.com'}}", "Google Cloud Storage refuses what AWS's library signs"},
		"destination of Google":      {"central: {enabled: true, destinations: [{name: v, protocol: s3, bucket: bucket, region: auto, endpoint: 'https://storage.googleapis.com', signals: [logs]}]}", "Google Cloud Storage refuses what AWS's library signs"},
		"container in upper case":    {"central: {enabled: true, destinations: [{name: v, protocol: azure_blob, bucket: My_C, auth: {connectionString: {secret: a}}, signals: [logs]}]}", "a container's name has 3 to 63"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "values.yaml")
			write(t, file, c.values+"\n")
			_, err := template(t, "v4", "--values", base, "--values", file)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q in it", c.values, err, c.want)
			}
		})
	}
}
