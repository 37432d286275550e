package injector

import (
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A sender can make the lists and maps of a pod arbitrarily long. They are read element by element, so
// that elements beyond a limit use no memory.

// budget counts the elements of all containers of a pod.
type budget struct {
	containers, variables, sources int
	excess                         Reason // the first limit that was exceeded, or ""
}

func (b *budget) exceeds(reason Reason, over bool) {
	if over && b.excess == "" {
		b.excess = reason
	}
}

// count increments n and reports whether to keep the element.
func (b *budget) count(n *int, limit int, reason Reason) bool {
	*n++
	b.exceeds(reason, *n > limit)
	return b.excess == ""
}

// elements calls read at each element of a list. It treats null as an empty list.
func elements(dec *jsontext.Decoder, read func() error) error {
	if dec.PeekKind() != '[' {
		var list []struct{}
		return json.UnmarshalDecode(dec, &list) // null, or an error with the position
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for kind := dec.PeekKind(); kind != ']' && kind != 0; kind = dec.PeekKind() {
		if err := read(); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// empty returns a list to append to. For null it is nil: an edit must then create the list.
func empty[T any](dec *jsontext.Decoder, capacity int) []T {
	if dec.PeekKind() != '[' {
		return nil
	}
	return make([]T, 0, capacity)
}

type containersJSON struct {
	list   []Container
	budget *budget
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (c *containersJSON) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	c.list = empty[Container](dec, 4)
	return elements(dec, func() error {
		if !c.budget.count(&c.budget.containers, maxContainers, TooManyContainers) {
			return dec.SkipValue()
		}
		var wire containerJSON
		wire.Env.budget, wire.EnvFrom.budget = c.budget, c.budget
		err := json.UnmarshalDecode(dec, &wire)
		c.list = append(c.list, Container{Name: wire.Name, Image: wire.Image, Env: wire.Env.list, EnvFrom: wire.EnvFrom.list, Ports: wire.Ports})
		return err
	})
}

type envJSON struct {
	list   []Variable
	budget *budget
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (e *envJSON) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	e.list = empty[Variable](dec, 16)
	var wire variableJSON // one for all elements, because it escapes
	return elements(dec, func() error {
		if !e.budget.count(&e.budget.variables, maxVariables, TooManyVariables) {
			return dec.SkipValue()
		}
		wire = variableJSON{}
		err := json.UnmarshalDecode(dec, &wire)
		e.list = append(e.list, Variable{wire.Name, wire.Value, bool(wire.ValueFrom)})
		return err
	})
}

type sourcesJSON struct {
	list   []EnvSource
	budget *budget
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (s *sourcesJSON) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	s.list = nil
	return elements(dec, func() error {
		if !s.budget.count(&s.budget.sources, maxSources, TooManyVariables) {
			return dec.SkipValue()
		}
		var wire sourceJSON
		err := json.UnmarshalDecode(dec, &wire)
		s.list = append(s.list, EnvSource{ConfigMap: wire.ConfigMapRef.Name, Secret: wire.SecretRef.Name, Prefix: wire.Prefix,
			Optional: wire.ConfigMapRef.Optional || wire.SecretRef.Optional})
		return err
	})
}

// portsJSON keeps the ports that the sidecar listens on.
type portsJSON []Port

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (p *portsJSON) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*p = nil
	return elements(dec, func() error {
		var port Port
		err := json.UnmarshalDecode(dec, &port)
		if sidecarPort(port.ContainerPort) && !slices.Contains(*p, port) {
			*p = append(*p, port)
		}
		return err
	})
}

// ownersJSON keeps a few owners, and the controller.
type ownersJSON []OwnerReference

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (o *ownersJSON) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*o = nil
	controller := false
	return elements(dec, func() error {
		var owner OwnerReference
		err := json.UnmarshalDecode(dec, &owner)
		if len(*o) < maxOwners || owner.Controller && !controller {
			*o = append(*o, owner)
		}
		controller = controller || owner.Controller
		return err
	})
}

// secretsJSON keeps the names of a few pull secrets.
type secretsJSON []string

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (s *secretsJSON) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*s = empty[string](dec, 0)
	return elements(dec, func() error {
		var secret struct {
			Name string `json:"name"`
		}
		err := json.UnmarshalDecode(dec, &secret)
		if len(*s) < maxOwners {
			*s = append(*s, secret.Name)
		}
		return err
	})
}

// tolerationsJSON is true if one of them tolerates virtual nodes.
type tolerationsJSON bool

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (t *tolerationsJSON) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	return elements(dec, func() error {
		var toleration struct {
			Key string `json:"key"`
		}
		err := json.UnmarshalDecode(dec, &toleration)
		*t = *t || tolerationsJSON(virtualKey(toleration.Key))
		return err
	})
}

// termsJSON is a required node affinity: whether a term has kubernetes.io/os In [windows], or one is
// for virtual nodes.
type termsJSON struct{ windows, virtual bool }

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (t *termsJSON) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	return elements(dec, func() error {
		var term struct {
			Expressions expressionsJSON `json:"matchExpressions"`
		}
		err := json.UnmarshalDecode(dec, &term)
		t.windows, t.virtual = t.windows || term.Expressions.windows, t.virtual || term.Expressions.virtual
		return err
	})
}

type expressionsJSON struct{ windows, virtual bool }

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (x *expressionsJSON) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	return elements(dec, func() error {
		var e expressionJSON
		err := json.UnmarshalDecode(dec, &e)
		x.windows = x.windows || e.Key == osLabel && e.Operator == "In" && e.Values.last == "windows"
		x.virtual = x.virtual || e.Key == nodeTypeLabel && e.Operator == "In" && e.Values.last == virtualNodeType
		return err
	})
}

// valuesJSON keeps the last value of an expression.
type valuesJSON struct{ last string }

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (v *valuesJSON) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	return elements(dec, func() error { return json.UnmarshalDecode(dec, &v.last) })
}

// stringMap is a map of strings, read up to the limit for annotations.
type stringMap struct {
	values   map[string]string
	exceeded bool
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (m *stringMap) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != '{' {
		m.values = nil
		return json.UnmarshalDecode(dec, &m.values) // null, or an error with the position
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	m.values = map[string]string{}
	for size := 0; dec.PeekKind() == '"'; {
		var key, value string
		if err := json.UnmarshalDecode(dec, &key); err != nil {
			return err
		}
		if err := json.UnmarshalDecode(dec, &value); err != nil {
			return err
		}
		if size += len(key) + len(value); size > maxMetadata {
			m.exceeded = true
			continue
		}
		m.values[key] = value
	}
	_, err := dec.ReadToken()
	return err
}

// present is true for a field with any value except null, even of an unknown type.
type present bool

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (p *present) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*p = dec.PeekKind() != 'n'
	return dec.SkipValue()
}
