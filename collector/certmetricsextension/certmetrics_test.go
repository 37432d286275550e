package certmetricsextension

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension/extensiontest"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is the extension as a Collector runs it.
type rig struct {
	reader *sdkmetric.ManualReader
	logs   *observer.ObservedLogs
}

func start(t *testing.T, files ...string) rig {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	r := rig{reader: sdkmetric.NewManualReader(), logs: logs}
	factory := NewFactory()
	set := extensiontest.NewNopSettings(factory.Type())
	set.Logger, set.MeterProvider = zap.New(core), sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.reader))
	cfg := factory.CreateDefaultConfig().(*Config)
	if err := confmap.NewFromStringMap(map[string]any{"files": files}).Unmarshal(cfg); err != nil {
		t.Fatal(err)
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	e, err := factory.Create(t.Context(), set, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if series := r.collect(t); len(series) > 0 {
			t.Errorf("series after the shutdown: %v", series)
		}
	})
	return r
}

// collect returns the metric's values by file.
func (r rig) collect(t *testing.T) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := r.reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	values := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name != metricName || m.Unit != "s" {
				t.Fatalf("metric %s in %s, want %s in s", m.Name, m.Unit, metricName)
			}
			for _, point := range m.Data.(metricdata.Gauge[int64]).DataPoints {
				file, _ := point.Attributes.Value("file")
				values[file.AsString()] = point.Value
			}
		}
	}
	return values
}

// certificate returns a PEM-encoded certificate that expires at the given time.
func certificate(t *testing.T, notAfter time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: notAfter.Add(-time.Hour), NotAfter: notAfter}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

var soon = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

func TestFirstExpiryOfEachFile(t *testing.T) {
	dir := t.TempDir()
	chain, bundle := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "ca.crt")
	key := "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
	write(t, chain, key+certificate(t, soon)+certificate(t, soon.AddDate(1, 0, 0)))
	write(t, bundle, "# both roots\n"+certificate(t, soon.AddDate(9, 0, 0))+certificate(t, soon.AddDate(3, 0, 0))+"\n")
	r := start(t, chain, bundle)
	got := r.collect(t)
	if len(got) != 2 || got[chain] != soon.Unix() || got[bundle] != soon.AddDate(3, 0, 0).Unix() {
		t.Errorf("series are %v", got)
	}
	write(t, chain, certificate(t, soon.AddDate(0, 3, 0)))
	if got := r.collect(t)[chain]; got != soon.AddDate(0, 3, 0).Unix() {
		t.Errorf("after a renewal the value is %s", time.Unix(got, 0).UTC())
	}
	if r.logs.Len() > 0 {
		t.Errorf("logs are %v", r.logs.All())
	}
}

// Each problem is logged once, and the metric keeps its last value. A readable file ends the problem.
func TestProblems(t *testing.T) {
	dir := t.TempDir()
	file, never := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "no.crt")
	valid := certificate(t, soon)
	write(t, file, valid)
	r := start(t, file, never)
	if got := r.collect(t); len(got) != 1 || got[file] != soon.Unix() {
		t.Errorf("series are %v, want one for the file that exists", got)
	}
	r.logged(t, "no such file")
	damaged := strings.Replace(valid, "M", "*", 1)
	for content, problem := range map[string]string{
		"":                                  "contains no certificate",
		"not PEM":                           "contains no certificate",
		valid + valid[:len(valid)/2]:        "1 of 2 certificates are damaged",
		damaged + valid:                     "1 of 2 certificates are damaged",
		strings.Repeat("#\n", 1<<20):        "larger than 1048576 bytes",
		strings.Replace(valid, "M", "A", 1): "certificate 1: x509",
	} {
		write(t, file, content)
		for range 3 {
			if got := r.collect(t)[file]; got != soon.Unix() {
				t.Errorf("with %q the value is %d, want the last known one", problem, got)
			}
		}
		r.logged(t, problem)
		write(t, file, valid)
		r.collect(t)
		r.logged(t, "readable again")
	}
}

// logged expects one new line.
func (r rig) logged(t *testing.T, text string) {
	t.Helper()
	lines := r.logs.TakeAll()
	if len(lines) != 1 {
		t.Fatalf("%d log lines, want one about %q: %v", len(lines), text, lines)
	}
	if all := lines[0].Message + " " + lines[0].ContextMap()["file"].(string) + " " + errorOf(lines[0]); !strings.Contains(all, text) {
		t.Errorf("the log has %q, want %q", all, text)
	}
}

func errorOf(line observer.LoggedEntry) string {
	text, _ := line.ContextMap()["error"].(string)
	return text
}

// A directory, or a pipe that never gets a writer, must not stop the collection of metrics.
func TestNotRegularFiles(t *testing.T) {
	r := start(t, t.TempDir())
	if got := r.collect(t); len(got) > 0 {
		t.Errorf("series are %v", got)
	}
	r.logged(t, "not a regular file")
}

func TestValidate(t *testing.T) {
	many := make([]string, maxFiles+1)
	for i := range many {
		many[i] = strings.Repeat("x", i+1)
	}
	for name, c := range map[string]struct {
		files []string
		want  string
	}{
		"none":  {nil, "files is empty"},
		"blank": {[]string{"a", ""}, "files[1] is empty"},
		"twice": {[]string{"a", "b", "a"}, `files[2]: "a" is listed twice`},
		"many":  {many, "17 entries"},
	} {
		err := (&Config{Files: c.files}).Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want %q", name, err, c.want)
		}
	}
}
