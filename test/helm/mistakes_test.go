package helm_test

import (
	"strings"
	"testing"
)

// TestMistakes sets an invalid value in each case: the chart must reject it with a sentence that names what to set.
// Errors of the schema differ between versions of Helm, so they are checked with both.
func TestMistakes(t *testing.T) {
	const (
		fine   = "cloud.provider=aws,cloud.region=us-east-1,cluster.name=prod"
		region = fine + ",central.primary=central:4318"
		site   = region + ",central.enabled=true,central.jaeger=jaeger:4317"
	)
	cases := map[string]struct{ set, want string }{
		"no provider":                      {"cloud.region=us-east-1,cluster.name=prod", "cloud.provider is missing: set it to aws, gcp, azure or other"},
		"no region":                        {"cloud.provider=aws,cluster.name=prod", "cloud.region is missing: set it"},
		"two regions":                      {fine + ",cloud.regionFromNodes=true", "keep one of the two"},
		"no cluster":                       {"cloud.provider=aws,cloud.region=us-east-1", "cluster.name is missing: set a name"},
		"unknown provider":                 {"cloud.provider=aw,cloud.region=us-east-1,cluster.name=prod", "'aws', 'gcp', 'azure', 'other'"},
		"unknown key":                      {fine + ",injector.replica=3", "'replica' not allowed"},
		"unknown top key":                  {fine + ",region=us-east-1", "'region' not allowed"},
		"wrong type":                       {fine + ",cloud.account=123", "got number, want string"},
		"no replicas":                      {fine + ",injector.replicas=0", "minimum: got 0, want 1"},
		"unknown profile":                  {fine + ",injector.profile=shop", `injector.profile "shop" does not exist: use one of aws,azure,base,gcp`},
		"builtin redefined":                {fine + ",profiles.aws.inherits=base", "profiles.aws has the name of a built-in profile"},
		"bad profile name":                 {fine + ",profiles.Shop.inherits=base", "profiles.Shop: a profile's name consists of"},
		"profile with another name":        {fine + ",profiles.shop.name=shops", `profiles.shop has name "shops"`},
		"kubelet's port":                   {"cloud.provider=gcp,cloud.region=europe-west1,cluster.name=c,injector.hostNetwork=true", "which is the kubelet's port"},
		"port of the probes":               {fine + ",injector.port=8081", "is taken by the webhook's metrics"},
		"Secret without name":              {fine + ",injector.certificates.mode=existingSecret", "name the kubernetes.io/tls Secret"},
		"Secret in another mode":           {fine + ",injector.certificates.existingSecret=tls", "the mode is selfManaged"},
		"CA that is not PEM":               {fine + ",injector.certificates.mode=existingSecret,injector.certificates.existingSecret=tls,injector.certificates.caBundle=TElTVA==", "is not PEM: pass the file"},
		"issuer in another mode":           {fine + ",injector.certificates.issuerRef.name=ca", "is for mode certManager"},
		"issuer without name":              {fine + ",injector.certificates.mode=certManager,injector.certificates.issuerRef.kind=ClusterIssuer", "issuerRef has no name"},
		"no port":                          {fine + ",central.primary=central", "write host:port without a scheme"},
		"URL for a site":                   {fine + ",central.primary=https://central:4318", "write host:port without a scheme"},
		"gRPC port":                        {fine + ",central.primary=central:4317", "regions use OTLP over HTTP"},
		"one name for both sites":          {fine + ",central.primary=a:4318,central.backup=a:4318", "name two sites"},
		"backup without primary":           {fine + ",central.backup=a:4318", "name the primary site first"},
		"logs from a gateway":              {region + ",regional.mode=gateway,regional.containerLogs=true", "which runs on some nodes only"},
		"metrics to AWS":                   {region + ",regional.cloudExport.signals[0]=metrics", "list only traces and logs"},
		"Azure without Secret":             {strings.NewReplacer("aws", "azure", "us-east-1", "eastus").Replace(region) + ",regional.cloudExport.signals[0]=logs", "needs regional.cloudExport.connectionStringSecret"},
		"no cloud to export to":            {strings.Replace(region, "aws", "other", 1) + ",regional.cloudExport.signals[0]=logs", "cloud.provider is other"},
		"no cloud for an identity":         {strings.Replace(region, "aws", "other", 1) + ",regional.identity=me", "cloud.provider is other: remove it"},
		"unknown rule":                     {region + ",regional.sovereignty[0].action=hide", "'drop', 'keep'"},
		"values without attribute":         {region + ",regional.sovereignty[0].action=drop,regional.sovereignty[0].values[0]=eu", "set the attribute to compare"},
		"unknown action of a full queue":   {site + ",central.whenFull.jaeger=spill", "'drop', 'refuse'"},
		"unknown redaction":                {region + ",regional.redact.level=none", "'standard', 'strict'"},
		"rule that keeps everything":       {region + ",regional.sovereignty[0].action=keep", "keeps everything, so it has no effect"},
		"rule without a backup":            {region + ",regional.sovereignty[0].action=drop,regional.sovereignty[0].destinations[0]=backup", "set central.backup, or remove the rule"},
		"rule without cloud export":        {region + ",regional.sovereignty[0].action=drop,regional.sovereignty[0].destinations[0]=cloud", "nothing is sent there"},
		"unknown unit of memory":           {region + ",regional.resources.limits.memory=512MB", `regional.resources.limits.memory is "512MB": write a number with one of the units`},
		"sampling of 0 %":                  {region + ",regional.samplePercent=0", "exclusiveMinimum"},
		"drill without Collectors":         {fine + ",drill.schedule=0 4 * * 1", "has none: set central.primary"},
		"price without storage":            {fine + ",cost.prices.aws=null,cost.prices.here.egress=1", "egressSameCloud"},
		"cluster name with dots":           {region + ",tls.issuerRef.name=telemetry,cluster.name=prod.example.com", "does not fit into a certificate"},
		"issuer of TLS without name":       {region + ",tls.issuerRef.kind=ClusterIssuer", "tls.issuerRef has no name"},
		"site without host:port":           {fine + ",central.enabled=true,central.jaeger=j:4317", "set the host:port at which regions reach it"},
		"site without destination":         {region + ",central.enabled=true", "the site has no destination"},
		"replicas without storage":         {site + ",central.replicas=2,central.storage.gigabytes=0", "replicas need storage"},
		"bucket without region":            {site + ",central.archive.bucket=b", "central.archive.region is missing"},
		"archive endpoint without scheme":  {site + ",central.archive.bucket=b,central.archive.region=r,central.archive.endpoint=minio:9000", "write a URL that starts with"},
		"Jaeger by URL":                    {region + ",central.enabled=true,central.jaeger=http://jaeger:4317", "write host:port of its OTLP gRPC port"},
		"Prometheus without URL":           {site + ",central.prometheus=prometheus:9090", "write the remote-write URL"},
		"unknown role":                     {site + ",central.role=third", "'primary', 'backup'"},
		"tag in a repository":              {fine + ",injector.image.repository=ghcr.io/telepod/injector:1.0.0", "the tag goes into injector.image.tag"},
		"scheme of a repository":           {region + ",collector.image.repository=https://ghcr.io/telepod/collector", "without a scheme"},
		"one image for two":                {region + ",collector.image.repository=ghcr.io/telepod/injector", "the webhook and the Collector need different images"},
		"scheme of a registry":             {fine + ",global.imageRegistry=https://registry.example.com", "write a registry such as"},
		"slash after a registry":           {fine + ",global.imageRegistry=registry.example.com/", "without a slash at the end"},
		"region of Google on AWS":          {"cloud.provider=aws,cloud.region=us-east1,cluster.name=c", `cloud.region "us-east1" is not a region of aws, whose regions look like us-east-1`},
		"region of AWS on Azure":           {"cloud.provider=azure,cloud.region=us-east-1,cluster.name=c", "is not a region of azure, whose regions look like eastus"},
		"region of Azure on Google":        {"cloud.provider=gcp,cloud.region=westeurope,cluster.name=c", "is not a region of gcp, whose regions look like us-east1"},
		"zone instead of a region":         {"cloud.provider=gcp,cloud.region=europe-west1-b,cluster.name=c", "If it is a zone, set the zone's region"},
		"zone of AWS instead of a region":  {"cloud.provider=aws,cloud.region=us-east-1a,cluster.name=c", "If it is a zone, set the zone's region"},
		"platform of another cloud":        {fine + ",cloud.platform=gke", "cloud.platform gke runs on gcp, but cloud.provider is aws"},
		"invalid account":                  {fine + ",cloud.account=prod", "which has 12 digits"},
		"spaces around a name":             {fine + ",cluster.name=prod ", "has leading or trailing spaces"},
		"invalid name of a Service":        {fine + ",fullnameOverride=Telemetry_1", "cannot be the name of a Service"},
		"name that is too long":            {fine + ",fullnameOverride=" + strings.Repeat("a", 43), "set fullnameOverride to 42 characters or fewer"},
		"label with spaces":                {fine + ",commonLabels.team=the platform team", "commonLabels.team is"},
		"pod's label with a slash":         {fine + ",injector.podLabels.team=a/b", "injector.podLabels.team is"},
		"AKS Automatic":                    {strings.NewReplacer("aws", "azure", "us-east-1", "eastus").Replace(region) + ",cloud.platform=aks-automatic", "set regional.mode=gateway"},
		"GKE Autopilot":                    {strings.NewReplacer("aws", "gcp", "us-east-1", "us-east1").Replace(region) + ",cloud.platform=gke-autopilot", "set regional.mode=gateway"},
		"Fargate":                          {region + ",cloud.platform=eks-fargate", "set regional.mode=gateway"},
		"port above 65535":                 {fine + ",central.primary=central:99999", "a port is a number from 1 to 65535"},
		"port 0":                           {fine + ",central.primary=central:0", "a port is a number from 1 to 65535"},
		"site on localhost":                {fine + ",central.primary=localhost:4318", "each Collector's own pod"},
		"rollout of 0 pods":                {region + ",regional.maxUnavailable=0", `regional.maxUnavailable is "0"`},
		"rollout of 0 %":                   {region + ",regional.maxUnavailable=0%", `regional.maxUnavailable is "0%"`},
		"rollout of 150 %":                 {region + ",regional.maxUnavailable=150%", `regional.maxUnavailable is "150%"`},
		"rollout in words":                 {region + ",regional.maxUnavailable=some", `regional.maxUnavailable is "some"`},
		"no surge and none unavailable":    {fine + ",injector.updateStrategy.rollingUpdate.maxSurge=0,injector.updateStrategy.rollingUpdate.maxUnavailable=0", "so no pod could be replaced"},
		"surge of a DaemonSet":             {region + ",regional.updateStrategy.rollingUpdate.maxSurge=1", "two Collectors on one node cannot share a queue directory"},
		"strategy without rollout":         {region + ",regional.updateStrategy.rollingUpdate.maxUnavailable=0", `regional.maxUnavailable is "0"`},
		"budget of 0 pods":                 {fine + ",injector.podDisruptionBudget.maxUnavailable=0", "its node could not be drained"},
		"budget of all replicas":           {fine + ",injector.podDisruptionBudget.minAvailable=2", "minAvailable below the 2 replicas"},
		"budget of 100 %":                  {site + ",central.podDisruptionBudget.minAvailable=100%", "its node could not be drained"},
		"two budgets":                      {fine + ",injector.podDisruptionBudget.minAvailable=1,injector.podDisruptionBudget.maxUnavailable=1", "keep one of them"},
		"autoscaled DaemonSet":             {region + ",regional.autoscaling.enabled=true", "is for mode gateway"},
		"minimum above maximum":            {fine + ",injector.autoscaling.enabled=true,injector.autoscaling.minReplicas=9,injector.autoscaling.maxReplicas=3", "raise maxReplicas"},
		"autoscaling without metric":       {fine + ",injector.autoscaling.enabled=true,injector.autoscaling.targetCPU=0", "set targetCPU, targetMemory or metrics"},
		"autoscaling without samplers":     {site + ",central.autoscaling.enabled=true", "set central.replicas to 2 or more"},
		"ServiceAccount without name":      {fine + ",injector.serviceAccount.create=false", "set injector.serviceAccount.name to an existing ServiceAccount"},
		"variable of the chart":            {fine + ",injector.env[0].name=POD_NAME,injector.env[0].value=x", "injector.env has POD_NAME, which the chart sets itself"},
		"variable of a Collector":          {region + ",regional.env[0].name=K8S_NODE_IP,regional.env[0].value=x", "regional.env has K8S_NODE_IP"},
		"volume of the chart":              {site + ",central.extraVolumes[0].name=queue,central.extraVolumes[0].emptyDir.medium=Memory", "central.extraVolumes has queue"},
		"container of the chart":           {region + ",regional.extraContainers[0].name=collector,regional.extraContainers[0].image=x", "regional.extraContainers has collector"},
		"init container of the chart":      {region + ",regional.initContainers[0].name=queue-owner,regional.initContainers[0].image=x", "regional.initContainers has queue-owner"},
		"mistake of samplers":              {site + ",central.replicas=2,central.sampler.serviceAccount.create=false", "central.sampler.serviceAccount.create is false"},
		"unknown value of samplers":        {site + ",central.sampler.replicas=3", "'replicas' not allowed"},
		"range without a prefix":           {site + ",central.service.sourceRanges[0]=10.0.0.1", "write an address range with its prefix"},
		"ranges without load balancer":     {site + ",central.service.type=ClusterIP,central.service.sourceRanges[0]=10.0.0.0/8", "is for type LoadBalancer, but the type is ClusterIP"},
		"class without load balancer":      {site + ",central.service.type=NodePort,central.service.loadBalancerClass=x", "is for type LoadBalancer, but the type is NodePort"},
		"traffic policy of a ClusterIP":    {site + ",central.service.type=ClusterIP,central.service.externalTrafficPolicy=Local", "is for types LoadBalancer and NodePort"},
		"two families in one stack":        {fine + ",injector.service.ipFamilies={IPv4,IPv6}", "set injector.service.ipFamilyPolicy to PreferDualStack"},
		"unknown family":                   {fine + ",injector.service.ipFamilies={IPv5}", "'IPv4', 'IPv6'"},
		"one port for two protocols":       {region + ",regional.hostPorts.grpc=4318", "choose two ports"},
		"port of the kubelet":              {region + ",regional.hostPorts.grpc=10250", "which the kubelet, kube-proxy or"},
		"port of the health check":         {region + ",regional.hostNetwork=true,regional.hostPorts.http=13133", "regional.hostPorts.http is 13133"},
		"port out of range":                {region + ",regional.hostPorts.http=70000", "maximum: got 70,000, want 65,535"},
		"webhook on a Collector's port":    {fine + ",injector.hostNetwork=true,injector.port=4318", "is one of regional.hostPorts"},
		"webhook on a privileged port":     {fine + ",injector.hostNetwork=true,injector.port=443", "choose 1024 or higher"},
		"relative queue directory":         {region + ",regional.queue.path=var/lib/queue", "write an absolute path on the node"},
		"queue in the root directory":      {region + ",regional.queue.path=/", "write an absolute path on the node"},
		"queue directory with ..":          {region + ",regional.queue.path=/var/../etc", "does not accept a path with .."},
		"pattern of namespaces":            {fine + ",injector.protectedNamespaces[0]=kube-*", "patterns are not supported"},
		"injector without gateway":         {fine + ",regional.enabled=false,regional.mode=gateway", "set regional.host to the Service of the release with the gateway"},
		"gateway by URL":                   {fine + ",regional.enabled=false,regional.mode=gateway,regional.host=http://collector.telepod.svc:4318", "without scheme and port"},
		"gateway in two releases":          {region + ",regional.host=telepod-collector.telepod.svc", "but this one has regional Collectors"},
		"bucket by URL":                    {site + ",central.archive.bucket=s3://telemetry,central.archive.region=us-east-1", "without s3:// and without a path"},
		"bucket with a path":               {site + ",central.archive.bucket=telemetry/traces,central.archive.region=us-east-1", "without s3:// and without a path"},
		"bucket in upper case":             {site + ",central.archive.bucket=Telemetry,central.archive.region=us-east-1", "without s3:// and without a path"},
		"S3 in a region of Google":         {site + ",central.archive.bucket=telemetry,central.archive.region=europe-west1", "write an AWS region, such as us-east-1"},
		"broker without port":              {site + ",central.kafka.brokers[0]=kafka", "write host:port without a scheme, such as kafka.streams:9092"},
		"broker by URL":                    {site + ",central.kafka.brokers[0]=kafka://kafka:9092", "write host:port without a scheme, such as kafka.streams:9092"},
		"identity of another cloud":        {region + ",regional.identity=me@shop.iam.gserviceaccount.com", "on aws it must be a role's ARN"},
		"invalid client id":                {strings.NewReplacer("aws", "azure", "us-east-1", "eastus").Replace(site) + ",central.identity=telepod", "on azure it must be a client id"},
		"schedule in words":                {region + ",drill.schedule=every monday", "write five fields"},
		"schedule of six fields":           {region + ",drill.schedule=0 0 4 * * 1", "write five fields"},
		"schedule out of range":            {region + ",drill.schedule=0 25 * * *", "write five fields"},
		"schedule on day 32":               {region + ",drill.schedule=0 4 32 * *", "write five fields"},
		"interval of 0 seconds":            {region + ",collector.metrics.interval=0s", "does not match pattern"},
		"unknown field of a profile":       {fine + ",profiles.shop.inherit=aws", "'inherit' not allowed"},
		"unknown field of a sidecar":       {fine + ",profiles.shop.sidecar.enable=true", "'enable' not allowed"},
		"profile with unknown parent":      {fine + ",profiles.shop.inherits=awz", `profiles.shop inherits "awz", which does not exist`},
		"profile that inherits itself":     {fine + ",profiles.shop.inherits=shop", "profiles.shop inherits itself: shop → shop: set inherits to a built-in profile"},
		"profiles that inherit each other": {fine + ",profiles.a.inherits=b,profiles.b.inherits=c,profiles.c.inherits=b", "profiles.b inherits itself: a → b → c → b"},
		"invalid revision":                 {fine + ",injector.revision=Canary_2", "does not match pattern"},
		"object that is a number":          {fine + ",extraObjects[0]=1", "got number, want"},
		"unknown certificate's mode":       {fine + ",injector.certificates.mode=vault", "'selfManaged', 'certManager', 'existingSecret'"},
	}
	refused(t, cases)
}

