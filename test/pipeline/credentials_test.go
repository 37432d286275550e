package pipeline

import (
	"net/http"
	"strings"
	"testing"
)

// TestDestinationCredentials checks that each kind of credentials arrives, from files that are reloaded when they change.
func TestDestinationCredentials(t *testing.T) {
	t.Parallel()
	s := newVendorSite(t, `
    - {name: basic, protocol: otlp_http, endpoint: "%s/basic", signals: [logs], auth: {basic: {secret: a}}}
    - {name: bearer, protocol: otlp_http, endpoint: "%s/bearer", signals: [logs], auth: {bearer: {secret: b}}}
    - {name: sigv4, protocol: otlp_http, endpoint: "%s/sigv4", signals: [logs], auth: {sigv4: {region: us-east-1, service: logs}}}
    - {name: written, protocol: remote_write, endpoint: "%s/written/write", signals: [metrics], auth: {basic: {secret: w}}}
`, map[string]string{
		"basic/username": "me", "basic/password": "pass", "bearer/token": "one",
		"written/username": "7", "written/password": "x",
	})
	SendLoad(t, Load{Endpoint: s.region.Address + ":4317", Rate: 50, Batch: 10, Signals: []string{Logs, Metrics}})
	s.awaitAuthorization(t, "/basic/", "Basic bWU6cGFzcw==")
	s.awaitAuthorization(t, "/bearer/", "Bearer one")
	s.awaitAuthorization(t, "/sigv4/", "AWS4-HMAC-SHA256 Credential=test/")
	s.awaitAuthorization(t, "/written/", "Basic Nzp4")
	s.secret(t, "bearer/token", "two")
	s.awaitAuthorization(t, "/bearer/", "Bearer two")
}

// awaitAuthorization waits for a request below a path with this value in its Authorization header.
func (s *vendorSite) awaitAuthorization(t *testing.T, path, want string) {
	t.Helper()
	Await(t, Patience, path+" with "+want, func() bool {
		for _, r := range s.vendor.Requests() {
			if strings.HasPrefix(r.Path, path) && strings.HasPrefix(r.Header.Get("Authorization"), want) {
				return true
			}
		}
		return false
	})
}

// TestDestinationOAuth2 uses a real authorization server. Data must wait while no token is issued, or while the service
// refuses one. Tokens must be used until shortly before they expire, and nothing may be lost.
func TestDestinationOAuth2(t *testing.T) {
	t.Parallel()
	s := newVendorSite(t, `
    - name: login
      protocol: otlp_http
      endpoint: "%s/otlp"
      signals: [traces]
      sampled: false
      auth: {oauth2: {secret: login, tokenURL: "%s/token", scopes: [otlp.write, otlp.list], audience: telemetry}}
      tls: {caSecret: ca}
`, map[string]string{"login/client-id": loginID, "login/client-secret": "wrong", "login/ca.crt": plantCA}, "SSL_CERT_FILE=/dev/null")
	login := s.vendor.Login
	s.vendor.Answer(login.Check)
	load := SendLoad(t, Load{Endpoint: s.region.Address + ":4317", Rate: 100, Batch: 20, Signals: []string{Traces}})
	Await(t, Patience, "a request for a token with the wrong secret", func() bool { _, refused := login.Counts(); return refused > 0 })
	Await(t, Patience, "the token's error in the log", func() bool {
		return strings.Contains(s.node.Log(), "failed to get security token from token endpoint") && strings.Contains(s.node.Log(), "invalid_client")
	})
	if requests := s.vendor.withData(); len(requests) > 0 {
		t.Fatalf("%d requests without a token", len(requests))
	}
	s.secret(t, "login/client-secret", loginSecret)
	accepted := func() bool {
		n := len(s.vendor.withData())
		return n > 0 && s.vendor.withData()[n-1].Status == http.StatusOK
	}
	Await(t, Patience, "data with a token", accepted)
	if err := login.Revoke(t.Context()); err != nil {
		t.Fatal(err)
	}
	Await(t, Patience, "a request with a revoked token", func() bool { return !accepted() })
	Await(t, Patience, "data with another token", accepted)
	load.Stop()
	Await(t, Patience, "all spans at the vendor", func() bool { return s.vendor.Lost(load, Traces) == 0 })
	if issued, _ := login.Counts(); issued < 2 || issued > len(s.vendor.Requests())/2 {
		t.Errorf("%d tokens for %d requests, want several requests with each token", issued, len(s.vendor.Requests()))
	}
	if !login.scopes["telemetry otlp.write otlp.list"] {
		t.Errorf("audience and scopes were %v", login.scopes)
	}
}

