package certs

import (
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/telepod/telepod/test/cluster"
)

func TestCertManagerOnAnAPIServer(t *testing.T) {
	c, config := apiServer(t)
	applyRole(t, c)
	serve := func(user string) *CertManager {
		restricted := rest.CopyConfig(config)
		restricted.Impersonate.UserName = "system:serviceaccount:" + namespace + ":" + user
		client, err := dynamic.NewForConfig(restricted)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		mount(t, dir, tlsFiles(newMaterial(t, time.Now()).pair(time.Now(), 90*day, host)))
		s, err := NewCertManager(CertManagerOptions{
			FilesOptions: FilesOptions{Dir: dir, Names: []string{host}, Log: slog.New(slog.DiscardHandler)},
			Client:       client, Namespace: namespace, Name: service,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(run(t, s))
		return s
	}
	s := serve(service)
	expect := func(s *CertManager, reason Reason, text string) {
		t.Helper()
		until(t, text, func() bool {
			st := s.Status()
			return st.Ready && st.Reason == reason && strings.Contains(st.Message, text)
		})
	}
	expect(s, ReasonCertManagerAbsent, "install cert-manager")

	applyCertManagerCRDs(t, c)
	until(t, "the new API to be asked", func() bool { s.trigger(); return s.Status().Reason == ReasonCertificateNotFound })
	expect(serve("stranger"), ReasonCertificateForbidden, "allow the service account")

	if err := c.Apply(t.Context(), `{apiVersion: cert-manager.io/v1, kind: Certificate,
		metadata: {name: `+service+`, namespace: `+namespace+`},
		spec: {secretName: tls, dnsNames: [`+host+`], issuerRef: {name: ca}}}`); err != nil {
		t.Fatal(err)
	}
	expect(s, ReasonOK, "is cert-manager's controller running")
	status := func(status string) {
		t.Helper()
		_, err := c.Kubectl(t.Context(), "-n", namespace, "patch", "certificate", service, "--subresource=status", "--type=merge", "-p", `{"status":`+status+`}`)
		if err != nil {
			t.Fatal(err)
		}
	}
	status(`{"conditions":[{"type":"Issuing","status":"True","reason":"DoesNotExist","message":"Secret does not exist"}]}`)
	expect(s, ReasonOK, "Secret does not exist")
	status(`{"lastFailureTime":"2026-01-01T00:00:00Z","conditions":[{"type":"Issuing","status":"False","message":"rate limited"}]}`)
	expect(s, ReasonIssuanceFailed, "rate limited")
	status(`{"lastFailureTime":null,"renewalTime":"2036-01-01T00:00:00Z","conditions":[{"type":"Ready","status":"True"}]}`)
	expect(s, ReasonOK, "renewal at 2036-01-01")
	if got := s.Status().RenewAt.UTC().Year(); got != 2036 {
		t.Errorf("renewal in %d", got)
	}
}

// applyCertManagerCRDs applies the CRDs in the module that provides the package's types.
func applyCertManagerCRDs(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/cert-manager/cert-manager").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"certificates", "certificaterequests"} {
		file := filepath.Join(strings.TrimSpace(string(dir)), "deploy", "crds", "cert-manager.io_"+name+".yaml")
		// Server-side apply, because last-applied annotations would be too long.
		if _, err := c.Kubectl(t.Context(), "apply", "--server-side", "-f", file); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Kubectl(t.Context(), "wait", "--for=condition=Established", "--timeout=30s",
		"crd/certificates.cert-manager.io", "crd/certificaterequests.cert-manager.io"); err != nil {
		t.Fatal(err)
	}
}
