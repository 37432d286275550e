package webhook

import (
	"fmt"
	"net/http"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/injector"
)

// Verdict is what happened to a pod.
type Verdict string

// The verdicts.
const (
	Injected    Verdict = "injected"
	NotInjected Verdict = "not-injected"
	Denied      Verdict = "denied"
)

func verdicts() []Verdict { return []Verdict{Injected, NotInjected, Denied} }

// Keys of the audit annotations. The API server puts the webhook's name before them:
// pods.telepod.dev/reason.
const (
	auditDecision = "decision"
	auditReason   = "reason"
	auditProfile  = "profile"
)

// If the warnings of one response exceed 4,096 bytes, API servers cut each at 256 characters, and drop the rest
// (k8s.io/apiserver/pkg/endpoints/filters/warning.go).
const (
	maxWarnings    = 12
	maxWarningText = 300
)

// Outcome is the result of one admission. Log, metrics, span, event and response are derived from it.
type Outcome struct {
	Verdict Verdict
	Reason  injector.Reason
	// Plan is nil if the request does not create a pod, or could not be planned.
	Plan     *injector.Plan
	Patch    []byte
	Warnings []string
	// Err is why the reason is unreadable-pod or internal-error. It does not quote the pod.
	Err error
	// Pod is nil if it could not be read.
	Pod *injector.Pod
}

// planned returns the outcome of a plan.
func planned(pod *injector.Pod, plan *injector.Plan) Outcome {
	out := Outcome{Verdict: NotInjected, Reason: plan.Decision.Reason, Plan: plan, Pod: pod}
	switch {
	case plan.Decision.Deny:
		out.Verdict = Denied
	case plan.Decision.Inject:
		out.Verdict = Injected
		out.Patch = plan.AppendPatch(nil, "")
	}
	for _, skip := range plan.Remarks() {
		out.Warnings = append(out.Warnings, fmt.Sprintf("%s: %s", skip.Reason, skip.Sentence()))
	}
	for _, warning := range plan.Warnings {
		out.Warnings = append(out.Warnings, warning.String())
	}
	return out
}

// failed returns the outcome for an error in the request or in the injector. The pod is admitted unchanged: an
// injector must not stop a cluster.
func failed(reason injector.Reason, err error) Outcome {
	return Outcome{Verdict: NotInjected, Reason: reason, Err: err,
		Warnings: []string{fmt.Sprintf("%s: %s; not injected", reason, reason.Text())}}
}

func (o *Outcome) profile() string {
	if o.Plan == nil || o.Plan.Profile == nil {
		return ""
	}
	return o.Plan.Profile.Name
}

func (o *Outcome) response(request *Request) *admissionv1.AdmissionResponse {
	response := &admissionv1.AdmissionResponse{
		UID: request.UID, Allowed: o.Verdict != Denied, Patch: o.Patch, Warnings: o.bounded(),
		AuditAnnotations: map[string]string{auditDecision: string(o.Verdict), auditReason: string(o.Reason)},
	}
	if o.Patch != nil {
		kind := admissionv1.PatchTypeJSONPatch
		response.PatchType = &kind
	}
	if profile := o.profile(); profile != "" {
		response.AuditAnnotations[auditProfile] = profile
	}
	if o.Verdict == Denied {
		response.Result = &metav1.Status{Status: metav1.StatusFailure, Code: http.StatusUnprocessableEntity, Reason: metav1.StatusReasonInvalid,
			Message: fmt.Sprintf("%s: %s: %s", o.Reason, o.Reason.Text(), strings.Join(o.Warnings, "; "))}
		response.Warnings = nil // all in the message
	}
	return response
}

// bounded returns the warnings that fit into a response.
func (o *Outcome) bounded() []string {
	if len(o.Warnings) == 0 {
		return nil
	}
	more := 0
	if o.Plan != nil {
		more = o.Plan.MoreWarnings
	}
	var list []string
	for i, warning := range o.Warnings {
		if i == maxWarnings {
			return append(list, fmt.Sprintf("%d more problems; `telepod explain` shows more of them", len(o.Warnings)-i+more))
		}
		list = append(list, injector.Clip(warning, maxWarningText))
	}
	return list
}
