package monitoring

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Series is one line: its labels, and its values by step.
type Series struct {
	Labels map[string]string
	At     []time.Time
	Values []float64
}

// span is the time range of a query.
type span struct {
	from, to time.Time
	step     time.Duration
}

// queryRange runs a range query.
func queryRange(ctx context.Context, prometheus, query string, over span) ([]Series, error) {
	form := url.Values{
		"query": {query}, "start": {unix(over.from)}, "end": {unix(over.to)}, "step": {strconv.FormatFloat(over.step.Seconds(), 'f', -1, 64)},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(prometheus, "/")+"/api/v1/query_range", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("query Prometheus: %w", err)
	}
	defer response.Body.Close()
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Metric map[string]string
				Values [][2]json.RawMessage
			}
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("read Prometheus' answer (%s): %w", response.Status, err)
	}
	if answer.Status != "success" {
		return nil, fmt.Errorf("prometheus rejects %q: %s", query, answer.Error)
	}
	var all []Series
	for _, result := range answer.Data.Result {
		s := Series{Labels: result.Metric}
		for _, pair := range result.Values {
			at, value, err := sample(pair)
			if err != nil {
				return nil, err
			}
			if !math.IsNaN(value) && !math.IsInf(value, 0) {
				s.At, s.Values = append(s.At, at), append(s.Values, value)
			}
		}
		if len(s.Values) > 0 {
			all = append(all, s)
		}
	}
	return all, nil
}

func sample(pair [2]json.RawMessage) (at time.Time, value float64, err error) {
	var seconds float64
	var text string
	if err := json.Unmarshal(pair[0], &seconds); err != nil {
		return at, 0, fmt.Errorf("read a sample's time: %w", err)
	}
	if err := json.Unmarshal(pair[1], &text); err != nil {
		return at, 0, fmt.Errorf("read a sample's value: %w", err)
	}
	value, err = strconv.ParseFloat(text, 64)
	return time.UnixMilli(int64(seconds * 1000)), value, err
}

func unix(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }
