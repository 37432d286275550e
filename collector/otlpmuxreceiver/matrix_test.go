package otlpmuxreceiver

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"testing"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// seen keeps the client.Info of the last request.
type seen struct{ info client.Info }

func (s *seen) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s *seen) ConsumeTraces(ctx context.Context, _ ptrace.Traces) error {
	s.info = client.FromContext(ctx)
	return nil
}

// TestEveryProtocolIsAccepted sends with every combination of security, protocol, compression and port.
func TestEveryProtocolIsAccepted(t *testing.T) {
	authority := newAuthority(t)
	for _, security := range []struct {
		name   string
		server []option
		client *tls.Config
	}{
		{"plaintext", nil, nil},
		{"TLS", []option{authority.serverTLS(t, false)}, authority.clientTLS(t, "")},
		{"mTLS", []option{authority.serverTLS(t, true)}, authority.clientTLS(t, "cluster-a")},
	} {
		last := new(seen)
		r := start(t, last, security.server...)
		for _, protocol := range []string{"grpc", "http1 protobuf", "http1 json", "http2 protobuf", "http2 json"} {
			for _, encoding := range []string{"", "gzip", "zstd"} {
				for port := range 2 {
					t.Run(fmt.Sprintf("%s/%s/%s/port %d", security.name, protocol, encoding, port), func(t *testing.T) {
						last.info = client.Info{}
						if err := exportOnce(t, protocol, encoding, r.address(port), security.client); err != nil {
							t.Fatal(err)
						}
						checkPeer(t, last.info, security.name == "mTLS")
					})
				}
			}
		}
	}
}

func checkPeer(t *testing.T, info client.Info, certified bool) {
	t.Helper()
	if info.Addr == nil || info.Addr.String() != "127.0.0.1" {
		t.Errorf("client address %v, expected 127.0.0.1", info.Addr)
	}
	if !certified {
		if info.Auth != nil {
			t.Error("a client without a certificate has an identity")
		}
		return
	}
	if info.Auth == nil {
		t.Fatal("the client certificate did not reach the pipeline")
	}
	if got := info.Auth.GetAttribute("subject"); got != "CN=cluster-a,O=telepod" {
		t.Errorf("subject %v", got)
	}
	if got := info.Auth.GetAttribute("dns_names"); fmt.Sprint(got) != "[cluster-a]" {
		t.Errorf("dns_names %v", got)
	}
}

func exportOnce(t testing.TB, protocol, encoding, address string, secure *tls.Config) error {
	td := traces(10)
	if protocol == "grpc" {
		return grpcExport(t, address, encoding, secure, td)
	}
	var major int
	var kind string
	if _, err := fmt.Sscanf(protocol, "http%d %s", &major, &kind); err != nil {
		t.Fatal(err)
	}
	body, contentType := protobufBody(t, td), protobufType
	if kind == "json" {
		body, contentType = jsonBody(t, td), jsonType
	}
	scheme := "http"
	if secure != nil {
		scheme = "https"
	}
	request, _ := http.NewRequest(http.MethodPost, scheme+"://"+address+"/v1/traces", bytes.NewReader(compress(t, encoding, body)))
	request.Header.Set("Content-Type", contentType)
	if encoding != "" {
		request.Header.Set("Content-Encoding", encoding)
	}
	response, err := httpClient(t, major, secure, "").Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(response.Body)
	if response.ProtoMajor != major || response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != contentType {
		return fmt.Errorf("%s %s, %s: %q", response.Proto, response.Status, response.Header.Get("Content-Type"), answer)
	}
	parsed := ptraceotlp.NewExportResponse()
	if kind == "json" {
		return parsed.UnmarshalJSON(answer)
	}
	return parsed.UnmarshalProto(answer)
}

func grpcConnection(t testing.TB, address string, secure *tls.Config, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	security := insecure.NewCredentials()
	if secure != nil {
		security = credentials.NewTLS(secure)
	}
	connection, err := grpc.NewClient(address, append(options, grpc.WithTransportCredentials(security))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

func grpcExport(t testing.TB, address, encoding string, secure *tls.Config, td ptrace.Traces) error {
	var options []grpc.CallOption
	if encoding != "" {
		options = append(options, grpc.UseCompressor(encoding))
	}
	connection := grpcConnection(t, address, secure)
	_, err := ptraceotlp.NewGRPCClient(connection).Export(context.Background(), ptraceotlp.NewExportRequestFromTraces(td), options...)
	return err
}

// TestCollectorExporters sends with the exporter that other Collectors use, to the port of gRPC.
func TestCollectorExporters(t *testing.T) {
	r := start(t, nil)
	f := otlphttpexporter.NewFactory()
	for _, compression := range []configcompression.Type{"", configcompression.TypeGzip, configcompression.TypeZstd, configcompression.TypeSnappy} {
		config := f.CreateDefaultConfig().(*otlphttpexporter.Config)
		// A slash at the end is what people write, and makes the path "//v1/traces".
		setEndpoint(&config.ClientConfig, "http://"+r.address(0)+"/", compression)
		exporter, err := f.CreateTraces(context.Background(), exportertest.NewNopSettings(component.MustNewType("otlp_http")), config)
		if err != nil {
			t.Fatal(err)
		}
		if err := exporter.Start(context.Background(), componenttest.NewNopHost()); err != nil {
			t.Fatal(err)
		}
		if err := exporter.ConsumeTraces(context.Background(), traces(7)); err != nil {
			t.Fatal(err)
		}
		if err := exporter.Shutdown(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.sink.SpanCount(); got != 4*7 {
		t.Errorf("%d spans arrived, expected 28", got)
	}
	if got := r.metric("otelcol_receiver_accepted_spans", "http"); got != 28 {
		t.Errorf("otelcol_receiver_accepted_spans is %d, expected 28", got)
	}
}

func setEndpoint(c *confighttp.ClientConfig, endpoint string, compression configcompression.Type) {
	c.Endpoint, c.Compression = endpoint, compression
}
