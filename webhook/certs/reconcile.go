package certs

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// settleTime is how long a CA must be in the caBundles before a replica switches to a certificate that it signed
// while the old one still works: API servers receive a new caBundle slightly later.
const settleTime = 5 * time.Second

// issuerSeen records since when an issuer, identified by its key id, has been in all caBundles.
type issuerSeen struct {
	issuer string
	since  time.Time
}

// reconcile updates Secret, caBundles and served certificate, and returns the time until the next action
// is due. It reads the configurations before the Secret, so its Secret is at least as new as the caBundles that it
// replaces (see publish).
func (s *SelfManaged) reconcile(ctx context.Context) (time.Duration, error) {
	seen, bundleErr := readConfigs(ctx, s.configs)
	f := facts{
		now: s.clock.Now(), names: s.names, life: s.options.Lifetimes, bundle: trusted(seen),
		published: func(c *x509.Certificate) bool { return bundleErr == nil && all(seen, c.Equal) },
	}
	if err := s.advance(ctx, f); err != nil {
		s.report(s.condition(ReasonSecretUnavailable, err.Error()))
		return 0, err
	}
	secret, settled := secretOf(s.held.serving), !f.now.Before(created(s.held.serving.leaf()).Add(f.life.Propagation))
	s.paths.Store(nextPaths(s.paths.Load(), f.now, f.life, secret, seen, bundleErr == nil)) // served before it is published
	pathFor := func(t trust) (string, bool) { return t.pathFor(s.options.Paths[t.webhook], secret, settled) }
	for i := range seen {
		changed, err := seen[i].publish(ctx, s.held.bundle(), pathFor)
		if err != nil {
			bundleErr = errors.Join(bundleErr, err)
		} else if changed {
			s.log.Info("wrote caBundle and path", "kind", seen[i].config.what, "name", seen[i].config.name)
		}
	}
	wait := min(s.held.wake(f).Sub(f.now), recheck)
	if pending := s.choose(f.now, seen, bundleErr); pending > 0 {
		wait = min(wait, pending)
	}
	s.report(s.judge(seen, bundleErr))
	return wait, bundleErr
}

// advance reads the Secret, advances its state and writes it if it changed. Only certificates in the Secret are
// served. After a conflict it starts again with the Secret that the other replica wrote.
func (s *SelfManaged) advance(ctx context.Context, f facts) error {
	const attempts = 5
	var err error
	for range attempts {
		if err = s.tryAdvance(ctx, f); !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	return err
}

func (s *SelfManaged) tryAdvance(ctx context.Context, f facts) error {
	api := s.options.Client.CoreV1().Secrets(s.options.Namespace)
	secret, err := api.Get(ctx, s.options.SecretName, metav1.GetOptions{})
	missing := apierrors.IsNotFound(err)
	if err != nil && !missing {
		return fmt.Errorf("read %s (needs get, list and watch on it): %w", s.secret(), err)
	}
	if missing {
		secret = &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: s.options.Namespace, Name: s.options.SecretName},
			Type:       corev1.SecretTypeTLS,
		}
	}
	now, healed := s.restore(secret)
	now, changed, err := next(now, f)
	if err != nil {
		return fmt.Errorf("create certificates: %w", err)
	}
	if !changed && !healed {
		s.held = &now
		return nil
	}
	if err := encode(now, secret); err != nil {
		return err
	}
	if missing {
		_, err = api.Create(ctx, secret, metav1.CreateOptions{FieldManager: fieldManager})
	} else {
		_, err = api.Update(ctx, secret, metav1.UpdateOptions{FieldManager: fieldManager})
	}
	if err != nil {
		return fmt.Errorf("write %s (needs create on Secrets, and update on this one): %w", s.secret(), err)
	}
	s.log.Info("wrote certificates to the Secret", "secret", s.secret(), "authorities", len(now.authorities),
		"serial", serial(now.serving.leaf()), "notAfter", now.serving.leaf().NotAfter)
	s.held = &now
	return nil
}

// restore returns the state in the Secret. If the Secret is missing or damaged, it returns this replica's own
// state, so no new CA is needed.
func (s *SelfManaged) restore(secret *corev1.Secret) (state, bool) {
	found, err := decode(secret)
	if err == nil {
		return found, false
	}
	if s.held != nil {
		s.log.Warn("the Secret was deleted or damaged, writing back this replica's certificates",
			"secret", s.secret(), "error", err)
		return *s.held, true
	}
	if len(secret.Data) > 0 {
		s.log.Warn("the Secret is damaged, replacing the unreadable parts", "secret", s.secret(), "error", err)
	}
	return found, true
}

// choose serves the certificate of the state, unless the current one works and the new one might not work yet. It
// then returns how long to wait, if known.
func (s *SelfManaged) choose(now time.Time, seen []configSnapshot, bundleErr error) time.Duration {
	fresh, old := s.held.serving, s.pair.Load()
	known := bundleErr == nil && trusts(seen, fresh)
	issuer := string(fresh.leaf().AuthorityKeyId)
	switch {
	case !known:
		s.issuer = issuerSeen{}
	case s.issuer.issuer != issuer:
		s.issuer = issuerSeen{issuer: issuer, since: now}
	}
	if old == nil || bytes.Equal(old.certPEM, fresh.certPEM) || old.check(now, s.names) != nil {
		s.serve(fresh)
		return 0
	}
	if !known {
		return 0
	}
	if left := s.issuer.since.Add(settleTime).Sub(now); left > 0 && trusts(seen, old) {
		return left
	}
	s.serve(fresh)
	return 0
}

// trusts reports whether all configurations would accept the certificate.
func trusts(seen []configSnapshot, pair *keypair) bool {
	return all(seen, func(ca *x509.Certificate) bool { return pair.leaf().CheckSignatureFrom(ca) == nil })
}

// judge returns the condition after a reconciliation that could read and write the Secret.
func (s *SelfManaged) judge(seen []configSnapshot, bundleErr error) condition {
	served := s.pair.Load()
	switch {
	case bundleErr != nil:
		c := s.condition(ReasonBundleUnavailable, bundleErr.Error())
		c.unready = !trusts(seen, served)
		return c
	case !bytes.Equal(served.certPEM, s.held.serving.certPEM):
		return s.condition(ReasonBundlePending, "A newer certificate is used once its CA is in every caBundle.")
	case len(seen) == 0 && len(s.configs) > 0:
		return s.condition(ReasonNoWebhookConfigured,
			"None of the webhook configurations exists, so no API server calls the webhook. Install those of the chart, or correct the names.")
	}
	return s.condition(ReasonOK, "The certificate is valid and the caBundles are up to date.")
}

func (s *SelfManaged) condition(reason Reason, message string) condition {
	c := condition{reason: reason, message: message}
	if s.held != nil {
		c.renewAt = due(s.held.serving.leaf())
		c.cas = describeCAs(s.held.certificates())
	}
	return c
}
