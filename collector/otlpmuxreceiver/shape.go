package otlpmuxreceiver

// A few bytes of OTLP can become a lot of memory: an empty span is two bytes on the wire and two
// hundred when decoded, and 19 MB of nested arrays make the decoder's recursion exceed Go's maximum
// stack size, which crashes the process. So a body is weighed before it is decoded.

const (
	// maxNesting is the nesting of messages at which protobuf in C++ and Java stops, too. OTLP itself
	// uses 8, and each level of an attribute's value two.
	maxNesting = 100
	// maxJSONNesting is about the same in JSON, where each level of an attribute's value uses three.
	maxJSONNesting = 150
	// decodedFactor is how much larger than its body an ordinary request is when decoded, with a
	// margin: 3.6 was measured for spans, 3.4 for metrics, 3.2 for logs.
	decodedFactor = 8
	// jsonObjectBytes is what an object in JSON decodes to at most.
	jsonObjectBytes = 320
)

// kind is a message type of OTLP that can contain others or is large when decoded.
type kind uint8

const (
	opaque kind = iota // anything else; not examined
	tracesRequest
	metricsRequest
	logsRequest
	resourceSpans
	resourceMetrics
	resourceLogs
	scopeSpans
	scopeMetrics
	scopeLogs
	resource
	scope
	span
	event
	link
	metricKind
	numberData // Gauge and Sum
	histogram
	expHistogram
	summary
	numberPoint
	histogramPoint
	expHistogramPoint
	summaryPoint
	quantile
	exemplar
	logRecord
	keyValue
	anyValue
	arrayValue
	keyValueList
	kinds
)

// shapes lists for each kind the fields that are messages, and its decoded size: the size measured with
// pdata 1.64, and half as much again for slices that grow. A new version of OTLP may add to it.
// Source: https://github.com/open-telemetry/opentelemetry-proto, version 1.10
var shapes = [kinds]struct {
	bytes  int64
	fields [16]kind
}{
	opaque:            {bytes: 0},
	tracesRequest:     {fields: [16]kind{1: resourceSpans}},
	metricsRequest:    {fields: [16]kind{1: resourceMetrics}},
	logsRequest:       {fields: [16]kind{1: resourceLogs}},
	resourceSpans:     {bytes: 200, fields: [16]kind{1: resource, 2: scopeSpans}},
	resourceMetrics:   {bytes: 200, fields: [16]kind{1: resource, 2: scopeMetrics}},
	resourceLogs:      {bytes: 200, fields: [16]kind{1: resource, 2: scopeLogs}},
	scopeSpans:        {bytes: 180, fields: [16]kind{1: scope, 2: span}},
	scopeMetrics:      {bytes: 180, fields: [16]kind{1: scope, 2: metricKind}},
	scopeLogs:         {bytes: 180, fields: [16]kind{1: scope, 2: logRecord}},
	resource:          {fields: [16]kind{1: keyValue, 3: exemplar}}, // 3: an entity reference, as large as an exemplar
	scope:             {fields: [16]kind{3: keyValue}},
	span:              {bytes: 320, fields: [16]kind{9: keyValue, 11: event, 13: link}},
	event:             {bytes: 110, fields: [16]kind{3: keyValue}},
	link:              {bytes: 130, fields: [16]kind{4: keyValue}},
	metricKind:        {bytes: 160, fields: [16]kind{5: numberData, 7: numberData, 9: histogram, 10: expHistogram, 11: summary, 12: keyValue}},
	numberData:        {bytes: 64, fields: [16]kind{1: numberPoint}},
	histogram:         {bytes: 64, fields: [16]kind{1: histogramPoint}},
	expHistogram:      {bytes: 64, fields: [16]kind{1: expHistogramPoint}},
	summary:           {bytes: 64, fields: [16]kind{1: summaryPoint}},
	numberPoint:       {bytes: 160, fields: [16]kind{5: exemplar, 7: keyValue}},
	histogramPoint:    {bytes: 250, fields: [16]kind{8: exemplar, 9: keyValue}},
	expHistogramPoint: {bytes: 300, fields: [16]kind{1: keyValue, 11: exemplar}},
	summaryPoint:      {bytes: 160, fields: [16]kind{6: quantile, 7: keyValue}},
	quantile:          {bytes: 40},
	exemplar:          {bytes: 130, fields: [16]kind{7: keyValue}},
	logRecord:         {bytes: 200, fields: [16]kind{5: anyValue, 6: keyValue}},
	keyValue:          {bytes: 70, fields: [16]kind{2: anyValue}},
	anyValue:          {bytes: 50, fields: [16]kind{5: arrayValue, 6: keyValueList}},
	arrayValue:        {bytes: 30, fields: [16]kind{1: anyValue}},
	keyValueList:      {bytes: 30, fields: [16]kind{1: keyValue}},
}

