package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestForeignAuthority checks that a region with certificates of another authority delivers nothing, and that both ends
// log the reason. With the right certificates it must resume.
func TestForeignAuthority(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs Collectors; run without -short")
	}
	for _, c := range []struct {
		name            string
		foreign         []string // files replaced in the region
		region, central string   // their log messages
	}{
		{"the site is not trusted", []string{"ca.crt"}, "certificate signed by unknown authority", "a TLS handshake failed"},
		{"the region is not trusted", []string{"tls.crt", "tls.key"}, "remote error: tls: unknown certificate authority", "certificate signed by unknown authority"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := NewPlant(t)
			central := p.Central(t, "primary", p.Direct()).Start(t)
			region := p.Region(t, [2]string{central.Address + ":4318", p.Address() + ":4318"}, "yaml:exporters::otlp_failover::tls::reload_interval: 1s")
			files := mixedCertificates(t, p, c.foreign)
			region.run.Env = append(region.run.Env, "TLS_DIR="+files) // the last one wins
			region.Start(t)
			load := SendLoad(t, Load{Endpoint: region.Address + ":4317", Rate: 100, Batch: 20})
			awaitLog(t, region, c.region)
			awaitLog(t, central, c.central)
			if central.Accepted(Traces) > 0 {
				t.Error("the site accepted data")
			}
			for _, name := range c.foreign {
				copyFile(t, filepath.Join(p.Certificates(), name), filepath.Join(files, name))
			}
			if c.foreign[0] == "ca.crt" { // read only at startup
				region.Stop(t)
				region.Start(t)
			}
			for _, o := range p.Drain(t, load, Archives(), Patience) {
				if o.Lost > 0 || o.Acked == 0 {
					t.Errorf("%v", o)
				}
			}
		})
	}
}

// awaitLog waits until a Collector has logged a text.
func awaitLog(t *testing.T, n *Node, text string) {
	t.Helper()
	Await(t, Patience, fmt.Sprintf("%q in the log of %s", text, n.Name), func() bool { return strings.Contains(n.Log(), text) })
}

// mixedCertificates writes the plant's certificates, but some files from another authority.
func mixedCertificates(t *testing.T, p *Plant, foreign []string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := writeCertificates(dir, p.addresses()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ca.crt", "tls.crt", "tls.key"} {
		if !strings.Contains(strings.Join(foreign, " "), name) {
			copyFile(t, filepath.Join(p.Certificates(), name), filepath.Join(dir, name))
		}
	}
	return dir
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
