package injector

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// addService sets OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME. The latter beats service.name in
// the former (SDK specification), so it stays away where the user's list names the service or might.
func (e *environment) addService(c *Container) {
	own := e.own(c)
	at, taken := e.owned[otelResourceAttributes]
	if !taken && e.brought.may(otelResourceAttributes) {
		e.plan.skip(e.target.Name, otelResourceAttributes, EnvFrom)
		if !e.owns(otelServiceName) {
			e.plan.skip(e.target.Name, otelServiceName, EnvFrom)
		}
		return
	}
	if !taken {
		e.addName()
		e.addAttributes(own)
		return
	}
	if reason := e.complete(slices.Concat(e.podAttrs, own), at); reason != "" && !e.owns(otelServiceName) {
		e.plan.skip(e.target.Name, otelServiceName, reason)
		return
	}
	e.addName()
}

func (e *environment) addName() {
	if e.service != nil {
		e.add(e.service)
	}
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
	case e.file:
		e.plan.skip(e.target.Name, otelResourceAttributes, ConfigFile)
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

// own are the attributes of this container alone.
func (e *environment) own(c *Container) []attribute {
	var list []attribute
	if e.named {
		list = append(list, literalAttribute("k8s.container.name", c.Name))
	}
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
	if len(usable) == 0 {
		return
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
	if len(own) == 0 || s.value == "" {
		return expression(otelResourceAttributes, s.value+tail, whyAttributes)
	}
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
