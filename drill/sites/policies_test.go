package sites

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	coordination "k8s.io/api/coordination/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/telepod/telepod/drill"
)

const policiesPath = "/apis/networking.k8s.io/v1/namespaces/telepod/networkpolicies"

// TestPartitionKeepsForeignPolicies: a foreign policy that admits nothing, such as a namespace default, is
// not changed. Restore would not recognize it.
func TestPartitionKeepsForeignPolicies(t *testing.T) {
	policy := func(name string, labels map[string]string) networking.NetworkPolicy {
		return networking.NetworkPolicy{ObjectMeta: meta.ObjectMeta{Name: name, Namespace: "telepod", Labels: labels}}
	}
	holder := "d1"
	lists := &api{objects: map[string]any{
		"/apis/coordination.k8s.io/v1/namespaces/telepod/leases/telepod-drill": &coordination.Lease{
			TypeMeta: meta.TypeMeta{Kind: "Lease", APIVersion: "coordination.k8s.io/v1"},
			Spec:     coordination.LeaseSpec{HolderIdentity: &holder},
		},
		setsPath: setList(1, 1, nil),
		policiesPath: &networking.NetworkPolicyList{
			TypeMeta: meta.TypeMeta{Kind: "NetworkPolicyList", APIVersion: "networking.k8s.io/v1"},
			Items: []networking.NetworkPolicy{
				policy("telepod-central", Release{Name: "telepod"}.labels("central")),
				policy("default-deny", nil),
			},
		},
	}}
	var changes []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			lists.ServeHTTP(w, r)
			return
		}
		changes = append(changes, r.Method+" "+r.URL.Path)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(networking.NetworkPolicy{TypeMeta: meta.TypeMeta{Kind: "NetworkPolicy", APIVersion: "networking.k8s.io/v1"}})
	}))
	defer server.Close()
	c, err := connect(&rest.Config{Host: server.URL}, "test", Release{Namespace: "telepod", Name: "telepod"})
	if err != nil {
		t.Fatal(err)
	}
	if err := (Central{Cluster: c, Drill: "d0", Method: drill.Partition}).Fail(t.Context()); err == nil || len(changes) > 0 {
		t.Errorf("a drill without its Lease: error %v, changes %v", err, changes)
	}
	if err := (Central{Cluster: c, Drill: "d1", Method: drill.Partition}).Fail(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"POST " + policiesPath, "PATCH " + policiesPath + "/telepod-central"}; !slices.Equal(changes, want) {
		t.Errorf("changes %v, want %v", changes, want)
	}
}
