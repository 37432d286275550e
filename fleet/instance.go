package fleet

import "github.com/telepod/telepod/fleet/metrics"

// Instance is a pod of Telepod itself: an injector, or a regional or central Collector.
type Instance struct {
	Namespace, Pod string
	// Node is empty while the pod waits for one.
	Node  string
	Ready bool
	// Trouble is why it is not ready.
	Trouble string
	// Image is that of its first container.
	Image string
	// Metrics are what it reports about itself, if they were read: see MetricsErr.
	Metrics    metrics.Set
	MetricsErr error
}
