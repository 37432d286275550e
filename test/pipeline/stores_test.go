package pipeline

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A Kafka broker that requires a certificate and a login.
func TestKafkaWithLogin(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Collectors; run without -short")
	}
	p := NewPlant(t)
	secured := StartBackends(t, p.Address(), "-kafka-user=telepod:pass word", "-kafka-tls="+p.Certificates())
	files := map[string]string{}
	for _, name := range []string{"ca.crt", "tls.crt", "tls.key"} {
		text, err := os.ReadFile(filepath.Join(p.Certificates(), name))
		if err != nil {
			t.Fatal(err)
		}
		files["bus/"+name] = string(text)
	}
	s := &vendorSite{plant: p, vendor: p.StartVendor(t)}
	s.start(t, `
    - name: bus
      protocol: kafka
      brokers: ["127.0.0.1:`+strconv.Itoa(secured.kafka)+`"]
      signals: [metrics, logs]
      auth: {sasl: {secret: user}}
      tls: {caSecret: ca, certificateSecret: client, serverName: `+p.network+`.1}
`, files, "DESTINATION_BUS__USERNAME=telepod", "DESTINATION_BUS__PASSWORD=pass word")
	load := SendLoad(t, Load{Endpoint: s.region.Address + ":4317", Rate: 100, Batch: 20})
	Await(t, Patience, "a hundred records", func() bool { return load.Acked(Logs) >= 100 })
	for _, o := range secured.Drain(t, load, []Place{{Logs, "kafka"}, {Metrics, "kafka"}}, Patience) {
		if o.Lost > 0 || o.Acked == 0 {
			t.Errorf("%v", o)
		}
	}
}

// The site runs outside AWS without keys: it exchanges the cluster's token for a role's credentials.
func TestArchiveWithoutKeys(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Collectors; run without -short")
	}
	p := NewPlant(t)
	var mu sync.Mutex
	var asked, signed string
	exchange := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = r.FormValue("Action") + " " + r.FormValue("RoleArn") + " " + r.FormValue("WebIdentityToken")
		_, _ = io.WriteString(w, `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
<Credentials><AccessKeyId>ASIALENT</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>session</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`)
	}))
	t.Cleanup(exchange.Close)
	pass := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: p.Direct().S3})
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		signed = r.Header.Get("Authorization") + " " + r.Header.Get("X-Amz-Security-Token")
		mu.Unlock()
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	stores := p.Direct()
	stores.S3 = strings.TrimPrefix(front.URL, "http://")
	token := filepath.Join(t.TempDir(), "token")
	write(t, token, "of the cluster")
	node := p.Central(t, "primary", stores)
	for i, v := range node.run.Env {
		if strings.HasPrefix(v, "AWS_") {
			node.run.Env[i] = "UNUSED=" + strconv.Itoa(i)
		}
	}
	const role = "arn:aws:iam::123456789012:role/telepod-archive"
	node.run.Env = append(node.run.Env, "AWS_ROLE_ARN="+role, "AWS_WEB_IDENTITY_TOKEN_FILE="+token, "AWS_ROLE_SESSION_NAME=primary",
		"AWS_ENDPOINT_URL_STS="+exchange.URL, "AWS_EC2_METADATA_DISABLED=true")
	node.Start(t)
	region := p.Region(t, [2]string{node.Address + ":4318", p.Address() + ":4318"}).Start(t)
	load := SendLoad(t, Load{Endpoint: region.Address + ":4317", Rate: 50, Batch: 10, Signals: []string{Logs}})
	Await(t, Patience, "fifty records", func() bool { return load.Acked(Logs) >= 50 })
	for _, o := range p.Drain(t, load, []Place{{Logs, "s3"}}, Patience) {
		if o.Lost > 0 {
			t.Errorf("%v", o)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if want := "AssumeRoleWithWebIdentity " + role + " of the cluster"; asked != want {
		t.Errorf("the token exchange received %q, want %q", asked, want)
	}
	if !strings.Contains(signed, "Credential=ASIALENT/") || !strings.HasSuffix(signed, " session") {
		t.Errorf("the last object was signed with %q", signed)
	}
}

// Blobs in a container, written with a connection string.
func TestAzureBlob(t *testing.T) {
	var mu sync.Mutex
	blobs := map[string]int{}
	azure := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if !strings.HasPrefix(r.Header.Get("Authorization"), "SharedKey account:") {
			http.Error(w, "no key", http.StatusForbidden)
			return
		}
		blobs[r.URL.Path] += len(body)
		w.WriteHeader(http.StatusCreated)
	}))
	t.Cleanup(azure.Close)
	s := newVendorSite(t, `
    - {name: lake, protocol: azure_blob, bucket: telemetry, prefix: raw, signals: [logs], auth: {connectionString: {secret: lake}}}
`, nil, "DESTINATION_LAKE__CONNECTION_STRING=DefaultEndpointsProtocol=http;AccountName=account;AccountKey=a2V5;BlobEndpoint="+azure.URL+"/account;")
	load := SendLoad(t, Load{Endpoint: s.region.Address + ":4317", Rate: 50, Batch: 10, Signals: []string{Logs}})
	Await(t, Patience, "fifty records", func() bool { return load.Acked(Logs) >= 50 })
	load.Stop()
	Await(t, Patience, "a blob", func() bool {
		mu.Lock()
		defer mu.Unlock()
		for path, size := range blobs {
			if strings.HasPrefix(path, "/account/telemetry/raw/logs/year=") && size > 1000 {
				return true
			}
		}
		return false
	})
}
