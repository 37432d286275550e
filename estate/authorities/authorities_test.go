package authorities_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/estate"
	"github.com/telepod/telepod/estate/authorities"
)

const file = `
kind: Estate
certificates: {from: FROM}
sites:
  primary: {cluster: us, endpoint: "telemetry-us.example.com:4318", stores: {kafka: ["kafka:9092"]}}
  backup: {cluster: eu, endpoint: "telemetry-eu.example.com:4318", stores: {kafka: ["kafka:9092"]}}
clusters:
  - {name: us, cloud: aws, region: us-east-1, applications: false}
  - {name: eu, cloud: gcp, region: europe-west1}
  - {name: eu-2, cloud: gcp, region: europe-west2}
`

// newDirectory returns a directory with a root and all authorities.
func newDirectory(t *testing.T, from string) authorities.Directory {
	t.Helper()
	d := authorities.Directory{Path: t.TempDir(), Estate: load(t, strings.Replace(file, "FROM", from, 1)), Now: time.Now()}
	if err := d.Init(); err != nil {
		t.Fatal(err)
	}
	names, err := d.Issue()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"us", "eu", "eu-2"}, names); diff != "" {
		t.Fatalf("authorities (-want +got):\n%s", diff)
	}
	return d
}

func load(t *testing.T, text string) *estate.Estate {
	t.Helper()
	e, problems := estate.Load("estate.yaml", []byte(text))
	if e == nil {
		t.Fatal(problems)
	}
	return e
}

func cluster(t *testing.T, d authorities.Directory, name string) estate.Cluster {
	t.Helper()
	c, ok := d.Estate.Cluster(name)
	if !ok {
		t.Fatalf("no cluster %s", name)
	}
	return c
}

// state returns the content of every file, by path.
func state(t *testing.T, d authorities.Directory) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(d.Path, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(d.Path, path)
		files[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestKeysArePrivate: keys are written with private permissions, and a key that others can read is refused.
func TestKeysArePrivate(t *testing.T) {
	d := newDirectory(t, "secrets")
	for name, text := range state(t, d) {
		info, err := os.Stat(filepath.Join(d.Path, name))
		if err != nil {
			t.Fatal(err)
		}
		if private := strings.Contains(text, "PRIVATE KEY") || strings.HasPrefix(name, "manifests/"); private && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", name, info.Mode().Perm())
		}
	}
	key := filepath.Join(d.Path, "root.key")
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	refused(t, d.Renew(cluster(t, d, "eu")), "can be read by others (mode 644): run 'chmod 600")
}

func refused(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}

// TestFilesAreNotOverwritten: a second init or issue leaves every file unchanged, and so does a failed command.
func TestFilesAreNotOverwritten(t *testing.T) {
	d := newDirectory(t, "secrets")
	before := state(t, d)
	refused(t, d.Init(), "root.crt exists: a new root would break every connection")
	if names, err := d.Issue(); err != nil || len(names) > 0 {
		t.Errorf("issued again: %v, %v", names, err)
	}
	if diff := cmp.Diff(before, state(t, d)); diff != "" {
		t.Errorf("files changed (-before +after):\n%s", diff)
	}
	// A root key that is stored elsewhere is reported before any file is moved.
	if err := os.Rename(filepath.Join(d.Path, "root.key"), filepath.Join(t.TempDir(), "root.key")); err != nil {
		t.Fatal(err)
	}
	delete(before, "root.key")
	refused(t, d.Renew(cluster(t, d, "eu")), "root.key is missing: restore it")
	if diff := cmp.Diff(before, state(t, d)); diff != "" {
		t.Errorf("files changed (-before +after):\n%s", diff)
	}
}

// TestRevoke: one cluster is removed, the bundles of both sites keep the others, and a revoked cluster gets a new
// authority only if it is named.
func TestRevoke(t *testing.T) {
	for _, from := range []string{"secrets", "certManager"} {
		t.Run(from, func(t *testing.T) {
			d := newDirectory(t, from)
			others := state(t, d)
			authority := others["clusters/eu-2/authority.crt"]
			if err := d.Revoke(cluster(t, d, "eu-2"), false); err != nil {
				t.Fatal(err)
			}
			after := state(t, d)
			for name, text := range others {
				if strings.HasPrefix(name, "clusters/eu/") && after[name] != text {
					t.Errorf("%s of another cluster changed", name)
				}
			}
			for _, site := range []string{"us", "eu"} {
				bundle := bundleOf(t, after["manifests/"+site+".yaml"])
				if strings.Contains(bundle, first(authority)) || !strings.Contains(bundle, first(others["clusters/eu/authority.crt"])) {
					t.Errorf("the bundle of %s must contain only the other cluster:\n%s", site, bundle)
				}
			}
			if names, err := d.Issue(); err != nil || len(names) > 0 {
				t.Errorf("issued without naming the cluster: %v, %v; want none", names, err)
			}
			if names, err := d.Issue(cluster(t, d, "eu-2")); err != nil || len(names) != 1 {
				t.Errorf("issued for the named cluster: %v, %v; want one", names, err)
			}
			if err := d.Revoke(cluster(t, d, "eu-2"), false); err != nil {
				t.Fatal(err)
			}
			refused(t, d.Revoke(cluster(t, d, "eu-2"), false), "has no authority to revoke")
			refused(t, d.Revoke(cluster(t, d, "eu"), false), "sites ignore an empty bundle")
		})
	}
}

// first returns the first line of a chain's first certificate.
func first(chain string) string {
	one, _, _ := strings.Cut(chain, "-----END")
	return strings.Split(strings.TrimSpace(one), "\n")[1]
}

func bundleOf(t *testing.T, manifests string) string {
	t.Helper()
	for document := range strings.SplitSeq(manifests, "\n---\n") {
		if strings.Contains(document, "name: "+estate.RegionsMap) {
			return document
		}
	}
	t.Fatalf("no bundle in\n%s", manifests)
	return ""
}

// TestRenew: sites accept the old and the new authority until the old one is revoked, or expires.
func TestRenew(t *testing.T) {
	d := newDirectory(t, "secrets")
	before := state(t, d)
	if err := d.Renew(cluster(t, d, "eu")); err != nil {
		t.Fatal(err)
	}
	after := state(t, d)
	for name := range before {
		if !strings.HasPrefix(name, "manifests/") && strings.HasPrefix(name, "clusters/eu/") == (before[name] == after[name]) {
			t.Errorf("%s is unchanged: %t, want the opposite", name, before[name] == after[name])
		}
	}
	both := bundleOf(t, after["manifests/us.yaml"])
	for _, state := range []map[string]string{before, after} {
		if !strings.Contains(both, first(state["clusters/eu/authority.crt"])) {
			t.Error("a bundle lacks an authority")
		}
	}
	later := d
	later.Now = d.Now.Add(3 * 365 * 24 * time.Hour)
	if err := later.WriteManifests(); err == nil && strings.Contains(bundleOf(t, state(t, d)["manifests/us.yaml"]), first(before["clusters/eu/authority.crt"])) {
		t.Error("a bundle contains an expired authority")
	}
	if err := d.Revoke(cluster(t, d, "eu"), true); err != nil {
		t.Fatal(err)
	}
	bundle := bundleOf(t, state(t, d)["manifests/us.yaml"])
	if strings.Contains(bundle, first(before["clusters/eu/authority.crt"])) || !strings.Contains(bundle, first(after["clusters/eu/authority.crt"])) {
		t.Errorf("after --previous:\n%s", bundle)
	}
	refused(t, d.Revoke(cluster(t, d, "eu"), true), "no authority to revoke")
}

// TestCertificates: a region and a site of an estate without cert-manager accept each other.
func TestCertificates(t *testing.T) {
	d := newDirectory(t, "secrets")
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(state(t, d)["root.crt"])) {
		t.Fatal("no root")
	}
	for name, want := range map[string]struct {
		host  string
		usage x509.ExtKeyUsage
	}{
		"clusters/eu-2/regional": {"eu-2.regions.telepod", x509.ExtKeyUsageClientAuth},
		"clusters/eu/central":    {"telemetry-eu.example.com", x509.ExtKeyUsageServerAuth},
		"clusters/us/central":    {"telepod-central.telepod.svc", x509.ExtKeyUsageServerAuth},
	} {
		pair, err := tls.LoadX509KeyPair(filepath.Join(d.Path, name+".crt"), filepath.Join(d.Path, name+".key"))
		if err != nil {
			t.Fatal(err)
		}
		intermediates := x509.NewCertPool()
		for _, der := range pair.Certificate[1:] {
			c, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			intermediates.AddCert(c)
		}
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, DNSName: want.host, KeyUsages: []x509.ExtKeyUsage{want.usage}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(d.Path, "clusters/us/regional.crt")); err == nil {
		t.Error("a cluster without applications has a region's certificate")
	}
}

