package encoded

import "go.opentelemetry.io/collector/exporter/exporterhelper"

// Part is one encoded request, which is never split.
type Part struct {
	Data  []byte
	Items int
}

// Join returns one request with the data of all parts.
func Join(parts []Part) []byte {
	if len(parts) == 1 {
		return parts[0].Data
	}
	size, _ := Measure(parts)
	all := make([]byte, 0, size)
	for _, p := range parts {
		all = append(all, p.Data...)
	}
	return all
}

// Measure returns the bytes and items of all parts.
func Measure(parts []Part) (size, items int) {
	for _, p := range parts {
		size, items = size+len(p.Data), items+p.Items
	}
	return size, items
}

// Split groups parts, in order, into requests of at most limit bytes or items; without a limit there is one. A single
// part above it is kept as it is: a receiver accepted it as one request, and limits further on are larger.
// exporterhelper's own requests drop data in this case.
func Split(parts []Part, limit int, sizer exporterhelper.RequestSizerType) [][]Part {
	var groups [][]Part
	begin, sum := 0, 0
	for i, p := range parts {
		n := len(p.Data)
		if sizer == exporterhelper.RequestSizerTypeItems {
			n = p.Items
		}
		if limit > 0 && i > begin && sum+n > limit {
			groups = append(groups, parts[begin:i:i])
			begin, sum = i, 0
		}
		sum += n
	}
	return append(groups, parts[begin:])
}
