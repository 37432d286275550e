package sites

import (
	"context"
	"encoding/json"
	"fmt"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// cutOff blocks all traffic to the site except probes and scrapes. NetworkPolicies add up, so those of the
// release are set aside: their selector gets a label that no pod has. The drill creates its own policy first,
// so that the pods always have one.
func (c Central) cutOff(ctx context.Context) error {
	site, err := c.site(ctx)
	if err != nil {
		return err
	}
	others, err := c.policiesOf(ctx, labels.Set(site.Spec.Template.Labels))
	if err != nil {
		return err
	}
	for _, policy := range others {
		if !c.isOurs(policy.Labels) && len(policy.Spec.Ingress) > 0 {
			return fmt.Errorf("cut %s off: NetworkPolicy %s is not part of the release and also admits data: remove it for the drill, or use another --method", site.Name, policy.Name)
		}
	}
	_, err = c.client.NetworkingV1().NetworkPolicies(c.Release.Namespace).Create(ctx, c.closedPolicy(site.Name), meta.CreateOptions{})
	if err != nil {
		return fmt.Errorf("cut %s in %s off: %w", site.Name, c.Name, err)
	}
	for _, policy := range others {
		if !c.isOurs(policy.Labels) {
			continue // it admits nothing, so it can stay; only the release's policies are restored
		}
		if err := c.setAside(ctx, policy, c.Drill); err != nil {
			return err
		}
	}
	return nil
}

// policiesOf returns the ingress policies that select pods with these labels.
func (c Central) policiesOf(ctx context.Context, pods labels.Set) ([]networking.NetworkPolicy, error) {
	all, err := c.client.NetworkingV1().NetworkPolicies(c.Release.Namespace).List(ctx, meta.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the NetworkPolicies in %s: %w", c.Name, err)
	}
	var found []networking.NetworkPolicy
	for _, policy := range all.Items {
		selector, err := meta.LabelSelectorAsSelector(&policy.Spec.PodSelector)
		if err == nil && selector.Matches(pods) {
			found = append(found, policy)
		}
	}
	return found, nil
}

func (c Central) closedPolicy(site string) *networking.NetworkPolicy {
	central := c.Release.labels("central")
	marked := c.Release.labels("central")
	marked[markDrill] = c.Drill
	var ports []networking.NetworkPolicyPort
	for _, number := range []int32{portMetrics, portHealth} {
		protocol, port := core.ProtocolTCP, intstr.FromInt32(number)
		ports = append(ports, networking.NetworkPolicyPort{Protocol: &protocol, Port: &port})
	}
	return &networking.NetworkPolicy{
		ObjectMeta: meta.ObjectMeta{Name: site + "-drill", Labels: marked},
		Spec: networking.NetworkPolicySpec{
			PodSelector: meta.LabelSelector{MatchLabels: central},
			PolicyTypes: []networking.PolicyType{networking.PolicyTypeIngress},
			Ingress:     []networking.NetworkPolicyIngressRule{{Ports: ports}},
		},
	}
}

// setAside adds the label to a policy's selector; a nil value removes it.
func (c Central) setAside(ctx context.Context, policy networking.NetworkPolicy, value any) error {
	patch, err := json.Marshal(map[string]any{
		"spec": map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{markDrill: value}}},
	})
	if err != nil {
		return fmt.Errorf("change NetworkPolicy %s: %w", policy.Name, err)
	}
	_, err = c.client.NetworkingV1().NetworkPolicies(policy.Namespace).Patch(ctx, policy.Name, types.MergePatchType, patch, meta.PatchOptions{})
	if err != nil {
		return fmt.Errorf("change NetworkPolicy %s in %s: %w", policy.Name, c.Name, err)
	}
	return nil
}

// rejoin restores the policies that were set aside, then deletes the drill's own policy.
func (c Central) rejoin(ctx context.Context) error {
	policies := c.client.NetworkingV1().NetworkPolicies(c.Release.Namespace)
	all, err := policies.List(ctx, meta.ListOptions{})
	if err != nil {
		return fmt.Errorf("list the NetworkPolicies in %s: %w", c.Name, err)
	}
	for _, policy := range all.Items {
		if _, aside := policy.Spec.PodSelector.MatchLabels[markDrill]; aside && c.isOurs(policy.Labels) {
			if err := c.setAside(ctx, policy, nil); err != nil {
				return err
			}
		}
	}
	for _, policy := range all.Items {
		if _, marked := policy.Labels[markDrill]; !marked || !c.isOurs(policy.Labels) {
			continue
		}
		if err := policies.Delete(ctx, policy.Name, meta.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("remove NetworkPolicy %s in %s: %w", policy.Name, c.Name, err)
		}
	}
	return nil
}

func (c Central) isOurs(of map[string]string) bool {
	return of["app.kubernetes.io/instance"] == c.Release.Name
}
