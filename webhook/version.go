package webhook

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	apiversion "k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apimachinery/pkg/version"

	"github.com/telepod/telepod/injector"
)

// versionInterval is how often the API server's version is read: the server may be upgraded.
const versionInterval = 10 * time.Minute

// versioner updates a Live when the API server's version changes.
type versioner struct {
	ask   func(context.Context) (*version.Info, error)
	live  *Live
	needs injector.Capabilities
	log   *slog.Logger
	known atomic.Pointer[string]
}

// follow reads the version until ctx ends: with short retries until the first success, then at intervals.
func (v *versioner) follow(ctx context.Context) {
	retry := time.Second
	for {
		wait := versionInterval
		if err := v.look(ctx); err != nil {
			wait, retry = retry, min(2*retry, time.Minute)
			v.log.Warn("cannot read the API server's version, retrying", "after", wait, "error", err)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

func (v *versioner) look(ctx context.Context) error {
	info, err := v.ask(ctx)
	if err != nil {
		return fmt.Errorf("read the API server's version: %w", err)
	}
	parsed, err := apiversion.ParseGeneric(info.GitVersion)
	if err != nil {
		return fmt.Errorf("parse the API server's version %q: %w", info.GitVersion, err)
	}
	cluster := v.needs.Cluster(parsed)
	changed, err := v.live.SetCluster(cluster)
	if err != nil {
		return err
	}
	if first := v.known.Swap(&info.GitVersion) == nil; first || changed {
		v.log.Info("cluster", "version", info.GitVersion, "native_sidecars", cluster.NativeSidecars,
			"topology_labels", cluster.TopologyLabels, "node_ipv6", cluster.NodeIPv6)
	}
	return nil
}
