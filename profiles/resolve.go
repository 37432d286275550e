package profiles

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// resolver merges profiles with their ancestors.
type resolver struct {
	facts     Facts
	documents []*document
	byName    map[string]*document
	resolved  map[string]*Resolved // nil for a profile that cannot be resolved
}

// newResolver indexes the documents by name, and reports duplicate names.
func newResolver(documents []*document, facts Facts) *resolver {
	r := &resolver{facts: facts, byName: map[string]*document{}, resolved: map[string]*Resolved{}}
	for _, d := range documents {
		if d.Name == "" {
			continue
		}
		switch first, taken := r.byName[d.Name]; {
		case !taken:
			r.byName[d.Name] = d
			r.documents = append(r.documents, d)
		case first.builtin:
			d.Report("name", "is a built-in profile's: choose another name and write \"inherits: %s\"", d.Name)
		default:
			d.Report("name", "is already defined at %s:%d: rename one", first.file, first.Line("name"))
		}
	}
	return r
}

func (r *resolver) all() map[string]*Resolved {
	for _, d := range r.documents {
		r.resolve(d, nil)
	}
	return r.resolved
}

// resolve merges a document with its ancestors. If that fails it reports the reason once and returns nil. below are
// the names of the descendants that led here, youngest first.
func (r *resolver) resolve(d *document, below []string) *Resolved {
	if done, ok := r.resolved[d.Name]; ok {
		return done
	}
	if i := slices.Index(below, d.Name); i >= 0 {
		r.reportCycle(below[i:])
		return nil
	}
	parent := &Resolved{}
	if d.Inherits != "" {
		up, ok := r.byName[d.Inherits]
		if !ok {
			d.Report("inherits", "no such profile: %q%s", d.Inherits, DidYouMean(d.Inherits, r.names()))
			r.resolved[d.Name] = nil
			return nil
		}
		parent = r.resolve(up, append(below, d.Name))
		if parent == nil || len(up.problems()) > 0 {
			r.resolved[d.Name] = nil
			return nil
		}
	}
	r.resolved[d.Name] = r.merge(parent, d)
	return r.resolved[d.Name]
}

func (r *resolver) names() []string { return slices.Collect(maps.Keys(r.byName)) }

// reportCycle reports a cycle once, at its alphabetically first member.
func (r *resolver) reportCycle(cycle []string) {
	first := slices.Index(cycle, slices.Min(cycle))
	path := slices.Concat(cycle[first:], cycle[:first+1])
	if d := r.byName[cycle[first]]; !d.Blamed("inherits") {
		d.Report("inherits", "inherits itself: %s: remove one link", strings.Join(path, " → "))
	}
}

func (r *resolver) merge(parent *Resolved, d *document) *Resolved {
	merged := &Resolved{
		Profile: mergeProfiles(parent.Profile, d.Profile),
		Lineage: append([]string{d.Name}, parent.Lineage...),
		Source:  d.file,
	}
	merged.Identity = overlay(r.facts.Identity, merged.Identity)
	if d.builtin && d.Inherits == "" {
		merged.OTLP.Endpoint = cmp.Or(r.facts.Endpoint, merged.OTLP.Endpoint)
		merged.OTLP.ServiceHost = cmp.Or(r.facts.ServiceHost, merged.OTLP.ServiceHost)
		merged.OTLP.ClusterServiceHost = cmp.Or(r.facts.ClusterServiceHost, merged.OTLP.ClusterServiceHost)
		merged.Sidecar.Image = cmp.Or(r.facts.SidecarImage, merged.Sidecar.Image)
		merged.Sidecar.ImagePullSecrets = orList(r.facts.SidecarPullSecrets, merged.Sidecar.ImagePullSecrets)
		merged.OTLP.GRPCPort = cmp.Or(r.facts.GRPCPort, merged.OTLP.GRPCPort)
		merged.OTLP.HTTPPort = cmp.Or(r.facts.HTTPPort, merged.OTLP.HTTPPort)
	}
	if !d.unreadable {
		d.checkResolved(merged)
	}
	sum, err := hash(merged.Profile)
	if err != nil {
		d.Report("", "compute hash: %v", err)
	}
	merged.Hash = sum
	return merged
}

