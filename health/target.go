package health

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// target is a parsed endpoint.
type target struct {
	endpoint string // as specified
	address  string // host:port
	host     string
	path     string // of HTTP
	http     bool
	otlp     bool // OTLP over HTTP rather than a health endpoint
	secure   bool
}

// Ports by convention: the extension health_check, and OTLP over HTTP (OTLP specification).
const (
	portHTTP = "13133"
	portOTLP = "4318"
)

// tracesPath is the path for traces in OTLP over HTTP.
const tracesPath = "/v1/traces"

func parse(endpoint string, secure bool) (target, error) {
	t := target{endpoint: endpoint, address: endpoint, path: "/"}
	if scheme, rest, ok := strings.Cut(endpoint, "://"); ok {
		u, err := url.Parse(endpoint)
		if err != nil {
			return t, fmt.Errorf("not a URL: %w", err)
		}
		t.address = u.Host
		switch scheme {
		case "grpc", "grpcs":
			t.secure = scheme == "grpcs"
			if strings.Contains(rest, "/") {
				return t, fmt.Errorf("gRPC has no paths: leave out %q", u.Path)
			}
		case "http", "https":
			t.http, t.secure = true, scheme == "https"
			if u.Path != "" {
				t.path = u.RequestURI()
			}
		default:
			return t, fmt.Errorf("unknown scheme %q: use grpc, grpcs, http or https", scheme)
		}
	} else {
		t.secure = secure
	}
	host, port, err := net.SplitHostPort(t.address)
	if err != nil || host == "" || port == "" {
		return t, fmt.Errorf("%q has no host and port: use for example grpcs://collector.example:4317", t.address)
	}
	t.host = host
	t.http = t.http || !strings.Contains(endpoint, "://") && (port == portHTTP || port == portOTLP)
	if t.http && port == portOTLP && t.path == "/" {
		t.path = tracesPath
	}
	t.otlp = t.http && strings.HasSuffix(t.path, tracesPath)
	return t, nil
}

func (t target) url() string {
	scheme := "http"
	if t.secure {
		scheme = "https"
	}
	return scheme + "://" + t.address + t.path
}
