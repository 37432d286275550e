package injector

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// addService sets OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME. The latter overrides service.name in
// the former (SDK specification), so it is left out if the user's list names the service, or might.
func (e *containerEnv) addService(c *Container) {
	ofContainer := e.containerAttributes(c)
	at, taken := e.userIndex[otelResourceAttributes]
	if !taken && e.sources.may(otelResourceAttributes) {
		e.plan.skip(e.target.Name, otelResourceAttributes, EnvFrom)
		if !e.userSets(otelServiceName) {
			e.plan.skip(e.target.Name, otelServiceName, EnvFrom)
		}
		return
	}
	if !taken {
		e.addName()
		e.addAttributes(ofContainer)
		return
	}
	if reason := e.completeUserList(slices.Concat(e.podAttributes, ofContainer), at); reason != "" && !e.userSets(otelServiceName) {
		e.plan.skip(e.target.Name, otelServiceName, reason)
		return
	}
	e.addName()
}

func (e *containerEnv) addName() {
	if e.service != nil {
		e.add(e.service)
	}
}

// completeUserList adds missing attributes to the user's list at a position, if it can be parsed. It
// returns why OTEL_SERVICE_NAME must be left out (the list names the service, or might), or "".
func (e *containerEnv) completeUserList(attributes []attribute, at int) Reason {
	list := e.userVars[at]
	user, ok := parseAttributes(list.Value)
	switch {
	case list.Sourced:
		e.plan.skip(e.target.Name, otelResourceAttributes, ValueFrom)
		return ValueFrom
	case !ok:
		e.plan.skip(e.target.Name, otelResourceAttributes, Unparseable)
		return Unparseable
	case e.excluded(otelResourceAttributes):
		e.plan.skip(e.target.Name, otelResourceAttributes, ExcludedVariable)
	case e.configFile:
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

// containerAttributes returns the attributes of only this container.
func (e *containerEnv) containerAttributes(c *Container) []attribute {
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

// addAttributes plans the variable if the user has not set it. It leaves out attributes that refer to an
// undefined variable. If one refers to the user's variable, the whole variable moves behind that one.
func (e *containerEnv) addAttributes(ofContainer []attribute) {
	usable, refs := e.usable[:0], []string(nil)
	for _, list := range [...][]attribute{e.podAttributes, ofContainer} {
		for _, a := range list {
			if _, ok := e.insertIndex(a.refs); !ok {
				e.plan.skip(e.target.Name, a.key, MissingReference)
				continue
			}
			usable, refs = append(usable, a), append(refs, a.refs...)
		}
	}
	e.usable = usable
	if len(usable) == 0 {
		return
	}
	e.add(newEnvVar(otelResourceAttributes, joinAttributes(usable), refs, "profile, owner, annotations and image"))
}

// merge adds to the user's list the keys that it lacks. They go in front, so the user's keys win in SDKs
// that use the last of two, even if a reference hides them. The user's text stays as it is.
func (e *containerEnv) merge(attributes []attribute, user userAttributes, at int) {
	var missing []attribute
	for _, a := range attributes {
		place, ok := e.insertIndex(a.refs)
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
	value := joinAttributes(missing)
	if strings.TrimSpace(e.userVars[at].Value) != "" {
		value += "," + e.userVars[at].Value
	}
	v := expression(otelResourceAttributes, value, "the container's own list, completed")
	e.plan.Edits = append(e.plan.Edits, Edit{Kind: SetValue, Target: e.target, At: at, Variable: v})
}

func joinAttributes(attributes []attribute) string {
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