// mergeProfiles overrides a parent with its child: the child's settings win, maps and variables merge by key,
// and everything else is replaced as a whole.
func mergeProfiles(parent, child Profile) Profile {
	return Profile{
		Name:        child.Name,
		Description: child.Description,
		Inherits:    child.Inherits,
		Cloud: Cloud{
			Provider: cmp.Or(child.Cloud.Provider, parent.Cloud.Provider),
			Platform: cmp.Or(child.Cloud.Platform, parent.Cloud.Platform),
		},
		Identity: overlay(parent.Identity, child.Identity),
		OTLP: OTLP{
			Endpoint:    cmp.Or(child.OTLP.Endpoint, parent.OTLP.Endpoint),
			Protocol:    cmp.Or(child.OTLP.Protocol, ProtocolOf(child.OTLP.Endpoint), parent.OTLP.Protocol),
			ServiceHost: cmp.Or(child.OTLP.ServiceHost, parent.OTLP.ServiceHost),

			ClusterServiceHost: cmp.Or(child.OTLP.ClusterServiceHost, parent.OTLP.ClusterServiceHost),

			GRPCPort: cmp.Or(child.OTLP.GRPCPort, parent.OTLP.GRPCPort, conventionalGRPCPort),
			HTTPPort: cmp.Or(child.OTLP.HTTPPort, parent.OTLP.HTTPPort, conventionalHTTPPort),
		},
		Variables:             mergeVariables(parent.Variables, child.Variables),
		ResourceAttributes:    mergeMaps(parent.ResourceAttributes, child.ResourceAttributes),
		ServiceNameFromLabels: cmp.Or(child.ServiceNameFromLabels, parent.ServiceNameFromLabels),
		Propagators:           orList(child.Propagators, parent.Propagators),
		EnvFrom:               cmp.Or(child.EnvFrom, parent.EnvFrom, EnvFromInspect),
		SkipContainers:        orList(child.SkipContainers, parent.SkipContainers),
		Detectors:             orList(child.Detectors, parent.Detectors),
		Sidecar: Sidecar{
			Enabled:         cmp.Or(child.Sidecar.Enabled, parent.Sidecar.Enabled),
			Image:           cmp.Or(child.Sidecar.Image, parent.Sidecar.Image),
			ImagePullPolicy: cmp.Or(child.Sidecar.ImagePullPolicy, parent.Sidecar.ImagePullPolicy),

			ImagePullSecrets: orList(child.Sidecar.ImagePullSecrets, parent.Sidecar.ImagePullSecrets),
			ProbeCommand:     orList(child.Sidecar.ProbeCommand, parent.Sidecar.ProbeCommand),

			Resources: corev1.ResourceRequirements{
				Requests: mergeMaps(parent.Sidecar.Resources.Requests, child.Sidecar.Resources.Requests),
				Limits:   mergeMaps(parent.Sidecar.Resources.Limits, child.Sidecar.Resources.Limits),
			},
			SecurityContext: cmp.Or(child.Sidecar.SecurityContext, parent.Sidecar.SecurityContext),
			Env:             mergeVariables(parent.Sidecar.Env, child.Sidecar.Env),
			Config:          cmp.Or(child.Sidecar.Config, parent.Sidecar.Config),
			GateStartup:     cmp.Or(child.Sidecar.GateStartup, parent.Sidecar.GateStartup),
		},
	}
}

// overlay fills the unset fields of top from below.
func overlay(below, top Identity) Identity {
	return Identity{
		Region:      cmp.Or(top.Region, below.Region),
		Account:     cmp.Or(top.Account, below.Account),
		Cluster:     cmp.Or(top.Cluster, below.Cluster),
		Environment: cmp.Or(top.Environment, below.Environment),
	}
}

// mergeVariables keeps the parent's order, so variables stay behind those that they refer to.
func mergeVariables(parent, child []corev1.EnvVar) []corev1.EnvVar {
	merged := slices.Clone(parent)
	for _, v := range child {
		same := func(other corev1.EnvVar) bool { return other.Name == v.Name }
		if i := slices.IndexFunc(merged, same); i >= 0 {
			merged[i] = v
		} else {
			merged = append(merged, v)
		}
	}
	return merged
}

func mergeMaps[M ~map[K]V, K comparable, V any](parent, child M) M {
	if len(parent) == 0 && len(child) == 0 {
		return nil
	}
	merged := make(M, len(parent)+len(child))
	maps.Copy(merged, parent)
	maps.Copy(merged, child)
	return merged
}

// orList returns the child's list unless it is nil: an empty list replaces the parent's.
func orList(child, parent []string) []string {
	if child != nil {
		return child
	}
	return parent
}
