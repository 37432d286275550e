package inventory

import (
	"context"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
)

// Contexts returns the names of the contexts in a kubeconfig; an empty path means the files that kubectl would use.
func Contexts(kubeconfig string) ([]string, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	config, err := rules.Load()
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(config.Contexts)), nil
}

// mostNames limits lists for completion.
const mostNames = 500

// NamespaceNames returns the first namespaces, for completion.
func (c *Cluster) NamespaceNames(ctx context.Context) ([]string, error) {
	return c.names(ctx, namespaceResource, "")
}

// Names returns the first workloads or pods of a kind in a namespace, for completion. See Kind for the word.
func (c *Cluster) Names(ctx context.Context, word, namespace string) ([]string, error) {
	k, ok := kindOf(word)
	if !ok {
		return nil, nil
	}
	return c.names(ctx, k.resource, namespace)
}

func (c *Cluster) names(ctx context.Context, resource schema.GroupVersionResource, namespace string) (names []string, err error) {
	page, err := c.objects.Resource(resource).Namespace(namespace).List(ctx, metav1.ListOptions{Limit: mostNames})
	if err != nil {
		return nil, readError("list", resource.Resource, namespace, err)
	}
	for i := range page.Items {
		names = append(names, page.Items[i].GetName())
	}
	return names, nil
}
