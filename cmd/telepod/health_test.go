package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// checkedBy runs telepod health, checks its exit code, and returns its output.
func checkedBy(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(append([]string{"health"}, args...), streams{strings.NewReader(""), &out, &errs}); code != want {
		t.Errorf("telepod health %v ends with %d, want %d\n%s%s", args, code, want, &out, &errs)
	}
	return out.String()
}

func TestHealthSetsTheExitCode(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("fine")) }))
	defer server.Close()
	if out := checkedBy(t, exitOK, server.URL); !strings.Contains(out, "SERVING (http)") || !strings.Contains(out, "fine") {
		t.Errorf("printed\n%s", out)
	}
	var list []checked
	if err := json.Unmarshal([]byte(checkedBy(t, exitError, server.URL, "nowhere", "-o", "json")), &list); err != nil {
		t.Fatal(err)
	}
	for i := range list {
		list[i].Milliseconds = 0
	}
	want := []checked{
		{Endpoint: server.URL, Serving: true, AnsweredBy: "http", Detail: "fine"},
		{Endpoint: "nowhere", FailedAt: "address", Detail: `"nowhere" has no host and port: use for example grpcs://collector.example:4317`},
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("-o json (-want +got):\n%s", diff)
	}
}

func TestHealthPresentsCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	server.StartTLS()
	defer server.Close()
	own := server.TLS.Certificates[0] // used on both sides
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	crt, private := filepath.Join(t.TempDir(), "tls.crt"), filepath.Join(t.TempDir(), "tls.key")
	for file, block := range map[string]*pem.Block{crt: {Type: "CERTIFICATE", Bytes: own.Certificate[0]}, private: {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	checkedBy(t, exitOK, server.URL, "--ca", crt, "--cert", crt, "--key", private)
	if out := checkedBy(t, exitError, server.URL, "--ca", crt); !strings.Contains(out, "FAILED (handshake)") {
		t.Errorf("without a client certificate:\n%s", out)
	}
	if out := checkedBy(t, exitError, server.URL, "--ca", crt, "--cert", crt, "--key", private, "--server-name", "central.invalid"); !strings.Contains(out, "FAILED (handshake)") {
		t.Errorf("with another server name:\n%s", out)
	}
}

func TestHealthRefusesWrongUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"a:1", "--cert", "x"}, {"a:1", "--timeout", "0s"}, {"a:1", "-o", "xml"}} {
		checkedBy(t, exitUsage, args...)
	}
	checkedBy(t, exitError, "a:1", "--ca", "does-not-exist")
	checkedBy(t, exitError, "a:1", "--ca", "health_test.go")
	checkedBy(t, exitError, "a:1", "--cert", "does-not-exist", "--key", "does-not-exist")
}
