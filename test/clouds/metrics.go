package clouds

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// sum adds the samples of a metric whose labels contain a text, in Prometheus' text format. The name of a counter may have
// the suffix _total. Without samples the sum is zero.
func sum(text io.Reader, name, label string) (total float64, err error) {
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		metric, rest, labelled := strings.Cut(lines.Text(), "{")
		if !labelled || strings.TrimSuffix(metric, "_total") != name {
			continue
		}
		labels, value, _ := strings.Cut(rest, "} ")
		if !strings.Contains(labels, label) {
			continue
		}
		value, _, _ = strings.Cut(value, " ") // a timestamp may follow
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("read metric %s: %w", name, err)
		}
		total += n
	}
	return total, lines.Err()
}
