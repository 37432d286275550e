package injector

import (
	"slices"
	"strconv"
	"strings"

	jsonpatch "gomodules.xyz/jsonpatch/v2"
	corev1 "k8s.io/api/core/v1"
)

// Operations is the plan as JSON Patch (RFC 6902) for a pod at prefix: "" for a pod, "/spec/template"
// for a workload. Every operation is an add; on a member that exists, add replaces (section 4.1).
func (p *Plan) Operations(prefix string) []jsonpatch.Operation {
	var operations []jsonpatch.Operation
	p.each(prefix, func(path []byte, v operand) {
		operations = append(operations, jsonpatch.NewOperation("add", string(path), v.typed()))
	})
	return operations
}

// AppendPatch appends the same patch as JSON text, without reflection. It appends nothing where
// there is nothing to do.
func (p *Plan) AppendPatch(dst []byte, prefix string) []byte {
	if len(p.Edits) == 0 {
		return dst
	}
	dst = slices.Grow(dst, p.size(len(prefix)))
	start := len(dst)
	p.each(prefix, func(path []byte, v operand) {
		dst = append(dst, `,{"op":"add","path":"`...)
		dst = append(dst, path...) // field names, numbers and escaped keys: no JSON escapes needed
		dst = append(dst, `","value":`...)
		dst = append(v.appendJSON(dst), '}')
	})
	dst[start] = '['
	return append(dst, ']')
}

// size estimates the patch, so that it is allocated once.
func (p *Plan) size(prefix int) int {
	n := 0
	for i := range p.Edits {
		n += 64 + prefix
		switch e := &p.Edits[i]; {
		case e.Variable != nil:
			n += len(e.Variable.json)
		case e.Text != nil:
			n += len(e.Text.Value) + len(e.Text.Value)/4
		case e.Sidecar != nil:
			n += len(e.Sidecar.encoded)
			for _, v := range e.Sidecar.env {
				n += len(v.json) + 1
			}
		}
	}
	return n
}

// operand is the value of one operation: exactly one field is set.
type operand struct {
	variable  *EnvVar
	variables []*EnvVar // a whole env list
	value     *EnvVar   // a variable's value alone
	sidecar   *Sidecar
	sidecars  *Sidecar // a list of one
	secret    string   // a pull secret
	secrets   string   // a list of one
	text      *Text    // an annotation's value
	pair      *Text    // the annotations as a whole
	metadata  *Text    // metadata as a whole
}

func (o operand) appendJSON(dst []byte) []byte {
	switch {
	case o.variable != nil:
		return append(dst, o.variable.json...)
	case o.variables != nil:
		return appendVariables(dst, o.variables)
	case o.value != nil:
		return appendString(dst, o.value.Value)
	case o.sidecar != nil:
		return o.sidecar.appendJSON(dst)
	case o.sidecars != nil:
		return append(o.sidecars.appendJSON(append(dst, '[')), ']')
	case o.secret != "":
		return append(appendString(append(dst, `{"name":`...), o.secret), '}')
	case o.secrets != "":
		return append(operand{secret: o.secrets}.appendJSON(append(dst, '[')), ']')
	case o.text != nil:
		return appendString(dst, o.text.Value)
	case o.metadata != nil:
		return append(operand{pair: o.metadata}.appendJSON(append(dst, `{"annotations":`...)), '}')
	}
	dst = append(appendString(append(dst, '{'), o.pair.Key), ':')
	return append(appendString(dst, o.pair.Value), '}')
}

