package certs

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// called returns a configuration with one webhook for each kind of path or URL.
func called() *admissionv1.MutatingWebhookConfiguration {
	url, path := "https://telepod.example/mutate/url", "/mutate/fixed"
	service := func(path *string) admissionv1.WebhookClientConfig {
		return admissionv1.WebhookClientConfig{Service: &admissionv1.ServiceReference{Namespace: namespace, Name: service, Path: path}}
	}
	return &admissionv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: configName},
		Webhooks: []admissionv1.MutatingWebhook{
			{Name: "pods.telepod.dev", ClientConfig: service(nil)},
			{Name: "fixed.telepod.dev", ClientConfig: service(&path)},
			{Name: "url.telepod.dev", ClientConfig: admissionv1.WebhookClientConfig{URL: &url}},
			{Name: "unknown.telepod.dev", ClientConfig: service(nil)},
		},
	}
}

func (c *fakeCluster) paths() []string {
	c.t.Helper()
	m, err := c.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(c.t.Context(), configName, metav1.GetOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	var paths []string
	for _, w := range m.Webhooks {
		paths = append(paths, trustOf(w.Name, w.ClientConfig).path)
	}
	return paths
}

func withPaths(t *testing.T, c *fakeCluster) *SelfManaged {
	s := selfManaged(t, c)
	s.options.Paths = map[string]string{"pods.telepod.dev": "/mutate", "fixed.telepod.dev": "/mutate/fixed", "url.telepod.dev": "/mutate/url"}
	return s
}

func TestSecretPathIsSetIfTheConfigurationHasNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeCluster(t, called(), validating())
		s := withPaths(t, c)
		defer run(t, s)()
		settle()
		paths := c.paths()
		if secret, rest := splitSecret(paths[0]); secret == "" || rest != "/mutate" {
			t.Errorf("path %q, want a secret before /mutate", paths[0])
		}
		if want := []string{"/mutate/fixed", "/mutate/url", ""}; !slices.Equal(paths[1:], want) {
			t.Errorf("paths %q, want %q unchanged", paths[1:], want)
		}
		for path, want := range map[string]string{paths[0]: "/mutate", "/mutate/fixed": "/mutate/fixed", "/mutate/url": "/mutate/url"} {
			if got, ok := s.Path(path); !ok || got != want {
				t.Errorf("%s: %q, %t, want %s", path, got, ok, want)
			}
		}
		for _, path := range []string{"/mutate", "/", "", "/" + "0123456789abcdef0123456789abcdef" + "/mutate", paths[0][:secretLength+1] + "/"} {
			if got, ok := s.Path(path); ok && got == "/mutate" {
				t.Errorf("%s is served", path)
			}
		}
	})
}

// TestPathRotationFailsNoCall checks that every replica always serves the configuration's path and, for the
// propagation delay, the one before.
func TestPathRotationFailsNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeCluster(t, called(), validating())
		var replicas []*SelfManaged
		for range 3 {
			s := withPaths(t, c)
			defer run(t, s)()
			replicas = append(replicas, s)
		}
		settle()
		first := c.paths()[0]
		var distinct []string
		for range 2 * 24 * 3 { // 2 days; the certificate is renewed every 16 hours
			before := c.paths()[0]
			time.Sleep(20 * time.Minute)
			synctest.Wait()
			for _, path := range []string{before, c.paths()[0]} {
				for i, s := range replicas {
					if _, ok := s.Path(path); !ok {
						t.Errorf("replica %d refuses %s", i, path)
					}
				}
				if !slices.Contains(distinct, path) {
					distinct = append(distinct, path)
				}
			}
		}
		if len(distinct) != 3 {
			t.Errorf("%d paths in 2 days, want 3", len(distinct))
		}
		late := withPaths(t, c)
		defer run(t, late)()
		settle()
		if _, ok := late.Path(c.paths()[0]); !ok {
			t.Error("a new replica refuses the path")
		}
		if _, ok := replicas[0].Path(first); ok {
			t.Error("the first path is still served after two rotations")
		}
	})
}

func TestEveryPathIsServedWithoutConfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeCluster(t)
		s := withPaths(t, c)
		if _, ok := s.Path("/mutate"); !ok {
			t.Error("refused before the first reconciliation")
		}
		defer run(t, s)()
		settle()
		if _, ok := s.Path("/mutate"); !ok {
			t.Error("refused although no configuration exists")
		}
	})
}
