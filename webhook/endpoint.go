package webhook

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"sync"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
)

// maxBody is the maximum size of an AdmissionReview: two objects of at most 3 MB, the limit of etcd and the API
// server, and 1 MB for the rest (controller-runtime's figure).
const maxBody = 7 << 20

// maxKept is the largest buffer that is kept for the next request.
const maxKept = 256 << 10

// Endpoint serves one path of the webhook: AdmissionReviews by POST.
type Endpoint struct {
	admitter  *Admitter
	selection Selection
	observer  *observer
	closing   func() bool // whether clients should switch to another replica
	large     *room       // for large bodies, shared by all paths
	buffers   sync.Pool   // of *bytes.Buffer
}

// ServeHTTP implements http.Handler. A request that is not an AdmissionReview gets an HTTP status and a sentence;
// all others get an AdmissionReview.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	if e.closing() {
		w.Header().Set("Connection", "close")
	}
	release, problem := e.admit(w, r)
	if problem != nil {
		e.observer.refused(r.Context(), problem)
		http.Error(w, problem.text, problem.status)
		return
	}
	defer release()
	buffer := e.buffer()
	defer e.release(buffer)
	request, problem := e.read(w, r, buffer)
	if problem != nil {
		e.observer.refused(r.Context(), problem)
		http.Error(w, problem.text, problem.status)
		return
	}
	ctx := e.observer.begin(r.Context(), r.Header)
	out := e.admitter.Admit(ctx, request, e.selection)
	e.answer(w, out.response(request))
	e.observer.done(ctx, admission{request, &out, time.Since(started)})
}

// problem is the response to a request that is not answered with an AdmissionReview.
type problem struct {
	status int
	text   string
}

// admit refuses requests that are invalid without their body, and waits for room for the others.
func (e *Endpoint) admit(w http.ResponseWriter, r *http.Request) (release func(), p *problem) {
	if p := refuse(w, r); p != nil {
		return nil, p
	}
	release, ok := e.large.admit(r.Context(), r.ContentLength)
	if !ok {
		w.Header().Set("Connection", "close") // instead of reading the body
		return nil, &problem{http.StatusTooManyRequests, "read AdmissionReview: too many large requests at the same time: try again"}
	}
	return release, nil
}

func refuse(w http.ResponseWriter, r *http.Request) *problem {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return &problem{http.StatusMethodNotAllowed, fmt.Sprintf("method %.32q: POST an AdmissionReview", r.Method)}
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return &problem{http.StatusUnsupportedMediaType,
			fmt.Sprintf("content type %.64q: send application/json", r.Header.Get("Content-Type"))}
	}
	if r.ContentLength > maxBody {
		w.Header().Set("Connection", "close") // instead of reading the rest
		return tooLarge()
	}
	return nil
}

func (e *Endpoint) read(w http.ResponseWriter, r *http.Request, buffer *bytes.Buffer) (*Request, *problem) {
	if r.ContentLength > 0 {
		// A client's header must not make the server allocate more before data arrives.
		buffer.Grow(min(int(r.ContentLength)+bytes.MinRead, maxKept))
	}
	_, err := buffer.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, tooLarge()
	case err != nil:
		return nil, &problem{http.StatusBadRequest, "read AdmissionReview: the body was incomplete or too slow"}
	case buffer.Len() == 0:
		return nil, &problem{http.StatusBadRequest, "read AdmissionReview: the body is empty"}
	}
	request, err := decodeReview(buffer.Bytes())
	if err != nil {
		return nil, &problem{http.StatusBadRequest, err.Error()}
	}
	return request, nil
}

func tooLarge() *problem {
	return &problem{http.StatusRequestEntityTooLarge, fmt.Sprintf("read AdmissionReview: the body has more than %d bytes", maxBody)}
}

func (e *Endpoint) answer(w http.ResponseWriter, response *admissionv1.AdmissionResponse) {
	buffer := e.buffer()
	defer e.release(buffer)
	buffer.Grow(base64.StdEncoding.EncodedLen(len(response.Patch)) + 1024)
	w.Header().Set("Content-Type", "application/json")
	// A client that has disconnected cannot get its answer.
	_, _ = w.Write(appendReview(buffer.AvailableBuffer(), response))
}

func (e *Endpoint) buffer() *bytes.Buffer {
	if buffer, ok := e.buffers.Get().(*bytes.Buffer); ok {
		return buffer
	}
	return new(bytes.Buffer)
}

func (e *Endpoint) release(buffer *bytes.Buffer) {
	if buffer.Cap() <= maxKept {
		buffer.Reset()
		e.buffers.Put(buffer)
	}
}

// admission is one request with its outcome.
type admission struct {
	request *Request
	*Outcome
	duration time.Duration
}
