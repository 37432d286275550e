package injector

import (
	"slices"
	"strings"

	"github.com/telepod/telepod/profiles"
)

// sourcedNames are the variables from a container's envFrom, as far as they are known. Kubernetes lets env
// override envFrom, so Telepod does not set variables with these names: the container's own values win,
// whatever their source.
type sourcedNames struct {
	names map[string]bool
	// open are the prefixes of sources that may define any name.
	open []string
}

// has reports whether the variable is known to be set.
func (s *sourcedNames) has(name string) bool { return s != nil && s.names[name] }

// may reports whether the variable is set, or might be.
func (s *sourcedNames) may(name string) bool {
	return s.has(name) || s != nil && slices.ContainsFunc(s.open, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// sources looks at a container's envFrom, by the setting:
//
//	          keys of a ConfigMap   a ConfigMap without known keys   a Secret
//	inspect   are the container's   expected to bring none           expected to bring none
//	keep      are the container's   may bring any name               may bring any name
//	override  hidden                hidden                           hidden
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
