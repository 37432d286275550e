package otlpmuxreceiver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
)

const (
	// maxHeaderBytes bounds what a connection costs before its request is known; net/http would
	// allow 1 MiB.
	maxHeaderBytes = 32 << 10
	// shutdownGrace is the time for requests in flight to finish at shutdown.
	shutdownGrace = 10 * time.Second
)

// muxReceiver serves all signals of one configuration. Every pipeline starts and stops it; the
// first of these calls counts.
type muxReceiver struct {
	config      *Config
	settings    receiver.Settings
	routes      *routes
	report      *telemetry
	connections *connections
	server      *server
	forget      func()

	start, stop  sync.Once
	started      error
	http         *http.Server
	addrs        []net.Addr
	serving      sync.WaitGroup
	registration metric.Registration
}

func newReceiver(config *Config, set receiver.Settings) (*muxReceiver, error) {
	report, err := newTelemetry(set)
	if err != nil {
		return nil, fmt.Errorf("create metrics: %w", err)
	}
	r := &muxReceiver{
		config:      config,
		settings:    set,
		routes:      newRoutes(),
		report:      report,
		connections: newConnections(config.Connections, report),
	}
	r.server = &server{
		config:    config,
		report:    report,
		routes:    r.routes,
		admission: newAdmission(config.Admission.MaxInFlightBytes, config.Admission.PeerShare),
		buffers:   new(buffers),
	}
	if r.server.obsHTTP, err = r.obsReport("http"); err != nil {
		return nil, err
	}
	r.server.obsGRPC, err = r.obsReport("grpc")
	return r, err
}

func (r *muxReceiver) obsReport(transport string) (*receiverhelper.ObsReport, error) {
	return receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID:             r.settings.ID,
		Transport:              transport,
		ReceiverCreateSettings: r.settings,
	})
}

// Start listens on every endpoint. It returns an error if one of them cannot be used.
func (r *muxReceiver) Start(ctx context.Context, host component.Host) error {
	r.start.Do(func() { r.started = r.startOnce(ctx, host) })
	return r.started
}

func (r *muxReceiver) startOnce(ctx context.Context, host component.Host) error {
	server, err := r.newHTTPServer(ctx, host)
	if err != nil {
		return err
	}
	var secure *tls.Config
	if r.config.TLS.HasValue() {
		if secure, err = r.config.TLS.Get().LoadTLSConfig(ctx); err != nil {
			return fmt.Errorf("load tls settings: %w", err)
		}
		secure.NextProtos = []string{"h2", "http/1.1"}
	}
	listeners, err := r.listen(ctx, secure)
	if err != nil {
		return err
	}
	if r.registration, err = r.report.observe(r.server.admission, r.connections); err != nil {
		return errors.Join(err, closeAll(listeners))
	}
	r.http = server
	for _, l := range listeners {
		r.addrs = append(r.addrs, l.Addr())
		r.settings.Logger.Info("serving OTLP over gRPC and HTTP", zap.Stringer("endpoint", l.Addr()), zap.Bool("tls", secure != nil))
		r.serving.Go(func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(err))
			}
		})
	}
	return nil
}

func (r *muxReceiver) newHTTPServer(ctx context.Context, host component.Host) (*http.Server, error) {
	options := []confighttp.ToServerOption{confighttp.WithErrorHandler(r.server.chainError)}
	// confighttp's own decoders are not pooled, or allocate any window that a frame asks for.
	for encoding, decode := range map[string]func(io.Reader) (io.ReadCloser, error){
		"gzip": r.server.buffers.gunzip,
		"zstd": r.server.buffers.unzstd,
	} {
		if algorithms := r.config.CompressionAlgorithms; algorithms == nil || slices.Contains(algorithms, encoding) {
			options = append(options, confighttp.WithDecoder(encoding, func(body io.ReadCloser) (io.ReadCloser, error) { return decode(body) }))
		}
	}
	server, err := r.config.ToServer(ctx, host.GetExtensions(), r.settings.TelemetrySettings, http.HandlerFunc(r.server.receive), options...)
	if err != nil {
		return nil, err
	}
	r.server.next = server.Handler
	server.Handler = r.server
	server.ConnContext = withConn
	server.ErrorLog = r.report.serverLog()
	server.MaxHeaderBytes = maxHeaderBytes
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	server.HTTP2 = &http.HTTP2Config{WriteByteTimeout: 30 * time.Second}
	return server, nil
}

func (r *muxReceiver) listen(ctx context.Context, secure *tls.Config) ([]net.Listener, error) {
	var listeners []net.Listener
	for _, endpoint := range r.config.Endpoints {
		address := r.config.NetAddr
		address.Endpoint = endpoint
		raw, err := address.Listen(ctx)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("listen on %s: %w", endpoint, err), closeAll(listeners))
		}
		var l net.Listener = &listener{Listener: raw, connections: r.connections, plaintext: secure == nil}
		if secure != nil {
			l = tls.NewListener(l, secure)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func closeAll(listeners []net.Listener) error {
	var errs []error
	for _, l := range listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// Shutdown stops listening, lets requests in flight finish for a while, and closes the rest.
func (r *muxReceiver) Shutdown(ctx context.Context) error {
	var err error
	r.stop.Do(func() {
		r.forget()
		if r.http == nil {
			return
		}
		ctx, cancel := context.WithTimeout(ctx, shutdownGrace)
		defer cancel()
		if err = r.http.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
			r.settings.Logger.Warn("closing connections whose requests did not finish in time", zap.Duration("after", shutdownGrace))
			err = r.http.Close()
		}
		r.serving.Wait()
		err = errors.Join(err, r.registration.Unregister())
	})
	return err
}
