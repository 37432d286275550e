package senderidentityprocessor

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
	"golang.org/x/time/rate"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const scope = "github.com/telepod/telepod/collector/senderidentityprocessor"

// checker is what the signals share: one watch.
type checker struct {
	config     *Config
	logger     *zap.Logger
	mismatched metric.Int64Counter
	attributes metric.MeasurementOption
	warning    rate.Sometimes // a hostile pod must not fill the log
	connect    func(*Config) (*podWatch, error)

	mu    sync.Mutex
	users int
	stop  chan struct{}
	done  sync.WaitGroup
	pods  knownPods // nil while nothing is checked
}

func newChecker(set processor.Settings, cfg *Config) (*checker, error) {
	c := &checker{
		config: cfg, logger: set.Logger, connect: inCluster,
		attributes: metric.WithAttributes(attribute.String("processor", set.ID.String())),
		warning:    rate.Sometimes{First: 1, Interval: time.Minute},
	}
	var err error
	c.mismatched, err = set.MeterProvider.Meter(scope).Int64Counter("otelcol_sender_identity_mismatched_resources", metric.WithUnit("{resource}"),
		metric.WithDescription("Resources that claim a different pod from the one with the connection's address."))
	return c, err
}

func inCluster(cfg *Config) (*podWatch, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, fmt.Errorf("reach the Kubernetes API: %w (outside a cluster, set auth_type: none)", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("reach the Kubernetes API: %w", err)
	}
	return newPodWatch(client, cfg.Node)
}

// Start starts the watch with the first signal. It does not wait for the API server: data that arrives before its first
// answer is not checked.
func (c *checker) Start(context.Context, component.Host) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users++; c.users > 1 || c.config.AuthType == AuthNone {
		return nil
	}
	watch, err := c.connect(c.config)
	if err != nil {
		return err
	}
	c.pods, c.stop = watch, make(chan struct{})
	c.done.Go(func() { watch.run(c.stop) })
	return nil
}

// Shutdown stops the watch with the last signal.
func (c *checker) Shutdown(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users--; c.users > 0 || c.stop == nil {
		return nil
	}
	close(c.stop)
	c.stop = nil
	c.done.Wait()
	return nil
}

// check reports or replaces the false claims of a resource.
func (c *checker) check(ctx context.Context, resource pcommon.Map) {
	removeOwn(resource)
	address := peer(ctx)
	if c.pods == nil || address == "" {
		return
	}
	claimed := claims(resource)
	sender := senderOf(c.pods, address, claimed)
	if sender == nil || slices.Contains(c.config.TrustedNamespaces, sender.Namespace) {
		return
	}
	if c.config.Action == ActionEnforce {
		enforce(resource, sender, address, claimed)
	} else {
		report(resource, sender)
	}
	c.mismatched.Add(ctx, 1, c.attributes)
	c.warning.Do(func() {
		c.logger.Warn("a pod claims to be another pod", zap.String("namespace", sender.Namespace), zap.String("pod", sender.Name))
	})
}

// peer returns the IP address of the connection, and "" if there is none, as for log files.
func peer(ctx context.Context) string {
	switch addr := client.FromContext(ctx).Addr.(type) {
	case *net.TCPAddr:
		return addr.IP.String()
	case *net.IPAddr:
		return addr.IP.String()
	}
	return ""
}
