package helm_test

import (
	"strings"
	"testing"
)

// TestMistakes holds what a wrong value is answered with.
func TestMistakes(t *testing.T) {
	const (
		fine   = "cloud.provider=aws,cloud.region=us-east-1,cluster.name=prod"
		region = fine + ",central.primary=central:4318"
		site   = region + ",central.enabled=true,central.jaeger=jaeger:4317"
	)
	cases := map[string]struct{ set, want string }{
		"no provider":                {"cloud.region=us-east-1,cluster.name=prod", "cloud.provider is missing: say where"},
		"no region":                  {"cloud.provider=aws,cluster.name=prod", "cloud.region is missing: set it"},
		"two regions":                {fine + ",cloud.regionFromNodes=true", "keep one of the two"},
		"no cluster":                 {"cloud.provider=aws,cloud.region=us-east-1", "cluster.name is missing: give the cluster a name"},
		"unknown provider":           {"cloud.provider=aw,cloud.region=us-east-1,cluster.name=prod", "'aws', 'gcp', 'azure', 'other'"},
		"unknown key":                {fine + ",injector.replica=3", "'replica' not allowed"},
		"unknown top key":            {fine + ",region=us-east-1", "'region' not allowed"},
		"wrong type":                 {fine + ",cloud.account=123", "got number, want string"},
		"no replicas":                {fine + ",injector.replicas=0", "minimum: got 0, want 1"},
		"unknown profile":            {fine + ",injector.profile=shop", `injector.profile "shop" is no profile: use one of aws,azure,base,gcp`},
		"builtin redefined":          {fine + ",profiles.aws.inherits=base", "profiles.aws takes the name of a built-in profile"},
		"bad profile name":           {fine + ",profiles.Shop.inherits=base", "profiles.Shop: a profile's name has"},
		"profile with another name":  {fine + ",profiles.shop.name=shops", `profiles.shop has name "shops"`},
		"kubelet's port":             {"cloud.provider=gcp,cloud.region=europe-west1,cluster.name=c,injector.hostNetwork=true", "which is the kubelet's port"},
		"port of the probes":         {fine + ",injector.port=8081", "is taken by the webhook's metrics"},
		"Secret without name":        {fine + ",injector.certificates.mode=existingSecret", "name the kubernetes.io/tls Secret"},
		"Secret in another mode":     {fine + ",injector.certificates.existingSecret=tls", "the mode is selfManaged"},
		"CA that is not PEM":         {fine + ",injector.certificates.mode=existingSecret,injector.certificates.existingSecret=tls,injector.certificates.caBundle=TElTVA==", "is not PEM: pass the file"},
		"issuer in another mode":     {fine + ",injector.certificates.issuerRef.name=ca", "is for mode certManager"},
		"issuer without name":        {fine + ",injector.certificates.mode=certManager,injector.certificates.issuerRef.kind=ClusterIssuer", "issuerRef has no name"},
		"no port":                    {fine + ",central.primary=central", "write host:port without a scheme"},
		"URL for a site":             {fine + ",central.primary=https://central:4318", "write host:port without a scheme"},
		"gRPC port":                  {fine + ",central.primary=central:4317", "regions speak OTLP over HTTP"},
		"sites the same":             {fine + ",central.primary=a:4318,central.backup=a:4318", "name two sites"},
		"backup alone":               {fine + ",central.backup=a:4318", "name the primary site first"},
		"logs from a gateway":        {region + ",regional.mode=gateway,regional.containerLogs=true", "which runs on some nodes only"},
		"metrics to AWS":             {region + ",regional.cloudExport.signals[0]=metrics", "list traces and logs only"},
		"Azure without Secret":       {strings.Replace(region, "aws", "azure", 1) + ",regional.cloudExport.signals[0]=logs", "needs regional.cloudExport.connectionStringSecret"},
		"no cloud to export to":      {strings.Replace(region, "aws", "other", 1) + ",regional.cloudExport.signals[0]=logs", "cloud.provider is other"},
		"no cloud for an identity":   {strings.Replace(region, "aws", "other", 1) + ",regional.identity=me", "cloud.provider is other: remove it"},
		"unknown rule":               {region + ",regional.sovereignty[0].action=hide", "'drop', 'keep'"},
		"values of no attribute":     {region + ",regional.sovereignty[0].action=drop,regional.sovereignty[0].values[0]=eu", "say which attribute they are of"},
		"unknown redaction":          {region + ",regional.redact.level=none", "'standard', 'strict'"},
		"rule that keeps everything": {region + ",regional.sovereignty[0].action=keep", "keeps everything, which is no rule"},
		"rule about no backup":       {region + ",regional.sovereignty[0].action=drop,regional.sovereignty[0].destinations[0]=backup", "set central.backup, or remove the rule"},
		"rule about no cloud":        {region + ",regional.sovereignty[0].action=drop,regional.sovereignty[0].destinations[0]=cloud", "nothing is sent there"},
		"memory of no unit":          {region + ",regional.resources.limits.memory=512MB", `regional.resources.limits.memory is "512MB": write a number with one of the units`},
		"sample nothing":             {region + ",regional.samplePercent=0", "exclusiveMinimum"},
		"drill of nothing":           {fine + ",drill.schedule=0 4 * * 1", "has none: set central.primary"},
		"price without storage":      {fine + ",cost.prices.aws=null,cost.prices.here.egress=1", "egressSameCloud"},
		"cluster in no certificate":  {region + ",tls.issuerRef.name=telemetry,cluster.name=prod.example.com", "does not fit into a certificate"},
		"issuer of TLS without name": {region + ",tls.issuerRef.kind=ClusterIssuer", "tls.issuerRef has no name"},
		"site that nobody reaches":   {fine + ",central.enabled=true,central.jaeger=j:4317", "does not say under which host:port regions reach it"},
		"site that writes nowhere":   {region + ",central.enabled=true", "nowhere to write to"},
		"replicas without storage":   {site + ",central.replicas=2,central.storage.gigabytes=0", "replicas need storage"},
		"bucket without region":      {site + ",central.archive.bucket=b", "central.archive.region is missing"},
		"archive that is no URL":     {site + ",central.archive.bucket=b,central.archive.region=r,central.archive.endpoint=minio:9000", "write a URL that starts with"},
		"Jaeger by URL":              {region + ",central.enabled=true,central.jaeger=http://jaeger:4317", "write host:port of its OTLP gRPC port"},
		"Prometheus without URL":     {site + ",central.prometheus=prometheus:9090", "write the remote-write URL"},
		"unknown role":               {site + ",central.role=third", "'primary', 'backup'"},
		"tag in a repository":        {fine + ",injector.image.repository=ghcr.io/telepod/telepod:1.0.0", "the tag goes into injector.image.tag"},
		"scheme of a repository":     {region + ",collector.image.repository=https://ghcr.io/telepod/collector", "without a scheme"},
		"one image for two":          {region + ",collector.image.repository=ghcr.io/telepod/telepod", "the webhook and the Collector are two images"},
		"scheme of a registry":       {fine + ",global.imageRegistry=https://registry.example.com", "write a registry such as"},
		"slash after a registry":     {fine + ",global.imageRegistry=registry.example.com/", "without a slash at the end"},
		"unknown certificate's mode": {fine + ",injector.certificates.mode=vault", "'selfManaged', 'certManager', 'existingSecret'"},
	}
	refused(t, cases)
}

// refused holds what Helm answers to values in --set.
func refused(t *testing.T, cases map[string]struct{ set, want string }) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for _, version := range []string{"v4", "v3"} {
				_, err := template(t, version, "--set", c.set)
				if err == nil {
					t.Fatalf("Helm %s accepts %s", version, c.set)
				}
				if !strings.Contains(err.Error(), c.want) {
					t.Errorf("Helm %s says %q, want %q in it", version, err, c.want)
				}
			}
		})
	}
}
