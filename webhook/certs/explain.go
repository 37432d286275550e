package certs

import (
	"fmt"
	"time"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// explanation is the state of a certificate according to cert-manager's objects.
type explanation struct {
	reason  Reason
	message string
	renewAt time.Time
}

// explain returns the reason; the first line that applies wins:
//
//	API type unknown                                     cert-manager-not-installed
//	no such Certificate                                  certificate-not-found
//	not allowed to read it                               certificate-forbidden
//	any other error                                      certificate-unreadable
//	request denied, invalid or failed; last issue failed issuance-failed
//	Certificate Ready and not being issued again         ok
//	otherwise                                            issuing
func explain(f finding) explanation {
	id := f.namespace + "/" + f.name
	switch {
	case f.err == nil:
		return explainCertificate(id, f.certificate, f.request)
	case apierrors.IsNotFound(f.err) && apierrors.HasStatusCause(f.err, metav1.CauseTypeUnexpectedServerResponse):
		return explanation{reason: ReasonCertManagerAbsent, message: "The cluster has no cert-manager.io/v1 " +
			"Certificates: install cert-manager with its CRDs, or choose another source of certificates."}
	case apierrors.IsNotFound(f.err):
		return explanation{reason: ReasonCertificateNotFound, message: fmt.Sprintf(
			"Certificate %s does not exist: create it, or correct the name.", id)}
	case apierrors.IsForbidden(f.err):
		return explanation{reason: ReasonCertificateForbidden, message: fmt.Sprintf(
			"Reading Certificate %s is forbidden: allow the service account to get, list and watch it.", id)}
	}
	return explanation{reason: ReasonCertificateUnreadable, message: fmt.Sprintf("Reading Certificate %s: %v.", id, f.err)}
}

func explainCertificate(id string, c *cmv1.Certificate, r *cmv1.CertificateRequest) explanation {
	var e explanation
	if c.Status.RenewalTime != nil {
		e.renewAt = c.Status.RenewalTime.Time
	}
	ready := certificateCondition(c, cmv1.CertificateConditionReady)
	issuing := certificateCondition(c, cmv1.CertificateConditionIssuing)
	switch {
	case refusal(r) != "":
		e.reason, e.message = ReasonIssuanceFailed, fmt.Sprintf("CertificateRequest %s/%s: %s", r.Namespace, r.Name, refusal(r))
	case issuing.Status == cmmeta.ConditionFalse && c.Status.LastFailureTime != nil:
		e.reason, e.message = ReasonIssuanceFailed, fmt.Sprintf("Certificate %s: the last attempt, at %s, failed: %s",
			id, stamp(c.Status.LastFailureTime.Time), issuing.Message)
	case ready.Status == cmmeta.ConditionTrue && issuing.Status != cmmeta.ConditionTrue:
		e.reason, e.message = ReasonOK, fmt.Sprintf("Certificate %s is ready.", id)
		if !e.renewAt.IsZero() {
			e.message = fmt.Sprintf("Certificate %s is ready and due for renewal at %s.", id, stamp(e.renewAt))
		}
	case ready.Status == "" && issuing.Status == "":
		e.reason, e.message = ReasonIssuing, fmt.Sprintf(
			"Certificate %s has no status yet: is cert-manager's controller running?", id)
	default:
		e.reason, e.message = ReasonIssuing, fmt.Sprintf("Certificate %s is being issued: %s", id, progress(ready, issuing, r))
	}
	return e
}

// progress returns the most specific message about an issuance: the request's (such as "Waiting on certificate
// issuance from order …" or "Referenced "Issuer" not found"), else the Certificate's.
func progress(ready, issuing cmv1.CertificateCondition, r *cmv1.CertificateRequest) string {
	if m := requestCondition(r, cmv1.CertificateRequestConditionReady).Message; m != "" {
		return m
	}
	if issuing.Message != "" {
		return issuing.Message
	}
	return ready.Message
}

// refusal returns why a request failed; empty if it did not.
func refusal(r *cmv1.CertificateRequest) string {
	ready := requestCondition(r, cmv1.CertificateRequestConditionReady)
	denied := requestCondition(r, cmv1.CertificateRequestConditionDenied)
	invalid := requestCondition(r, cmv1.CertificateRequestConditionInvalidRequest)
	switch {
	case denied.Status == cmmeta.ConditionTrue:
		return "denied: " + denied.Message
	case invalid.Status == cmmeta.ConditionTrue:
		return "invalid: " + invalid.Message
	case ready.Status == cmmeta.ConditionFalse && ready.Reason == cmv1.CertificateRequestReasonFailed:
		return "failed: " + ready.Message
	}
	return ""
}

func certificateCondition(c *cmv1.Certificate, t cmv1.CertificateConditionType) cmv1.CertificateCondition {
	for _, condition := range c.Status.Conditions {
		if condition.Type == t {
			return condition
		}
	}
	return cmv1.CertificateCondition{}
}

func requestCondition(r *cmv1.CertificateRequest, t cmv1.CertificateRequestConditionType) cmv1.CertificateRequestCondition {
	if r == nil {
		return cmv1.CertificateRequestCondition{}
	}
	for _, condition := range r.Status.Conditions {
		if condition.Type == t {
			return condition
		}
	}
	return cmv1.CertificateRequestCondition{}
}

// merge combines the states of the files and of the Certificate. The Certificate explains missing or
// outdated files; other faults in files need no explanation. Valid files stay in use while the next
// certificate is being issued.
func merge(files condition, bad *fault, because explanation) condition {
	c := files
	c.renewAt = because.renewAt
	c.message += " " + because.message
	switch {
	case bad == nil && (because.reason == ReasonIssuing || because.reason == ReasonStarting):
	case bad == nil:
		c.reason = because.reason
	case because.reason == ReasonOK:
		if bad.reason == ReasonMissing {
			c.message += " Check that its Secret is mounted here; the kubelet takes up to a minute."
		}
	case bad.reason == ReasonMissing || bad.reason == ReasonExpired || bad.reason == ReasonNotYetValid:
		if because.reason != ReasonStarting {
			c.reason = because.reason
		}
	}
	return c
}
