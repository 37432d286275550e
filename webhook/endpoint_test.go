package webhook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
)

func TestHostileRequests(t *testing.T) {
	review := string(reviewOf("shop", wanted))
	replaced := func(from, to string) io.Reader { return strings.NewReader(strings.Replace(review, from, to, 1)) }
	for _, c := range []struct {
		name, method, media string
		body                io.Reader
		status              int
		text                string
	}{
		{name: "GET", method: http.MethodGet, status: 405, text: "POST an AdmissionReview"},
		{name: "no content type", media: "-", body: strings.NewReader(review), status: 415, text: "send application/json"},
		{name: "YAML", media: "application/yaml", body: strings.NewReader(review), status: 415, text: "send application/json"},
		{name: "charset", media: "application/json; charset=utf-8", body: strings.NewReader(review), status: 200},
		{name: "empty", body: strings.NewReader(""), status: 400, text: "the body is empty"},
		{name: "not JSON", body: strings.NewReader("kind: AdmissionReview"), status: 400, text: "no valid JSON"},
		{name: "cut off", body: strings.NewReader(review[:len(review)/2]), status: 400, text: "no valid JSON"},
		{name: "more than one", body: strings.NewReader(review + review), status: 400, text: "no valid JSON"},
		{name: "an array", body: strings.NewReader("[]"), status: 400, text: "a JSON array does not belong"},
		{name: "null", body: strings.NewReader("null"), status: 400, text: "got kind \"\""},
		{name: "another kind", body: replaced(`"AdmissionReview"`, `"ConversionReview"`), status: 400, text: "ConversionReview"},
		{name: "another group", body: replaced("admission.k8s.io", "example.com"), status: 400, text: "example.com/v1"},
		{name: "v1beta1", body: replaced("admission.k8s.io/v1", "admission.k8s.io/v1beta1"), status: 400, text: "admissionReviewVersions: [v1]"},
		{name: "no request", body: strings.NewReader(`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}`), status: 400, text: "no request"},
		{name: "request null", body: strings.NewReader(`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":null}`), status: 400, text: "no request"},
		{name: "no uid", body: replaced(`"uid":"u-1",`, ""), status: 400, text: "request.uid is missing"},
		{name: "uid is a number", body: replaced(`"u-1"`, "1"), status: 400, text: "a JSON number does not belong at \"/request/uid\""},
		{name: "no object", body: replaced(`"object":`, `"objekt":`), status: 200},
		{name: "object is a string", body: replaced(`"object":{`, `"object":"s3cret","x":{`), status: 200},
		{name: "user of another type", body: replaced(`"userInfo":{`, `"userInfo":3,"x":{`), status: 200},
		{name: "invalid UTF-8", body: replaced(`"shop-"`, "\"shop\xff\xfe-\""), status: 200},
		{name: "duplicate names", body: replaced(`"namespace":"shop"`, `"namespace":"kube-system","namespace":"shop"`), status: 200},
		{name: "deeply nested object", body: replaced(`"spec":{`, `"x":`+strings.Repeat("[", 20000)+strings.Repeat("]", 20000)+`,"spec":{`), status: 400, text: "no valid JSON"},
		{name: "10 MB, with Content-Length", body: strings.NewReader(strings.Repeat(" ", 10<<20)), status: 413, text: "more than 7340032 bytes"},
		{name: "10 MB, in chunks", body: io.MultiReader(strings.NewReader(strings.Repeat(" ", 10<<20))), status: 413, text: "more than 7340032 bytes"},
		{name: "connection reset", body: io.MultiReader(strings.NewReader(review[:100]), iotest.ErrReader(errors.New("reset"))), status: 400, text: "incomplete or too slow"},
		{name: "6 MB of variables", body: replaced(`"image":"shop:1"`, `"image":"shop:1","env":[`+strings.Repeat(`{"name":"SOME_VARIABLE","value":"some value"},`, 130000)+`{"name":"X"}]`), status: 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHarness(t, nil)
			method := http.MethodPost
			if c.method != "" {
				method = c.method
			}
			request := httptest.NewRequest(method, PathPod, c.body)
			switch c.media {
			case "-":
			case "":
				request.Header.Set("Content-Type", "application/json")
			default:
				request.Header.Set("Content-Type", c.media)
			}
			recorder := httptest.NewRecorder()
			h.ServeHTTP(recorder, request)
			if recorder.Code != c.status || !strings.Contains(recorder.Body.String(), c.text) {
				t.Fatalf("got %d %.300s, want %d %s", recorder.Code, recorder.Body, c.status, c.text)
			}
			if strings.Contains(h.log.String(), "s3cret") || strings.Contains(recorder.Body.String(), "s3cret") {
				t.Errorf("log %s or response %s quotes the pod", h.log, recorder.Body)
			}
			if c.status == 200 {
				if response := answer(t, recorder); !response.Allowed {
					t.Errorf("not allowed: %+v", response)
				}
				return
			}
			want := fmt.Sprintf(`telepod_requests_refused_total{status="%d"} 1`, c.status)
			if got := h.scrape("telepod_requests_refused_total{"); len(got) != 1 || got[0] != want {
				t.Errorf("metrics %q, want %q", got, want)
			}
			if len(h.scrape("telepod_admissions_total{")) > 0 {
				t.Error("the refused request counts as an admission")
			}
		})
	}
}

