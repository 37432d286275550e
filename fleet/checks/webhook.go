package checks

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/telepod/telepod/injector"
)

// soon is when a certificate authority that ends is worth a warning.
const soon = 30 * 24 * time.Hour

func (s Snapshot) webhook(r *report) {
	if r.unknown("webhook configuration", s.Webhook.Err) {
		return
	}
	hooks := s.Webhook.Value
	if len(hooks) == 0 {
		r.add(Failed, "run helm upgrade with the release's values", "no MutatingWebhookConfiguration of the release has webhooks: no pod is injected")
		return
	}
	if !slices.ContainsFunc(hooks, func(h Hook) bool { return h.selects(injector.InjectionLabel, "enabled") }) {
		r.add(Failed, "run helm upgrade with the release's values", "%s: no webhook selects namespaces with telepod.dev/injection: enabled", hooks[0].Configuration)
	} else {
		r.add(OK, "", "%s selects namespaces with telepod.dev/injection: enabled", hooks[0].Configuration)
	}
	for _, h := range hooks {
		s.authority(r, h)
	}
	s.services(r)
	s.probe(r)
}

// selects reports whether an ordinary namespace with a label is among those of the hook.
func (h Hook) selects(key, value string) bool {
	selector, err := metav1.LabelSelectorAsSelector(h.Selector)
	if h.Selector == nil {
		return true // the default of the API: all namespaces
	}
	return err == nil && selector.Matches(labels.Set{key: value, "kubernetes.io/metadata.name": "some-namespace"})
}

// authority judges the CA by which the API server knows the webhook.
func (s Snapshot) authority(r *report, h Hook) {
	restart := fmt.Sprintf("kubectl -n %s rollout restart deployment/%s", s.Namespace, h.Configuration)
	if len(h.CABundle) == 0 {
		r.add(Failed, restart, "%s: caBundle is empty: the API server does not trust the webhook; with cert-manager, look at its cainjector", h.Name)
		return
	}
	ends, err := lastEnd(h.CABundle)
	days := int(ends.Sub(s.Now) / (24 * time.Hour))
	switch {
	case err != nil:
		r.add(Failed, restart, "%s: caBundle: %v", h.Name, err)
	case !ends.After(s.Now):
		r.add(Failed, restart, "%s: every certificate of caBundle has expired, the last on %s", h.Name, ends.UTC().Format(time.DateOnly))
	case ends.Before(s.Now.Add(soon)):
		r.add(Warning, restart, "%s: caBundle expires in %d days", h.Name, days)
	default:
		r.add(OK, "", "%s: caBundle is valid for %d days", h.Name, days)
	}
}

// lastEnd is when the last certificate of a bundle expires.
func lastEnd(bundle []byte) (end time.Time, err error) {
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return end, fmt.Errorf("read a certificate: %w", err)
		}
		if certificate.NotAfter.After(end) {
			end = certificate.NotAfter
		}
	}
	if end.IsZero() {
		return end, errors.New("it has no certificate in PEM")
	}
	return end, nil
}

func (s Snapshot) services(r *report) {
	if r.unknown("the webhook's Service", s.Services.Err) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(s.Services.Value)) {
		service := s.Services.Value[name]
		switch {
		case !service.Exists:
			r.add(Failed, "run helm upgrade with the release's values", "Service %s does not exist: the API server cannot call the webhook", name)
		case service.Ready == 0:
			r.add(Failed, fmt.Sprintf("kubectl -n %s get pods -l app.kubernetes.io/component=injector", s.Namespace), "Service %s has no ready endpoint: pods are created without injection", name)
		default:
			r.add(OK, "", "Service %s has %d ready endpoints", name, service.Ready)
		}
	}
}

func (s Snapshot) probe(r *report) {
	p := s.Probe.Value
	switch {
	case s.Probe.Err != nil: // few have the right to try
		r.add(Warning, "", "whether the API server reaches the webhook: not known: %v", s.Probe.Err)
	case p.Skipped:
	case p.Injected:
		r.add(OK, "", "the API server reaches the webhook: a dry run of a pod in namespace %s was injected", p.Namespace)
	default:
		r.add(Failed, fmt.Sprintf("kubectl -n %s logs -l app.kubernetes.io/component=injector", s.Namespace),
			"a dry run of a pod in namespace %s was not injected: the API server does not reach the webhook (a firewall or NetworkPolicy between control plane and pods, or a wrong caBundle)", p.Namespace)
	}
}
