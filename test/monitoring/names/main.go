// Command names reads PromQL expressions, one JSON string per line, and writes a line with a JSON array of
// the metrics in each. A selector without a fixed name is represented by its matcher on __name__, between
// slashes. An expression that does not parse is fatal.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "names:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	expressions, encoder := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var text string
		if err := expressions.Decode(&text); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("read an expression: %w", err)
		}
		names, err := metrics(text)
		if err != nil {
			return fmt.Errorf("parse %q: %w", text, err)
		}
		if err := encoder.Encode(names); err != nil {
			return err
		}
	}
}

func metrics(text string) ([]string, error) {
	expr, err := parser.ParseExpr(text)
	if err != nil {
		return nil, err
	}
	names := []string{}
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			names = append(names, metric(selector))
		}
		return nil
	})
	slices.Sort(names)
	return slices.Compact(names), nil
}

func metric(selector *parser.VectorSelector) string {
	if selector.Name != "" {
		return selector.Name
	}
	for _, matcher := range selector.LabelMatchers {
		if matcher.Name == labels.MetricName {
			return "/" + matcher.Value + "/"
		}
	}
	return "//"
}
