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
// and so they are for metrics and logs. Export requests have them, too.
const (
	groupField    protowire.Number = 1 // of a payload
	resourceField protowire.Number = 1 // of a group
	scopeField    protowire.Number = 2 // of a group
	itemField     protowire.Number = 2 // of a scope
	pairField     protowire.Number = 1 // an attribute, of a resource
)

// groupMessage is what one resource sent: a ResourceSpans, ResourceMetrics or ResourceLogs. It is walked and never
// taken apart as a whole: two bytes are an item, and a list of items would be many times as large.
type groupMessage []byte

// scopeMessage is what one instrumentation scope sent.
type scopeMessage []byte

// group is a group that is put together: what a request has of one resource.
type group struct {
	resource []byte // the Resource message
	rest     []byte // other fields, with their tags
	scopes   []scope
}

// scope is what a request has of one instrumentation scope.
type scope struct {
	rest  []byte   // fields other than items, with their tags
	items [][]byte // Span, Metric or LogRecord messages
}

// head is the group without its scopes.
func (m groupMessage) head() (group, error) {
	var g group
	err := eachField(m, func(f field) error {
		switch {
		case f.is(resourceField):
			g.resource = append(g.resource, f.value...) // several merge, as protobuf has it
		case !f.is(scopeField):
			g.rest = append(g.rest, f.raw...)
		}
		return nil
	})
	return g, err
}

func (m groupMessage) eachScope(take func(scopeMessage) error) error {
	return eachField(m, func(f field) error {
		if f.is(scopeField) {
			return take(f.value)
		}
		return nil
	})
}

// validate reports what is no protobuf, down to the items.
func (m groupMessage) validate() error {
	return m.eachScope(func(s scopeMessage) error {
		return s.eachItem(func([]byte) error { return nil })
	})
}

// head is the scope without its items.
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

func (m scopeMessage) eachItem(take func([]byte) error) error {
	return eachField(m, func(f field) error {
		if f.is(itemField) {
			return take(f.value)
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
	value  []byte // of a field with a length
	raw    []byte // the whole, with its tag
}

// is tells whether it is that message, string or bytes.
func (f field) is(number protowire.Number) bool {
	return f.number == number && f.kind == protowire.BytesType
}

// eachField calls take for each field of a message.
func eachField(message []byte, take func(field) error) error {
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
		if err := take(f); err != nil {
			return err
		}
		message = message[whole:]
	}
	return nil
}
