package injector

import (
	"fmt"
	"slices"
	"strings"

	"github.com/telepod/telepod/profiles"
)

// Cluster is what the API server and the nodes can do, found out once and not for each pod.
type Cluster struct {
	// NativeSidecars: init containers may have restartPolicy Always (on by default since 1.29).
	NativeSidecars bool
	// TopologyLabels: pods get their node's topology labels at binding (KEP-4742, on by default
	// since 1.35), so that zone and region can come from the Downward API.
	TopologyLabels bool
	// NodeIPv6: status.hostIP is an IPv6 address, which a URL must put in brackets.
	NodeIPv6 bool
}

// Options are the choices of whoever runs the injector.
type Options struct {
	Policy
	Cluster
	// DefaultProfile is used where no annotation names one.
	DefaultProfile string
	// Strict denies a pod whose annotations are wrong, instead of falling back with a warning.
	Strict bool
}

// Injector plans injections. It is immutable and safe for concurrent use; a change of profiles or
// options makes a new one.
type Injector struct {
	options  Options
	profiles *profiles.Set
	compiled map[string]*compiled
}

// New compiles every profile of the set, so that a request does only what depends on its pod.
func New(set *profiles.Set, options Options) (*Injector, error) {
	in := &Injector{options: options, profiles: set, compiled: map[string]*compiled{}}
	for _, name := range set.Names() {
		profile, _ := set.Lookup(name)
		in.compiled[name] = compile(profile, options.Cluster)
	}
	if in.compiled[options.DefaultProfile] == nil {
		return nil, fmt.Errorf("default profile %q: no such profile%s; have %v", options.DefaultProfile,
			didYouMean(near(options.DefaultProfile, set.Names())), set.Names())
	}
	return in, nil
}

func didYouMean(nearest string) string {
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", nearest)
}

// Request is one pod to plan for.
type Request struct {
	Pod       *Pod
	Namespace Namespace
	// Owners replaces what is computed from the pod's ownerReferences: the command line knows
	// the workload whose template it reads. Outermost last.
	Owners []Workload
	// ConfigMapKeys tells the keys of a ConfigMap, which become variables through envFrom; known is
	// false for one that it knows nothing of. Nil means that ConfigMaps cannot be looked at: then
	// EnvFromInspect is EnvFromOverride.
	ConfigMapKeys func(namespace, name string) (keys []string, known bool)
}

// Plan decides and, for a pod to inject, plans the edits. The pod is not changed.
func (in *Injector) Plan(r Request) *Plan {
	if r.Pod.excess != "" {
		return untouched(r.Pod, r.Pod.excess)
	}
	decision, warnings := Decide(r.Pod, r.Namespace, in.options.Policy)
	if decision.Inject && len(r.Pod.Spec.Containers) == 0 {
		decision = Decision{Reason: NoContainers}
	}
	switch {
	case decision.Reason == AlreadyInjected:
		return in.again(r)
	case !decision.Inject:
		return &Plan{Decision: decision, Warnings: warnings, Sidecar: SidecarNone, pod: r.Pod}
	}
	return in.plan(r, decision, warnings, nil)
}

// plan plans the edits of a pod that is to be injected; earlier is what was done to it before, or nil.
func (in *Injector) plan(r Request, decision Decision, warnings []Warning, earlier *before) *Plan {
	plan := &Plan{Decision: decision, Warnings: warnings, Sidecar: SidecarNone, pod: r.Pod}
	read := &reader{pod: r.Pod, namespace: r.Namespace, warnings: warnings}
	chosen := in.choose(read)
	c := in.compiled[chosen.Value]
	plan.Profile = c.Resolved
	plan.Settings = read.read(c.Resolved, chosen)
	if read.excess != "" {
		return untouched(r.Pod, read.excess)
	}
	if r.Owners == nil {
		r.Owners = Owners(r.Pod)
	}
	b := &builder{plan: plan, compiled: c, options: &in.options, request: r, read: read, earlier: earlier}
	b.build()
	plan.Warnings, plan.MoreWarnings = read.warnings, read.more
	if in.options.Strict && len(plan.Warnings) > 0 {
		*plan = Plan{Decision: Decision{Deny: true, Reason: InvalidSettings}, Warnings: plan.Warnings,
			Profile: plan.Profile, Settings: plan.Settings, Sidecar: SidecarNone, pod: r.Pod}
	}
	return plan
}

