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
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/telepod/telepod/injector"
)

const reviewKind = "AdmissionReview"

// wireReview is the part of an AdmissionReview that is read. Everything else (the user, the old
// object, the options) is skipped without being decoded.
type wireReview struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Request    *struct {
		UID         types.UID                   `json:"uid"`
		Kind        metav1.GroupVersionKind     `json:"kind"`
		Resource    metav1.GroupVersionResource `json:"resource"`
		SubResource string                      `json:"subResource"`
		Name        string                      `json:"name"`
		Namespace   string                      `json:"namespace"`
		Operation   admissionv1.Operation       `json:"operation"`
		Object      extent                      `json:"object"`
		DryRun      bool                        `json:"dryRun"`
	} `json:"request"`
}

// extent is where a JSON value stands in the text, so that it need not be copied.
type extent struct{ start, end int64 }

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (e *extent) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	e.end = dec.InputOffset()
	e.start = e.end - int64(len(value))
	return nil
}

// decodeReview reads an AdmissionReview of version v1. The object of the request stays where it is:
// it is a part of body.
func decodeReview(body []byte) (*admissionv1.AdmissionRequest, error) {
	var review wireReview
	// As lenient about text as the API server, which has checked the object already.
	err := json.Unmarshal(body, &review, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, fmt.Errorf("decode AdmissionReview: %s", injector.DescribeJSON(err))
	}
	group, version, _ := strings.Cut(review.APIVersion, "/")
	switch {
	case review.Kind != reviewKind || group != admissionv1.GroupName:
		return nil, fmt.Errorf("decode AdmissionReview: got kind %.64q of apiVersion %.64q: send an AdmissionReview of %s",
			review.Kind, review.APIVersion, admissionv1.SchemeGroupVersion)
	case version != admissionv1.SchemeGroupVersion.Version:
		return nil, fmt.Errorf("decode AdmissionReview: version %.64q is not spoken here: set admissionReviewVersions: [v1]", version)
	case review.Request == nil:
		return nil, errors.New("decode AdmissionReview: it has no request")
	case review.Request.UID == "":
		return nil, errors.New("decode AdmissionReview: request.uid is missing, which the answer has to repeat")
	}
	in := review.Request
	return &admissionv1.AdmissionRequest{
		UID: in.UID, Kind: in.Kind, Resource: in.Resource, SubResource: in.SubResource,
		Name: in.Name, Namespace: in.Namespace, Operation: in.Operation, DryRun: &in.DryRun,
		Object: runtime.RawExtension{Raw: body[in.Object.start:in.Object.end]},
	}, nil
}

// appendReview appends the AdmissionReview that answers with response.
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
