package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/webhook/certs"
)

// Paths of the webhook.
const (
	// PathPod is for pods that request injection themselves.
	PathPod = "/mutate"
	// PathNamespace is for pods in namespaces that have opted in. The API server has matched their labels.
	PathNamespace = "/mutate/namespace"
)

// Paths returns the paths of the chart's webhooks, by their names.
func Paths() map[string]string {
	return map[string]string{"namespaces.telepod.dev": PathNamespace, "pods.telepod.dev": PathPod}
}

// Options configure a Server.
type Options struct {
	// Injector.Cluster is ignored: it is derived from Capabilities and the API server's version.
	Injector     injector.Options
	Capabilities injector.Capabilities
	Facts        profiles.Facts
	// ProfilesDir contains profiles in addition to the built-in ones; empty means none.
	ProfilesDir string

	// Address, MetricsAddress and HealthAddress are host:port. Metrics and health are not served if theirs is
	// empty.
	Address, MetricsAddress, HealthAddress string
	// DrainDelay is how long the server keeps serving after it becomes unready, until the change of endpoints
	// has reached every node.
	DrainDelay time.Duration

	Certificates certs.Source
	// WatchConfigMaps enables the watch for the keys of ConfigMaps, which envFrom may use.
	WatchConfigMaps bool
	// Kubernetes is the client for the version and the events; Metadata is the client for namespaces and the keys
	// of ConfigMaps.
	Kubernetes kubernetes.Interface
	Metadata   metadata.Interface

	Log     *slog.Logger
	Version string
}

// Server is the webhook with its watches, telemetry and ports.
type Server struct {
	options    Options
	log        *slog.Logger
	live       *Live
	namespaces *Namespaces
	configMaps *ConfigMaps // nil if they are not watched
	versions   *versioner
	telemetry  *telemetry
	observer   *observer
	draining   atomic.Bool
	listeners  []*listener
}

// New loads the profiles and opens the ports. The default profile must not have mistakes; files of other profiles
// with mistakes are left out.
func New(ctx context.Context, o Options) (*Server, error) {
	s := &Server{options: o, log: o.Log, namespaces: NewNamespaces()}
	if o.WatchConfigMaps {
		s.configMaps = NewConfigMaps()
	}
	o.Injector.Cluster = o.Capabilities.Cluster(nil)
	var err error
	if s.live, err = NewLive(LiveOptions{Injector: o.Injector, Facts: o.Facts, Dir: o.ProfilesDir}); err != nil {
		return nil, err
	}
	s.versions = &versioner{ask: o.Kubernetes.Discovery().ServerVersionWithContext, live: s.live, needs: o.Capabilities, log: o.Log}
	if s.telemetry, err = newTelemetry(ctx, o.Version); err != nil {
		return nil, err
	}
	made, err := newInstruments(s.telemetry.meter)
	if err != nil {
		return nil, fmt.Errorf("create metrics: %w", err)
	}
	gauges := state{o.Version, s.namespaces, s.configMaps, s.live.Status, o.Certificates.Status}
	if err := gauges.register(s.telemetry.meter); err != nil {
		return nil, fmt.Errorf("create metrics: %w", err)
	}
	s.observer = newObserver(o.Log, made)
	s.observer.tracer = s.telemetry.tracer
	return s, s.listen(ctx)
}

// Handler serves the paths of the webhook.
func (s *Server) Handler() http.Handler {
	admitter := &Admitter{Planner: s.live.Planner, Namespace: s.namespaces.Lookup, Await: s.namespaces.Await, DefaultOn: s.options.Injector.InjectByDefault}
	if s.configMaps != nil {
		admitter.ConfigMapKeys, admitter.AwaitConfigMaps = s.configMaps.Keys, s.configMaps.Await
	}
	mux, shared := http.NewServeMux(), newRoom(maxLarge)
	for path, selection := range map[string]Selection{PathPod: Unselected, PathNamespace: NamespaceSelected} {
		mux.Handle(path, &Endpoint{admitter: admitter, selection: selection, observer: s.observer, large: shared, closing: s.draining.Load})
	}
	if source, ok := s.options.Certificates.(interface{ Path(string) (string, bool) }); ok {
		return s.secretPaths(mux, source.Path)
	}
	return mux
}

