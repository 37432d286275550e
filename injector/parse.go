package injector

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// ParsePod reads the JSON of a pod in one pass and keeps the few fields that Pod has. It is as
// lenient as the API server about text (duplicate names, invalid UTF-8) and reports what is not the
// shape of a pod. Strings without escapes share one copy of the input: most of a large pod's bytes
// are values of the user's variables, which nobody looks at.
func ParsePod(raw []byte) (*Pod, error) {
	p := &parser{
		dec:  jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)),
		text: string(raw),
	}
	pod := &Pod{noMetadata: true}
	err := p.pod(pod)
	if err == nil {
		if _, err = p.dec.ReadToken(); err == io.EOF {
			return pod, nil
		} else if err == nil {
			err = errors.New("more than one JSON value")
		}
	}
	return nil, fmt.Errorf("decode pod: %w", err)
}

// parser walks the tokens of one pod.
type parser struct {
	dec  *jsontext.Decoder
	text string // the input as a string
}

func (p *parser) pod(pod *Pod) error {
	return p.object("pod", func(field string) error {
		switch field {
		case "metadata":
			pod.noMetadata = p.dec.PeekKind() == 'n'
			return p.metadata(&pod.Metadata)
		case "spec":
			return p.spec(&pod.Spec)
		}
		return p.dec.SkipValue()
	})
}

func (p *parser) metadata(m *Metadata) error {
	return p.object("metadata", func(field string) error {
		switch field {
		case "name":
			return p.str(&m.Name)
		case "generateName":
			return p.str(&m.GenerateName)
		case "namespace":
			return p.str(&m.Namespace)
		case "labels":
			return p.strings(&m.Labels)
		case "annotations":
			return p.strings(&m.Annotations)
		case "ownerReferences":
			return p.array("ownerReferences", func() error {
				m.OwnerReferences = append(m.OwnerReferences, OwnerReference{})
				return p.owner(&m.OwnerReferences[len(m.OwnerReferences)-1])
			})
		}
		return p.dec.SkipValue()
	})
}

func (p *parser) owner(o *OwnerReference) error {
	return p.object("ownerReferences", func(field string) error {
		switch field {
		case "apiVersion":
			return p.str(&o.APIVersion)
		case "kind":
			return p.str(&o.Kind)
		case "name":
			return p.str(&o.Name)
		case "uid":
			return p.str(&o.UID)
		case "controller":
			return p.boolean(&o.Controller)
		}
		return p.dec.SkipValue()
	})
}

func (p *parser) spec(s *Spec) error {
	return p.object("spec", func(field string) error {
		switch field {
		case "hostNetwork":
			return p.boolean(&s.HostNetwork)
		case "restartPolicy":
			return p.str(&s.RestartPolicy)
		case "os":
			return p.object("os", func(field string) error {
				if field == "name" {
					return p.str(&s.OS.Name)
				}
				return p.dec.SkipValue()
			})
		case "nodeSelector":
			return p.strings(&s.NodeSelector)
		case "resources":
			s.PodResources = p.dec.PeekKind() == '{'
			return p.dec.SkipValue()
		case "initContainers":
			return p.containers(field, &s.InitContainers)
		case "containers":
			return p.containers(field, &s.Containers)
		}
		return p.dec.SkipValue()
	})
}

func (p *parser) containers(where string, list *[]Container) error {
	*list = nil
	if p.dec.PeekKind() == '[' {
		*list = make([]Container, 0, 4)
	}
	return p.array(where, func() error {
		*list = append(*list, Container{})
		return p.container(where, &(*list)[len(*list)-1])
	})
}

func (p *parser) container(where string, c *Container) error {
	return p.object(where, func(field string) error {
		switch field {
		case "name":
			return p.str(&c.Name)
		case "image":
			return p.str(&c.Image)
		case "env":
			c.Env = nil
			if p.dec.PeekKind() == '[' {
				c.Env = make([]Variable, 0, 16)
			}
			return p.array("env", func() error {
				c.Env = append(c.Env, Variable{})
				return p.variable(&c.Env[len(c.Env)-1])
			})
		case "ports":
			return p.array("ports", func() error {
				c.Ports = append(c.Ports, Port{})
				return p.port(&c.Ports[len(c.Ports)-1].ContainerPort)
			})
		}
		return p.dec.SkipValue()
	})
}

