package injector

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

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
	pod.excess = p.excess
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

	containersSeen, variablesSeen, sourcesSeen, bytesSeen int
	excess                                                Reason
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
				var owner OwnerReference
				err := p.owner(&owner)
				if owner.Controller || len(m.OwnerReferences) < maxOwners {
					m.OwnerReferences = append(m.OwnerReferences, owner)
				}
				return err
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
		case "schedulerName":
			return p.str(&s.SchedulerName)
		case "tolerations":
			return p.array(field, func() error { return p.toleration(s) })
		case "securityContext":
			return p.securityContext(s)
		case "affinity":
			return p.affinity(s)
		case "imagePullSecrets":
			return p.pullSecrets(s)
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
		if !p.count(&p.containersSeen, maxContainers, TooManyContainers) {
			return p.dec.SkipValue()
		}
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
				if !p.count(&p.variablesSeen, maxVariables, TooManyVariables) {
					return p.dec.SkipValue()
				}
				c.Env = append(c.Env, Variable{})
				return p.variable(&c.Env[len(c.Env)-1])
			})
		case "envFrom":
			return p.array("envFrom", func() error {
				if !p.count(&p.sourcesSeen, maxSources, TooManyVariables) {
					return p.dec.SkipValue()
				}
				return p.envFrom(c)
			})
		case "ports":
			return p.array("ports", func() error {
				var port Port
				err := p.port(&port.ContainerPort)
				if sidecarPort(port.ContainerPort) {
					c.Ports = append(c.Ports, port)
				}
				return err
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
		case field == "value" && (v.Name == "" || strings.HasPrefix(v.Name, otelPrefix)):
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

func (p *parser) envFrom(c *Container) error {
	var source EnvSource
	ref := func(name *string) error {
		return p.object("envFrom", func(field string) error {
			switch field {
			case "name":
				return p.str(name)
			case "optional":
				return p.boolean(&source.Optional)
			}
			return p.dec.SkipValue()
		})
	}
	err := p.object("envFrom", func(field string) error {
		switch field {
		case "prefix":
			return p.str(&source.Prefix)
		case "configMapRef":
			return ref(&source.ConfigMap)
		case "secretRef":
			return ref(&source.Secret)
		}
		return p.dec.SkipValue()
	})
	c.EnvFrom = append(c.EnvFrom, source)
	return err
}

func (p *parser) securityContext(s *Spec) error {
	return p.object("securityContext", func(field string) error {
		if field == "windowsOptions" && p.dec.PeekKind() == '{' {
			s.Windows = true
		}
		return p.dec.SkipValue()
	})
}

func (p *parser) pullSecrets(s *Spec) error {
	s.ImagePullSecrets = nil
	if p.dec.PeekKind() == '[' {
		s.ImagePullSecrets = []string{}
	}
	return p.array("imagePullSecrets", func() error {
		name := ""
		err := p.object("imagePullSecrets", func(field string) error {
			if field == "name" {
				return p.str(&name)
			}
			return p.dec.SkipValue()
		})
		if len(s.ImagePullSecrets) < maxOwners {
			s.ImagePullSecrets = append(s.ImagePullSecrets, name)
		}
		return err
	})
}
