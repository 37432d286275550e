package injector

import (
	"slices"
	"strings"

	"github.com/telepod/telepod/profiles"
)

// sourcedNames are the variables from a container's envFrom, as far as they are known. In Kubernetes env
// overrides envFrom, so Telepod does not set variables with these names: the container's own values win,
// even those from envFrom.
type sourcedNames struct {
	names map[string]bool
	// open are the prefixes of sources that may define any name.
	open []string
}

// has reports whether a known source sets the variable.
func (s *sourcedNames) has(name string) bool { return s != nil && s.names[name] }

// may reports whether a source sets the variable, or might set it.
func (s *sourcedNames) may(name string) bool {
	return s.has(name) || s != nil && slices.ContainsFunc(s.open, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// sources evaluates a container's envFrom, by the setting:
//
//	          keys of a ConfigMap   a ConfigMap with unknown keys    a Secret
//	inspect   are the container's   assumed to set no such name      assumed to set no such name
//	keep      are the container's   might set any name               might set any name
//	override  overridden            overridden                       overridden
func (p *planner) sources(target *Target, c *Container) *sourcedNames {
	setting := p.plan.Settings.EnvFrom.Value
	if len(c.EnvFrom) == 0 || setting == profiles.EnvFromOverride {
		return nil
	}
	all := &sourcedNames{names: map[string]bool{}}
	for i := range c.EnvFrom {
		source := &c.EnvFrom[i]
		keys, known := p.keys(source)
		for _, key := range keys {
			if name := source.Prefix + key; p.profile.names[name] || strings.HasPrefix(name, otelPrefix) {
				all.names[name] = true
			}
		}
		switch {
		case known:
		case setting == profiles.EnvFromKeep:
			all.open = append(all.open, source.Prefix)
		case source.ConfigMap != "" && !source.Optional && p.request.ConfigMapKeys != nil:
			p.plan.unknown(target.Name, source.ConfigMap)
		}
	}
	if len(all.names) == 0 && all.open == nil {
		return nil
	}
	return all
}

func (p *planner) keys(source *EnvSource) (keys []string, known bool) {
	if source.ConfigMap == "" || p.request.ConfigMapKeys == nil {
		return nil, false
	}
	return p.request.ConfigMapKeys(p.request.Namespace.Name, source.ConfigMap)
}
