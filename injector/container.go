package injector

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/telepod/telepod/profiles"
)

// environment is the work on one container's env. A variable goes before the user's first entry, so
// that the user's own values may refer to it, unless it refers itself to a variable that the user
// defines: then it goes right behind that one.
type environment struct {
	*builder
	target *Target
	user   []Variable
	hidden bool           // an envFrom may hold OTEL_* variables
	owned  map[string]int // the user's variables that Telepod knows, at their last place
	at     map[string]int // injected variables, and where
	edits  []Edit
}

func (b *builder) container(target *Target, c *Container) {
	e := &environment{builder: b, target: target, user: c.Env, hidden: c.EnvFrom && b.plan.Settings.EnvFrom.Value != profiles.EnvFromOverride}
	for i := range c.Env {
		if name := c.Env[i].Name; b.compiled.names[name] || strings.HasPrefix(name, "OTEL_") {
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
	}
	for _, v := range b.podVars {
		e.add(v)
	}
	e.add(literal("K8S_CONTAINER_NAME", target.Name, "the container's name"))
	for _, v := range b.compiled.variables {
		e.add(v)
	}
	e.addPair()
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
	return e.owned == nil && !e.hidden && e.compiled.complete && e.plan.Settings.ExcludeVariables.Names == nil
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
	if e.owns(name) {
		return UserDefined, false
	}
	if e.excluded(name) {
		return ExcludedVariable, false
	}
	if e.hidden && strings.HasPrefix(name, "OTEL_") {
		return EnvFrom, false
	}
	return "", true
}

// place is the first position at which every reference is met; false where there is none.
func (e *environment) place(refs []string) (at int, ok bool) {
	if e.simple() {
		return 0, true
	}
	for _, ref := range refs {
		if i, ok := e.at[ref]; ok {
			at = max(at, i)
		} else if i, ok := e.owned[ref]; ok {
			at = max(at, i+1)
		} else {
			return 0, false
		}
	}
	return at, true
}

// addPair sets endpoint and protocol together or not at all: one without the other sends gRPC to an
// HTTP port. A per-signal endpoint without its protocol (or the other way round) relies on the
// general ones as the user left them.
func (e *environment) addPair() {
	skip := func(reason Reason) {
		e.plan.skip(e.target.Name, otelEndpoint, reason)
		e.plan.skip(e.target.Name, otelProtocol, reason)
	}
	pairs := []string{""}
	if e.owned != nil {
		pairs = append(pairs, "TRACES_", "METRICS_", "LOGS_", "PROFILES_")
	}
	for _, signal := range pairs {
		endpoint, protocol := e.owns("OTEL_EXPORTER_OTLP_"+signal+"ENDPOINT"), e.owns("OTEL_EXPORTER_OTLP_"+signal+"PROTOCOL")
		if endpoint != protocol || (signal == "" && endpoint) {
			skip(UserPair)
			return
		}
	}
	for _, name := range []string{otelEndpoint, otelProtocol} {
		if reason, ok := e.free(name); !ok {
			skip(reason)
			return
		}
	}
	to := e.endpointFor(e.target)
	if _, ok := e.place(to.refs); !ok {
		skip(MissingReference)
		return
	}
	e.add(to)
	e.add(e.protocol)
}

// addService sets OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME. The latter beats service.name in
// the former (SDK specification), so it stays away where the user's list names the service or might.
func (e *environment) addService(c *Container) {
	own := e.own(c)
	at, taken := e.owned[otelResourceAttributes]
	if !taken {
		e.add(e.service)
		e.addAttributes(own)
		return
	}
	if reason := e.complete(slices.Concat(e.podAttrs, own), at); reason != "" && !e.owns(otelServiceName) {
		e.plan.skip(e.target.Name, otelServiceName, reason)
		return
	}
	e.add(e.service)
}

// complete adds what the user's list at a position lacks, where it can be read. It returns why
// OTEL_SERVICE_NAME must stay away: the list names the service, or may; "" where it does not.
func (e *environment) complete(attributes []attribute, at int) Reason {
	theirs := e.user[at]
	user, ok := parseAttributes(theirs.Value)
	switch {
	case theirs.Sourced:
		e.plan.skip(e.target.Name, otelResourceAttributes, ValueFrom)
		return ValueFrom
	case !ok:
		e.plan.skip(e.target.Name, otelResourceAttributes, Unparseable)
		return Unparseable
	case e.excluded(otelResourceAttributes):
		e.plan.skip(e.target.Name, otelResourceAttributes, ExcludedVariable)
	default:
		e.merge(attributes, user, at)
	}
	switch {
	case user.keys["service.name"]:
		return UserDefined
	case user.opaque:
		return ValueFrom
	}
	return ""
}

func (e *environment) owns(name string) bool {
	_, ok := e.owned[name]
	return ok
}

// own are the attributes of this container alone.
func (e *environment) own(c *Container) []attribute {
	list := []attribute{literalAttribute("k8s.container.name", c.Name)}
	if e.fromImage {
		if version := serviceVersion(e.request.Pod, c.Image); version != "" {
			list = append(list, literalAttribute("service.version", version))
		}
	}
	if e.instance {
		list = append(list, attribute{"service.instance.id", "$(K8S_NAMESPACE).$(K8S_POD_NAME)." + escape(percentEncode(c.Name)), []string{"K8S_NAMESPACE", "K8S_POD_NAME"}})
	}
	return list
}

const whyAttributes = "profile, owner, annotations and image"

// addAttributes plans the variable where the user has none. An attribute whose reference is not
// available is left out; one that refers to the user's variable moves the whole behind it.
func (e *environment) addAttributes(own []attribute) {
	if e.simple() {
		e.add(e.shared.with(own))
		return
	}
	var refs []string
	var usable []attribute
	for _, a := range slices.Concat(e.podAttrs, own) {
		if _, ok := e.place(a.refs); !ok {
			e.plan.skip(e.target.Name, a.key, MissingReference)
			continue
		}
		usable = append(usable, a)
		refs = append(refs, a.refs...)
	}
	v := expression(otelResourceAttributes, text(usable), whyAttributes)
	v.refs = refs
	e.add(v)
}

// shared is the part of OTEL_RESOURCE_ATTRIBUTES that all containers of a pod have, with the start
// of its JSON: most of what is written for a pod.
type shared struct {
	value string
	json  []byte
}

func share(attributes []attribute) shared {
	v := expression(otelResourceAttributes, text(attributes), whyAttributes)
	return shared{v.Value, v.json[:len(v.json)-len(`"}`)]}
}

// with completes the variable by the attributes of one container.
func (s shared) with(own []attribute) *EnvVar {
	tail := text(own)
	v := &EnvVar{Why: whyAttributes, json: make([]byte, 0, len(s.json)+len(tail)+8)}
	v.Name, v.Value = otelResourceAttributes, s.value+","+tail
	v.json = appendString(append(v.json, s.json...), tail)
	v.json[len(s.json)] = ',' // in place of the quote that opens the tail
	v.json = append(v.json, '}')
	return v
}

// merge adds to the user's list the keys that it lacks. They go in front, so that the user's keys
// win in SDKs that take the last of two, even where a reference hides them; the user's text stays
// as it is.
func (e *environment) merge(attributes []attribute, user userAttributes, at int) {
	var missing []attribute
	for _, a := range attributes {
		place, ok := e.place(a.refs)
		switch {
		case user.keys[a.key]:
			e.plan.skip(e.target.Name, a.key, UserDefined)
		case !ok || place > at:
			e.plan.skip(e.target.Name, a.key, MissingReference)
		default:
			missing = append(missing, a)
		}
	}
	if len(missing) == 0 {
		return
	}
	value := text(missing)
	if theirs := strings.TrimSpace(e.user[at].Value); theirs != "" {
		value += "," + e.user[at].Value
	}
	v := expression(otelResourceAttributes, value, "the container's own list, completed")
	e.edits = append(e.edits, Edit{Kind: SetValue, Target: e.target, At: at, Variable: v})
}

func text(attributes []attribute) string {
	n := 0
	for _, a := range attributes {
		n += len(a.key) + len(a.value) + 2
	}
	var b strings.Builder
	b.Grow(n)
	for i, a := range attributes {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(a.key)
		b.WriteByte('=')
		b.WriteString(a.value)
	}
	return b.String()
}

func itoa(n int32) string { return strconv.Itoa(int(n)) }

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
