package failoverexporter

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"golang.org/x/net/http/httpguts"
)

// Config is the exporter's configuration. Settings that confighttp also has keep their names and meanings.
type Config struct {
	// Endpoints in order of priority: the first that accepts a signal gets it.
	Endpoints []EndpointConfig `mapstructure:"endpoints"`

	// TLS is used for all endpoints without TLS settings.
	TLS configtls.ClientConfig `mapstructure:"tls"`
	// Headers are sent to all endpoints.
	Headers configopaque.MapList `mapstructure:"headers"`
	// Auth is used for all endpoints without an authenticator.
	Auth configoptional.Optional[configauth.Config] `mapstructure:"auth"`
	// Compression is zstd, gzip or none.
	Compression       configcompression.Type              `mapstructure:"compression"`
	CompressionParams configcompression.CompressionParams `mapstructure:"compression_params"`

	// Timeout limits one try at one endpoint while its connection is alive.
	Timeout time.Duration `mapstructure:"timeout"`
	// ConnectTimeout limits the TCP handshake and the TLS handshake of a new connection, each.
	ConnectTimeout time.Duration `mapstructure:"connect_timeout"`
	// HTTP2ReadIdleTimeout is how long a connection may be silent before it is pinged.
	HTTP2ReadIdleTimeout time.Duration `mapstructure:"http2_read_idle_timeout"`
	// HTTP2PingTimeout limits the time for the answer to a ping. After that, the endpoint counts as hung.
	HTTP2PingTimeout time.Duration `mapstructure:"http2_ping_timeout"`
	// IdleConnTimeout closes a connection without requests, and so ends its pings.
	IdleConnTimeout time.Duration `mapstructure:"idle_conn_timeout"`
	// ExpectContinue waits for the endpoint to ask for the body of a request.
	ExpectContinue bool `mapstructure:"expect_continue"`

	// ReturnAfter is how long probes have to succeed before an endpoint that was down is used again.
	ReturnAfter time.Duration `mapstructure:"return_after"`
	// ProbeInterval is the time between probes of an endpoint that is down.
	ProbeInterval time.Duration `mapstructure:"probe_interval"`
	// StandbyInterval is the time between probes of an endpoint that is not in use; 0 disables them.
	StandbyInterval time.Duration `mapstructure:"standby_interval"`
	// MaxRetryAfter bounds the delay that an endpoint may ask for with Retry-After.
	MaxRetryAfter time.Duration `mapstructure:"max_retry_after"`

	QueueConfig configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
	// RetryConfig: initial_interval and max_interval are those of the full-jitter back-off of a signal at an
	// endpoint that refuses it. multiplier and randomization_factor are not used.
	RetryConfig configretry.BackOffConfig `mapstructure:"retry_on_failure"`
}

// EndpointConfig is one endpoint.
type EndpointConfig struct {
	// Name in logs and metrics.
	Name string `mapstructure:"name"`
	// Endpoint is the base URL: /v1/traces, /v1/metrics and /v1/logs are appended.
	Endpoint string `mapstructure:"endpoint"`
	// TLS replaces that of the exporter.
	TLS configoptional.Optional[configtls.ClientConfig] `mapstructure:"tls"`
	// Headers are sent in addition to the exporter's, and override them.
	Headers configopaque.MapList `mapstructure:"headers"`
	// Auth replaces that of the exporter.
	Auth configoptional.Optional[configauth.Config] `mapstructure:"auth"`
	// Filters restrict what may be sent to this endpoint.
	Filters []FilterConfig `mapstructure:"filters"`
}

// FilterConfig is a rule of an endpoint's filter: it drops what it matches, or everything else.
type FilterConfig struct {
	// Action is drop or keep.
	Action string `mapstructure:"action"`
	// Attribute of the item (span, data point, log record) or of its resource. Empty: everything matches.
	Attribute string `mapstructure:"attribute"`
	// Values to compare the attribute with, as strings: one has to be equal. Empty: any value matches.
	Values []string `mapstructure:"values"`
	// Signals that the rule applies to. Empty: all.
	Signals []string `mapstructure:"signals"`
}

func createDefaultConfig() component.Config {
	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval, retry.MaxInterval, retry.MaxElapsedTime = 250*time.Millisecond, 3*time.Second, 0
	return &Config{
		Compression:          configcompression.TypeZstd,
		Timeout:              10 * time.Second,
		ConnectTimeout:       900 * time.Millisecond,
		HTTP2ReadIdleTimeout: 300 * time.Millisecond,
		HTTP2PingTimeout:     500 * time.Millisecond,
		IdleConnTimeout:      2 * time.Second,
		ExpectContinue:       true,
		ReturnAfter:          100 * time.Millisecond,
		ProbeInterval:        100 * time.Millisecond,
		StandbyInterval:      time.Minute,
		MaxRetryAfter:        30 * time.Second,
		QueueConfig:          configoptional.Some(exporterhelper.NewDefaultQueueConfig()),
		RetryConfig:          retry,
	}
}