// TestContentLengthReservesNoMemory checks that a Content-Length of 6 MB does not allocate them before they arrive.
func TestContentLengthReservesNoMemory(t *testing.T) {
	h := newHarness(t, nil)
	var first firstRead
	request := httptest.NewRequest(http.MethodPost, PathPod, &first)
	request.Header.Set("Content-Type", "application/json")
	request.ContentLength = 6 << 20
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, request)
	if first.offered == 0 || first.offered > maxKept || recorder.Code != http.StatusBadRequest {
		t.Errorf("%d bytes allocated, status %d", first.offered, recorder.Code)
	}
}

// firstRead is an empty body that records the size of the buffer for its first bytes.
type firstRead struct{ offered int }

func (f *firstRead) Read(p []byte) (int, error) {
	if f.offered == 0 {
		f.offered = len(p)
	}
	return 0, io.EOF
}

func TestBuffersAreNotMixedUp(t *testing.T) {
	h := newHarness(t, nil)
	for i := range 50 {
		pod := strings.Replace(wanted, "shop:1", strings.Repeat("x", i*100)+":1", 1)
		if i%3 == 0 {
			pod = `{"spec":` // refused half way
		}
		recorder := post(h, reviewOf("shop", pod))
		if i%3 != 0 && len(answer(t, recorder).Patch) == 0 {
			t.Fatalf("request %d: no patch", i)
		}
	}
}

// FuzzHandler checks that every body is answered by a refusal with a text, or by an AdmissionReview that allows the pod.
func FuzzHandler(f *testing.F) {
	f.Add(reviewOf("shop", wanted))
	f.Add(reviewOf("opted-in", `{"spec":{"containers":[{"env":[{"name":"OTEL_RESOURCE_ATTRIBUTES","value":"a=b"}]},{}],"initContainers":[]}}`))
	f.Add(reviewOf("shop", benchPod(2, 6, `"telepod.dev/inject":"true","telepod.dev/sidecar":"true"`)))
	f.Add([]byte(`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","request":{}}`))
	f.Add([]byte("null"))
	h := newHarness(f, nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		h.log.Reset()
		recorder := post(h, body)
		if recorder.Code != http.StatusOK {
			if recorder.Code < 400 || recorder.Code > 499 || recorder.Body.Len() == 0 {
				t.Fatalf("%d %s", recorder.Code, recorder.Body)
			}
			return
		}
		if !bytes.Contains(recorder.Body.Bytes(), []byte(`"allowed":true`)) || bytes.Contains(recorder.Body.Bytes(), []byte("internal-error")) {
			t.Fatalf("%s\n%s", recorder.Body, h.log)
		}
	})
}
