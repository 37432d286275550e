package certs

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
)

// webhookConfig is a webhook configuration, which contains the CAs that API servers trust.
type webhookConfig struct {
	named
	// get returns the resourceVersion, and bundle and path of each webhook.
	get   func(context.Context) (string, []trust, error)
	patch func(context.Context, []byte) error
}

// trust describes how API servers call one webhook: its caBundle and path.
type trust struct {
	webhook string
	bundle  []byte
	path    string // "" for none
	service bool   // it is called through its Service, not by a URL
}

func trustOf(webhook string, c admissionv1.WebhookClientConfig) trust {
	t := trust{webhook: webhook, bundle: c.CABundle, service: c.Service != nil}
	switch {
	case c.Service != nil && c.Service.Path != nil:
		t.path = *c.Service.Path
	case c.URL != nil:
		if u, err := url.Parse(*c.URL); err == nil {
			t.path = u.Path
		}
	}
	return t
}

// configSnapshot is a configuration as last read.
type configSnapshot struct {
	config          webhookConfig
	resourceVersion string
	trusts          []trust
}

// configurations is the common interface of the typed clients for both kinds of configuration.
type configurations[T metav1.Object, L runtime.Object] interface {
	Get(context.Context, string, metav1.GetOptions) (T, error)
	List(context.Context, metav1.ListOptions) (L, error)
	Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
	Patch(context.Context, string, types.PatchType, []byte, metav1.PatchOptions, ...string) (T, error)
}

func mutatingConfig(client kubernetes.Interface, name string) webhookConfig {
	n := named{what: "MutatingWebhookConfiguration", name: name, client: client, example: &admissionv1.MutatingWebhookConfiguration{}}
	read := func(c *admissionv1.MutatingWebhookConfiguration) (ts []trust) {
		for _, w := range c.Webhooks {
			ts = append(ts, trustOf(w.Name, w.ClientConfig))
		}
		return ts
	}
	return newWebhookConfig(n, client.AdmissionregistrationV1().MutatingWebhookConfigurations(), read)
}

func validatingConfig(client kubernetes.Interface, name string) webhookConfig {
	n := named{what: "ValidatingWebhookConfiguration", name: name, client: client, example: &admissionv1.ValidatingWebhookConfiguration{}}
	read := func(c *admissionv1.ValidatingWebhookConfiguration) (ts []trust) {
		for _, w := range c.Webhooks {
			ts = append(ts, trustOf(w.Name, w.ClientConfig))
		}
		return ts
	}
	return newWebhookConfig(n, client.AdmissionregistrationV1().ValidatingWebhookConfigurations(), read)
}

func newWebhookConfig[T metav1.Object, L runtime.Object](n named, api configurations[T, L], read func(T) []trust) webhookConfig {
	n.list = func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return api.List(ctx, o) }
	n.watch = api.Watch
	return webhookConfig{
		named: n,
		get: func(ctx context.Context) (string, []trust, error) {
			c, err := api.Get(ctx, n.name, metav1.GetOptions{})
			if err != nil {
				return "", nil, err
			}
			return c.GetResourceVersion(), read(c), nil
		},
		patch: func(ctx context.Context, patch []byte) error {
			_, err := api.Patch(ctx, n.name, types.JSONPatchType, patch, metav1.PatchOptions{FieldManager: fieldManager})
			return err
		},
	}
}

// readConfigs reads the webhook configurations. A missing one is left out: no API server uses it.
func readConfigs(ctx context.Context, configs []webhookConfig) ([]configSnapshot, error) {
	var seen []configSnapshot
	var errs []error
	for _, c := range configs {
		version, trusts, err := c.get(ctx)
		switch {
		case apierrors.IsNotFound(err):
		case err != nil:
			errs = append(errs, fmt.Errorf("read %s %s (needs get, list, watch and patch on it): %w", c.what, c.name, err))
		default:
			seen = append(seen, configSnapshot{config: c, resourceVersion: version, trusts: trusts})
		}
	}
	return seen, errors.Join(errs...)
}

// publish writes the bundle and the path into each webhook of the configuration, unless they are already there. The
// patch sets single fields, so everything else in the object is preserved. It includes the resourceVersion, so a
// late writer gets a conflict instead of reverting a newer bundle.
func (s *configSnapshot) publish(ctx context.Context, bundle []byte, pathFor func(trust) (string, bool)) (changed bool, err error) {
	ops := []operation{{Op: "add", Path: "/metadata/resourceVersion", Value: s.resourceVersion}}
	for i, t := range s.trusts {
		path, move := pathFor(t)
		if bytes.Equal(t.bundle, bundle) && !move {
			continue
		}
		at := "/webhooks/" + strconv.Itoa(i)
		ops = append(ops, operation{Op: "test", Path: at + "/name", Value: t.webhook},
			operation{Op: "add", Path: at + "/clientConfig/caBundle", Value: bundle})
		if move {
			ops = append(ops, operation{Op: "add", Path: at + "/clientConfig/service/path", Value: path})
		}
	}
	if len(ops) == 1 {
		return false, nil
	}
	patch, err := json.Marshal(ops)
	if err != nil {
		return false, fmt.Errorf("encode patch: %w", err)
	}
	if err := s.config.patch(ctx, patch); err != nil {
		return false, fmt.Errorf("write caBundle and path of %s %s (needs patch on it): %w", s.config.what, s.config.name, err)
	}
	for i := range s.trusts {
		s.trusts[i].bundle = bundle
		if path, move := pathFor(s.trusts[i]); move {
			s.trusts[i].path = path
		}
	}
	return true, nil
}

type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// all reports whether every webhook trusts at least one matching CA.
func all(seen []configSnapshot, fits func(*x509.Certificate) bool) bool {
	for _, s := range seen {
		for _, t := range s.trusts {
			// API servers cannot use an unparseable bundle either.
			cas, _ := parseCertificates(t.bundle)
			if !slices.ContainsFunc(cas, fits) {
				return false
			}
		}
	}
	return true
}

// trusted returns the union of all CAs in the configurations.
func trusted(seen []configSnapshot) []*x509.Certificate {
	var cas []*x509.Certificate
	for _, s := range seen {
		for _, t := range s.trusts {
			found, _ := parseCertificates(t.bundle)
			for _, c := range found {
				if !slices.ContainsFunc(cas, c.Equal) {
					cas = append(cas, c)
				}
			}
		}
	}
	return cas
}
