package health_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	grpchealth "google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/telepod/telepod/health"
)

const loopback = "127.0.0.1"

// failure is the expected error of a check.
type failure struct {
	stage health.Stage
	text  string
}

func expect(t *testing.T, endpoint string, o health.Options, want failure) {
	t.Helper()
	answer, err := health.Check(t.Context(), endpoint, o)
	if err == nil {
		t.Errorf("%s serves: %+v", endpoint, answer)
		return
	}
	problem, ok := errors.AsType[*health.Error](err)
	if !ok {
		t.Fatalf("%s: %v is not a *health.Error", endpoint, err)
	}
	if problem.Stage != want.stage || !strings.Contains(err.Error(), want.text) {
		t.Errorf("%s:\n got stage %s: %v\nwant stage %s: …%s…", endpoint, problem.Stage, err, want.stage, want.text)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// serveGRPC serves the registered services and returns the address.
func serveGRPC(t *testing.T, register func(*grpc.Server), options ...grpc.ServerOption) (address string) {
	t.Helper()
	l, server := listen(t), grpc.NewServer(options...)
	register(server)
	go server.Serve(l)
	t.Cleanup(server.Stop)
	return l.Addr().String()
}

func serving(s grpc_health_v1.HealthCheckResponse_ServingStatus) func(*grpc.Server) {
	return func(server *grpc.Server) {
		h := grpchealth.NewServer()
		h.SetServingStatus("", s)
		grpc_health_v1.RegisterHealthServer(server, h)
	}
}

// serveHTTP answers every request with this code and body.
func serveHTTP(t *testing.T, code int, body string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s
}

func TestAddresses(t *testing.T) {
	gone := listen(t)
	gone.Close()
	for endpoint, text := range map[string]string{
		"":                                `has no host and port`,
		"collector.example":               `has no host and port: use for example grpcs://collector.example:4317`,
		"grpc://:4317":                    `has no host and port`,
		"ftp://a:1":                       `unknown scheme "ftp": use grpc, grpcs, http or https`,
		"grpc://a:1/b":                    `gRPC has no paths`,
		"http://[::1":                     `not a URL`,
		gone.Addr().String():              "nothing listens there",
		"https://" + gone.Addr().String(): "nothing listens there",
		"grpc://collector..example:4317":  "check the name",
		"http://collector..example:13133": "check the name",
	} {
		expect(t, endpoint, health.Options{}, failure{health.StageAddress, text})
	}
}

func TestHealthServiceAnswers(t *testing.T) {
	address := serveGRPC(t, serving(grpc_health_v1.HealthCheckResponse_SERVING))
	answer, err := health.Check(t.Context(), address, health.Options{})
	if err != nil || answer.By != health.ByHealthService {
		t.Errorf("answer %+v, error %v", answer, err)
	}
	expect(t, serveGRPC(t, serving(grpc_health_v1.HealthCheckResponse_NOT_SERVING)), health.Options{}, failure{health.StageStatus, "NOT_SERVING"})
	expect(t, serveGRPC(t, func(*grpc.Server) {}), health.Options{}, failure{health.StageProtocol, "neither a health service nor OTLP"})
	refuse := func(context.Context, any, *grpc.UnaryServerInfo, grpc.UnaryHandler) (any, error) {
		return nil, status.Error(codes.Unauthenticated, "who are you?")
	}
	expect(t, serveGRPC(t, serving(grpc_health_v1.HealthCheckResponse_SERVING), grpc.UnaryInterceptor(refuse)), health.Options{},
		failure{health.StageStatus, "Unauthenticated: who are you?"})
}

func TestHTTPEndpointAnswers(t *testing.T) {
	answer, err := health.Check(t.Context(), serveHTTP(t, 200, "fine\n").URL, health.Options{})
	if err != nil || answer != (health.Answer{By: health.ByHTTP, Detail: "fine"}) {
		t.Errorf("answer %+v, error %v", answer, err)
	}
	expect(t, serveHTTP(t, 503, "starting").URL, health.Options{}, failure{health.StageStatus, "503 Service Unavailable: starting"})
	expect(t, serveHTTP(t, 404, "").URL+"/x?y", health.Options{}, failure{health.StageProtocol, "404"})
	expect(t, serveHTTP(t, 302, "").URL, health.Options{}, failure{health.StageProtocol, "302"})
}

func TestWebPageIsNoCollector(t *testing.T) {
	for _, page := range []string{"<!DOCTYPE html><title>Welcome</title>", "\n <html>hello"} {
		expect(t, serveHTTP(t, 200, page).URL, health.Options{}, failure{health.StageProtocol, "web page"})
		expect(t, serveHTTP(t, 200, page).URL+"/v1/traces", health.Options{}, failure{health.StageProtocol, "web page"})
	}
	expect(t, serveHTTP(t, 502, "<html>bad gateway").URL, health.Options{}, failure{health.StageStatus, "502 Bad Gateway: (a web page)"})
	long := serveHTTP(t, 503, strings.Repeat("two\nlines\x1b[2J ", 100)).URL
	_, err := health.Check(t.Context(), long, health.Options{})
	if err == nil || strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 400 {
		t.Errorf("%q is not one short line", err)
	}
}

// serveOTLP answers exports over HTTP as a receiver does.
func serveOTLP(t *testing.T, format string, code int) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", format)
		w.WriteHeader(code)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestOTLPOverHTTP(t *testing.T) {
	answer, err := health.Check(t.Context(), serveOTLP(t, "application/x-protobuf", 200).URL+"/v1/traces", health.Options{})
	if err != nil || answer.By != health.ByOTLP {
		t.Errorf("answer %+v, error %v", answer, err)
	}
	expect(t, serveOTLP(t, "text/plain", 200).URL+"/v1/traces", health.Options{}, failure{health.StageProtocol, `200 OK in the format "text/plain"`})
	expect(t, serveOTLP(t, "application/x-protobuf", 503).URL+"/v1/traces", health.Options{}, failure{health.StageStatus, "503"})
	expect(t, serveHTTP(t, 404, "").URL+"/v1/traces", health.Options{}, failure{health.StageProtocol, "404"})
}

// TestPortOfOTLP: port 4318 means OTLP over HTTP, with and without a scheme. The test connects only to the
// loopback address.
func TestPortOfOTLP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.43:4318")
	if err != nil {
		t.Skip("no port 4318 on this machine: ", err)
	}
	s := serveOTLP(t, "application/x-protobuf", 200)
	go http.Serve(l, s.Config.Handler)
	defer l.Close()
	for _, endpoint := range []string{"127.0.0.43:4318", "http://127.0.0.43:4318"} {
		if answer, err := health.Check(t.Context(), endpoint, health.Options{}); err != nil || answer.By != health.ByOTLP {
			t.Errorf("%s: answer %+v, error %v", endpoint, answer, err)
		}
	}
}

// TestSilence: something accepts connections but sends nothing: a stopped process, or a load balancer.
func TestSilence(t *testing.T) {
	address := listen(t).Addr().String() // the kernel accepts
	o := health.Options{Timeout: 200 * time.Millisecond}
	for scheme, stage := range map[string]health.Stage{"grpc": health.StageProtocol, "http": health.StageProtocol,
		"grpcs": health.StageHandshake, "https": health.StageHandshake} {
		expect(t, scheme+"://"+address, o, failure{stage, "no answer in time: something accepts connections there but does not respond"})
	}
}

// speakFirst sends text on each connection and nothing after it, and returns the address.
func speakFirst(t *testing.T, text string) (address string) {
	t.Helper()
	l := listen(t)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, text)
			_ = conn.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, conn)
			conn.Close()
		}
	}()
	return l.Addr().String()
}