// refused checks Helm's errors for values in --set.
func refused(t *testing.T, cases map[string]struct{ set, want string }) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := template(t, "v4", "--set", c.set)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%s: %v, want %q in it", c.set, err, c.want)
			}
			if strings.Contains(err.Error(), "execution error at") {
				return // the chart's own sentence
			}
			if _, err := template(t, "v3", "--set", c.set); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Helm 3: %s: %v, want %q in it", c.set, err, c.want)
			}
		})
	}
}

// TestOddNames installs releases whose names would produce object names that Kubernetes rejects.
func TestOddNames(t *testing.T) {
	args := func(release string, more ...string) []string {
		return append([]string{"template", release, chart(t), "--namespace", "telepod", "--values", presets(t)["aws"]}, more...)
	}
	for release, want := range map[string]string{
		"shop.prod":                          `the release name "shop.prod" results in "shop.prod-telepod", which cannot be the name of a Service: set fullnameOverride`,
		"1st":                                "starting with a letter",
		strings.Repeat("a", 53):              "set fullnameOverride to 42 characters or fewer",
		"telepod" + strings.Repeat("-b", 20): "set fullnameOverride to 42 characters or fewer",
	} {
		if _, err := program(t, "v4").Run(t.Context(), args(release)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("release %s: %v, want %q in it", release, err, want)
		}
		if _, err := program(t, "v4").Run(t.Context(), args(release, "--set", "fullnameOverride=shop")...); err != nil {
			t.Errorf("release %s with fullnameOverride: %v", release, err)
		}
	}
}

