package otlpmuxreceiver

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
)

// BenchmarkCost prints the CPU of one request, of client and server together, with this receiver
// and with the upstream one, and their ratio. The client sends bytes encoded once.
func BenchmarkCost(b *testing.B) {
	own := start(b, consumertest.NewNop())
	upstreamGRPC, upstreamHTTP := startUpstream(b)
	for _, spans := range []int{100, 500} {
		body := protobufBody(b, traces(spans))
		for _, encoding := range []string{"identity", "gzip", "zstd"} {
			b.Run(fmt.Sprintf("grpc/%s/%d spans", encoding, spans), func(b *testing.B) {
				compareCost(b, grpcSender(b, own.address(0), encoding, body), grpcSender(b, upstreamGRPC, encoding, body))
			})
			b.Run(fmt.Sprintf("http1/%s/%d spans", encoding, spans), func(b *testing.B) {
				compareCost(b, httpSender(b, own.address(0), encoding, body), httpSender(b, upstreamHTTP, encoding, body))
			})
		}
	}
}

// compareCost alternates between the receivers, so that other load of the machine affects both equally.
func compareCost(b *testing.B, own, upstream func() error) {
	var cpu [2]time.Duration
	for i := 0; b.Loop(); i++ {
		which, send := i/50%2, own
		if which == 1 {
			send = upstream
		}
		before := cpuTime(b)
		if err := send(); err != nil {
			b.Fatal(err)
		}
		cpu[which] += cpuTime(b) - before
	}
	b.ReportMetric(float64(cpu[0].Microseconds())/float64(b.N)*2, "µs-own/op")
	b.ReportMetric(float64(cpu[0])/float64(cpu[1]), "ratio-to-upstream")
}

func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func startUpstream(b *testing.B) (grpcAddr, httpAddr string) {
	f := otlpreceiver.NewFactory()
	config := f.CreateDefaultConfig().(*otlpreceiver.Config)
	grpcAddr, httpAddr = freeAddress(b), freeAddress(b)
	g, h := *config.Protocols.GRPC.GetOrInsertDefault(), *config.Protocols.HTTP.GetOrInsertDefault()
	g.NetAddr.Endpoint, h.ServerConfig.NetAddr.Endpoint = grpcAddr, httpAddr
	config.Protocols.GRPC, config.Protocols.HTTP = configoptional.Some(g), configoptional.Some(h)
	r, err := f.CreateTraces(context.Background(), receivertest.NewNopSettings(component.MustNewType("otlp")), config, consumertest.NewNop())
	if err != nil {
		b.Fatal(err)
	}
	if err := r.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = r.Shutdown(context.Background()) })
	return grpcAddr, httpAddr
}

func freeAddress(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func httpSender(t testing.TB, address, encoding string, body []byte) func() error {
	client := httpClient(t, 1, nil, "")
	body = compress(t, encoding, body)
	return func() error {
		request, err := http.NewRequest(http.MethodPost, "http://"+address+"/v1/traces", bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", protobufType)
		if encoding != "identity" {
			request.Header.Set("Content-Encoding", encoding)
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		_, _ = io.Copy(io.Discard, response.Body)
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", response.StatusCode)
		}
		return nil
	}
}

// encodedBytes is a gRPC codec for messages that are bytes already.
type encodedBytes struct{}

func (encodedBytes) Name() string { return "proto" }

func (encodedBytes) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}

func (encodedBytes) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

func grpcSender(t testing.TB, address, compression string, body []byte) func() error {
	return grpcSenderOn(grpcConnection(t, address, nil), compression, body)
}

func grpcSenderOn(connection *grpc.ClientConn, compression string, body []byte) func() error {
	options := []grpc.CallOption{grpc.ForceCodecV2(encodedBytes{})}
	if compression != "identity" {
		options = append(options, grpc.UseCompressor(compression))
	}
	return func() error {
		var answer []byte
		return connection.Invoke(context.Background(), "/opentelemetry.proto.collector.trace.v1.TraceService/Export", &body, &answer, options...)
	}
}