func TestProtocolsThatDoNotFit(t *testing.T) {
	ca := newAuthority(t)
	server := ca.issue(t, time.Now().Add(time.Hour), loopback)
	trust := health.Options{TLS: &tls.Config{RootCAs: ca.pool()}}
	secureGRPC := serveGRPC(t, serving(grpc_health_v1.HealthCheckResponse_SERVING), grpc.Creds(credentials.NewServerTLSFromCert(&server)))
	secureHTTP := httptest.NewUnstartedServer(http.NotFoundHandler())
	secureHTTP.TLS = &tls.Config{Certificates: []tls.Certificate{server}}
	secureHTTP.StartTLS()
	defer secureHTTP.Close()
	plainGRPC := serveGRPC(t, serving(grpc_health_v1.HealthCheckResponse_SERVING))
	plainHTTP := strings.TrimPrefix(serveHTTP(t, 200, "").URL, "http://")
	httpsAddress := secureHTTP.Listener.Addr().String()

	if _, err := health.Check(t.Context(), "grpcs://"+secureGRPC, trust); err != nil {
		t.Errorf("with TLS on both sides: %v", err)
	}
	expect(t, "grpc://"+secureGRPC, trust, failure{health.StageProtocol, "if it expects TLS, use grpcs://"})
	expect(t, "grpcs://"+plainGRPC, trust, failure{health.StageHandshake, "grpc://"})
	expect(t, "grpc://"+plainHTTP, trust, failure{health.StageProtocol, "it speaks HTTP"})
	expect(t, "grpcs://"+plainHTTP, trust, failure{health.StageHandshake, "it does not use TLS: use grpc://"})
	expect(t, "grpcs://"+httpsAddress, trust, failure{health.StageHandshake, "a protocol other than gRPC"})
	expect(t, "http://"+httpsAddress, trust, failure{health.StageProtocol, "use https://"})
	expect(t, "https://"+plainHTTP, trust, failure{health.StageHandshake, "it does not use TLS: use http://"})
	expect(t, "http://"+plainGRPC, trust, failure{health.StageProtocol, "does not speak HTTP/1.1"})
	expect(t, "http://"+speakFirst(t, "SSH-2.0-server\r\n"), trust, failure{health.StageProtocol, "does not speak HTTP/1.1"})
	expect(t, "http://"+speakFirst(t, "\x15\x03\x01\x00\x02\x02\x28"), trust, failure{health.StageProtocol, "use https://"})
}
