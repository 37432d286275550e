package injector

import (
	"slices"
	"strings"

	"github.com/telepod/telepod/profiles"
)

// brought is what a container's envFrom brings, as far as that is known. Kubernetes lets env hide it,
// so Telepod leaves its own variables of these names out: the container's own win, wherever they come
// from.
type brought struct {
	names map[string]bool
	// open are the prefixes of sources that may bring any name.
	open []string
}

// has reports whether the variable is known to be there.
func (b *brought) has(name string) bool { return b != nil && b.names[name] }

// may reports whether the variable is there, or cannot be ruled out.
func (b *brought) may(name string) bool {
	return b.has(name) || b != nil && slices.ContainsFunc(b.open, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// bring looks at a container's envFrom, by the setting:
//
//	          keys of a ConfigMap   a ConfigMap without known keys   a Secret
//	inspect   are the container's   expected to bring none           expected to bring none
//	keep      are the container's   may bring any name               may bring any name
//	override  hidden                hidden                           hidden
func (b *builder) bring(target *Target, c *Container) *brought {
	setting := b.plan.Settings.EnvFrom.Value
	if len(c.EnvFrom) == 0 || setting == profiles.EnvFromOverride {
		return nil
	}
	all := &brought{names: map[string]bool{}}
	for i := range c.EnvFrom {
		source := &c.EnvFrom[i]
		keys, known := b.keys(source)
		for _, key := range keys {
			if name := source.Prefix + key; b.compiled.names[name] || strings.HasPrefix(name, otelPrefix) {
				all.names[name] = true
			}
		}
		switch {
		case known:
		case setting == profiles.EnvFromKeep:
			all.open = append(all.open, source.Prefix)
		case source.ConfigMap != "" && !source.Optional && b.request.ConfigMapKeys != nil:
			b.plan.unknown(target.Name, source.ConfigMap)
		}
	}
	if len(all.names) == 0 && all.open == nil {
		return nil
	}
	return all
}

func (b *builder) keys(source *EnvSource) (keys []string, known bool) {
	if source.ConfigMap == "" || b.request.ConfigMapKeys == nil {
		return nil, false
	}
	return b.request.ConfigMapKeys(b.request.Namespace.Name, source.ConfigMap)
}
