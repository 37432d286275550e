package encoded

import "google.golang.org/protobuf/encoding/protowire"

// Cut cuts an OTLP request between two of its resources: the first part is the shortest request of at least size bytes.
// The second one is empty if there is no such place, or if the bytes are not a protobuf message.
func Cut(data []byte, size int) (first, rest []byte) {
	for at := 0; at < len(data); {
		_, _, n := protowire.ConsumeField(data[at:])
		if n < 0 {
			return data, nil
		}
		if at += n; at >= size {
			return data[:at], data[at:]
		}
	}
	return data, nil
}
