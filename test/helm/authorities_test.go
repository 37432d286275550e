package helm_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var tlsFile = regexp.MustCompile(`\$\{env:TLS_DIR\}/([\w.-]+)`)

// TestCertificateFilesAreMounted checks that pods mount the certificate files that their configuration names.
func TestCertificateFilesAreMounted(t *testing.T) {
	values := presets(t)
	maps.Copy(values, examples(t))
	found := false
	for _, name := range slices.Sorted(maps.Keys(values)) {
		documents := render(t, "v4", "--values", values[name])
		mounted := certificateFiles(t, documents)
		for document := range strings.SplitSeq(documents, "\n---\n") {
			for _, file := range tlsFile.FindAllStringSubmatch(document, -1) {
				found = true
				if collector := decode(t, document).GetName(); mounted[collector][file[1]] == "" {
					t.Errorf("%s: %s uses %s, which its pods do not mount: %v", name, collector, file[1], mounted[collector])
				}
			}
		}
	}
	if !found {
		t.Error("no configuration uses a certificate file: the check is ineffective")
	}
}

// TestClientAuthorities: a site's list of client authorities only applies to its clients, and regions do not mount it.
func TestClientAuthorities(t *testing.T) {
	for _, c := range []struct {
		preset, collector, set string
		want                   map[string]string // file to its ConfigMap or Secret
	}{
		{"central", "telepod-central", "", map[string]string{"ca.crt": "telepod-central-tls", "client-ca.crt": "telepod-central-tls"}},
		{"central", "telepod-central", "tls.caConfigMap=root", map[string]string{"ca.crt": "root", "client-ca.crt": "root"}},
		{"central", "telepod-central", "tls.clientCAConfigMap=regions", map[string]string{"ca.crt": "telepod-central-tls", "client-ca.crt": "regions"}},
		{"central", "telepod-central", "tls.caConfigMap=root,tls.clientCAConfigMap=regions", map[string]string{"ca.crt": "root", "client-ca.crt": "regions"}},
		{"gcp", "telepod-collector", "tls.clientCAConfigMap=regions", map[string]string{"ca.crt": "telepod-collector-tls", "client-ca.crt": ""}},
	} {
		files := certificateFiles(t, render(t, "v4", "--values", presets(t)[c.preset], "--set", c.set))[c.collector]
		for file, want := range c.want {
			if files[file] != want {
				t.Errorf("%s with %q: %s of %s is from %q, want %q", c.preset, c.set, file, c.collector, files[file], want)
			}
		}
	}
}

// certificateFiles returns, by workload, the files of the volume tls and the object that provides each.
func certificateFiles(t *testing.T, documents string) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	for document := range strings.SplitSeq(documents, "\n---\n") {
		object := decode(t, document)
		pod, ok := podOf(document, object)
		if !ok {
			continue
		}
		files := map[string]string{}
		for _, volume := range pod.Spec.Volumes {
			if volume.Name != "tls" || volume.Projected == nil {
				continue
			}
			for _, source := range volume.Projected.Sources {
				if source.Secret != nil {
					for _, item := range source.Secret.Items {
						files[item.Path] = source.Secret.Name
					}
				}
				if source.ConfigMap != nil {
					for _, item := range source.ConfigMap.Items {
						files[item.Path] = source.ConfigMap.Name
					}
				}
			}
		}
		all[object.GetName()] = files
	}
	return all
}