// secretPaths refuses requests for paths that no API server calls. It removes the secret from the others.
func (s *Server) secretPaths(next http.Handler, accept func(string) (string, bool)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, ok := accept(r.URL.Path)
		if !ok {
			p := &problem{http.StatusNotFound, "no webhook configuration names this path"}
			s.observer.refused(r.Context(), p)
			http.Error(w, p.text, p.status)
			return
		}
		if path != r.URL.Path {
			plain := *r.URL
			plain.Path, plain.RawPath = path, ""
			r = r.WithContext(r.Context())
			r.URL = &plain
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) listen(ctx context.Context) error {
	metrics := http.NewServeMux()
	metrics.Handle("GET /metrics", s.telemetry.handler)
	for _, l := range []*listener{
		{name: "webhook", address: s.options.Address, handler: s.Handler(), certificate: s.options.Certificates.GetCertificate},
		{name: "health", address: s.options.HealthAddress, handler: healthHandler(s.checks())},
		{name: "metrics", address: s.options.MetricsAddress, handler: metrics},
	} {
		if l.address == "" && l.name != "webhook" {
			continue
		}
		l.log = s.log
		if err := l.open(ctx); err != nil {
			s.close()
			return err
		}
		s.listeners = append(s.listeners, l)
	}
	return nil
}

// Run serves until ctx ends, then drains and returns nil. If a port fails, it returns the error immediately.
func (s *Server) Run(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	defer background.Wait()
	defer stop()
	s.observer.events = newEventWriter(work, s.options.Kubernetes.CoreV1())
	defer s.observer.events.stop()
	background.Go(func() { _ = s.options.Certificates.Run(work) }) // returns nil only
	background.Go(func() { s.namespaces.Follow(work, s.options.Metadata) })
	if s.configMaps != nil {
		background.Go(func() {
			s.configMaps.Follow(work, s.options.Metadata, s.options.Injector.ProtectedNamespaces)
		})
	}
	background.Go(func() { s.live.Follow(work, s.log) })
	background.Go(func() { s.versions.follow(work) })

	failed := make(chan error, len(s.listeners))
	for _, l := range s.listeners {
		s.log.Info("serving", "what", l.name, "address", l.Addr().String())
		background.Go(func() {
			if err := l.serve(); err != nil {
				failed <- fmt.Errorf("serve %s on %s: %w", l.name, l.address, err)
			}
		})
	}
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		err = s.drain(failed)
	}
	s.close()
	return errors.Join(err, s.flush())
}

// drain shuts down without failing a request. The server becomes unready first. Until the endpoints have changed,
// it answers requests and closes their connections gracefully. Then it finishes the requests in flight.
func (s *Server) drain(failed <-chan error) error {
	s.log.Info("draining", "delay", s.options.DrainDelay)
	s.draining.Store(true)
	timer := time.NewTimer(s.options.DrainDelay)
	defer timer.Stop()
	select {
	case err := <-failed:
		return err
	case <-timer.C:
	}
	ctx, cancel := context.WithTimeout(context.Background(), finishTimeout)
	defer cancel()
	if err := s.listeners[0].finish(ctx); err != nil {
		s.log.Warn("requests cut off", "after", finishTimeout, "error", err)
	}
	s.log.Info("drained")
	return nil
}

const (
	// finishTimeout is longer than the longest timeout that a webhook can have (30 s).
	finishTimeout = 31 * time.Second
	flushTimeout  = 3 * time.Second
)

func (s *Server) close() {
	for _, l := range s.listeners {
		l.close()
	}
}

// flush sends the last telemetry. A failure is only logged.
func (s *Server) flush() error {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := s.telemetry.shutdown(ctx); err != nil {
		s.log.Warn("last telemetry not sent", "error", err)
	}
	return nil
}
