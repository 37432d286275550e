package otlpmuxreceiver

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

func TestConfig(t *testing.T) {
	for _, test := range []struct {
		name  string
		input map[string]any
		err   string // empty: valid
	}{
		{"defaults", nil, ""},
		{"everything", map[string]any{
			"endpoints":             []string{"0.0.0.0:4317", "[::]:4318"},
			"max_request_body_size": 16 << 20,
			"include_metadata":      true,
			"tls":                   map[string]any{"cert_file": "a", "key_file": "b", "client_ca_file": "c", "client_ca_file_reload": true},
			"admission":             map[string]any{"max_in_flight_bytes": 128 << 20, "peer_share": 0.8, "peer_identity": "certificate", "max_retry_after": "10s"},
			"connections":           map[string]any{"max": 500, "max_per_peer": 0, "max_age": "10m"},
		}, ""},
		{"unknown key", map[string]any{"protocols": map[string]any{}}, "protocols"},
		{"endpoint", map[string]any{"endpoint": "0.0.0.0:4317"}, "list the addresses under endpoints"},
		{"no endpoints", map[string]any{"endpoints": []string{}}, "at least one address"},
		{"no port", map[string]any{"endpoints": []string{"localhost"}}, "endpoints[0]"},
		{"twice", map[string]any{"endpoints": []string{"a:1", "a:1"}}, "endpoints[1]: \"a:1\" is listed twice"},
		{"transport", map[string]any{"transport": "udp"}, "must be tcp"},
		{"no timeout", map[string]any{"read_timeout": "0s"}, "must be positive"},
		{"body", map[string]any{"max_request_body_size": -1}, "max_request_body_size: must be positive"},
		{"small limit", map[string]any{"admission": map[string]any{"max_in_flight_bytes": 1 << 20}}, "less than twice max_request_body_size"},
		{"share", map[string]any{"admission": map[string]any{"peer_share": 1.5}}, "peer_share: must be above 0"},
		{"share below a request", map[string]any{"admission": map[string]any{"peer_share": 0.3}}, "less than max_request_body_size"},
		{"identity", map[string]any{"admission": map[string]any{"peer_identity": "name"}}, `must be "address" or "certificate"`},
		{"certificate in plaintext", map[string]any{"admission": map[string]any{"peer_identity": "certificate"}}, "needs tls::client_ca_file"},
		{"retry", map[string]any{"admission": map[string]any{"max_retry_after": "0s"}}, "at least 1s"},
		{"negative", map[string]any{"connections": map[string]any{"max": -1}}, "must not be negative"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := createDefaultConfig().(*Config)
			err := confmap.NewFromStringMap(test.input).Unmarshal(config)
			if err == nil {
				err = confmap.Validate(config)
			}
			switch {
			case test.err == "" && err != nil:
				t.Error(err)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
				t.Errorf("error %v, expected one with %q", err, test.err)
			}
		})
	}
}

// TestLifecycle shares one receiver among the signals, and uses a configuration twice.
func TestLifecycle(t *testing.T) {
	ctx, f := context.Background(), NewFactory()
	set := receivertest.NewNopSettings(f.Type())
	config := f.CreateDefaultConfig().(*Config)
	config.Endpoints = []string{"127.0.0.1:0"}
	for range 2 {
		traces, err := f.CreateTraces(ctx, set, config, consumertest.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		logs, err := f.CreateLogs(ctx, set, config, consumertest.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		if any(traces) != any(logs) {
			t.Fatal("signals do not share the receiver")
		}
		for range 2 {
			if err := traces.Start(ctx, componenttest.NewNopHost()); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := logs.Shutdown(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	never, err := f.CreateMetrics(ctx, set, config, consumertest.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if err := never.Shutdown(ctx); err != nil {
		t.Errorf("shutdown without start: %v", err)
	}
}

// TestPortInUse reports the address, and leaves no other port open.
func TestPortInUse(t *testing.T) {
	r := start(t, nil)
	ctx, f := context.Background(), NewFactory()
	config := f.CreateDefaultConfig().(*Config)
	config.Endpoints = []string{"127.0.0.1:0", r.address(0)}
	other, err := f.CreateTraces(ctx, receivertest.NewNopSettings(f.Type()), config, consumertest.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(ctx, componenttest.NewNopHost()); err == nil || !strings.Contains(err.Error(), "listen on "+r.address(0)) {
		t.Errorf("error %v does not name the address", err)
	}
	if err := other.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

func TestParseTimeout(t *testing.T) {
	for value, expected := range map[string]time.Duration{
		"1S": time.Second, "20m": 20 * time.Millisecond, "99999999H": 0, "1H": time.Hour, "100u": 100 * time.Microsecond,
		"": 0, "S": 0, "1": 0, "-1S": 0, "1x": 0, "123456789S": 0, "2562047H": 2562047 * time.Hour, "2562048H": 0,
	} {
		if got, ok := parseTimeout(value); got != expected || ok != (expected > 0) {
			t.Errorf("%q: %s %v, expected %s", value, got, ok, expected)
		}
	}
}
