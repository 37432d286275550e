package checks

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiversion "k8s.io/apimachinery/pkg/util/version"

	"github.com/telepod/telepod/fleet"
)

// Answer is something that was read, or why it could not be.
type Answer[T any] struct {
	Value T
	Err   error
}

// Snapshot is what was read of a cluster.
type Snapshot struct {
	// Namespace and Release are where Telepod is.
	Namespace, Release string
	Now                time.Time

	Kubernetes Answer[*apiversion.Version]
	Injector   Answer[[]Workload]
	Profiles   Answer[Profiles]
	Webhook    Answer[[]Hook]
	// Services are those that the webhook's hooks name, by "namespace/name".
	Services   Answer[map[string]Service]
	Collectors Answer[[]Workload]
	// Labelled are the namespaces with telepod.dev/injection: enabled.
	Labelled Answer[[]string]
	// OutOfDate counts workloads by their state.
	OutOfDate Answer[map[fleet.State]int]
	// Probe is what became of a pod that was created as a dry run.
	Probe Answer[Probe]
}

// Profiles are those that the injector has, or the mistakes in them.
type Profiles struct {
	Valid int
	// Mistakes is empty if there are none.
	Mistakes string
}

// Workload is a Deployment, StatefulSet or DaemonSet of the release.
type Workload struct {
	Kind, Name     string
	Desired, Ready int
	// Troubles are its pods that are not ready, each with a reason.
	Troubles []string
}

// Hook is one webhook of the MutatingWebhookConfiguration.
type Hook struct {
	Configuration, Name string
	CABundle            []byte
	// Service is "namespace/name"; empty if the hook has a URL.
	Service  string
	Selector *metav1.LabelSelector
}

// Service is a Service and the endpoints behind it.
type Service struct {
	Exists bool
	Ready  int
}

// Probe is a pod that was created as a dry run and asked for injection by itself.
type Probe struct {
	Namespace string
	// Skipped is true if no pod was tried.
	Skipped  bool
	Injected bool
}
