package archive

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// The outer layers of OTLP are the same for all signals
// (https://github.com/open-telemetry/opentelemetry-proto, trace.proto, metrics.proto, logs.proto):
//
//	TracesData.resource_spans = 1    ResourceSpans.resource = 1    ScopeSpans.scope = 1
//	                                 ResourceSpans.scope_spans = 2 ScopeSpans.spans = 2
//
// The layout for metrics and logs is the same, and so is that of export requests.
const (
	groupField    protowire.Number = 1 // of a payload
	resourceField protowire.Number = 1 // of a group
	scopeField    protowire.Number = 2 // of a group
	itemField     protowire.Number = 2 // of a scope
	pairField     protowire.Number = 1 // an attribute, of a resource
)

// groupMessage is the encoded data of one resource: a ResourceSpans, ResourceMetrics or ResourceLogs. It is
// iterated in place: an item may be only two bytes, so a decoded list would be many times larger.
type groupMessage []byte

// scopeMessage is the encoded data of one instrumentation scope.
type scopeMessage []byte

// group is the part of a resource that goes into a request.
type group struct {
	resource []byte // the Resource message
	rest     []byte // other fields, with their tags
	scopes   []scope
}

// scope is the part of an instrumentation scope that goes into a request.
type scope struct {
	rest  []byte   // fields other than items, with their tags
	items [][]byte // Span, Metric or LogRecord messages
}

// head returns the group without its scopes.
func (m groupMessage) head() (group, error) {
	var g group
	err := eachField(m, func(f field) error {
		switch {
		case f.is(resourceField):
			g.resource = append(g.resource, f.value...) // repeated messages are merged, as protobuf specifies
		case !f.is(scopeField):
			g.rest = append(g.rest, f.raw...)
		}
		return nil
	})
	return g, err
}

func (m groupMessage) eachScope(visit func(scopeMessage) error) error {
	return eachField(m, func(f field) error {
		if f.is(scopeField) {
			return visit(f.value)
		}
		return nil
	})
}

// validate reports invalid protobuf, down to the items.
func (m groupMessage) validate() error {
	return m.eachScope(func(s scopeMessage) error {
		return s.eachItem(func([]byte) error { return nil })
	})
}

// head returns the scope without its items.
func (m scopeMessage) head() (scope, error) {
	var s scope
	err := eachField(m, func(f field) error {
		if !f.is(itemField) {
			s.rest = append(s.rest, f.raw...)
		}
		return nil
	})
	return s, err
}

func (m scopeMessage) eachItem(visit func([]byte) error) error {
	return eachField(m, func(f field) error {
		if f.is(itemField) {
			return visit(f.value)
		}
		return nil
	})
}

// appendGroup appends a group as a field of a payload.
func appendGroup(b []byte, g group) []byte {
	message := appendBytes(nil, resourceField, g.resource)
	for _, s := range g.scopes {
		size := len(s.rest)
		for _, item := range s.items {
			size += len(item) + itemOverhead
		}
		inner := make([]byte, 0, size)
		inner = append(inner, s.rest...)
		for _, item := range s.items {
			inner = appendBytes(inner, itemField, item)
		}
		message = appendBytes(message, scopeField, inner)
	}
	return appendBytes(b, groupField, append(message, g.rest...))
}

func appendBytes(b []byte, number protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), value)
}

// field is one field of a message.
type field struct {
	number protowire.Number
	kind   protowire.Type
	value  []byte // of a length-delimited field
	raw    []byte // the whole field with its tag
}

// is reports whether this is the given length-delimited field.
func (f field) is(number protowire.Number) bool {
	return f.number == number && f.kind == protowire.BytesType
}

// eachField calls visit for each field of a message.
func eachField(message []byte, visit func(field) error) error {
	for len(message) > 0 {
		f := field{}
		tag, whole := 0, 0
		f.number, f.kind, tag = protowire.ConsumeTag(message)
		if tag < 0 {
			return protowire.ParseError(tag)
		}
		if whole = protowire.ConsumeFieldValue(f.number, f.kind, message[tag:]); whole < 0 {
			return protowire.ParseError(whole)
		}
		whole += tag
		f.raw = message[:whole:whole]
		if f.kind == protowire.BytesType {
			f.value, _ = protowire.ConsumeBytes(message[tag:])
		}
		if err := visit(f); err != nil {
			return err
		}
		message = message[whole:]
	}
	return nil
}
