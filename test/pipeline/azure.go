package pipeline

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/telepod/telepod/test/build"
)

// The storage account of an [Azure], and the container in it.
const (
	azureAccount   = "telepodlake"
	azureKey       = "dGVsZXBvZA=="
	azureContainer = "telemetry"
	azureBlobs     = azureAccount + ".blob.core.windows.net"
	azureLogin     = "login.microsoftonline.com"
)

// Azure simulates Blob Storage under its public name: Azurite, Microsoft's server for tests, runs behind a proxy. The tokens
// come from a fake of Microsoft Entra ID, which cannot run here. Azurite checks their audience, issuer and time, but not
// their signature.
type Azure struct {
	// Proxy is the URL of a proxy to both servers, CA the file with the authority of their certificates.
	Proxy, CA string

	dir, program string // Azurite's data and program
	address      string
	assertion    string // the cluster's token that Entra ID accepts
	logins       chan struct{}
	server       *child
	client       *http.Client
}

// StartAzure starts both servers, and creates the container. Entra ID accepts only this token of the cluster.
func (p *Plant) StartAzure(t testing.TB, assertion string) *Azure {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("npm is not installed: apt-get install npm nodejs")
	}
	program, err := build.Packages(t.Context(), "test/azurite")
	if err != nil {
		t.Fatal(err)
	}
	a := &Azure{dir: t.TempDir(), program: filepath.Join(program, "node_modules", "azurite", "dist", "src", "blob", "main.js"),
		address: net.JoinHostPort(p.Address(), "10000"), assertion: assertion, logins: make(chan struct{}, 1)}
	root, err := newRoot()
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := root.issue(&x509.Certificate{DNSNames: []string{azureBlobs, azureLogin}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	if err != nil {
		t.Fatal(err)
	}
	if err := writeFiles(a.dir, certificate, root, root); err != nil {
		t.Fatal(err)
	}
	a.CA = filepath.Join(a.dir, "ca.crt")
	login := httptest.NewUnstartedServer(http.HandlerFunc(a.login))
	login.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	login.StartTLS()
	t.Cleanup(login.Close)
	proxy := httptest.NewServer(tunnel(map[string]string{azureBlobs + ":443": a.address, azureLogin + ":443": login.Listener.Addr().String()}))
	t.Cleanup(proxy.Close)
	a.Proxy = proxy.URL
	proxyURL, err := url.Parse(a.Proxy)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(root.certificate)
	a.client = &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxyURL), TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	a.Start(t)
	a.request(t, http.MethodPut, azureContainer+"?restype=container", http.StatusCreated)
	return a
}

// Start starts Azurite with its existing data.
func (a *Azure) Start(t testing.TB) {
	t.Helper()
	host, port, _ := net.SplitHostPort(a.address)
	a.server = startChild(t, "env", "AZURITE_ACCOUNTS="+azureAccount+":"+azureKey, "node", a.program, "--blobHost", host, "--blobPort", port,
		"--location", a.dir, "--cert", filepath.Join(a.dir, "tls.crt"), "--key", filepath.Join(a.dir, "tls.key"),
		"--oauth", "basic", "--silent", "--disableTelemetry", "--skipApiVersionCheck")
	Await(t, Patience, "Azurite", func() bool {
		c, err := net.Dial("tcp", a.address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// Stop stops Azurite.
func (a *Azure) Stop(t testing.TB) {
	t.Helper()
	if err := a.server.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = a.server.cmd.Wait() // the exit code does not matter
}

// login answers as Microsoft Entra ID does, for one client that presents the cluster's token.
func (a *Azure) login(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	const tenant = "https://" + azureLogin + "/tenant"
	switch path.Base(r.URL.Path) {
	case "instance":
		fmt.Fprintf(w, `{"tenant_discovery_endpoint": "%s/v2.0/.well-known/openid-configuration", "metadata": [{"preferred_network": %q, "preferred_cache": %q, "aliases": [%q]}]}`, tenant, azureLogin, azureLogin, azureLogin)
	case "openid-configuration":
		fmt.Fprintf(w, `{"issuer": "%s/v2.0", "authorization_endpoint": "%s/oauth2/v2.0/authorize", "token_endpoint": "%s/oauth2/v2.0/token"}`, tenant, tenant, tenant)
	default:
		if r.FormValue("client_assertion") != a.assertion || r.FormValue("client_id") != "client" || !strings.Contains(r.FormValue("scope"), "storage.azure.com") {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error": "invalid_client"}`)
			return
		}
		select {
		case a.logins <- struct{}{}:
		default:
		}
		fmt.Fprintf(w, `{"token_type": "Bearer", "expires_in": 3600, "access_token": %q}`, azureToken())
	}
}

// azureToken returns a token for Blob Storage, like Entra ID's, but without a valid signature.
func azureToken() string {
	part := func(claims map[string]any) string {
		text, _ := json.Marshal(claims) // cannot fail: strings and numbers
		return base64.RawURLEncoding.EncodeToString(text)
	}
	now := time.Now().Unix()
	return part(map[string]any{"alg": "RS256", "typ": "JWT"}) + "." + part(map[string]any{"aud": "https://storage.azure.com",
		"iss": "https://sts.windows.net/tenant/", "iat": now - 60, "nbf": now - 60, "exp": now + 3600}) + ".c2lnbmVk"
}

// tunnel returns a proxy for HTTPS that connects each host:port to an address.
func tunnel(to map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		there, err := net.Dial("tcp", to[r.Host])
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer there.Close()
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer here.Close()
		fmt.Fprint(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			_, _ = io.Copy(there, here) // fails if the client has disconnected
			there.Close()
		}()
		_, _ = io.Copy(here, there)
	})
}

// request returns the body of the answer, which must have this status.
func (a *Azure) request(t testing.TB, method, of string, status int) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "https://"+azureBlobs+"/"+of, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+azureToken())
	r.Header.Set("x-ms-version", "2021-12-02")
	response, err := a.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != status {
		t.Fatalf("%s %s: %s, %v\n%s", method, of, response.Status, err, body)
	}
	return body
}

// Lost returns the number of acknowledged items of a signal that no blob below a prefix contains.
func (a *Azure) Lost(t testing.TB, s *Sender, prefix, signal string) int {
	t.Helper()
	var list struct {
		Blobs []string `xml:"Blobs>Blob>Name"`
	}
	text := a.request(t, http.MethodGet, azureContainer+"?restype=container&comp=list&prefix="+prefix+"/"+signal+"/year%3D", http.StatusOK)
	if err := xml.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	arrived := map[uint64]bool{}
	for _, blob := range list.Blobs {
		for _, n := range numbersOf(t, signal, a.request(t, http.MethodGet, azureContainer+"/"+blob, http.StatusOK)) {
			arrived[n] = true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	lost := 0
	for _, n := range s.acked[signal] {
		if !arrived[n] {
			lost++
		}
	}
	return lost
}

// numbersOf returns the sequence numbers in OTLP.
func numbersOf(t testing.TB, signal string, data []byte) (numbers []uint64) {
	t.Helper()
	if signal == Traces {
		var request coltrace.ExportTraceServiceRequest
		if err := proto.Unmarshal(data, &request); err != nil {
			t.Fatal(err)
		}
		return spanNumbers(&request)
	}
	var request collogs.ExportLogsServiceRequest
	if err := proto.Unmarshal(data, &request); err != nil {
		t.Fatal(err)
	}
	numbers, _ = recordNumbers(&request)
	return numbers
}