// weigh returns what a body counts as in admission: its size, or more if it decodes to more than
// decodedFactor times its size. It returns false if the body is nested too deeply to be decoded.
func weigh(body []byte, request kind, as format) (int64, bool) {
	measure := decodedBytes
	if as == jsonFormat {
		measure = decodedJSONBytes
	}
	decoded, ok := measure(body, request)
	return max(int64(len(body)), decoded/decodedFactor), ok
}

// decodedJSONBytes does for JSON what decodedBytes does for protobuf.
func decodedJSONBytes(body []byte, _ kind) (total int64, ok bool) {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch b := body[i]; {
		case quoted:
			switch b {
			case '\\':
				i++
			case '"':
				quoted = false
			}
		case b == '"':
			quoted = true
		case b == '{' || b == '[':
			if depth++; depth > maxJSONNesting {
				return 0, false
			}
			if b == '{' {
				total += jsonObjectBytes
			}
		case b == '}' || b == ']':
			depth--
		}
	}
	return total, true
}

// level is a message that decodedBytes has entered.
type level struct {
	end  int
	kind kind
}

// decodedBytes estimates the decoded size of a protobuf message, apart from its strings. It does not
// examine malformed parts, because the decoder reports them. It reads every field that pdata reads.
func decodedBytes(body []byte, request kind) (total int64, ok bool) {
	var levels [maxNesting]level
	depth, at := 0, 0
	current := level{len(body), request}
	for {
		for at >= current.end {
			if depth == 0 {
				return total, true
			}
			depth--
			current = levels[depth]
		}
		tag, next, valid := varint(body, at, current.end)
		child := opaque
		if field := tag >> 3; field < 16 {
			child = shapes[current.kind].fields[field]
		}
		var length int
		if at, length, valid = skip(body, next, current.end, tag&7, valid); !valid {
			at = current.end
			continue
		}
		if child == opaque || tag&7 != 2 {
			continue
		}
		total += shapes[child].bytes
		if length < 2 {
			continue
		}
		levels[depth] = current
		if depth++; depth == maxNesting {
			return 0, false
		}
		current = level{at, child}
		at -= length
	}
}

// skip returns the position behind a field's value, and the length of one that has its length in
// front. Groups are skipped tag by tag.
func skip(body []byte, at, end int, wireType uint64, valid bool) (next, length int, ok bool) {
	switch {
	case !valid || wireType > 5:
		return end, 0, false
	case wireType == 0:
		_, at, valid = varint(body, at, end)
		return at, 0, valid
	case wireType == 1:
		return at + 8, 0, true
	case wireType == 5:
		return at + 4, 0, true
	case wireType == 2:
		n, at, valid := varint(body, at, end)
		if !valid || n > uint64(end-at) {
			return end, 0, false
		}
		return at + int(n), int(n), true
	default:
		return at, 0, true
	}
}

// varint reads a number of up to ten bytes. Like pdata it ignores bits above the 64th.
func varint(body []byte, at, end int) (value uint64, next int, ok bool) {
	if at < end && body[at] < 0x80 {
		return uint64(body[at]), at + 1, true
	}
	for shift := uint(0); shift < 64 && at < end; shift += 7 {
		b := body[at]
		at++
		value |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return value, at, true
		}
	}
	return 0, at, false
}