func (p *parser) variable(v *Variable) error {
	return p.object("env", func(field string) error {
		switch {
		case field == "name":
			return p.str(&v.Name)
		case field == "value" && (v.Name == "" || v.Name == otelResourceAttributes):
			return p.str(&v.Value)
		case field == "valueFrom":
			v.Sourced = p.dec.PeekKind() != 'n'
		}
		return p.dec.SkipValue()
	})
}

func (p *parser) port(port *int32) error {
	return p.object("ports", func(field string) error {
		if field != "containerPort" || p.dec.PeekKind() != '0' {
			return p.dec.SkipValue()
		}
		number, err := p.dec.ReadValue()
		if err != nil {
			return err
		}
		if n, err := strconv.ParseInt(string(number), 10, 32); err == nil {
			*port = int32(n)
		}
		return nil
	})
}

// object calls field for every member; field must read its value.
func (p *parser) object(where string, field func(name string) error) error {
	if null, err := p.open(where, '{', "an object"); null || err != nil {
		return err
	}
	for p.dec.PeekKind() == '"' {
		name, err := p.read()
		if err != nil {
			return err
		}
		if err := field(name); err != nil {
			return err
		}
	}
	_, err := p.dec.ReadToken()
	return err
}

// array calls element at the start of every element; element must read it.
func (p *parser) array(where string, element func() error) error {
	if null, err := p.open(where, '[', "a list"); null || err != nil {
		return err
	}
	for kind := p.dec.PeekKind(); kind != ']' && kind != 0; kind = p.dec.PeekKind() {
		if err := element(); err != nil {
			return err
		}
	}
	_, err := p.dec.ReadToken()
	return err
}

// open reads the start of an object or list. A null stands for an empty one, as in the API server.
func (p *parser) open(where string, want jsontext.Kind, what string) (null bool, err error) {
	switch kind := p.dec.PeekKind(); kind {
	case 'n':
		return true, p.dec.SkipValue()
	case want, 0: // 0: what follows is not JSON, and reading it says so
		_, err = p.dec.ReadToken()
		return false, err
	default:
		return false, p.mismatch(where, what, kind)
	}
}

func (p *parser) mismatch(where, want string, kind jsontext.Kind) error {
	return fmt.Errorf("%s at %s is not %s but %s", where, p.dec.StackPointer(), want, kind)
}

// read reads a string; where it has no escapes it is a part of the text that is there already.
func (p *parser) read() (string, error) {
	quoted, err := p.dec.ReadValue()
	if err != nil {
		return "", err
	}
	if bytes.IndexByte(quoted, '\\') < 0 {
		end := int(p.dec.InputOffset())
		return p.text[end-len(quoted)+1 : end-1], nil
	}
	plain, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil && len(plain) == 0 { // invalid UTF-8 comes with the text repaired
		return "", err
	}
	return string(plain), nil
}

func (p *parser) str(s *string) (err error) {
	switch kind := p.dec.PeekKind(); kind {
	case 'n':
		return p.dec.SkipValue()
	case '"', 0:
		*s, err = p.read()
		return err
	default:
		return p.mismatch("value", "a string", kind)
	}
}

func (p *parser) boolean(b *bool) error {
	kind := p.dec.PeekKind()
	if kind != 't' && kind != 'f' && kind != 'n' && kind != 0 {
		return p.mismatch("value", "a boolean", kind)
	}
	*b = kind == 't'
	return p.dec.SkipValue()
}

// strings reads a map of strings; a null leaves it nil.
func (p *parser) strings(m *map[string]string) error {
	if p.dec.PeekKind() == '{' {
		*m = map[string]string{}
	}
	return p.object("map", func(key string) error {
		var value string
		err := p.str(&value)
		(*m)[key] = value
		return err
	})
}
