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

// Choice settles whether the cluster has a feature.
type Choice string

// The choices. Auto goes by the version of the API server.
const (
	Auto   Choice = "auto"
	Always Choice = "always"
	Never  Choice = "never"
)

// Capabilities are the choices for the features of injector.Cluster.
type Capabilities struct {
	NativeSidecars Choice
	TopologyLabels Choice
	NodeIPv6       bool
}

// The versions that have a feature switched on by default.
const (
	nativeSidecarsSince = "1.29" // KEP-753
	topologyLabelsSince = "1.35" // KEP-4742
)

// versionInterval is how often the API server is asked for its version: it may be upgraded.
const versionInterval = 10 * time.Minute

// Cluster is what an API server of a version can do. The zero version is one that is not known yet:
// then only what older ones take, too.
func (c Capabilities) Cluster(v *apiversion.Version) injector.Cluster {
	has := func(choice Choice, since string) bool {
		return choice == Always || choice == Auto && v != nil && v.AtLeast(apiversion.MustParseGeneric(since))
	}
	return injector.Cluster{
		NativeSidecars: has(c.NativeSidecars, nativeSidecarsSince),
		TopologyLabels: has(c.TopologyLabels, topologyLabelsSince),
		NodeIPv6:       c.NodeIPv6,
	}
}

// versioner keeps a Live in step with the API server's version.
type versioner struct {
	ask   func(context.Context) (*version.Info, error)
	live  *Live
	needs Capabilities
	log   *slog.Logger
	known atomic.Pointer[string]
}

// follow asks until ctx ends: often until there is an answer, then now and again.
func (v *versioner) follow(ctx context.Context) {
	retry := time.Second
	for {
		wait := versionInterval
		if err := v.look(ctx); err != nil {
			wait, retry = retry, min(2*retry, time.Minute)
			v.log.Warn("version of the API server not known, trying again", "after", wait, "error", err)
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
		return fmt.Errorf("ask the API server for its version: %w", err)
	}
	parsed, err := apiversion.ParseGeneric(info.GitVersion)
	if err != nil {
		return fmt.Errorf("read the API server's version %q: %w", info.GitVersion, err)
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
