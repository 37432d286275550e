package helm_test

import (
	"strings"
	"testing"
)

// TestMistakes holds what a wrong value is answered with.
func TestMistakes(t *testing.T) {
	const fine = "cloud.provider=aws,cloud.region=us-east-1,cluster.name=prod"
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
		"kubelet's port":             {"cloud.provider=gcp,cloud.region=r,cluster.name=c,injector.hostNetwork=true", "which is the kubelet's port"},
		"port of the probes":         {fine + ",injector.port=8081", "is taken by the webhook's metrics"},
		"Secret without name":        {fine + ",injector.certificates.mode=existingSecret", "name the kubernetes.io/tls Secret"},
		"Secret in another mode":     {fine + ",injector.certificates.existingSecret=tls", "the mode is selfManaged"},
		"CA that is not PEM":         {fine + ",injector.certificates.mode=existingSecret,injector.certificates.existingSecret=tls,injector.certificates.caBundle=TElTVA==", "is not PEM: pass the file"},
		"issuer in another mode":     {fine + ",injector.certificates.issuerRef.name=ca", "is for mode certManager"},
		"issuer without name":        {fine + ",injector.certificates.mode=certManager,injector.certificates.issuerRef.kind=ClusterIssuer", "issuerRef has no name"},
		"unknown certificate's mode": {fine + ",injector.certificates.mode=vault", "'selfManaged', 'certManager', 'existingSecret'"},
	}
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
