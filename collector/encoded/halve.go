package encoded

import "google.golang.org/protobuf/encoding/protowire"

// Halve cuts an OTLP request into two requests of about the same size, between two of its resources. The second one is
// empty if there is only one resource, or if the bytes are not a protobuf message.
func Halve(data []byte) (first, rest []byte) {
	for at := 0; at < len(data); {
		_, _, n := protowire.ConsumeField(data[at:])
		if n < 0 {
			return data, nil
		}
		if at += n; at >= len(data)/2 {
			return data[:at], data[at:]
		}
	}
	return data, nil
}