// TestChangedNames: an authority that no longer matches the estate is reported, with the command that renews it.
func TestChangedNames(t *testing.T) {
	d := newDirectory(t, "certManager")
	d.Estate = load(t, strings.NewReplacer("FROM", "certManager", "telemetry-eu", "telemetry-europe").Replace(file))
	_, err := d.Issue()
	refused(t, err, "its authority is for eu.regions.telepod, telemetry-eu.example.com, telepod-central.telepod.svc, but the estate needs eu.regions.telepod, telemetry-europe.example.com")
	if err := d.Renew(cluster(t, d, "eu")); err != nil {
		t.Error(err)
	}
}

// TestBrokenFiles: a damaged file is refused with its name.
func TestBrokenFiles(t *testing.T) {
	for file, want := range map[string]string{
		"root.crt":                    "is not a certificate in PEM format: restore it from a backup",
		"clusters/eu/authority.crt":   "is not a certificate in PEM format",
		"clusters/eu/authority.key":   "is not a private key in PEM format",
		"clusters/eu-2/authority.key": "is not a private key in PEM format",
	} {
		d := newDirectory(t, "certManager")
		if err := os.WriteFile(filepath.Join(d.Path, file), []byte(strings.Repeat("x", 100)), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := d.Issue()
		refused(t, err, file)
		refused(t, err, want)
	}
	d := newDirectory(t, "certManager")
	if err := os.Rename(filepath.Join(d.Path, "clusters/eu/authority.key"), filepath.Join(d.Path, "clusters/eu-2/authority.key")); err != nil {
		t.Fatal(err)
	}
	_, err := d.Issue()
	refused(t, err, "authority.key is not the key of")
	if err := os.Remove(filepath.Join(d.Path, "clusters/eu-2/authority.crt")); err != nil {
		t.Fatal(err)
	}
	_, err = d.Issue()
	refused(t, err, "a command was interrupted; remove the key")
}