func (o operand) typed() any {
	switch {
	case o.variable != nil:
		return o.variable.EnvVar
	case o.variables != nil:
		list := make([]corev1.EnvVar, len(o.variables))
		for i, v := range o.variables {
			list[i] = v.EnvVar
		}
		return list
	case o.value != nil:
		return o.value.Value
	case o.sidecar != nil:
		return o.sidecar.Typed()
	case o.sidecars != nil:
		return []corev1.Container{o.sidecars.Typed()}
	case o.secret != "":
		return corev1.LocalObjectReference{Name: o.secret}
	case o.secrets != "":
		return []corev1.LocalObjectReference{{Name: o.secrets}}
	case o.text != nil:
		return o.text.Value
	case o.metadata != nil:
		return map[string]any{"annotations": operand{pair: o.metadata}.typed()}
	}
	return map[string]string{o.pair.Key: o.pair.Value}
}

func appendVariables(dst []byte, variables []*EnvVar) []byte {
	dst = append(dst, '[')
	for i, v := range variables {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, v.json...)
	}
	return append(dst, ']')
}

// each hands out the operations in order. The path is only valid during the call.
func (p *Plan) each(prefix string, yield func(path []byte, v operand)) {
	path := make([]byte, 0, 128)
	path = append(path, prefix...)
	root := len(path)
	for i := 0; i < len(p.Edits); {
		e := &p.Edits[i]
		path = path[:root]
		switch e.Kind {
		case AddVariable, SetValue:
			group := p.group(i)
			p.environment(append(path, "/spec/"...), group, yield)
			i += len(group)
			continue
		case AddSidecar:
			p.placeSidecar(append(path, "/spec/"...), e.Sidecar, yield)
		case AddPullSecret:
			if listed := i > 0 && p.Edits[i-1].Kind == AddPullSecret; listed || p.pod.Spec.ImagePullSecrets != nil {
				yield(append(path, "/spec/imagePullSecrets/-"...), operand{secret: e.Secret})
			} else {
				yield(append(path, "/spec/imagePullSecrets"...), operand{secrets: e.Secret})
			}
		case Annotate:
			p.annotate(append(path, "/metadata"...), e.Text, yield)
		}
		i++
	}
}

// group is the run of edits of one container that starts at i.
func (p *Plan) group(i int) []Edit {
	end := i + 1
	for end < len(p.Edits) && p.Edits[end].Kind <= SetValue && p.Edits[end].Target == p.Edits[i].Target {
		end++
	}
	return p.Edits[i:end]
}

func (p *Plan) environment(path []byte, group []Edit, yield func([]byte, operand)) {
	target := group[0].Target
	if target.Init {
		path = append(path, "initContainers/"...)
	} else {
		path = append(path, "containers/"...)
	}
	path = append(strconv.AppendInt(path, int64(target.Index), 10), "/env"...)
	if target.in(p.pod).Env == nil {
		list := make([]*EnvVar, len(group))
		for i := range group {
			list[i] = group[i].Variable
		}
		yield(path, operand{variables: list})
		return
	}
	path = append(path, '/')
	root, inserted := len(path), 0
	for i := range group {
		path = strconv.AppendInt(path[:root], int64(group[i].At+inserted), 10)
		if group[i].Kind == SetValue {
			yield(append(path, "/value"...), operand{value: group[i].Variable})
			continue
		}
		yield(path, operand{variable: group[i].Variable})
		inserted++
	}
}

func (p *Plan) placeSidecar(path []byte, s *Sidecar, yield func([]byte, operand)) {
	switch {
	case s.native && p.pod.Spec.InitContainers == nil:
		yield(append(path, "initContainers"...), operand{sidecars: s})
	case s.native:
		yield(append(path, "initContainers/0"...), operand{sidecar: s})
	default:
		yield(append(path, "containers/-"...), operand{sidecar: s})
	}
}

func (p *Plan) annotate(path []byte, e *Text, yield func([]byte, operand)) {
	switch {
	case p.pod.noMetadata:
		yield(path, operand{metadata: e})
	case p.pod.Metadata.Annotations == nil:
		yield(append(path, "/annotations"...), operand{pair: e})
	default:
		key := strings.ReplaceAll(strings.ReplaceAll(e.Key, "~", "~0"), "/", "~1")
		yield(append(append(path, "/annotations/"...), key...), operand{text: e})
	}
}
