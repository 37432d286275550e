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

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/injector"
)

// soon is the remaining lifetime below which a certificate authority gets a warning.
const soon = 30 * 24 * time.Hour

func (s Snapshot) webhook(r *report) {
	if r.check(codeConfiguration).unknown("webhook configuration", s.Webhook.Err) || s.Injector.Err == nil && len(s.Injector.Value.Workloads) == 0 {
		return
	}
	hooks := s.Webhook.Value
	if len(hooks) == 0 {
		r.add(Failed, s.upgrade(), "no MutatingWebhookConfiguration of the release has webhooks: no pod is injected")
		return
	}
	r.check(codeSelector)
	if !slices.ContainsFunc(hooks, func(h Hook) bool { return h.selects(injector.InjectionLabel, "enabled") }) {
		// Helm does not revert changes made by others.
		again := fmt.Sprintf("%s delete mutatingwebhookconfiguration %s && %s", s.Kubectl, hooks[0].Configuration, s.upgrade())
		r.add(Failed, again, "%s: no webhook selects namespaces with telepod.dev/injection: enabled", hooks[0].Configuration)
	} else {
		r.ok("%s selects namespaces with telepod.dev/injection: enabled", hooks[0].Configuration)
	}
	for _, h := range hooks {
		s.authority(r.check(codeBundle), h)
	}
	s.services(r.check(codeService))
	s.probe(r.check(codeReached))
}

// selects reports whether the hook selects an ordinary namespace with a label.
func (h Hook) selects(key, value string) bool {
	selector, err := metav1.LabelSelectorAsSelector(h.Selector)
	if h.Selector == nil {
		return true // the default of the API: all namespaces
	}
	return err == nil && selector.Matches(labels.Set{key: value, "kubernetes.io/metadata.name": "some-namespace"})
}

// authority judges the CA that the API server uses to verify the webhook.
func (s Snapshot) authority(r *report, h Hook) {
	restart := s.in("rollout restart deployment/%s", h.Configuration)
	if len(h.CABundle) == 0 {
		r.add(Failed, restart, "%s: caBundle is empty: the API server does not trust the webhook; with cert-manager, check its cainjector", h.Name)
		return
	}
	ends, err := ends(h.CABundle)
	var last time.Time
	for _, end := range ends {
		if end.After(last) {
			last = end
		}
	}
	days := int(last.Sub(s.Now) / (24 * time.Hour))
	switch {
	case err != nil:
		r.add(Failed, restart, "%s: caBundle: %v", h.Name, err)
	case !last.After(s.Now):
		r.add(Failed, restart, "%s: every certificate of caBundle has expired, the last on %s", h.Name, last.UTC().Format(time.DateOnly))
	case last.Before(s.Now.Add(soon)):
		r.add(Warning, restart, "%s: caBundle expires in %s", h.Name, fleet.Count(days, "day"))
	case s.strangers(ends):
		r.add(Failed, restart, "%s: caBundle does not contain the CA of the webhook's certificate: the API server does not trust the webhook", h.Name)
	default:
		r.ok("%s: caBundle is valid for %s", h.Name, fleet.Count(days, "day"))
	}
}

// ends returns the expiry times of the certificates in a bundle.
func ends(bundle []byte) (list []time.Time, err error) {
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read a certificate: %w", err)
		}
		list = append(list, certificate.NotAfter)
	}
	if len(list) == 0 {
		return nil, errors.New("it contains no PEM certificate")
	}
	return list, nil
}

// strangers reports whether a bundle contains no certificate that a webhook reports as its authority. Authorities
// are compared by expiry: two that expire in the same second count as one.
func (s Snapshot) strangers(bundle []time.Time) bool {
	reported := false
	for _, i := range s.Injector.Value.Instances {
		if end, found := i.Metrics.Sum("telepod_certificate_ca_expiry_timestamp_seconds", nil); found && end > 0 {
			reported = true
			if slices.ContainsFunc(bundle, func(at time.Time) bool { return at.Unix() == int64(end) }) {
				return false
			}
		}
	}
	return reported
}

func (s Snapshot) services(r *report) {
	if r.unknown("the webhook's Service", s.Services.Err) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(s.Services.Value)) {
		service := s.Services.Value[name]
		switch {
		case !service.Exists:
			r.add(Failed, s.upgrade(), "Service %s does not exist: the API server cannot call the webhook", name)
		case service.Ready == 0:
			r.add(Failed, s.in("get pods,service -l app.kubernetes.io/component=injector"), "Service %s has no ready endpoint: pods are created without injection", name)
		default:
			r.ok("Service %s has %s", name, fleet.Count(service.Ready, "ready endpoint"))
		}
	}
}

func (s Snapshot) probe(r *report) {
	p := s.Probe.Value
	switch {
	case p.Absent:
		r.add(Failed, "set --probe-namespace to a namespace that exists", "whether the API server reaches the webhook was not tested: namespace %s does not exist", p.Namespace)
	case s.Probe.Err != nil: // few users have the permission
		r.add(Skipped, "", "whether the API server reaches the webhook was not tested: %v%s", s.Probe.Err, s.asked())
	case p.Skipped:
	case p.Injected:
		r.ok("the API server reaches the webhook: a dry run of a pod in namespace %s was injected", p.Namespace)
	default:
		r.add(Failed, s.in("logs -l app.kubernetes.io/component=injector --tail=20"),
			"a dry run of a pod in namespace %s was not injected: the API server does not reach the webhook (%s)", p.Namespace, s.cloudHint())
	}
}

// asked reports whether the webhook has been called since it started.
func (s Snapshot) asked() string {
	for _, i := range s.Injector.Value.Instances {
		if n, _ := i.Metrics.Sum("telepod_admissions_total", nil); n > 0 {
			return "; it has been called since it started"
		}
	}
	return ""
}
