package clusteridentityprocessor

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	scope = "github.com/telepod/telepod/collector/clusteridentityprocessor"
	// clusterKey is the resource attribute of the semantic conventions.
	clusterKey = "k8s.cluster.name"
	// warnInterval is the minimum time between two warnings: a hostile cluster must not fill the log.
	warnInterval = time.Minute
	// maxClusters bounds the work for a certificate with thousands of names.
	maxClusters = 16
)

// corrector is what the signals share.
type corrector struct {
	suffix     string // of a DNS name, in lower case: .regions.telepod
	require    bool
	logger     *zap.Logger
	corrected  metric.Int64Counter
	refused    metric.Int64Counter
	attributes metric.MeasurementOption

	mu     sync.Mutex
	warned time.Time
}

func newCorrector(set processor.Settings, cfg *Config) (*corrector, error) {
	c := &corrector{
		suffix: "." + strings.ToLower(cfg.Domain), require: cfg.Require, logger: set.Logger,
		attributes: metric.WithAttributes(attribute.String("processor", set.ID.String())),
	}
	meter := set.MeterProvider.Meter(scope)
	var err error
	c.corrected, err = meter.Int64Counter("otelcol_cluster_identity_corrected_resources", metric.WithUnit("{resource}"),
		metric.WithDescription("Resources whose k8s.cluster.name did not match the client certificate."))
	if err != nil {
		return nil, err
	}
	c.refused, err = meter.Int64Counter("otelcol_cluster_identity_refused_requests", metric.WithUnit("{request}"),
		metric.WithDescription("Requests refused because no client certificate names a cluster."))
	return c, err
}

// clusters returns the first maxClusters clusters that the certificate of a request names, in lower case. If there is
// none and one is required, the error is PermissionDenied, which a sender must not retry.
func (c *corrector) clusters(ctx context.Context) ([]string, error) {
	var found []string
	if auth := client.FromContext(ctx).Auth; auth != nil {
		names, _ := auth.GetAttribute("dns_names").([]string)
		for _, name := range names {
			if cluster := c.clusterOf(name); cluster != "" && len(found) < maxClusters && !slices.Contains(found, cluster) {
				found = append(found, cluster)
			}
		}
	}
	if len(found) == 0 && c.require {
		c.refused.Add(ctx, 1, c.attributes)
		c.warn("refused a request: no client certificate names a cluster")
		return nil, status.Errorf(codes.PermissionDenied, "the client certificate has no DNS name CLUSTER%s: issue one", c.suffix)
	}
	return found, nil
}

// clusterOf returns the label of a DNS name directly before the domain, and "" if the name is not below it. Name
// constraints permit names below a permitted one, so an authority for a.regions.telepod can issue x.a.regions.telepod:
// that is cluster a, too. A wildcard names no cluster.
func (c *corrector) clusterOf(name string) string {
	rest, below := strings.CutSuffix(strings.ToLower(name), c.suffix)
	if !below {
		return ""
	}
	label := rest[strings.LastIndexByte(rest, '.')+1:]
	if label == "*" {
		return ""
	}
	return label
}

// correct sets the cluster of a resource unless it names one of these clusters. DNS names are case-insensitive, so a
// name that differs only in case stays as it is. Without clusters in the certificate, correct does nothing.
func (c *corrector) correct(ctx context.Context, resource pcommon.Map, clusters []string) {
	if len(clusters) == 0 {
		return
	}
	claim, claimed := resource.Get(clusterKey)
	if claimed && claim.Type() == pcommon.ValueTypeStr && slices.Contains(clusters, strings.ToLower(claim.Str())) {
		return
	}
	resource.PutStr(clusterKey, clusters[0])
	if claimed {
		c.corrected.Add(ctx, 1, c.attributes)
		c.warn("corrected k8s.cluster.name, which did not match the client certificate", zap.String("certificate", clusters[0]))
	}
}

func (c *corrector) warn(message string, fields ...zap.Field) {
	c.mu.Lock()
	now := time.Now()
	due := now.Sub(c.warned) >= warnInterval
	if due {
		c.warned = now
	}
	c.mu.Unlock()
	if due {
		c.logger.Warn(message, fields...)
	}
}
