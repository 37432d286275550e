package injector

import (
	"slices"
	"strconv"
	"strings"
)

// AppendPatch appends the plan as JSON Patch (RFC 6902) for a pod at prefix: "" for a pod,
// "/spec/template" for a workload. Every operation is an add; for an existing member, add replaces
// (section 4.1). It appends nothing if there are no edits.
func (p *Plan) AppendPatch(dst []byte, prefix string) []byte {
	if len(p.Edits) == 0 {
		return dst
	}
	r := renderer{pod: p.pod, prefix: prefix, dst: slices.Grow(dst, p.size(len(prefix)))}
	start := len(dst)
	for i := 0; i < len(p.Edits); {
		e := &p.Edits[i]
		switch e.Kind {
		case AddVariable, SetValue:
			edits := p.ofContainer(i)
			r.env(edits)
			i += len(edits)
			continue
		case AddSidecar:
			r.addSidecar(e.Sidecar)
		case AddPullSecret:
			first := i == 0 || p.Edits[i-1].Kind != AddPullSecret
			r.pullSecret(e.Secret, first && p.pod.Spec.ImagePullSecrets == nil)
		case Annotate:
			r.annotation(e.Annotation)
		}
		i++
	}
	r.dst[start] = '[' // in place of the comma before the first operation
	return append(r.dst, ']')
}

// size estimates the size of the patch, so it is allocated once.
func (p *Plan) size(prefix int) int {
	n := 0
	for i := range p.Edits {
		n += 64 + prefix
		switch e := &p.Edits[i]; {
		case e.Variable != nil:
			n += len(e.Variable.json)
		case e.Annotation != nil:
			n += len(e.Annotation.Value) + len(e.Annotation.Value)/4
		case e.Sidecar != nil:
			n += len(e.Sidecar.encoded)
			for _, v := range e.Sidecar.env {
				n += len(v.json) + 1
			}
		}
	}
	return n
}

// ofContainer returns the edits of one container, starting at i.
func (p *Plan) ofContainer(i int) []Edit {
	end := i + 1
	for end < len(p.Edits) && p.Edits[end].Kind <= SetValue && p.Edits[end].Target == p.Edits[i].Target {
		end++
	}
	return p.Edits[i:end]
}

// renderer writes operations on a pod.
type renderer struct {
	pod    *Pod
	prefix string
	dst    []byte
}

// add starts an operation; the caller appends its value, and calls close.
func (r *renderer) add(path ...string) {
	r.dst = append(append(r.dst, `,{"op":"add","path":"`...), r.prefix...)
	for _, part := range path {
		r.dst = append(r.dst, part...) // field names, numbers and escaped keys: no JSON escapes needed
	}
	r.dst = append(r.dst, `","value":`...)
}

func (r *renderer) close() { r.dst = append(r.dst, '}') }

func (r *renderer) env(edits []Edit) {
	target := edits[0].Target
	list, container := "/spec/containers/", strconv.Itoa(target.Index)
	if target.Init {
		list = "/spec/initContainers/"
	}
	if target.in(r.pod).Env == nil {
		r.add(list, container, "/env")
		for i := range edits {
			r.dst = append(append(r.dst, separator(i)), edits[i].Variable.json...)
		}
		r.dst = append(r.dst, ']')
		r.close()
		return
	}
	inserted := 0
	for i := range edits {
		index := strconv.Itoa(edits[i].At + inserted)
		if edits[i].Kind == SetValue {
			r.add(list, container, "/env/", index, "/value")
			r.dst = appendString(r.dst, edits[i].Variable.Value)
		} else {
			r.add(list, container, "/env/", index)
			r.dst = append(r.dst, edits[i].Variable.json...)
			inserted++
		}
		r.close()
	}
}

// separator returns the character before element i of a list.
func separator(i int) byte {
	if i == 0 {
		return '['
	}
	return ','
}

func (r *renderer) addSidecar(s *AddedSidecar) {
	switch {
	case s.native && r.pod.Spec.InitContainers == nil:
		r.add("/spec/initContainers")
		r.dst = append(s.appendJSON(append(r.dst, '[')), ']')
	case s.native:
		r.add("/spec/initContainers/0")
		r.dst = s.appendJSON(r.dst)
	default:
		r.add("/spec/containers/-")
		r.dst = s.appendJSON(r.dst)
	}
	r.close()
}

func (r *renderer) pullSecret(name string, create bool) {
	if create {
		r.add("/spec/imagePullSecrets")
		r.dst = append(appendPair(append(r.dst, '['), "name", name), ']')
	} else {
		r.add("/spec/imagePullSecrets/-")
		r.dst = appendPair(r.dst, "name", name)
	}
	r.close()
}

func (r *renderer) annotation(text *Annotation) {
	switch {
	case r.pod.noMetadata:
		r.add("/metadata")
		r.dst = append(appendPair(append(r.dst, `{"annotations":`...), text.Key, text.Value), '}')
	case r.pod.Metadata.Annotations == nil:
		r.add("/metadata/annotations")
		r.dst = appendPair(r.dst, text.Key, text.Value)
	default:
		r.add("/metadata/annotations/", strings.ReplaceAll(strings.ReplaceAll(text.Key, "~", "~0"), "/", "~1"))
		r.dst = appendString(r.dst, text.Value)
	}
	r.close()
}

// appendPair appends an object with one member.
func appendPair(dst []byte, key, value string) []byte {
	return append(appendString(append(appendString(append(dst, '{'), key), ':'), value), '}')
}