// TestDestinationCredentialsOverGRPC checks that each kind of credentials arrives over gRPC. After a temporary error data
// must wait. Data that the service refuses because of its credentials must be dropped, logged and counted.
func TestDestinationCredentialsOverGRPC(t *testing.T) {
	t.Parallel()
	s := newVendorSite(t, `
    - {name: basic, protocol: otlp_grpc, endpoint: "%g", signals: [logs], headers: {x-dataset: basic}, auth: {basic: {secret: a}}}
    - {name: bearer, protocol: otlp_grpc, endpoint: "%g", signals: [logs], headers: {x-dataset: bearer}, auth: {bearer: {secret: b}}}
    - {name: login, protocol: otlp_grpc, endpoint: "%g", signals: [logs], headers: {x-dataset: login}, auth: {oauth2: {secret: l, tokenURL: "%s/token"}}}
    - {name: key, protocol: otlp_grpc, endpoint: "%g", signals: [logs], headers: {x-dataset: key}, secretHeaders: {X-Api-Key: {secret: k, key: key}}}
`, map[string]string{
		"basic/username": "me", "basic/password": "pass", "bearer/token": "one", "login/client-id": loginID, "login/client-secret": loginSecret,
	}, "DESTINATION_KEY__X_API_KEY=k-123")
	answers := map[string][]Response{
		"basic": {{Status: http.StatusServiceUnavailable}}, "bearer": {{Status: http.StatusTooManyRequests, RetryAfter: "1"}},
		"key": {{Status: http.StatusUnauthorized}},
	}
	s.vendor.Answer(func(h http.Header) Response {
		name := h.Get("x-dataset")
		if next := answers[name]; len(next) > 0 {
			answers[name] = next[1:]
			return next[0]
		}
		right := map[string]bool{"basic": h.Get("authorization") == "Basic bWU6cGFzcw==", "bearer": h.Get("authorization") == "Bearer one",
			"login": s.vendor.Login.Check(h).Status == 0, "key": h.Get("x-api-key") == "k-123"}
		if !right[name] {
			return Response{Status: http.StatusForbidden}
		}
		return Response{}
	})
	load := SendLoad(t, Load{Endpoint: s.region.Address + ":4317", Rate: 100, Batch: 20, Signals: []string{Logs}})
	items := func(name string, status int) (n int) {
		for _, r := range s.vendor.Requests() {
			if r.Header.Get("x-dataset") == name && r.Status == status {
				n += r.Items
			}
		}
		return n
	}
	names := []string{"basic", "bearer", "login", "key"}
	Await(t, Patience, "data with each kind of credentials", func() bool {
		for _, name := range names {
			if items(name, http.StatusOK) == 0 {
				return false
			}
		}
		return true
	})
	load.Stop()
	rejected := items("key", http.StatusUnauthorized)
	for _, name := range names {
		want := int(load.Acked(Logs))
		if name == "key" {
			want -= rejected
		}
		Await(t, Patience, "all records of "+name, func() bool { return items(name, http.StatusOK) == want })
	}
	if counted := s.node.Metric("otelcol_exporter_send_failed_log_records_total", `exporter="otlp_grpc/key"`); counted != float64(rejected) || rejected == 0 {
		t.Errorf("%v records are counted as rejected, want %d", counted, rejected)
	}
	if !strings.Contains(s.node.Log(), "Unauthenticated") {
		t.Error("the log does not contain the service's answer")
	}
}
