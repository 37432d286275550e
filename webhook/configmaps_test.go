package webhook

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kuberuntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata/fake"

	"github.com/telepod/telepod/injector"
)

// configMap returns the metadata of a ConfigMap, as the API server returns it; each of fields belongs to one manager.
func configMap(namespace, name string, fields ...string) *metav1.PartialObjectMetadata {
	m := &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	for _, f := range fields {
		m.ManagedFields = append(m.ManagedFields, metav1.ManagedFieldsEntry{Manager: "m", FieldsV1: metav1.NewFieldsV1(f)})
	}
	return m
}

func TestKeysOfConfigMaps(t *testing.T) {
	many := strings.Builder{}
	for i := range maxConfigMapKeys + 1 {
		fmt.Fprintf(&many, `,"f:K%d":{}`, i)
	}
	for name, c := range map[string]struct {
		fields []string
		keys   []string
		known  bool
	}{
		"two managers":      {[]string{`{"f:data":{".":{},"f:CLOUD_REGION":{}}}`, `{"f:data":{"f:MODE":{}},"f:metadata":{"f:labels":{"f:OTEL_X":{}}}}`}, []string{"CLOUD_REGION", "MODE"}, true},
		"files":             {[]string{`{"f:data":{"f:app.yaml":{},"f:a-b":{}},"f:binaryData":{"f:OTEL_Y":{}}}`}, nil, true},
		"empty":             {[]string{`{"f:metadata":{}}`}, nil, true},
		"no managed fields": {nil, nil, false},
		"unreadable":        {[]string{`{"f:data":{"f:A":`}, nil, false},
		"too many":          {[]string{`{"f:data":{".":{}` + many.String() + `}}`}, nil, false},
		"data is nested":    {[]string{`{"f:data":{"f:A":{"f:B":{}}}}`}, []string{"A"}, true},
		"data of metadata":  {[]string{`{"f:metadata":{"f:data":{"f:A":{}}}}`}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			store := NewConfigMaps()
			if err := store.Add(keysOnly(configMap("shop", "settings", c.fields...))); err != nil {
				t.Fatal(err)
			}
			keys, known := store.Keys("shop", "settings")
			slices.Sort(keys)
			if known != c.known || !slices.Equal(keys, c.keys) {
				t.Errorf("keys %v, known %t; want %v, %t", keys, known, c.keys, c.known)
			}
		})
	}
}

// TestConfigMapsAreBounded checks that many large ConfigMaps cannot fill the webhook's memory.
func TestConfigMapsAreBounded(t *testing.T) {
	store := NewConfigMaps()
	fields := strings.Builder{}
	for i := range maxConfigMapKeys {
		fmt.Fprintf(&fields, `,"f:K%s%d":{}`, strings.Repeat("x", 200), i)
	}
	big := `{"f:data":{".":{}` + fields.String() + `}}`
	for i := range 200 {
		if err := store.Add(keysOnly(configMap("shop", fmt.Sprint("c", i), big))); err != nil {
			t.Fatal(err)
		}
	}
	if n := store.Len(); n == 0 || n > 100 || store.size.Load() > maxConfigMapBytes {
		t.Errorf("%d ConfigMaps with %d bytes are kept", n, store.size.Load())
	}
	if err := store.Replace(nil, ""); err != nil || store.Len() != 0 || store.size.Load() != 0 || !store.Synced() {
		t.Errorf("after all were deleted: %d ConfigMaps, %d bytes, %v", store.Len(), store.size.Load(), err)
	}
}

// TestEnvFromOfALateConfigMap covers a pod and its ConfigMap that are created together: the pod's admission
// arrives before the event of the ConfigMap.
func TestEnvFromOfALateConfigMap(t *testing.T) {
	scheme := kuberuntime.NewScheme()
	if err := metav1.AddMetaToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	client := fake.NewSimpleMetadataClient(scheme, configMap("shop", "there", `{"f:data":{"f:CLOUD_REGION":{}}}`))
	r := start(t, func(o *Options) { o.WatchConfigMaps, o.Metadata = true, client })
	r.waitReady(t)
	pod := func(name string) string {
		return strings.Replace(wanted, `"image":"shop:1"`, `"image":"shop:1","envFrom":[{"configMapRef":{"name":"`+name+`"}}]`, 1)
	}
	response := answer(t, post(r.Handler(), reviewOf("shop", pod("there"))))
	if strings.Contains(string(response.Patch), `"CLOUD_REGION"`) || !strings.Contains(string(response.Patch), `"CLOUD_PROVIDER"`) {
		t.Errorf("the patch overrides the ConfigMap's CLOUD_REGION: %s", response.Patch)
	}
	asked, late := make(chan struct{}), make(chan string, 1)
	admitter := &Admitter{Planner: r.live.Planner, Namespace: r.namespaces.Lookup, ConfigMapKeys: func(namespace, name string) ([]string, bool) {
		select {
		case <-asked:
		default:
			close(asked)
		}
		return r.configMaps.Keys(namespace, name)
	}, AwaitConfigMaps: r.configMaps.Await}
	endpoint := &Endpoint{admitter: admitter, observer: r.observer, large: newRoom(maxLarge), closing: func() bool { return false }}
	go func() { late <- string(answer(t, post(endpoint, reviewOf("shop", pod("late")))).Patch) }()
	<-asked
	resource := schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	if err := client.Tracker().Create(resource, configMap("shop", "late", `{"f:data":{"f:CLOUD_REGION":{}}}`), "shop"); err != nil {
		t.Fatal(err)
	}
	if patch := <-late; patch == "" || strings.Contains(patch, `"CLOUD_REGION"`) {
		t.Errorf("the patch overrides CLOUD_REGION of the late ConfigMap: %s", patch)
	}
	before := time.Now()
	missing := answer(t, post(r.Handler(), reviewOf("shop", pod("missing"))))
	if len(missing.Warnings) != 1 || !strings.HasPrefix(missing.Warnings[0], string(injector.UnknownConfigMap)) || !strings.Contains(string(missing.Patch), `"CLOUD_REGION"`) {
		t.Errorf("after %v: warnings %q", time.Since(before), missing.Warnings)
	}
	if code, text := r.get(t, health, "/readyz?verbose"); code != http.StatusOK || !strings.Contains(text, "[+] configmaps: 2 with known keys") {
		t.Errorf("%d %s", code, text)
	}
}
