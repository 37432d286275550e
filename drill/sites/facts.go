package sites

import (
	"context"
	"fmt"
	"slices"

	authentication "k8s.io/api/authentication/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"

	"github.com/telepod/telepod/drill"
)

// Facts returns the audit record of a cluster.
func (c *Cluster) Facts(ctx context.Context, roles ...string) (drill.ClusterFact, error) {
	fact := drill.ClusterFact{Name: c.Name, Roles: roles}
	version, err := discovery.ToServerVersionInterfaceWithContext(c.client.Discovery()).ServerVersionWithContext(ctx)
	if err != nil {
		return fact, fmt.Errorf("ask %s for its version: %w", c.Name, err)
	}
	fact.Kubernetes = version.GitVersion
	if fact.User, err = c.user(ctx); err != nil {
		return fact, err
	}
	for _, component := range []string{"collector", "central", "sampler"} {
		pods, err := c.pods(ctx, component)
		if err != nil {
			return fact, err
		}
		for _, pod := range pods {
			fact.Chart = pod.Labels["helm.sh/chart"]
			for _, container := range pod.Spec.Containers {
				if !slices.Contains(fact.Images, container.Image) {
					fact.Images = append(fact.Images, container.Image)
				}
			}
		}
	}
	return fact, nil
}

// user returns the cluster's name for the current user.
func (c *Cluster) user(ctx context.Context) (string, error) {
	review, err := c.client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authentication.SelfSubjectReview{}, meta.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("ask %s for the current user: %w", c.Name, err)
	}
	return review.Status.UserInfo.Username, nil
}