// TestOddValuesThatWork sets an unusual but valid value in each case, and checks the rendered result.
func TestOddValuesThatWork(t *testing.T) {
	const (
		fine   = "cloud.provider=aws,cloud.region=us-east-1,cluster.name=prod"
		region = fine + ",central.primary=central:4318"
		site   = region + ",central.enabled=true,central.jaeger=jaeger:4317"
	)
	for name, c := range map[string]struct{ set, want string }{
		"government region":              {strings.Replace(fine, "us-east-1", "us-gov-west-1", 1), "--region=us-gov-west-1"},
		"region of three parts":          {"cloud.provider=gcp,cloud.region=northamerica-northeast1,cluster.name=c", "--region=northamerica-northeast1"},
		"Azure's test region":            {"cloud.provider=azure,cloud.region=eastus2euap,cluster.name=c", "--region=eastus2euap"},
		"any region elsewhere":           {"cloud.provider=other,cloud.region=dc-1 hall 2,cluster.name=c", "dc-1 hall 2"},
		"names of months":                {region + `,drill.schedule=*/15 0-6\,22 1 jan-mar MON-FRI`, `schedule: "*/15 0-6,22 1 jan-mar MON-FRI"`},
		"schedule by name":               {region + ",drill.schedule=@daily", `schedule: "@daily"`},
		"site by an IPv6 address":        {fine + ",central.primary=[fd00::1]:4318", `endpoint: "https://[fd00::1]:4318"`},
		"number of Collectors":           {region + ",regional.maxUnavailable=3", "maxUnavailable: 3"},
		"all Collectors at once":         {region + ",regional.maxUnavailable=100%", "maxUnavailable: 100%"},
		"address of the kubelet":         {region + ",regional.nodeMetrics=true", `endpoint: "https://${env:K8S_NODE_HOST:-${env:K8S_NODE_IP}}:10250"`},
		"gateway elsewhere":              {fine + ",regional.enabled=false,regional.mode=gateway,regional.host=shop-collector.obs.svc", "- --service-host=shop-collector.obs.svc\n            - --endpoint=sidecar"},
		"Collectors elsewhere":           {fine + ",regional.enabled=false,regional.host=shop-collector.obs.svc", "- --cluster-service-host=shop-collector-cluster.obs.svc"},
		"gateway of AKS Automatic":       {"cloud.provider=azure,cloud.region=eastus,cluster.name=c,cloud.platform=aks-automatic,regional.mode=gateway,central.primary=c:4318", `admissions.enforcer/disabled: "true"`},
		"label that the chart sets":      {fine + `,injector.podLabels.app\.kubernetes\.io/name=mine`, "app.kubernetes.io/name: telepod"},
		"custom priority class":          {region + ",regional.priorityClassName=telemetry", "priorityClassName: telemetry"},
		"default priority class":         {region, "priorityClassName: system-node-critical"},
		"quota of GKE":                   {"cloud.provider=gcp,cloud.region=us-east1,cluster.name=c,central.primary=c:4318", "kind: ResourceQuota"},
		"GKE's cluster name":             {"cloud.provider=gcp,cloud.region=us-east1,cluster.name=prod,central.primary=c:4318", `{key: k8s.cluster.name, value: "prod", action: upsert}`},
		"node ports":                     {site + ",central.service.type=NodePort,central.service.externalTrafficPolicy=Local", "type: NodePort\n  externalTrafficPolicy: \"Local\""},
		"no drain without load balancer": {site + ",central.service.type=ClusterIP", "terminationGracePeriodSeconds: 60"},
		"no scale-down with volumes":     {site + ",central.replicas=2,central.autoscaling.enabled=true", "behavior: {scaleDown: {selectPolicy: Disabled}}"},
		"revision":                       {fine + ",injector.revision=canary", `{key: telepod.dev/revision, operator: In, values: ["canary"]}`},
		"no revision":                    {fine, "{key: telepod.dev/revision, operator: DoesNotExist}"},
		"object as text":                 {fine + ",extraObjects[0]=kind: Extra", "kind: Extra"},
		"budget by percent":              {fine + ",injector.podDisruptionBudget.minAvailable=50%", "minAvailable: 50%"},
		"bucket outside of AWS":          {site + ",central.archive.bucket=b-1,central.archive.region=garage,central.archive.endpoint=https://s3.example.com", "s3_bucket: b-1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := template(t, "v4", "--set", c.set)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out, c.want) {
				t.Errorf("%q not found in the render of %s", c.want, c.set)
			}
		})
	}
}
