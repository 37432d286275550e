package sites

import (
	"fmt"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/telepod/telepod/fleet/inventory"
)

// Release identifies the Helm release of Telepod in each cluster.
type Release struct {
	Namespace string
	Name      string
}

// selector matches the pods and objects of a component: collector, central or sampler.
func (r Release) selector(component string) string {
	return labels.SelectorFromSet(r.labels(component)).String()
}

func (r Release) labels(component string) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":      "telepod",
		"app.kubernetes.io/instance":  r.Name,
		"app.kubernetes.io/component": component,
	}
}

// Cluster is a connection to a cluster.
type Cluster struct {
	Name    string
	Release Release
	client  kubernetes.Interface
	// live reads the cluster like 'telepod check'.
	live *inventory.Cluster
}

// Connect uses a context of the given kubeconfig, or of the default one.
func Connect(kubeconfig, context string, release Release) (*Cluster, error) {
	config, _, _, err := inventory.Config(kubeconfig, context)
	if err != nil {
		return nil, err
	}
	return connect(config, context, release)
}

// ConnectInCluster uses the ServiceAccount of the pod that it runs in.
func ConnectInCluster(name string, release Release) (*Cluster, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, fmt.Errorf("connect to the cluster of this pod: %w; outside a cluster, use --contexts", err)
	}
	return connect(config, name, release)
}

func connect(config *rest.Config, name string, release Release) (*Cluster, error) {
	config.UserAgent = "telepod-drill"
	// A drill limits its own rate; the client's rate limit would delay samples and canaries.
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connect to %q: %w", name, err)
	}
	live, err := inventory.ConnectTo(config, name)
	return &Cluster{Name: name, Release: release, client: client, live: live}, err
}
