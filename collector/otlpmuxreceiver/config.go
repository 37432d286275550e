package otlpmuxreceiver

import (
	"errors"
	"fmt"
	"net"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
)

// Config configures the receiver. The settings of confighttp apply to gRPC too, apart from CORS.
type Config struct {
	confighttp.ServerConfig `mapstructure:",squash"`

	// Endpoints are the addresses to listen on, each for every form of OTLP.
	Endpoints []string `mapstructure:"endpoints"`

	Admission   AdmissionConfig   `mapstructure:"admission"`
	Connections ConnectionsConfig `mapstructure:"connections"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// AdmissionConfig bounds the memory of requests that are being received or processed.
type AdmissionConfig struct {
	// MaxInFlightBytes limits the sum of all requests, from before their bodies are read until the
	// pipeline has answered. A request counts with its size after decompression, or with an eighth
	// of its size when decoded if that is more.
	MaxInFlightBytes int64 `mapstructure:"max_in_flight_bytes"`

	// PeerShare is the largest fraction of the limit that a single peer can occupy while no other
	// peer sends; with k such peers each gets about 1/(k+1/PeerShare-1). 1 disables fair sharing.
	PeerShare float64 `mapstructure:"peer_share"`

	// PeerIdentity is what identifies a peer: its "address", or its client "certificate", that is, the
	// intermediate authority that signed it, or its subject if the root did.
	PeerIdentity peerIdentity `mapstructure:"peer_identity"`

	// MaxRetryAfter is the longest delay that a refusal asks for; each refusal asks for a random
	// delay between one second and this.
	MaxRetryAfter time.Duration `mapstructure:"max_retry_after"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// ConnectionsConfig bounds the number and the age of connections.
type ConnectionsConfig struct {
	// Max limits the open connections of all endpoints together. 0 disables the limit.
	Max int `mapstructure:"max"`

	// MaxPerPeer limits the open connections of one remote address. 0 disables the limit.
	MaxPerPeer int `mapstructure:"max_per_peer"`

	// MaxAge is the age, varied by a tenth in both directions, at which a connection is closed
	// after its next response, so that clients spread over new replicas. 0 disables it.
	MaxAge time.Duration `mapstructure:"max_age"`

	// prevent unkeyed literal initialization
	_ struct{}
}

type peerIdentity string

const (
	peerAddress     peerIdentity = "address"
	peerCertificate peerIdentity = "certificate"
)

const defaultMaxRequestBodySize = 20 << 20

func createDefaultConfig() component.Config {
	server := confighttp.NewDefaultServerConfig()
	server.TLS = configoptional.None[configtls.ServerConfig]()
	server.MaxRequestBodySize = defaultMaxRequestBodySize
	server.ReadHeaderTimeout = 10 * time.Second
	server.ReadTimeout = 30 * time.Second
	server.WriteTimeout = time.Minute
	// Longer than 90 s, after which Go's clients close an idle connection, and 60 s, after which most
	// others do: a client should never send on a connection that is being closed.
	server.IdleTimeout = 2 * time.Minute
	return &Config{
		ServerConfig: server,
		Endpoints:    []string{"localhost:4317", "localhost:4318"},
		Admission: AdmissionConfig{
			MaxInFlightBytes: 64 << 20,
			PeerShare:        0.5,
			PeerIdentity:     peerAddress,
			MaxRetryAfter:    5 * time.Second,
		},
		Connections: ConnectionsConfig{Max: 10_000, MaxPerPeer: 1_000, MaxAge: 5 * time.Minute},
	}
}

// Validate reports all settings that cannot work.
func (c *Config) Validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if c.NetAddr.Endpoint != "" {
		fail("endpoint: not supported; list the addresses under endpoints")
	}
	switch c.NetAddr.Transport {
	case confignet.TransportTypeTCP, confignet.TransportTypeTCP4, confignet.TransportTypeTCP6:
	default:
		fail("transport: must be tcp, tcp4 or tcp6, not %q", c.NetAddr.Transport)
	}
	errs = append(errs, validateEndpoints(c.Endpoints)...)
	if c.MaxRequestBodySize <= 0 {
		fail("max_request_body_size: must be positive")
	}
	if c.ReadTimeout <= 0 || c.ReadHeaderTimeout <= 0 || c.IdleTimeout <= 0 {
		fail("read_timeout, read_header_timeout and idle_timeout: must be positive, or a slow client keeps its memory forever")
	}
	errs = append(errs, c.Admission.validate(c.MaxRequestBodySize)...)
	if c.Admission.PeerIdentity == peerCertificate && (!c.TLS.HasValue() || c.TLS.Get().ClientCAFile == "") {
		fail("admission::peer_identity: certificate needs tls::client_ca_file")
	}
	if c.Connections.Max < 0 || c.Connections.MaxPerPeer < 0 || c.Connections.MaxAge < 0 {
		fail("connections: limits must not be negative; 0 disables a limit")
	}
	return errors.Join(errs...)
}

func validateEndpoints(endpoints []string) []error {
	if len(endpoints) == 0 {
		return []error{errors.New("endpoints: at least one address is needed, such as 0.0.0.0:4317")}
	}
	var errs []error
	seen := make(map[string]bool, len(endpoints))
	for i, endpoint := range endpoints {
		_, port, err := net.SplitHostPort(endpoint)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("endpoints[%d]: %w; expected host:port", i, err))
		case port == "":
			errs = append(errs, fmt.Errorf("endpoints[%d]: %q has no port", i, endpoint))
		case seen[endpoint] && port != "0":
			errs = append(errs, fmt.Errorf("endpoints[%d]: %q is listed twice", i, endpoint))
		}
		seen[endpoint] = true
	}
	return errs
}

func (a *AdmissionConfig) validate(maxBody int64) []error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf("admission::"+format, args...)) }
	if a.MaxInFlightBytes < 2*maxBody {
		fail("max_in_flight_bytes: %d is less than twice max_request_body_size (%d); a request of that size would seldom fit", a.MaxInFlightBytes, maxBody)
	}
	if !(a.PeerShare > 0 && a.PeerShare <= 1) {
		fail("peer_share: must be above 0 and at most 1, not %v", a.PeerShare)
	} else if share := float64(a.MaxInFlightBytes/4*3) * a.PeerShare; share < float64(maxBody) {
		fail("peer_share: a peer's share of the memory, %.0f bytes, is less than max_request_body_size (%d)", share, maxBody)
	}
	if a.PeerIdentity != peerAddress && a.PeerIdentity != peerCertificate {
		fail("peer_identity: must be %q or %q, not %q", peerAddress, peerCertificate, a.PeerIdentity)
	}
	if a.MaxRetryAfter < time.Second {
		fail("max_retry_after: must be at least 1s, not %s", a.MaxRetryAfter)
	}
	return errs
}
