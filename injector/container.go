package injector

import (
	"cmp"
	"slices"
	"strings"
)

// environment is the work on one container's env. A variable goes before the user's first entry, so
// that the user's own values may refer to it, unless it refers itself to a variable that the user
// defines: then it goes right behind that one.
type environment struct {
	*builder
	target  *Target
	user    []Variable
	owned   map[string]int // the user's variables that Telepod knows, at their last place
	brought *brought       // what envFrom brings; nil where that is nothing
	at      map[string]int // injected variables, and where
	file    bool           // the SDK reads its settings from a file, and no OTEL_* besides
	edits   []Edit
}

func (b *builder) container(target *Target, c *Container) {
	e := &environment{builder: b, target: target, user: c.Env, brought: b.bring(target, c)}
	for i := range c.Env {
		if name := c.Env[i].Name; b.compiled.names[name] || strings.HasPrefix(name, otelPrefix) {
			if e.owned == nil {
				e.owned = map[string]int{}
			}
			e.owned[name] = i
		}
	}
	start := len(b.plan.Edits)
	if e.simple() {
		e.edits = b.plan.Edits
	} else {
		e.at = map[string]int{}
		e.file = e.given(otelConfigFile) || e.given(otelExperimentalConfigFile)
	}
	for _, v := range b.podVars {
		e.add(v)
	}
	e.add(literal("K8S_CONTAINER_NAME", target.Name, "the container's name"))
	for _, v := range b.variables {
		e.add(v)
	}
	e.addDestination()
	e.addService(c)
	if b.compiled.propagators != nil {
		e.add(b.compiled.propagators)
	}
	if e.simple() {
		b.plan.Edits = e.edits
		return
	}
	slices.SortStableFunc(e.edits, func(x, y Edit) int {
		return cmp.Or(x.At-y.At, int(x.Kind)-int(y.Kind)) // what goes before an entry, then the entry
	})
	b.plan.Edits = append(b.plan.Edits[:start], e.edits...)
}

// simple is the common case: nothing of the user's is in the way, so everything goes to the front
// and every reference is met.
func (e *environment) simple() bool {
	return e.owned == nil && e.brought == nil && e.builder.complete && e.plan.Settings.ExcludeVariables.Names == nil
}

// add plans one variable, or says why not.
func (e *environment) add(v *EnvVar) {
	if e.simple() {
		e.edits = append(e.edits, Edit{Kind: AddVariable, Target: e.target, Variable: v})
		return
	}
	if reason, ok := e.free(v.Name); !ok {
		e.plan.skip(e.target.Name, v.Name, reason)
		return
	}
	at, ok := e.place(v.refs)
	if !ok {
		e.plan.skip(e.target.Name, v.Name, MissingReference)
		return
	}
	e.at[v.Name] = at
	e.edits = append(e.edits, Edit{Kind: AddVariable, Target: e.target, At: at, Variable: v})
}

// free reports whether a name is Telepod's to set in this container.
func (e *environment) free(name string) (Reason, bool) {
	switch {
	case e.owns(name):
		return UserDefined, false
	case e.brought.may(name):
		return EnvFrom, false
	case e.excluded(name):
		return ExcludedVariable, false
	case e.file && strings.HasPrefix(name, otelPrefix):
		return ConfigFile, false
	}
	return "", true
}

// place is the first position at which every reference is met; false where there is none. What
// envFrom brings is there before the first entry.
func (e *environment) place(refs []string) (at int, ok bool) {
	if e.simple() {
		return 0, true
	}
	for _, ref := range refs {
		if i, ok := e.at[ref]; ok {
			at = max(at, i)
		} else if i, ok := e.owned[ref]; ok {
			at = max(at, i+1)
		} else if !e.brought.has(ref) {
			return 0, false
		}
	}
	return at, true
}

func (e *environment) owns(name string) bool {
	_, ok := e.owned[name]
	return ok
}

// given reports whether the container gets a variable that is not empty, by itself: SDKs take an
// empty one as unset (specification, SDK environment variables).
func (e *environment) given(name string) bool {
	if at, ok := e.owned[name]; ok {
		return e.user[at].Sourced || e.user[at].Value != ""
	}
	return e.brought.has(name)
}
