package archive

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// pointFields are the kinds of data of a Metric: gauge, sum, histogram, exponential histogram and summary.
func pointFields() []protowire.Number { return []protowire.Number{5, 7, 9, 10, 11} }

// pointField is the field of the data points in each of these kinds.
const pointField protowire.Number = 1

// count returns the number of items in a message: one for a span or a log record, the data points for a metric.
func count(signal Signal, message []byte) (int64, error) {
	if signal != Metrics {
		return 1, nil
	}
	points, kind := int64(0), protowire.Number(0)
	err := eachField(message, func(f field) error {
		if !slices.Contains(pointFields(), f.number) || f.kind != protowire.BytesType {
			return nil
		}
		if f.number != kind {
			points, kind = 0, f.number // a metric has one kind: the last one wins
		}
		return eachField(f.value, func(f field) error {
			if f.is(pointField) {
				points++
			}
			return nil
		})
	})
	return points, err
}

// count returns the number of items in a group.
func (m groupMessage) count(signal Signal) (int64, error) {
	total := int64(0)
	err := m.eachScope(func(s scopeMessage) error {
		return s.eachItem(func(item []byte) error {
			n, err := count(signal, item)
			total += n
			return err
		})
	})
	return total, err
}
