package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiversion "k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/telepod/telepod/fleet"
)

// Cluster is a connection to a cluster.
type Cluster struct {
	// Context is the name of the kubeconfig's context.
	Context string
	// Namespace is the namespace of the context.
	Namespace string
	objects   dynamic.Interface
	rest      rest.Interface
}

// Connect uses a context of a kubeconfig; empty arguments mean kubectl's defaults. It sends no requests.
func Connect(kubeconfig, kubeContext string) (*Cluster, error) {
	config, name, namespace, err := Config(kubeconfig, kubeContext)
	if err != nil {
		return nil, err
	}
	c := &Cluster{Context: name, Namespace: namespace}
	return c, c.connect(config)
}

// ConnectTo uses the configuration of a client.
func ConnectTo(config *rest.Config, name string) (*Cluster, error) {
	c := &Cluster{Context: name}
	return c, c.connect(rest.CopyConfig(config))
}

func (c *Cluster) connect(config *rest.Config) error {
	config.UserAgent = "telepod-fleet"
	config.QPS = -1                           // few requests run at the same time, so no other limit is needed
	config.WarningHandler = rest.NoWarnings{} // policies also warn about dry runs
	var err error
	if c.objects, err = dynamic.NewForConfig(config); err != nil {
		return fmt.Errorf("connect to the cluster: %w", err)
	}
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return fmt.Errorf("connect to the cluster: %w", err)
	}
	c.rest = client.RESTClient()
	return nil
}

// Version returns the version of the API server.
func (c *Cluster) Version(ctx context.Context) (*apiversion.Version, error) {
	raw, err := c.rest.Get().AbsPath("/version").Do(ctx).Raw()
	if err != nil {
		return nil, fmt.Errorf("ask the API server for its version: %w", brief(err))
	}
	var info version.Info
	if err := json.Unmarshal(raw, &info); err != nil {
		return nil, fmt.Errorf("read the API server's version: %w", err)
	}
	v, err := apiversion.ParseGeneric(info.GitVersion)
	if err != nil {
		return nil, fmt.Errorf("read the API server's version %q: %w", info.GitVersion, err)
	}
	return v, nil
}

// pageSize is the maximum number of objects that a list request returns: a few megabytes of pods.
const pageSize = 250

// each lists objects page by page; an empty namespace means all namespaces. If the resource is not installed, there are
// no objects.
func (c *Cluster) each(ctx context.Context, resource schema.GroupVersionResource, namespace string, options metav1.ListOptions, do func(*unstructured.Unstructured) error) error {
	options.Limit = pageSize
	for {
		page, err := c.objects.Resource(resource).Namespace(namespace).List(ctx, options)
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return readError("list", resource.Resource, namespace, err)
		}
		for i := range page.Items {
			if err := do(&page.Items[i]); err != nil {
				return err
			}
		}
		if options.Continue = page.GetContinue(); options.Continue == "" {
			return nil
		}
	}
}

// readError adds which objects could not be read, and what to do.
func readError(verb, what, namespace string, err error) error {
	place := "all namespaces"
	if namespace != "" {
		place = "namespace " + namespace
	}
	if apierrors.IsForbidden(err) {
		return fleet.MissingRight{Verb: verb, Resource: what, Place: place, Message: brief(err).Error()}
	}
	return fmt.Errorf("%s %s in %s: %w", verb, what, place, brief(err))
}

// brief removes client-go's repetition of the request, and its URL.
func brief(err error) error {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if request, failed := errors.AsType[*url.Error](err); failed && !ok {
		return request.Err
	}
	if !ok {
		return err
	}
	return errors.New(strings.TrimSpace(status.ErrStatus.Message))
}
