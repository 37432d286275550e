package certs

import (
	"context"
	"crypto/tls"
	"time"
)

// Source is a serving certificate that keeps itself current.
type Source interface {
	// Run keeps the certificate current until ctx ends, then returns nil. Errors with certificates, files or the
	// API are retried and shown in Status, never returned.
	Run(ctx context.Context) error
	// GetCertificate is for tls.Config.GetCertificate. Before the first valid certificate it returns an error that
	// states what is missing.
	GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Status returns the current status. It is cheap and safe for concurrent use.
	Status() Status
}

// Reason is a short code for the state of a Source, from a fixed set; see Reasons.
type Reason string

// The reasons. They do not determine readiness: with ReasonKeyMismatch, for example, a source is ready until the
// last valid certificate expires.
const (
	ReasonOK          Reason = "ok"
	ReasonStarting    Reason = "starting"
	ReasonExpired     Reason = "expired"
	ReasonNotYetValid Reason = "not-yet-valid"
	ReasonMissing     Reason = "missing"
	ReasonInvalid     Reason = "invalid"
	ReasonKeyMismatch Reason = "key-mismatch"
	ReasonWrongName   Reason = "wrong-name"

	// Only used by SelfManaged.
	ReasonSecretUnavailable   Reason = "secret-unavailable"
	ReasonBundleUnavailable   Reason = "ca-bundle-unavailable"
	ReasonBundlePending       Reason = "ca-bundle-pending"
	ReasonNoWebhookConfigured Reason = "no-webhook-configuration"

	// Only used by CertManager.
	ReasonIssuing               Reason = "issuing"
	ReasonIssuanceFailed        Reason = "issuance-failed"
	ReasonCertificateNotFound   Reason = "certificate-not-found"
	ReasonCertManagerAbsent     Reason = "cert-manager-not-installed"
	ReasonCertificateForbidden  Reason = "certificate-forbidden"
	ReasonCertificateUnreadable Reason = "certificate-unreadable"
)

// Reasons lists the closed set.
func Reasons() []Reason {
	return []Reason{
		ReasonOK, ReasonStarting, ReasonExpired, ReasonNotYetValid, ReasonMissing, ReasonInvalid,
		ReasonKeyMismatch, ReasonWrongName, ReasonSecretUnavailable, ReasonBundleUnavailable,
		ReasonBundlePending, ReasonNoWebhookConfigured, ReasonIssuing, ReasonIssuanceFailed,
		ReasonCertificateNotFound, ReasonCertManagerAbsent, ReasonCertificateForbidden,
		ReasonCertificateUnreadable,
	}
}

// Status describes the served certificate, and what is wrong, if anything.
type Status struct {
	// Ready is true if the API server should accept the certificate.
	Ready  bool
	Reason Reason
	// Message is a sentence for people: the problem and what to do.
	Message string

	// The served certificate; zero if there is none.
	NotBefore, NotAfter time.Time
	DNSNames            []string
	Issuer, Serial      string
	// RenewAt is when the certificate will be replaced; zero if unknown.
	RenewAt time.Time
	// CAs are the authorities that a client should trust, newest first, if the source knows them.
	CAs []CA
	// Rotations counts how often the served certificate was replaced since the start.
	Rotations uint64
}

// CA is one certificate authority.
type CA struct {
	Subject, Serial     string
	NotBefore, NotAfter time.Time
}
