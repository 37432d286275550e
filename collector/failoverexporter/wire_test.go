package failoverexporter

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

// The Collector's own receiver accepts data with each compression, and answers a probe.
func TestSendsToTheCollectorsReceiver(t *testing.T) {
	for _, compression := range []string{"zstd", "gzip", "none"} {
		t.Run(compression, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			address := listener.Addr().String()
			_ = listener.Close()
			f := otlpreceiver.NewFactory()
			rc := f.CreateDefaultConfig()
			conf := confmap.NewFromStringMap(map[string]any{"protocols": map[string]any{"http": map[string]any{"endpoint": address}}})
			if err := conf.Unmarshal(rc); err != nil {
				t.Fatal(err)
			}
			sink := &consumertest.TracesSink{}
			receiver, err := f.CreateTraces(t.Context(), receivertest.NewNopSettings(f.Type()), rc, sink)
			if err != nil {
				t.Fatal(err)
			}
			if err := receiver.Start(t.Context(), componenttest.NewNopHost()); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = receiver.Shutdown(context.Background()) })

			c := testConfig()
			c.Endpoints = []EndpointConfig{{Name: "primary", Endpoint: "http://" + address}}
			if err := c.Compression.UnmarshalText([]byte(compression)); err != nil {
				t.Fatal(err)
			}
			r := started(t, batched(c))
			for n := range uint64(10) {
				if err := r.traces.ConsumeTraces(t.Context(), numbered(n*10, 10)); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, "all spans arrive", func() bool { return sink.SpanCount() == 100 })
			if a := r.factory.groups[c].group.tryEmpty(t.Context(), 0); a.outcome.verdict() != final {
				t.Error("the probe failed")
			}
		})
	}
}

// A site that does not accept the client's certificate is down; another may accept it.
func TestFailsOverWhenTheCertificateIsRefused(t *testing.T) {
	primary, backup := newBackend(t), newBackend(t)
	primary.server.TLS.ClientAuth, primary.server.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
	r := started(t, testConfig(primary, backup))
	if err := r.traces.ConsumeTraces(t.Context(), numbered(0, 10)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the backup gets the batch", func() bool { return backup.count(traces) == 1 })
	// With TLS 1.3 the server's refusal and the first bytes of the request cross: either may be seen first.
	if r.sum("switches", "reason", string(handshake))+r.sum("switches", "reason", string(broken)) == 0 {
		t.Errorf("no switch with the reason %s or %s: %v", handshake, broken, r.logs.All())
	}
}

// Over HTTP/1.1 there are no pings: the timeout detects a hung site, and a probe confirms it.
func TestFailsOverWithoutHTTP2(t *testing.T) {
	backup := newBackend(t)
	hang := make(chan struct{})
	primary := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	t.Cleanup(primary.Close)
	t.Cleanup(func() { close(hang) })
	c := testConfig(backup)
	c.Endpoints = append([]EndpointConfig{{Name: "old", Endpoint: primary.URL}}, c.Endpoints...)
	c.Timeout = 100 * time.Millisecond
	r := started(t, c)
	if err := r.traces.ConsumeTraces(t.Context(), numbered(0, 10)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the backup gets the batch", func() bool { return backup.count(traces) == 1 })
	if r.sum("endpoint_up", "endpoint", "old") != 0 {
		t.Error("a site that answers nothing is still up")
	}
}

type tokenAuth struct {
	component.StartFunc
	component.ShutdownFunc
}

func (tokenAuth) RoundTripper(base http.RoundTripper) (http.RoundTripper, error) {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer token")
		return base.RoundTrip(r)
	}), nil
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type authHost struct{}

func (authHost) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("token"): tokenAuth{}}
}

func TestHeadersAndAuthentication(t *testing.T) {
	b := newBackend(t)
	seen := make(chan http.Header, 1)
	b.answerWith(func(_ http.ResponseWriter, r *http.Request, _ signal) bool {
		seen <- r.Header.Clone()
		return false
	})
	c := testConfig(b)
	c.Headers = configopaque.MapList{{Name: "x-team", Value: "all"}, {Name: "x-scope", Value: "shop"}}
	c.Endpoints[0].Headers = configopaque.MapList{{Name: "X-Team", Value: "one"}}
	c.Auth = configoptional.Some(configauth.Config{AuthenticatorID: component.MustNewID("token")})
	r := newRig(t, c)
	r.start(authHost{})
	if err := r.traces.ConsumeTraces(t.Context(), numbered(0, 1)); err != nil {
		t.Fatal(err)
	}
	h := <-seen
	for name, want := range map[string]string{
		"X-Team": "one", "X-Scope": "shop", "Authorization": "Bearer token", "Content-Type": contentType, "Content-Encoding": "zstd",
	} {
		if h.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, h.Get(name), want)
		}
	}
}

func TestGivesUpWhenConfigured(t *testing.T) {
	for name, configure := range map[string]func(*Config){
		"no retry":         func(c *Config) { c.RetryConfig.Enabled = false },
		"max elapsed time": func(c *Config) { c.RetryConfig.MaxElapsedTime = 100 * time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t)
			b.link.cut()
			c := testConfig(b)
			configure(c)
			r := started(t, c)
			if err := r.traces.ConsumeTraces(t.Context(), numbered(0, 1)); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the loss is logged", func() bool { return r.logged(errNoEndpoint.Error()) })
		})
	}
}
