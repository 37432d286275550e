package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/telepod/telepod/archive"
)

// maxAnswer is the number of response bytes that are read.
const maxAnswer = 1 << 20

type httpTransport struct {
	client  *http.Client
	base    *url.URL
	headers map[string]string
}

func newHTTP(u *url.URL, o Options) *httpTransport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if o.TLS != nil {
		transport.TLSClientConfig = o.TLS
	}
	client := &http.Client{Transport: transport, CheckRedirect: noRedirects}
	return &httpTransport{client: client, base: u, headers: o.Headers}
}

// noRedirects does not follow redirects: the redirected request would be a GET without the data, and would send secret
// headers to another host.
func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (t *httpTransport) close() error {
	t.client.CloseIdleConnections()
	return nil
}

func (t *httpTransport) attempt(ctx context.Context, r archive.Request) (archive.Answer, error) {
	request, err := t.request(ctx, r)
	if err != nil {
		return archive.Answer{}, err
	}
	response, err := t.client.Do(request)
	if err != nil {
		return archive.Answer{}, transientError{error: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return archive.Answer{}, transientError{error: err}
	}
	if response.StatusCode/100 != 2 {
		return archive.Answer{}, classifyHTTP(response, body)
	}
	answer := &coltrace.ExportTraceServiceResponse{}
	if err := proto.Unmarshal(body, answer); err != nil {
		// The receiver has accepted the data; some receivers answer with text.
		return archive.Answer{}, nil
	}
	return answerOf(answer), nil
}

func (t *httpTransport) request(ctx context.Context, r archive.Request) (*http.Request, error) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(r.Data); err != nil {
		return nil, fmt.Errorf("compress a request: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress a request: %w", err)
	}
	target := t.base.JoinPath("v1", string(r.Signal)).String()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, &packed)
	if err != nil {
		return nil, fmt.Errorf("make a request to %s: %w", target, err)
	}
	for name, value := range t.headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	request.Header.Set("Content-Encoding", "gzip")
	return request, nil
}

// classifyHTTP follows the OTLP specification, "OTLP/HTTP: failures".
func classifyHTTP(r *http.Response, body []byte) error {
	err := fmt.Errorf("%s answers %s: %s", r.Request.URL, r.Status, reason(r, body))
	switch r.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(r.Header.Get("Retry-After")) // a date counts as no header
		return transientError{err, time.Duration(max(0, seconds)) * time.Second}
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusInternalServerError:
		return &archive.RefusedError{Err: err}
	}
	if elsewhere := r.Header.Get("Location"); elsewhere != "" {
		err = fmt.Errorf("%w; it redirects to %s: use the endpoint that accepts data", err, elsewhere)
	}
	return fmt.Errorf("the receiver accepts no data: %w", err)
}

// reason returns the message of a response, usually a google.rpc.Status.
func reason(r *http.Response, body []byte) string {
	var s status.Status
	if r.Header.Get("Content-Type") == "application/x-protobuf" && proto.Unmarshal(body, &s) == nil {
		return s.GetMessage()
	}
	return fmt.Sprintf("%.200s", bytes.TrimSpace(body))
}
