package sites

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

const (
	podsPath = "/api/v1/namespaces/telepod/pods"
	setsPath = "/apis/apps/v1/namespaces/telepod/statefulsets"
)

// api imitates an API server without nodes: it lists the objects of the test, none of samplers, and proxies
// pod:port to local addresses.
type api struct {
	objects map[string]any
	pods    map[string]string // "pod:port" to host:port
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if pod, path, found := strings.Cut(strings.TrimPrefix(r.URL.Path, podsPath+"/"), "/proxy"); found {
		target, known := a.pods[pod]
		if !known {
			http.Error(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"ServiceUnavailable","code":503,"message":"no endpoints available"}`, http.StatusServiceUnavailable)
			return
		}
		r.URL.Path = path
		httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: target}).ServeHTTP(w, r)
		return
	}
	object, known := a.objects[r.URL.Path]
	if !known || strings.Contains(r.URL.Query().Get("labelSelector"), "component=sampler") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(object)
}

// cluster connects to this server.
func (a *api) cluster(t *testing.T) *Cluster {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	c, err := connect(&rest.Config{Host: server.URL}, "test", Release{Namespace: "telepod", Name: "telepod"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func podList(pods ...core.Pod) *core.PodList {
	return &core.PodList{TypeMeta: meta.TypeMeta{Kind: "PodList", APIVersion: "v1"}, Items: pods}
}

func pod(name string, ready bool) core.Pod {
	status := core.ConditionFalse
	if ready {
		status = core.ConditionTrue
	}
	return core.Pod{
		ObjectMeta: meta.ObjectMeta{Name: name, Namespace: "telepod"},
		Status:     core.PodStatus{Conditions: []core.PodCondition{{Type: core.PodReady, Status: status}}},
	}
}

func setList(replicas, ready int32, annotations map[string]string) *apps.StatefulSetList {
	return &apps.StatefulSetList{
		TypeMeta: meta.TypeMeta{Kind: "StatefulSetList", APIVersion: "apps/v1"},
		Items: []apps.StatefulSet{{
			ObjectMeta: meta.ObjectMeta{Name: "telepod-central", Namespace: "telepod", Annotations: annotations},
			Spec:       apps.StatefulSetSpec{Replicas: &replicas},
			Status:     apps.StatefulSetStatus{ReadyReplicas: ready},
		}},
	}
}
