package certs

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"
)

// keeper stores the served certificate. It has one writer, the source's Run, and any number of readers.
type keeper struct {
	clock     clock.Clock
	log       *slog.Logger
	pair      atomic.Pointer[keypair]
	condition atomic.Pointer[condition]
	rotations atomic.Uint64
}

// condition is the state of a source, in addition to the certificate itself.
type condition struct {
	reason  Reason
	message string
	// unready overrides a certificate that is otherwise valid.
	unready bool
	renewAt time.Time
	cas     []CA
}

func newKeeper(c clock.Clock, log *slog.Logger) *keeper {
	if c == nil {
		c = clock.RealClock{}
	}
	if log == nil {
		log = slog.Default()
	}
	k := &keeper{clock: c, log: log}
	k.condition.Store(&condition{reason: ReasonStarting, message: "The certificate has not been read yet."})
	return k
}

// GetCertificate returns the served certificate.
func (k *keeper) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if pair := k.pair.Load(); pair != nil {
		return &pair.tls, nil
	}
	c := k.condition.Load()
	return nil, fmt.Errorf("no serving certificate (%s): %s", c.reason, c.message)
}

// serve makes pair the served certificate, unless it is already.
func (k *keeper) serve(pair *keypair) {
	old := k.pair.Load()
	if old != nil && bytes.Equal(old.certPEM, pair.certPEM) && bytes.Equal(old.keyPEM, pair.keyPEM) {
		return
	}
	k.pair.Store(pair)
	if old != nil {
		k.rotations.Add(1)
	}
	k.log.Info("serving a new certificate", "serial", serial(pair.leaf()), "issuer", pair.leaf().Issuer.String(),
		"notBefore", pair.leaf().NotBefore, "notAfter", pair.leaf().NotAfter, "dnsNames", pair.leaf().DNSNames)
}

// report records the condition, and logs changes.
func (k *keeper) report(c condition) {
	old := k.condition.Swap(&c)
	if old.reason == c.reason && old.message == c.message {
		return
	}
	if c.reason == ReasonOK {
		k.log.Info("certificate is valid", "reason", c.reason, "message", c.message)
		return
	}
	k.log.Warn("certificate needs attention", "reason", c.reason, "message", c.message, "serving", k.pair.Load() != nil)
}

// Status combines certificate, condition and the current time, because expiry causes no event.
func (k *keeper) Status() Status {
	c, pair := k.condition.Load(), k.pair.Load()
	s := Status{
		Reason: c.reason, Message: c.message,
		RenewAt: c.renewAt, CAs: c.cas, Rotations: k.rotations.Load(),
	}
	if pair == nil {
		return s
	}
	leaf := pair.leaf()
	s.NotBefore, s.NotAfter = leaf.NotBefore, leaf.NotAfter
	s.DNSNames, s.Issuer, s.Serial = leaf.DNSNames, leaf.Issuer.String(), serial(leaf)
	bad := pair.check(k.clock.Now(), nil)
	s.Ready = bad == nil && !c.unready
	if bad != nil && c.reason == ReasonOK {
		s.Reason, s.Message = bad.reason, "The served "+bad.text+" and there is no newer one."
	}
	return s
}
