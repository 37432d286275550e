package webhook

import (
	"encoding/base64"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/telepod/telepod/injector"
)

const reviewKind = "AdmissionReview"

// review is the decoded part of an AdmissionReview.
type review struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Request    *Request `json:"request"`
}

// Request is the decoded part of an AdmissionRequest. Everything else (the user, the old object, the options)
// is skipped.
type Request struct {
	UID         types.UID                   `json:"uid"`
	Kind        metav1.GroupVersionKind     `json:"kind"`
	Resource    metav1.GroupVersionResource `json:"resource"`
	SubResource string                      `json:"subResource"`
	Name        string                      `json:"name"`
	Namespace   string                      `json:"namespace"`
	Operation   admissionv1.Operation       `json:"operation"`
	Object      object                      `json:"object"`
	DryRun      bool                        `json:"dryRun"`
}

// object is the pod of a request, or the error in it. The review is answered in both cases.
type object struct {
	pod *injector.Pod
	err error
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (o *object) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*o = object{}
	if dec.PeekKind() != '{' {
		return dec.SkipValue()
	}
	depth, pod := dec.StackDepth(), &injector.Pod{}
	err := json.UnmarshalDecode(dec, pod)
	if err == nil {
		o.pod = pod
		return nil
	}
	o.err = fmt.Errorf("decode request.object: %s", injector.DescribeJSON(err))
	for dec.StackDepth() > depth { // the rest of the object; a syntax error is returned again
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
	}
	return nil
}

// read returns the pod, or why it cannot be read.
func (o *object) read() (*injector.Pod, error) {
	if o.pod == nil && o.err == nil {
		return nil, errors.New("decode request.object: it is not a JSON object")
	}
	return o.pod, o.err
}

// decodeReview reads an AdmissionReview of version v1.
func decodeReview(body []byte) (*Request, error) {
	var in review
	// As lenient about text as the API server, which has already checked the object.
	err := json.Unmarshal(body, &in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, fmt.Errorf("decode AdmissionReview: %s", injector.DescribeJSON(err))
	}
	group, version, _ := strings.Cut(in.APIVersion, "/")
	switch {
	case in.Kind != reviewKind || group != admissionv1.GroupName:
		return nil, fmt.Errorf("decode AdmissionReview: got kind %.64q of apiVersion %.64q: send an AdmissionReview of %s",
			in.Kind, in.APIVersion, admissionv1.SchemeGroupVersion)
	case version != admissionv1.SchemeGroupVersion.Version:
		return nil, fmt.Errorf("decode AdmissionReview: version %.64q is not supported: set admissionReviewVersions: [v1]", version)
	case in.Request == nil:
		return nil, errors.New("decode AdmissionReview: it has no request")
	case in.Request.UID == "":
		return nil, errors.New("decode AdmissionReview: request.uid is missing; the response must repeat it")
	}
	return in.Request, nil
}

// appendReview appends an AdmissionReview with the response.
func appendReview(dst []byte, response *admissionv1.AdmissionResponse) []byte {
	dst = append(dst, `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":`...)
	dst = appendText(dst, string(response.UID))
	if response.Allowed {
		dst = append(dst, `,"allowed":true`...)
	} else {
		dst = append(dst, `,"allowed":false`...)
	}
	if response.Result != nil {
		status, err := stdjson.Marshal(response.Result)
		if err != nil {
			panic(err) // a Status of numbers and strings: cannot fail
		}
		dst = append(append(dst, `,"status":`...), status...)
	}
	if response.Patch != nil {
		dst = append(dst, `,"patchType":"JSONPatch","patch":"`...)
		dst = append(base64.StdEncoding.AppendEncode(dst, response.Patch), '"')
	}
	dst = appendPairs(dst, response.AuditAnnotations)
	for i, warning := range response.Warnings {
		if i == 0 {
			dst = append(dst, `,"warnings":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = appendText(dst, warning)
	}
	if len(response.Warnings) > 0 {
		dst = append(dst, ']')
	}
	return append(dst, "}}\n"...)
}

func appendPairs(dst []byte, pairs map[string]string) []byte {
	if len(pairs) == 0 {
		return dst
	}
	dst = append(dst, `,"auditAnnotations":`...)
	separator := byte('{')
	for key, value := range pairs {
		dst = appendText(append(dst, separator), key)
		dst = appendText(append(dst, ':'), value)
		separator = ','
	}
	return append(dst, '}')
}

func appendText(dst []byte, text string) []byte {
	dst, _ = jsontext.AppendQuote(dst, text) // the error is invalid UTF-8, which it has replaced
	return dst
}
