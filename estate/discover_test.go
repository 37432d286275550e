package estate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/estate"
)

// TestDiscover: contexts of EKS, eksctl, GKE and others, with and without a node.
func TestDiscover(t *testing.T) {
	for _, c := range []struct {
		context string
		node    estate.Node
		want    estate.Cluster
	}{
		{"arn:aws:eks:us-east-1:123456789012:cluster/prod", estate.Node{}, estate.Cluster{Name: "prod", Cloud: "aws", Region: "us-east-1", Account: "123456789012", Context: "arn:aws:eks:us-east-1:123456789012:cluster/prod"}},
		{"me@prod.eu-west-1.eksctl.io", estate.Node{}, estate.Cluster{Name: "prod", Cloud: "aws", Region: "eu-west-1", Context: "me@prod.eu-west-1.eksctl.io"}},
		{"gke_shop-prod_europe-west1_prod", estate.Node{}, estate.Cluster{Name: "prod", Cloud: "gcp", Region: "europe-west1", Account: "shop-prod", Context: "gke_shop-prod_europe-west1_prod"}},
		{"gke_shop-prod_europe-west1-b_prod", estate.Node{}, estate.Cluster{Name: "prod", Cloud: "gcp", Region: "europe-west1", Account: "shop-prod", Context: "gke_shop-prod_europe-west1-b_prod"}},
		{"prod", estate.Node{ProviderID: "aws:///us-east-1a/i-0123", Region: "us-east-1"}, estate.Cluster{Name: "prod", Cloud: "aws", Region: "us-east-1"}},
		{"prod", estate.Node{ProviderID: "gce://shop-prod/europe-west1-b/node", Region: "europe-west1"}, estate.Cluster{Name: "prod", Cloud: "gcp", Region: "europe-west1", Account: "shop-prod"}},
		{"aks.prod", estate.Node{ProviderID: "azure:///subscriptions/8e5c/resourceGroups/x", Region: "eastasia"}, estate.Cluster{Name: "aks-prod", Cloud: "azure", Region: "eastasia", Account: "8e5c", Context: "aks.prod"}},
		{"kind-kind", estate.Node{ProviderID: "kind://docker/kind/kind-control-plane"}, estate.Cluster{Name: "kind-kind", Cloud: "other"}},
		{"bare", estate.Node{}, estate.Cluster{Name: "bare"}},
		{"odd", estate.Node{ProviderID: "azure://"}, estate.Cluster{Name: "odd", Cloud: "other"}},
	} {
		if diff := cmp.Diff(c.want, estate.Discover(c.context, c.node)); diff != "" {
			t.Errorf("%s, %v (-want +got):\n%s", c.context, c.node, diff)
		}
	}
}

// TestText: a new file has the same content when it is loaded, whatever characters its values contain.
func TestText(t *testing.T) {
	want := estate.Estate{Environment: "yes", Sites: estate.Sites{
		Primary: &estate.Site{Cluster: "a", Endpoint: "a.example.com:4318", Exposure: "public", Stores: estate.Stores{
			Jaeger: "jaeger:4317", Prometheus: "http://p/#x: y", Archive: &estate.Archive{Bucket: "telemetry", Region: "us-east-1", KeysSecret: "keys"}, Kafka: []string{"k:9092"}}},
		Backup: &estate.Site{Cluster: "0123", Endpoint: "b.example.com:4318", Stores: estate.Stores{Jaeger: "jaeger:4317"}},
	}, Clusters: []estate.Cluster{{Name: "a", Cloud: "aws", Region: "us-east-1", Account: "012345678901", Context: "a: b # c"}, {Name: "0123", Cloud: "gcp", Region: "us-east1"}}}
	text, err := estate.Text(want)
	if err != nil {
		t.Fatal(err)
	}
	got, problems := estate.Load("estate.yaml", text)
	if got == nil {
		t.Fatalf("%v\n%s", problems, text)
	}
	if diff := cmp.Diff([]any{want.Environment, want.Sites, want.Clusters}, []any{got.Environment, got.Sites, got.Clusters}); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, text)
	}
	want.Environment = "two\nlines"
	if _, err := estate.Text(want); err == nil || !strings.Contains(err.Error(), "is not a single line of text") {
		t.Errorf("error %v", err)
	}
}
