// Package prometheus queries a Prometheus, or a compatible server such as Thanos and Mimir. It supports only instant
// queries, with a limit on the size of the response.
package prometheus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// Options configure the connection to a server, besides its URL.
type Options struct {
	// Transport is http.DefaultTransport if nil.
	Transport http.RoundTripper
	// Token is sent as a bearer token if it is not empty.
	Token string
	// Tenant is sent as X-Scope-OrgID, for Mimir and Cortex, if it is not empty.
	Tenant string
}

// Server answers queries.
type Server struct {
	api v1.API
	// address is the URL without credentials.
	address string
}

// New returns a client. It sends no request yet.
func New(address string, o Options) (*Server, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("the URL of Prometheus is %q: use one such as https://prometheus.example", address)
	}
	for _, page := range []string{"/graph", "/query", "/api/v1/query", "/api/v1"} {
		if base, found := strings.CutSuffix(strings.TrimSuffix(u.Path, "/"), page); found {
			u.Path, u.RawQuery, u.Fragment = base, "", ""
			return nil, fmt.Errorf("the URL of Prometheus ends in %s: leave that out: %s", page, u.Redacted())
		}
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	client, err := api.NewClient(api.Config{Address: address, RoundTripper: bounded{o}})
	if err != nil {
		return nil, fmt.Errorf("connect to Prometheus: %w", err)
	}
	return &Server{v1.NewAPI(client), u.Redacted()}, nil
}

// Sample is the value of one series.
type Sample struct {
	Labels map[string]string
	Value  float64
}

// Query runs an instant query for the current time.
func (s *Server) Query(ctx context.Context, query string) ([]Sample, error) {
	answer, _, err := s.api.Query(ctx, query, time.Time{})
	if err != nil {
		return nil, s.explained(err)
	}
	vector, ok := answer.(model.Vector)
	if !ok {
		return nil, fmt.Errorf("query Prometheus: the response is a %s, not a vector", answer.Type())
	}
	samples := make([]Sample, len(vector))
	for i, s := range vector {
		samples[i] = Sample{map[string]string{}, float64(s.Value)}
		for name, value := range s.Metric {
			samples[i].Labels[string(name)] = string(value)
		}
	}
	return samples, nil
}

// explained distinguishes a refused query from a server that is not Prometheus or denies access.
func (s *Server) explained(err error) error {
	failed, ok := errors.AsType[*v1.Error](err)
	switch {
	case ok && strings.HasSuffix(failed.Msg, "404"):
		return fmt.Errorf("query Prometheus: %s/api/v1/query does not exist: check the URL", strings.TrimSuffix(s.address, "/"))
	case !ok:
		return fmt.Errorf("query Prometheus: %w", err)
	case failed.Type == v1.ErrBadData, failed.Type == v1.ErrExec:
		return fmt.Errorf("prometheus rejected a query: %s", short(failed.Msg))
	case failed.Type == v1.ErrBadResponse:
		return fmt.Errorf("query Prometheus: the response is not from its API: check the URL: %s", short(failed.Msg))
	}
	return fmt.Errorf("query Prometheus: %s", strings.TrimSuffix(short(failed.Msg)+": "+strings.TrimSpace(short(failed.Detail)), ": "))
}

func short(text string) string {
	const most = 200
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

// mostBytes limits a response: about a hundred thousand series.
const mostBytes = 32 << 20

// bounded adds headers, and limits responses.
type bounded struct{ Options }

func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	if b.Token != "" {
		request.Header.Set("Authorization", "Bearer "+b.Token)
	}
	if b.Tenant != "" {
		request.Header.Set("X-Scope-OrgID", b.Tenant)
	}
	response, err := b.Transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	response.Body = &limited{response.Body, mostBytes}
	return response, nil
}

type limited struct {
	io.ReadCloser
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("the response has more than %d MiB", mostBytes>>20)
	}
	n, err := l.ReadCloser.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}
