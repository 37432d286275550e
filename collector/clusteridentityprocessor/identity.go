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
	// clusterKey is of the semantic conventions, resource attributes of Kubernetes.
	clusterKey = "k8s.cluster.name"
	// quiet is the least time between two warnings: a hostile cluster must not fill the log.
	quiet = time.Minute
	// maxClusters bounds the work for a certificate with thousands of names.
	maxClusters = 16
)

// keeper is what the signals share.
type keeper struct {
	suffix    string // of a DNS name, in lower case: .regions.telepod
	require   bool
	logger    *zap.Logger
	corrected metric.Int64Counter
	refused   metric.Int64Counter
	own       metric.MeasurementOption

	mu     sync.Mutex
	warned time.Time
}

func newKeeper(set processor.Settings, cfg *Config) (*keeper, error) {
	k := &keeper{
		suffix: "." + strings.ToLower(cfg.Domain), require: cfg.Require, logger: set.Logger,
		own: metric.WithAttributes(attribute.String("processor", set.ID.String())),
	}
	meter := set.MeterProvider.Meter(scope)
	var err error
	k.corrected, err = meter.Int64Counter("otelcol_cluster_identity_corrected_resources", metric.WithUnit("{resource}"),
		metric.WithDescription("Resources whose k8s.cluster.name was not that of the client certificate."))
	if err != nil {
		return nil, err
	}
	k.refused, err = meter.Int64Counter("otelcol_cluster_identity_refused_requests", metric.WithUnit("{request}"),
		metric.WithDescription("Requests refused because no client certificate names a cluster."))
	return k, err
}

// clusters returns the first maxClusters clusters that the certificate of a request names, in lower case. If there is none and one is
// required, the error is PermissionDenied, which a sender must not retry.
func (k *keeper) clusters(ctx context.Context) ([]string, error) {
	var found []string
	if auth := client.FromContext(ctx).Auth; auth != nil {
		names, _ := auth.GetAttribute("dns_names").([]string)
		for _, name := range names {
			if cluster := k.clusterOf(name); cluster != "" && len(found) < maxClusters && !slices.Contains(found, cluster) {
				found = append(found, cluster)
			}
		}
	}
	if len(found) == 0 && k.require {
		k.refused.Add(ctx, 1, k.own)
		k.warn("refused a request: no client certificate names a cluster")
		return nil, status.Errorf(codes.PermissionDenied, "the client certificate has no DNS name CLUSTER%s: issue one", k.suffix)
	}
	return found, nil
}

// clusterOf returns the label of a DNS name directly before the domain, and "" if the name is not below it. Name
// constraints permit names below a permitted one, so an authority for a.regions.telepod can issue x.a.regions.telepod:
// that is cluster a, too. A wildcard is no cluster.
func (k *keeper) clusterOf(name string) string {
	rest, below := strings.CutSuffix(strings.ToLower(name), k.suffix)
	if !below {
		return ""
	}
	label := rest[strings.LastIndexByte(rest, '.')+1:]
	if label == "*" {
		return ""
	}
	return label
}

// hold sets the cluster of a resource that names none of these. DNS names are case-insensitive, so a name that
// differs only in case stays as it is. Without clusters in the certificate, it does nothing.
func (k *keeper) hold(ctx context.Context, resource pcommon.Map, clusters []string) {
	if len(clusters) == 0 {
		return
	}
	claim, claimed := resource.Get(clusterKey)
	if claimed && claim.Type() == pcommon.ValueTypeStr && slices.Contains(clusters, strings.ToLower(claim.Str())) {
		return
	}
	resource.PutStr(clusterKey, clusters[0])
	if claimed {
		k.corrected.Add(ctx, 1, k.own)
		k.warn("corrected k8s.cluster.name, which was not that of the client certificate", zap.String("certificate", clusters[0]))
	}
}

func (k *keeper) warn(message string, fields ...zap.Field) {
	k.mu.Lock()
	now := time.Now()
	due := now.Sub(k.warned) >= quiet
	if due {
		k.warned = now
	}
	k.mu.Unlock()
	if due {
		k.logger.Warn(message, fields...)
	}
}
