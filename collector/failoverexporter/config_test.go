package failoverexporter

import (
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
)

func load(t *testing.T, text string) (*Config, error) {
	t.Helper()
	raw, err := confmap.NewRetrievedFromYAML([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	conf, err := raw.AsConf()
	if err != nil {
		t.Fatal(err)
	}
	c := createDefaultConfig().(*Config)
	if err := conf.Unmarshal(c); err != nil {
		return nil, err
	}
	return c, confmap.Validate(c)
}

func TestDefaultConfigIsWellFormed(t *testing.T) {
	if err := componenttest.CheckConfigStruct(createDefaultConfig()); err != nil {
		t.Error(err)
	}
}

func TestRegionConfig(t *testing.T) {
	c, err := load(t, `
endpoints:
  - {name: primary, endpoint: "https://a.example:4318"}
  - name: backup
    endpoint: "https://b.example:4318/otlp"
    headers: {X-Scope-OrgID: team}
    filters:
      - {action: drop, attribute: data.residency, values: [eu], signals: [traces]}
tls: {ca_file: /tls/ca.crt, cert_file: /tls/tls.crt, key_file: /tls/tls.key, reload_interval: 1h, min_version: "1.3"}
compression: zstd
return_after: 400ms
sending_queue: {enabled: true, storage: file_storage/queue, sizer: bytes, queue_size: 1000000000, num_consumers: 4, block_on_overflow: false, batch: {sizer: bytes, flush_timeout: 200ms, min_size: 1000000, max_size: 4500000}}
retry_on_failure: {max_elapsed_time: 0s}
`)
	if err != nil {
		t.Fatal(err)
	}
	if c.ReturnAfter != 400*time.Millisecond || c.TLS.CAFile != "/tls/ca.crt" || len(c.Endpoints[1].Filters) != 1 || c.QueueConfig.Get().Batch.Get().MaxSize != 4500000 {
		t.Errorf("loaded %+v", c)
	}
	if c.RetryConfig.MaxInterval != 3*time.Second || !c.RetryConfig.Enabled || c.Timeout != 10*time.Second {
		t.Errorf("defaults lost: %+v", c.RetryConfig)
	}
}

func TestConfigErrors(t *testing.T) {
	const valid = "endpoints: [{name: a, endpoint: 'https://a:4318'}]\n"
	for text, want := range map[string]string{
		"endpoints: []": "endpoints is empty",
		"endpoints: [{endpoint: 'https://a:4318'}]":                                                               "endpoints[0].name",
		"endpoints: [{name: none, endpoint: 'https://a:4318'}]":                                                   "other than none",
		"endpoints: [{name: a, endpoint: 'https://a:4318'}, {name: a, endpoint: 'https://b:4318'}]":               "used twice",
		"endpoints: [{name: a, endpoint: 'a:4318'}]":                                                              "not an http or https URL",
		"endpoints: [{name: a, endpoint: 'https://u:secret@a:4318'}]":                                             "it has a user",
		"endpoints: [{name: a, endpoint: 'https://a:4318?x=1'}]":                                                  "a query",
		"endpoints: [{name: a, endpoint: 'https://a:4318', filters: [{action: maybe}]}]":                          "use drop or keep",
		"endpoints: [{name: a, endpoint: 'https://a:4318', filters: [{action: drop, signals: [events]}]}]":        "use traces, metrics or logs",
		"endpoints: [{name: a, endpoint: 'https://a:4318', filters: [{action: drop, values: [x]}]}]":              "values but no attribute",
		"endpoints: [{name: a, endpoint: 'https://a:4318', headers: {Expect: 100-continue}}]":                     "set by the exporter",
		"endpoints: [{name: a, endpoint: 'https://a:4318', prio: 1}]":                                             "prio",
		valid + "headers: {X-Team: \"a\\r\\nX-Evil: b\"}":                                                         "line break",
		valid + "headers: {'X Team': a}":                                                                          "not a valid name of an HTTP header",
		valid + "compression: snappy":                                                                             "use zstd, gzip or none",
		valid + "timeout: 0s":                                                                                     "timeout is 0s",
		valid + "return_after: -1s":                                                                               "must not be negative",
		valid + "sending_queue: {batch: {partition: {metadata_keys: [tenant]}, flush_timeout: 1s, sizer: items}}": "not supported",
	} {
		_, err := load(t, text)
		switch {
		case err == nil:
			t.Errorf("no error for %s", text)
		case !strings.Contains(err.Error(), want):
			t.Errorf("%s: error is %v, want %q", text, err, want)
		case strings.Contains(err.Error(), "secret"):
			t.Errorf("the error shows a password: %v", err)
		}
	}
}
