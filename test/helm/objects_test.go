package helm_test

import (
	"slices"
	"strings"
	"testing"

	certmanager "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/profiles"
)

// TestCertManagerObjects decodes cert-manager's objects strictly with their own types, and checks that the names they
// reference match.
func TestCertManagerObjects(t *testing.T) {
	issuers, certificates := map[string]certmanager.Issuer{}, map[string]certmanager.Certificate{}
	for document := range strings.SplitSeq(render(t, "v4", "--values", presets(t)["cert-manager"]), "\n---\n") {
		switch {
		case strings.Contains(document, "\nkind: Issuer\n"):
			var issuer certmanager.Issuer
			if err := yaml.UnmarshalStrict([]byte(document), &issuer); err != nil {
				t.Fatalf("%v:\n%s", err, document)
			}
			issuers[issuer.Name] = issuer
		case strings.Contains(document, "\nkind: Certificate\n"):
			var certificate certmanager.Certificate
			if err := yaml.UnmarshalStrict([]byte(document), &certificate); err != nil {
				t.Fatalf("%v:\n%s", err, document)
			}
			certificates[certificate.Name] = certificate
		}
	}
	serving := certificates["telepod-injector"]
	if want := []string{"telepod-injector.telepod.svc", "telepod-injector.telepod.svc.cluster.local", "telepod-injector.telepod"}; !slices.Equal(serving.Spec.DNSNames, want) {
		t.Errorf("serving certificate for %q, want %q", serving.Spec.DNSNames, want)
	}
	issuer := issuers[serving.Spec.IssuerRef.Name]
	if issuer.Spec.CA == nil {
		t.Fatalf("issuer of the serving certificate is %+v, want a CA", issuer.Spec)
	}
	authority := certificates["telepod-injector-ca"]
	if !authority.Spec.IsCA || authority.Spec.SecretName != issuer.Spec.CA.SecretName {
		t.Errorf("CA certificate %+v does not match issuer %+v", authority.Spec, issuer.Spec)
	}
	if root := issuers[authority.Spec.IssuerRef.Name]; root.Spec.SelfSigned == nil {
		t.Errorf("issuer of the CA is %+v, want self-signed", root.Spec)
	}
}

// TestProfilesLoad loads the rendered ConfigMap with the webhook's own loader.
func TestProfilesLoad(t *testing.T) {
	for document := range strings.SplitSeq(render(t, "v4", "--values", presets(t)["other"]), "\n---\n") {
		if !strings.Contains(document, "\n  name: telepod-injector-profiles\n") {
			continue
		}
		var files struct{ Data map[string]string }
		if err := yaml.Unmarshal([]byte(document), &files); err != nil {
			t.Fatal(err)
		}
		set, err := profiles.Load(profiles.Facts{Identity: profiles.Identity{Cluster: "dc1"}}, profiles.Source{Name: "dc1.yaml", Data: []byte(files.Data["dc1.yaml"])})
		if err != nil {
			t.Fatalf("%v:\n%s", err, document)
		}
		if profile, found := set.Lookup("dc1"); !found || profile.OTLP.GRPCPort != 14317 {
			t.Errorf("profile dc1 is %+v", profile)
		}
		return
	}
	t.Fatal("no ConfigMap")
}

// TestBuiltinProfiles checks the chart's list of built-in profiles against the embedded ones.
func TestBuiltinProfiles(t *testing.T) {
	set, err := profiles.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	_, err = template(t, "v4", "--values", presets(t)["aws"], "--set", "injector.profile=none")
	if want := "use one of " + strings.Join(set.Names(), ",") + ", or"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q in it", err, want)
	}
}
