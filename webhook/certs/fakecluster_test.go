package certs

import (
	"bytes"
	"crypto/x509"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

const (
	namespace  = "telepod-system"
	secretName = "telepod-webhook-tls"
	service    = "telepod-webhook"
	configName = "telepod"
)

var secrets = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}

// fakeCluster is a clientset that sets resourceVersions of Secrets, and refuses stale ones.
type fakeCluster struct {
	*fake.Clientset
	t      *testing.T
	mu     sync.Mutex
	writes int
}

func newFakeCluster(t *testing.T, objects ...runtime.Object) *fakeCluster {
	c := &fakeCluster{Clientset: fake.NewClientset(objects...), t: t}
	c.PrependReactor("create", "secrets", c.create)
	c.PrependReactor("update", "secrets", c.update)
	return c
}

func (c *fakeCluster) create(action clienttesting.Action) (bool, runtime.Object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	secret := action.(clienttesting.CreateAction).GetObject().(*corev1.Secret).DeepCopy()
	return true, secret, c.written(secret, func() error { return c.Tracker().Create(secrets, secret, secret.Namespace) })
}

func (c *fakeCluster) update(action clienttesting.Action) (bool, runtime.Object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	secret := action.(clienttesting.UpdateAction).GetObject().(*corev1.Secret).DeepCopy()
	stored, err := c.Tracker().Get(secrets, secret.Namespace, secret.Name)
	if err != nil {
		return true, nil, err
	}
	if stored.(*corev1.Secret).ResourceVersion != secret.ResourceVersion {
		return true, nil, apierrors.NewConflict(secrets.GroupResource(), secret.Name, errors.New("stale"))
	}
	return true, secret, c.written(secret, func() error { return c.Tracker().Update(secrets, secret, secret.Namespace) })
}

// written counts successful writes, such as the first of several creations.
func (c *fakeCluster) written(secret *corev1.Secret, write func() error) error {
	secret.ResourceVersion = strconv.Itoa(c.writes + 1)
	err := write()
	if err == nil {
		c.writes++
	}
	return err
}

func (c *fakeCluster) secret() *corev1.Secret {
	c.t.Helper()
	s, err := c.CoreV1().Secrets(namespace).Get(c.t.Context(), secretName, metav1.GetOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

// bundles returns the caBundles of all webhooks.
func (c *fakeCluster) bundles() [][]byte {
	c.t.Helper()
	var all [][]byte
	m, err := c.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(c.t.Context(), configName, metav1.GetOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, w := range m.Webhooks {
		all = append(all, w.ClientConfig.CABundle)
	}
	v, err := c.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(c.t.Context(), configName, metav1.GetOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, w := range v.Webhooks {
		all = append(all, w.ClientConfig.CABundle)
	}
	return all
}

// accepts checks that an API server would accept the served certificate for every webhook.
func (c *fakeCluster) accepts(s Source) {
	c.t.Helper()
	cert, err := s.GetCertificate(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	for i, bundle := range c.bundles() {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(bundle)
		_, err := cert.Leaf.Verify(x509.VerifyOptions{
			Roots: roots, DNSName: service + "." + namespace + ".svc", CurrentTime: time.Now(),
		})
		if err != nil {
			c.t.Errorf("webhook %d: %v", i, err)
		}
	}
}

func mutating() *admissionv1.MutatingWebhookConfiguration {
	return &admissionv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: configName},
		Webhooks:   []admissionv1.MutatingWebhook{{Name: "pods.telepod.dev"}, {Name: "bindings.telepod.dev"}},
	}
}

func validating() *admissionv1.ValidatingWebhookConfiguration {
	return &admissionv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: configName},
		Webhooks:   []admissionv1.ValidatingWebhook{{Name: "check.telepod.dev"}},
	}
}

func (c *fakeCluster) patches() int {
	n := 0
	for _, a := range c.Actions() {
		if a.GetVerb() == "patch" {
			n++
		}
	}
	return n
}

func (c *fakeCluster) sameCertificates(want *corev1.Secret) {
	c.t.Helper()
	got := c.secret()
	for key, value := range want.Data {
		if !bytes.Equal(got.Data[key], value) {
			c.t.Errorf("%s in the Secret differs", key)
		}
	}
}
