package certs

import (
	"context"
	"crypto/x509"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"
)

func selfManaged(t *testing.T, c *fakeCluster) *SelfManaged {
	t.Helper()
	s, err := NewSelfManaged(SelfManagedOptions{
		Client: c, Namespace: namespace, SecretName: secretName, ServiceName: service,
		MutatingWebhooks: []string{configName}, ValidatingWebhooks: []string{configName},
		Lifetimes: Lifetimes{CA: 6 * day, Serving: day},
		Log:       slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// run starts a source, and returns a function that stops it and waits until it has stopped.
func run(t *testing.T, s Source) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

// settle waits until current work has finished and the rate limit is refilled, in the bubble's time.
func settle() {
	synctest.Wait()
	time.Sleep(30 * time.Second)
	synctest.Wait()
}

func TestReplicasShareOneCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeCluster(t, mutating(), validating())
		var replicas []*SelfManaged
		for range 3 {
			s := selfManaged(t, c)
			defer run(t, s)()
			replicas = append(replicas, s)
		}
		settle()
		for _, s := range replicas {
			c.accepts(s)
			if got, want := s.Status().Serial, replicas[0].Status().Serial; got != want {
				t.Errorf("replicas serve %s and %s", got, want)
			}
			if st := s.Status(); !st.Ready || st.Reason != ReasonOK || len(st.CAs) != 1 || st.RenewAt.IsZero() || st.Rotations != 0 {
				t.Errorf("status %+v", st)
			}
		}
		// Once to create it, and once to record its publication.
		if c.writes != 2 {
			t.Errorf("the Secret was written %d times, want 2", c.writes)
		}
		patches := c.patches()
		time.Sleep(12 * time.Hour)
		if c.writes != 2 || c.patches() != patches {
			t.Errorf("half a day without events wrote %d times and patched %d times", c.writes-2, c.patches()-patches)
		}
	})
}

func TestRotationFailsNoHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeCluster(t, mutating(), validating())
		var replicas []*SelfManaged
		for range 3 {
			s := selfManaged(t, c)
			defer run(t, s)()
			replicas = append(replicas, s)
		}
		settle()
		first := replicas[0].Status().CAs[0].Serial
		both := false
		for range 5 * 24 * 3 { // 5 days: one new CA, a new serving certificate every 16 hours
			time.Sleep(20 * time.Minute)
			synctest.Wait()
			for _, s := range replicas {
				c.accepts(s)
				both = both || len(s.Status().CAs) == 2
			}
		}
		last := replicas[0].Status()
		if !both || len(last.CAs) != 1 || last.CAs[0].Serial == first {
			t.Errorf("the CA was not rotated with overlap: both %t, now %v", both, last.CAs)
		}
		if last.Rotations < 7 || last.Rotations > 9 {
			t.Errorf("%d rotations in 5 days, want about 8", last.Rotations)
		}
		if c.writes > 20 {
			t.Errorf("the Secret was written %d times", c.writes)
		}
	})
}

func TestDamagedSecretIsRepaired(t *testing.T) {
	damage := map[string]func(*corev1.Secret){
		"emptied":             func(s *corev1.Secret) { s.Data = nil },
		"serving key missing": func(s *corev1.Secret) { delete(s.Data, keyServingKey) },
		"CA keys garbled": func(s *corev1.Secret) {
			s.Data[keyCAKeys] = []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
		},
		"bundle is text": func(s *corev1.Secret) { s.Data[keyBundle] = []byte("hello") },
		"foreign serving certificate": func(s *corev1.Secret) {
			a, _ := newAuthority(time.Now(), day)
			pair, _ := a.issue(time.Now(), day, []string{"else.svc"})
			s.Data[keyServingCert], s.Data[keyServingKey] = pair.certPEM, pair.keyPEM
		},
	}
	for name, spoil := range damage {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newFakeCluster(t, mutating(), validating())
				s := selfManaged(t, c)
				defer run(t, s)()
				settle()
				before, good := s.Status().Serial, c.secret()
				bad := good.DeepCopy()
				spoil(bad)
				if _, err := c.CoreV1().Secrets(namespace).Update(t.Context(), bad, metav1.UpdateOptions{}); err != nil {
					t.Fatal(err)
				}
				settle()
				c.sameCertificates(good)
				if s.Status().Serial != before || !s.Status().Ready {
					t.Errorf("status %+v, want the previous certificate", s.Status())
				}
			})
		})
	}
}

func TestDeletedSecretIsRecreated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeCluster(t, mutating(), validating())
		s := selfManaged(t, c)
		defer run(t, s)()
		settle()
		good := c.secret()
		if err := c.CoreV1().Secrets(namespace).Delete(t.Context(), secretName, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		settle()
		c.sameCertificates(good)
	})
}

func TestNewReplicaAfterTheSecretWasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeCluster(t, mutating(), validating())
		old := selfManaged(t, c)
		stop := run(t, old)
		settle()
		stop() // it still serves, but does not receive the deletion of the Secret
		if err := c.CoreV1().Secrets(namespace).Delete(t.Context(), secretName, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		fresh := selfManaged(t, c)
		defer run(t, fresh)()
		settle()
		if fresh.Status().Serial == old.Status().Serial {
			t.Fatal("the new replica serves the lost certificate")
		}
		c.accepts(fresh)
		c.accepts(old)
	})
}

func TestCaBundleIsRepaired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeCluster(t, mutating())
		s := selfManaged(t, c)
		defer run(t, s)()
		settle()
		// One is cleared, as by a deployment tool, and the validating one is created only now.
		m := mutating()
		if _, err := c.AdmissionregistrationV1().MutatingWebhookConfigurations().Update(t.Context(), m, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.AdmissionregistrationV1().ValidatingWebhookConfigurations().Create(t.Context(), validating(), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // no time passes: the repair must be immediate
		c.accepts(s)
		if got := len(c.bundles()); got != 3 {
			t.Fatalf("%d webhooks, want 3", got)
		}
	})
}

// TestUntrustedCertificateIsWithheld covers a Secret that is replaced by a valid one with another CA while the caBundle
// cannot be written.
func TestUntrustedCertificateIsWithheld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeCluster(t, mutating(), validating())
		s := selfManaged(t, c)
		defer run(t, s)()
		settle()
		before := s.Status().Serial
		var mu sync.Mutex
		refuse := true
		c.PrependReactor("patch", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
			mu.Lock()
			defer mu.Unlock()
			return refuse, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "mutatingwebhookconfigurations"}, configName, nil)
		})
		foreign, _, err := next(state{}, facts{
			now: time.Now(), names: ServiceNames(service, namespace), life: s.options.Lifetimes,
			published: func(*x509.Certificate) bool { return false },
		})
		if err != nil {
			t.Fatal(err)
		}
		secret := c.secret()
		if err := encode(foreign, secret); err != nil {
			t.Fatal(err)
		}
		if _, err := c.CoreV1().Secrets(namespace).Update(t.Context(), secret, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		settle()
		c.accepts(s)
		st := s.Status()
		if st.Serial != before || st.Reason != ReasonBundleUnavailable || !st.Ready || !strings.Contains(st.Message, "needs patch") {
			t.Errorf("status %+v, want the old certificate, ready, and the reason", st)
		}
		mu.Lock()
		refuse = false
		mu.Unlock()
		time.Sleep(time.Minute)
		settle()
		c.accepts(s)
		if st := s.Status(); st.Serial != serial(foreign.serving.leaf()) || st.Reason != ReasonOK {
			t.Errorf("status %+v, want the new certificate", st)
		}
	})
}

func TestAPIErrors(t *testing.T) {
	forbid := func(verb, resource string) func(*fakeCluster) {
		return func(c *fakeCluster) {
			c.PrependReactor(verb, resource, func(clienttesting.Action) (bool, runtime.Object, error) {
				return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: resource}, "x", nil)
			})
		}
	}
	tests := []struct {
		name    string
		objects []runtime.Object
		setUp   func(*fakeCluster)
		ready   bool
		reason  Reason
		text    string
	}{
		{"no webhook configuration", nil, func(*fakeCluster) {}, true, ReasonNoWebhookConfigured, "None of the webhook configurations"},
		{"reading the Secret is forbidden", []runtime.Object{mutating()}, forbid("get", "secrets"), false, ReasonSecretUnavailable, "needs get, list and watch"},
		{"creating the Secret is forbidden", []runtime.Object{mutating()}, forbid("create", "secrets"), false, ReasonSecretUnavailable, "needs create"},
		{"reading the caBundle is forbidden", []runtime.Object{mutating()}, forbid("get", "mutatingwebhookconfigurations"), true, ReasonBundleUnavailable, "needs get, list, watch and patch"},
		{"writing the caBundle is forbidden", []runtime.Object{mutating()}, forbid("patch", "mutatingwebhookconfigurations"), false, ReasonBundleUnavailable, "needs patch"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newFakeCluster(t, test.objects...)
				test.setUp(c)
				s := selfManaged(t, c)
				defer run(t, s)()
				settle()
				st := s.Status()
				if st.Ready != test.ready || st.Reason != test.reason || !strings.Contains(st.Message, test.text) {
					t.Errorf("ready %t, %s: %s\nwant ready %t, %s: …%s…", st.Ready, st.Reason, st.Message, test.ready, test.reason, test.text)
				}
				if _, err := s.GetCertificate(nil); err != nil && !strings.Contains(err.Error(), test.text) {
					t.Errorf("the error of GetCertificate lacks the cause: %v", err)
				}
			})
		})
	}
}
