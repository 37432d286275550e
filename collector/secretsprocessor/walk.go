package secretsprocessor

import "go.opentelemetry.io/collector/pdata/pcommon"

// maxDepth is how deep lists and maps may be nested; deeper values are masked without inspection, so that a sender can
// neither hide a secret nor exhaust the stack.
const maxDepth = 32

// place is what an attribute or a text belongs to. The set is closed: it labels a metric.
type place int

const (
	placeResource place = iota
	placeScope
	placeSpan
	placeSpanEvent
	placeSpanLink
	placeMetric
	placeDataPoint
	placeExemplar
	placeLogRecord
	placeLogBody
	places
)

func (p place) String() string {
	return [places]string{
		"resource", "scope", "span", "span_event", "span_link", "metric", "data_point", "exemplar", "log_record", "log_body",
	}[p]
}

// pass cleans one request.
type pass struct {
	*rules
	place  place
	depth  int
	counts counts
	visit  func(string, pcommon.Value) bool // attribute, bound once: a method value allocates
}

type counts [places]struct{ deleted, masked int64 }

func (r *rules) newPass() *pass {
	p := &pass{rules: r}
	p.visit = p.attribute
	return p
}

func (p *pass) attributes(at place, m pcommon.Map) {
	if m.Len() > 0 {
		p.place = at
		m.RemoveIf(p.visit)
	}
}

// attribute reports whether the attribute has to be deleted, and cleans its value otherwise.
func (p *pass) attribute(key string, v pcommon.Value) bool {
	if p.names.match(key) && !p.keep.match(key) {
		p.counts[p.place].deleted++
		return true
	}
	p.value(key, v)
	return false
}

func (p *pass) value(key string, v pcommon.Value) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		if cleaned, n := p.clean(key, v.Str()); n > 0 {
			p.counts[p.place].masked += int64(n)
			v.SetStr(cleaned)
		}
	case pcommon.ValueTypeMap, pcommon.ValueTypeSlice:
		p.nested(key, v)
	}
}

func (p *pass) nested(key string, v pcommon.Value) {
	if p.depth == maxDepth {
		p.counts[p.place].masked++
		v.SetStr(mask)
		return
	}
	p.depth++
	if v.Type() == pcommon.ValueTypeMap {
		v.Map().RemoveIf(p.visit)
	} else {
		p.list(key, v.Slice())
	}
	p.depth--
}

func (p *pass) list(key string, list pcommon.Slice) {
	if p.strict {
		p.arguments(key, list)
		return
	}
	for i := range list.Len() {
		p.value(key, list.At(i))
	}
}

// text cleans a string that is not an attribute: a name, a message.
func (p *pass) text(at place, text string, set func(string)) {
	if cleaned, n := p.clean("", text); n > 0 {
		p.counts[at].masked += int64(n)
		set(cleaned)
	}
}