// Validate checks the configuration. It reports every error it finds.
func (c *Config) Validate() error {
	errs := []error{c.validateEndpoints(), c.validateCompression(), validHeaders(c.Headers)}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"timeout", c.Timeout}, {"connect_timeout", c.ConnectTimeout}, {"http2_read_idle_timeout", c.HTTP2ReadIdleTimeout},
		{"http2_ping_timeout", c.HTTP2PingTimeout}, {"idle_conn_timeout", c.IdleConnTimeout}, {"probe_interval", c.ProbeInterval},
	} {
		if d.value <= 0 {
			errs = append(errs, fmt.Errorf("%s is %s: set a duration above zero", d.name, d.value))
		}
	}
	if c.ReturnAfter < 0 || c.MaxRetryAfter < 0 || c.StandbyInterval < 0 {
		errs = append(errs, errors.New("return_after, max_retry_after and standby_interval must not be negative"))
	}
	if q := c.QueueConfig.Get(); q != nil && q.Batch.HasValue() && len(q.Batch.Get().Partition.MetadataKeys) > 0 {
		errs = append(errs, errors.New("sending_queue.batch.partition.metadata_keys is not supported: requests are stored without their metadata"))
	}
	return errors.Join(errs...)
}

func (c *Config) validateEndpoints() error {
	if len(c.Endpoints) == 0 {
		return errors.New("endpoints is empty: list at least one, {name: primary, endpoint: https://host:4318}")
	}
	var errs []error
	var names []string
	for i, e := range c.Endpoints {
		if e.Name == "" || len(e.Name) > 64 || e.Name == "none" {
			errs = append(errs, fmt.Errorf("endpoints[%d].name is %q: set a name of 1 to 64 characters, other than none", i, e.Name))
		}
		if slices.Contains(names, e.Name) {
			errs = append(errs, fmt.Errorf("endpoints[%d].name %q is used twice: give each endpoint its own name", i, e.Name))
		}
		names = append(names, e.Name)
		if err := validURL(e.Endpoint); err != nil {
			errs = append(errs, fmt.Errorf("endpoints[%d].endpoint: %w", i, err))
		}
		if err := validHeaders(e.Headers); err != nil {
			errs = append(errs, fmt.Errorf("endpoints[%d].headers: %w", i, err))
		}
		for j, f := range e.Filters {
			if err := f.validate(); err != nil {
				errs = append(errs, fmt.Errorf("endpoints[%d].filters[%d]: %w", i, j, err))
			}
		}
	}
	return errors.Join(errs...)
}

func validURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return errors.New("not a URL: use https://host:4318") // err repeats the URL, which may have a password
	case u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "":
		return errors.New("not an http or https URL with a host: use https://host:4318")
	case u.User != nil:
		return errors.New("it has a user: use auth or headers instead")
	case u.RawQuery != "" || u.Fragment != "":
		return errors.New("it has a query or a fragment: /v1/traces could not be appended")
	}
	return nil
}

// validHeaders refuses headers that HTTP does not allow, and those that the exporter sets itself.
func validHeaders(headers configopaque.MapList) error {
	reserved := []string{"Content-Encoding", "Content-Length", "Content-Type", "Connection", "Expect", "Transfer-Encoding"}
	for name, value := range headers.Iter {
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			return fmt.Errorf("%q is not a valid name of an HTTP header", name)
		case !httpguts.ValidHeaderFieldValue(string(value)):
			return fmt.Errorf("the value of %s contains a character that HTTP headers do not allow, such as a line break", name)
		case slices.Contains(reserved, http.CanonicalHeaderKey(name)):
			return fmt.Errorf("%s is set by the exporter: remove it (see compression and expect_continue)", name)
		}
	}
	return nil
}

func (c *Config) validateCompression() error {
	if c.Compression.IsCompressed() && c.Compression != configcompression.TypeZstd && c.Compression != configcompression.TypeGzip {
		return fmt.Errorf("compression is %q: use zstd, gzip or none", c.Compression)
	}
	return c.Compression.ValidateParams(c.CompressionParams)
}

func (f FilterConfig) validate() error {
	if f.Action != "drop" && f.Action != "keep" {
		return fmt.Errorf("action is %q: use drop or keep", f.Action)
	}
	if f.Attribute == "" && len(f.Values) > 0 {
		return errors.New("it has values but no attribute")
	}
	for _, name := range f.Signals {
		if _, ok := parseSignal(name); !ok {
			return fmt.Errorf("signal %q: use traces, metrics or logs", name)
		}
	}
	return nil
}
