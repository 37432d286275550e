package injector

import (
	"cmp"
	"slices"
	"strings"
)

// containerEnv plans the env of one container. A variable goes before the user's first entry, so
// the user's values may refer to it. If it refers to a variable that the user defines, it goes directly
// behind that one.
type containerEnv struct {
	*planner
	target     *Target
	userVars   []Variable
	userIndex  map[string]int // last position of each of the user's variables that Telepod may set
	sources    *sourcedNames  // from envFrom; nil if there are none
	configFile bool           // the SDK reads its settings from a file, and ignores other OTEL_*
	start      int            // index of the container's first edit in the plan
}

func (p *planner) container(target *Target, c *Container) {
	e := &containerEnv{planner: p, target: target, userVars: c.Env, sources: p.sources(target, c), start: len(p.plan.Edits)}
	for i := range c.Env {
		if name := c.Env[i].Name; p.profile.names[name] || strings.HasPrefix(name, otelPrefix) {
			if e.userIndex == nil {
				e.userIndex = map[string]int{}
			}
			e.userIndex[name] = i
		}
	}
	e.configFile = e.given(otelConfigFile) || e.given(otelExperimentalConfigFile)
	for _, v := range p.podVars {
		e.add(v)
	}
	e.add(literal("K8S_CONTAINER_NAME", target.Name, "the container's name"))
	for _, v := range p.variables {
		e.add(v)
	}
	e.addDestination()
	e.addService(c)
	if p.profile.propagators != nil {
		e.add(p.profile.propagators)
	}
	slices.SortStableFunc(p.plan.Edits[e.start:], func(x, y Edit) int {
		return cmp.Or(x.At-y.At, int(x.Kind)-int(y.Kind)) // insertions before an entry, then the entry
	})
}

// add plans one variable, or notes why it is left out.
func (e *containerEnv) add(v *EnvVar) {
	if reason, ok := e.free(v.Name); !ok {
		e.plan.skip(e.target.Name, v.Name, reason)
		return
	}
	index, ok := e.insertIndex(v.refs)
	if !ok {
		e.plan.skip(e.target.Name, v.Name, MissingReference)
		return
	}
	e.plan.Edits = append(e.plan.Edits, Edit{Kind: AddVariable, Target: e.target, At: index, Variable: v})
}

// free reports whether Telepod may set a name in this container.
func (e *containerEnv) free(name string) (Reason, bool) {
	switch {
	case e.userSets(name):
		return UserDefined, false
	case e.sources.may(name):
		return EnvFrom, false
	case e.excluded(name):
		return ExcludedVariable, false
	case e.configFile && strings.HasPrefix(name, otelPrefix):
		return ConfigFile, false
	}
	return "", true
}

// insertIndex is the first position where every reference is defined; false if there is none. Variables
// from envFrom are defined before the first entry.
func (e *containerEnv) insertIndex(refs []string) (index int, ok bool) {
	for _, ref := range refs {
		if i, ok := e.added(ref); ok {
			index = max(index, i)
		} else if i, ok := e.userIndex[ref]; ok {
			index = max(index, i+1)
		} else if !e.sources.has(ref) {
			return 0, false
		}
	}
	return index, true
}

// added is the position of a variable that the plan adds to this container.
func (e *containerEnv) added(name string) (index int, ok bool) {
	for i := e.start; i < len(e.plan.Edits); i++ {
		if edit := &e.plan.Edits[i]; edit.Kind == AddVariable && edit.Variable.Name == name {
			return edit.At, true
		}
	}
	return 0, false
}

// userSets reports whether the container's env has an entry of that name.
func (e *containerEnv) userSets(name string) bool {
	_, ok := e.userIndex[name]
	return ok
}

// given reports whether the container itself sets a variable to a non-empty value. SDKs treat an empty
// one as unset (specification, SDK environment variables).
func (e *containerEnv) given(name string) bool {
	if at, ok := e.userIndex[name]; ok {
		return e.userVars[at].Sourced || e.userVars[at].Value != ""
	}
	return e.sources.has(name)
}
