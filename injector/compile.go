package injector

import (
	"slices"
	"strings"

	"github.com/telepod/telepod/profiles"
)

// compiledProfile is a profile with everything that does not depend on the pod, computed when profiles load.
// The rest is computed for each request.
type compiledProfile struct {
	*profiles.Resolved
	identity         []*EnvVar       // where the pod runs, from the profile and the nodes; first
	variables        []*EnvVar       // the profile's own, after those of owner and container
	propagators      *EnvVar         // or nil
	attributes       []attribute     // of every container
	removed          []string        // keys of attributes that the profile removes
	skip             []Skip          // variables that neither profile nor cluster can supply
	names            map[string]bool // of every variable that Telepod may set
	sidecarContainer *AddedSidecar   // with the profile's settings
	config           *EnvVar
}

const (
	regionLabel = "metadata.labels['topology.kubernetes.io/region']"
	zoneLabel   = "metadata.labels['topology.kubernetes.io/zone']"
)

func compile(profile *profiles.Resolved, cluster Cluster) *compiledProfile {
	c := &compiledProfile{Resolved: profile, names: map[string]bool{}}
	why := "profile " + profile.Name
	c.identify(cluster, why)
	for _, spec := range profile.Variables {
		c.variables = append(c.variables, fromSpec(spec, why))
	}
	c.attributes = overlay(c.attributes, profileAttributes(profile.ResourceAttributes))
	for _, key := range sortedKeys(profile.ResourceAttributes) {
		if profile.ResourceAttributes[key] == "" {
			c.removed = append(c.removed, key)
		}
	}
	c.attributes = slices.DeleteFunc(c.attributes, func(a attribute) bool { return slices.Contains(c.removed, a.key) })
	if len(profile.Propagators) > 0 {
		c.propagators = literal(otelPropagators, strings.Join(profile.Propagators, ","), why)
	}
	for _, name := range profiles.Derived() {
		c.names[name] = true
	}
	for _, v := range c.variables {
		c.names[v.Name] = true
	}
	c.sidecarContainer = sidecarSpec(profile, cluster.NativeSidecars)
	c.config = literal(sidecarConfig, profile.Sidecar.Config, why)
	return c
}

// identify adds the variables and attributes of the pod's location. It notes those that are not known.
func (c *compiledProfile) identify(cluster Cluster, why string) {
	known := func(name, key, value string) {
		if value == "" {
			c.skip = append(c.skip, Skip{Item: name, Reason: NotKnown})
			return
		}
		c.identity = append(c.identity, literal(name, value, why))
		c.attributes = append(c.attributes, literalAttribute(key, value))
	}
	labelled := func(name, key, label string) {
		c.identity = append(c.identity, field(name, label, "the node's topology label"))
		c.attributes = append(c.attributes, attribute{key, "$(" + name + ")", []string{name}})
	}
	known("CLOUD_PROVIDER", "cloud.provider", c.Cloud.Provider)
	known("CLOUD_PLATFORM", "cloud.platform", c.Cloud.Platform)
	if c.Identity.Region == "" && cluster.TopologyLabels {
		labelled("CLOUD_REGION", "cloud.region", regionLabel)
	} else {
		known("CLOUD_REGION", "cloud.region", c.Identity.Region)
	}
	known("CLOUD_ACCOUNT_ID", "cloud.account.id", c.Identity.Account)
	if cluster.TopologyLabels {
		labelled("CLOUD_AVAILABILITY_ZONE", "cloud.availability_zone", zoneLabel)
	} else {
		known("CLOUD_AVAILABILITY_ZONE", "cloud.availability_zone", "")
	}
	known("K8S_CLUSTER_NAME", "k8s.cluster.name", c.Identity.Cluster)
	known("DEPLOYMENT_ENVIRONMENT", "deployment.environment.name", c.Identity.Environment)
}

func profileAttributes(values map[string]string) []attribute {
	var list []attribute
	for _, key := range sortedKeys(values) {
		if values[key] != "" {
			list = append(list, expressionAttribute(key, values[key]))
		}
	}
	return list
}

func (c *compiledProfile) skips(container string) bool {
	return slices.Contains(c.SkipContainers, container)
}