// choose picks the profile: the pod's annotation, the namespace's, the default.
func (in *Injector) choose(read *reader) Setting {
	setting, ok := read.first(ProfileAnnotation, func(name string) (string, string) {
		if in.compiled[name] != nil {
			return "", ""
		}
		nearest, _ := in.profiles.Nearest(name)
		return "no such profile", nearest
	})
	if !ok {
		return Setting{in.options.DefaultProfile, FromDefault}
	}
	return setting
}

// compiled is a profile with everything made ready that does not depend on the pod.
type compiled struct {
	*profiles.Resolved
	identity    []*EnvVar   // what the profile and the nodes say of the place, first
	variables   []*EnvVar   // the profile's own, after those of owner and container
	propagators *EnvVar     // or nil
	attributes  []attribute // of every container
	removed     []string    // keys of attributes that the profile removes
	skip        []Skip      // what neither profile nor cluster says
	names       map[string]bool
	// complete: every pod meets every reference that Telepod writes; see met.
	complete bool
	sidecar  *Sidecar // as the profile has it
	config   *EnvVar
}

const (
	regionLabel = "metadata.labels['topology.kubernetes.io/region']"
	zoneLabel   = "metadata.labels['topology.kubernetes.io/zone']"
)

func compile(profile *profiles.Resolved, cluster Cluster) *compiled {
	c := &compiled{Resolved: profile, names: map[string]bool{}}
	why := "profile " + profile.Name
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
	known("CLOUD_PROVIDER", "cloud.provider", profile.Cloud.Provider)
	known("CLOUD_PLATFORM", "cloud.platform", profile.Cloud.Platform)
	if profile.Identity.Region == "" && cluster.TopologyLabels {
		labelled("CLOUD_REGION", "cloud.region", regionLabel)
	} else {
		known("CLOUD_REGION", "cloud.region", profile.Identity.Region)
	}
	known("CLOUD_ACCOUNT_ID", "cloud.account.id", profile.Identity.Account)
	if cluster.TopologyLabels {
		labelled("CLOUD_AVAILABILITY_ZONE", "cloud.availability_zone", zoneLabel)
	} else {
		known("CLOUD_AVAILABILITY_ZONE", "cloud.availability_zone", "")
	}
	known("K8S_CLUSTER_NAME", "k8s.cluster.name", profile.Identity.Cluster)
	known("DEPLOYMENT_ENVIRONMENT", "deployment.environment.name", profile.Identity.Environment)
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
	c.complete = c.met()
	c.sidecar = sidecarSpec(profile, cluster.NativeSidecars)
	c.config = literal(sidecarConfig, profile.Sidecar.Config, why)
	return c
}

// met reports whether every pod meets the references of variables and attributes, and those that
// Telepod writes by itself. A profile that does not inherit base may lack some, and one may refer to
// an owner that not every pod has.
func (c *compiled) met() bool {
	defined := map[string]bool{"K8S_CONTAINER_NAME": true}
	ok := true
	need := func(refs []string) {
		for _, ref := range refs {
			ok = ok && defined[ref]
		}
	}
	for _, v := range slices.Concat(c.identity, c.variables) {
		need(v.refs)
		defined[v.Name] = true
	}
	for _, a := range c.attributes {
		need(a.refs)
	}
	need([]string{"K8S_NAMESPACE", "K8S_POD_NAME", "K8S_NODE_IP"})
	return ok
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

func (c *compiled) skips(container string) bool { return slices.Contains(c.SkipContainers, container) }
