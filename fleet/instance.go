package fleet

import (
	"fmt"
	"time"

	"github.com/telepod/telepod/fleet/metrics"
)

// Instance is a pod of Telepod itself: an injector, or a regional or central Collector.
type Instance struct {
	Namespace, Pod string
	// Node is the pod's node, or the one that a DaemonSet pod is intended for; empty while none is chosen.
	Node    string
	Created time.Time
	Ready   bool
	// Trouble is why it is not ready.
	Trouble string
	// Image is the image of its first container.
	Image string
	// Metrics are its own metrics, if they were read: see MetricsErr.
	Metrics    metrics.Set
	MetricsErr error
	// Earlier is the previous reading, if Twice is true.
	Earlier metrics.Set
	Twice   bool
	// Log is the end of its log, if that was read.
	Log string
}

// MissingRight is an error for a request that the API server forbids.
type MissingRight struct {
	// Verb and Resource are as in a role; Place is "all namespaces" or "namespace x".
	Verb, Resource, Place string
	Message               string
}

// Right describes the missing permission.
func (m MissingRight) Right() string { return fmt.Sprintf("%s %s in %s", m.Verb, m.Resource, m.Place) }

func (m MissingRight) Error() string {
	return fmt.Sprintf("%s: %s: 'telepod rbac' prints the required permissions", m.Right(), m.Message)
}
