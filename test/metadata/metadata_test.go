package metadata

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// service returns a function that sends requests to a node's metadata service; headers are "NAME: VALUE".
func service(t *testing.T, n Node) func(method, path string, headers ...string) (int, string, http.Header) {
	t.Helper()
	handler, err := n.Handler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return func(method, path string, headers ...string) (int, string, http.Header) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			request.Header.Set(name, value)
		}
		response, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body), response.Header
	}
}

func TestEC2RequiresAToken(t *testing.T) {
	ask := service(t, Node{Cloud: "aws", Name: "ip-10-0-0-10", ID: "i-0a1b2c3d4e5f60718", Type: "m7i.large", Region: "us-east-1", Zone: "us-east-1a", Account: "123456789012"})
	if code, _, _ := ask("GET", "/latest/meta-data/instance-id"); code != http.StatusUnauthorized {
		t.Errorf("without a token: %d, want 401", code)
	}
	if code, _, _ := ask("GET", "/latest/meta-data/instance-id", "X-aws-ec2-metadata-token: mine"); code != http.StatusUnauthorized {
		t.Errorf("with an invented token: %d, want 401", code)
	}
	for _, bad := range []string{"", "0", "21601", "soon"} {
		if code, _, _ := ask("PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: "+bad); code != http.StatusBadRequest {
			t.Errorf("a token for %q seconds: %d, want 400", bad, code)
		}
	}
	if code, _, _ := ask("PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: 60", "X-Forwarded-For: 10.0.0.9"); code != http.StatusForbidden {
		t.Errorf("a token through a proxy: %d, want 403", code)
	}
	_, token, _ := ask("PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: 60")
	with := "X-aws-ec2-metadata-token: " + token
	for path, want := range map[string]string{
		"instance-id":                 "i-0a1b2c3d4e5f60718",
		"placement/availability-zone": "us-east-1a",
		"placement/":                  "availability-zone\nregion",
		"iam/security-credentials/":   "telepod-node",
	} {
		if _, got, _ := ask("GET", "/latest/meta-data/"+path, with); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if code, _, _ := ask("GET", "/latest/meta-data/spot/termination-time", with); code != http.StatusNotFound {
		t.Errorf("an unknown path: %d, want 404", code)
	}
	var identity map[string]any
	decode(t, ask, "/latest/dynamic/instance-identity/document", &identity, with)
	if identity["region"] != "us-east-1" || identity["accountId"] != "123456789012" || identity["availabilityZone"] != "us-east-1a" {
		t.Errorf("the identity document is %v", identity)
	}
	var role map[string]string
	decode(t, ask, "/latest/meta-data/iam/security-credentials/telepod-node", &role, with)
	if role["Code"] != "Success" || role["AccessKeyId"] == "" || role["Expiration"] == "" {
		t.Errorf("the role's credentials are %v", role)
	}
}

func TestGCERequiresItsHeader(t *testing.T) {
	ask := service(t, Node{Cloud: "gcp", Name: "gke-apps-1", ID: "1234567890123456789", Type: "e2-standard-2", Region: "europe-west1", Zone: "europe-west1-b", Account: "shop-production", Cluster: "shop-euw1"})
	if code, _, headers := ask("GET", "/"); code != http.StatusOK || headers.Get("Metadata-Flavor") != "Google" {
		t.Errorf("the response to a client's probe: %d, %v", code, headers)
	}
	if code, _, _ := ask("GET", "/computeMetadata/v1/project/project-id"); code != http.StatusForbidden {
		t.Errorf("without the header: %d, want 403", code)
	}
	const with = "Metadata-Flavor: Google"
	for path, want := range map[string]string{
		"project/project-id":                   "shop-production",
		"instance/zone":                        "projects/123456789012/zones/europe-west1-b",
		"instance/attributes/cluster-name":     "shop-euw1",
		"instance/attributes/cluster-location": "europe-west1",
		"instance/attributes/":                 "cluster-location\ncluster-name",
		"project/":                             "numeric-project-id\nproject-id",
	} {
		if _, got, _ := ask("GET", "/computeMetadata/v1/"+path, with); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if code, _, _ := ask("GET", "/computeMetadata/v1/instance/attributes/ssh-keys", with); code != http.StatusNotFound {
		t.Errorf("an unknown path: %d, want 404", code)
	}
}

func TestAzureRequiresHeaderAndVersion(t *testing.T) {
	ask := service(t, Node{Cloud: "azure", Name: "aks-apps-0", ID: "02aab8a4-74ef-476e-8182-f6d2ba4166a6", Type: "Standard_D2s_v5", Region: "eastasia", Zone: "1", Account: "8e5c2f04-6b1d-4c9a-9a37-2d90b7f1e6c5", Cluster: "shop-eas"})
	const path, with = "/metadata/instance/compute?api-version=2020-09-01&format=json", "Metadata: True"
	if code, _, _ := ask("GET", path); code != http.StatusBadRequest {
		t.Errorf("without the header: %d, want 400", code)
	}
	if code, _, _ := ask("GET", "/metadata/instance/compute", with); code != http.StatusBadRequest {
		t.Errorf("without a version: %d, want 400", code)
	}
	var compute map[string]any
	decode(t, ask, path, &compute, with)
	for key, want := range map[string]string{"location": "eastasia", "zone": "1", "resourceGroupName": "MC_telemetry_shop-eas_eastasia"} {
		if compute[key] != want {
			t.Errorf("%s is %q, want %q", key, compute[key], want)
		}
	}
	var whole struct{ Compute map[string]any }
	decode(t, ask, "/metadata/instance?api-version=2021-02-01", &whole, with)
	if whole.Compute["subscriptionId"] != "8e5c2f04-6b1d-4c9a-9a37-2d90b7f1e6c5" {
		t.Errorf("the instance is %v", whole)
	}
}

func decode(t *testing.T, ask func(method, path string, headers ...string) (int, string, http.Header), path string, into any, headers ...string) {
	t.Helper()
	code, body, _ := ask("GET", path, headers...)
	if code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, code, body)
	}
	if err := json.Unmarshal([]byte(body), into); err != nil {
		t.Fatalf("%s: %v in %s", path, err, body)
	}
}

func TestUnknownCloudIsAnError(t *testing.T) {
	if _, err := (Node{Name: "n", Cloud: "other"}).Handler(); err == nil {
		t.Error("Handler returned no error for an unknown cloud")
	}
}
