package clouds

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// fetch gets a URL, which must answer 200.
func fetch(ctx context.Context, url string) (io.ReadCloser, error) {
	return request(ctx, http.MethodGet, url)
}

func post(ctx context.Context, url string) error {
	body, err := request(ctx, http.MethodPost, url)
	if err == nil {
		body.Close()
	}
	return err
}

func request(ctx context.Context, method, url string) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := client().Do(r)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 500)) // the status is enough
		response.Body.Close()
		return nil, fmt.Errorf("%s %s: %s: %s", method, url, response.Status, strings.TrimSpace(string(text)))
	}
	return response.Body, nil
}

func fetchJSON(ctx context.Context, url string, into any) error {
	body, err := fetch(ctx, url)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(into); err != nil {
		return fmt.Errorf("GET %s: %w", url, err)
	}
	return nil
}

// Trace returns a trace from Jaeger's query API, as JSON.
func (s *Stores) Trace(ctx context.Context, id string) ([]byte, error) {
	body, err := fetch(ctx, s.Jaeger+"/api/traces/"+id)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

// Series is one result of an instant query.
type Series struct {
	Labels map[string]string
	Value  string
}

// Query runs an instant query in Prometheus.
func (s *Stores) Query(ctx context.Context, query string) ([]Series, error) {
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if err := fetchJSON(ctx, s.Prometheus+"/api/v1/query?query="+url.QueryEscape(query), &answer); err != nil {
		return nil, err
	}
	var all []Series
	for _, r := range answer.Data.Result {
		all = append(all, Series{Labels: r.Metric, Value: fmt.Sprint(r.Value[1])})
	}
	return all, nil
}

// Keys are the keys of the archive's objects.
func (s *Stores) Keys(ctx context.Context) ([]string, error) {
	body, err := fetch(ctx, s.Control+"/s3/keys")
	if err != nil {
		return nil, err
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	return strings.Fields(string(text)), err
}

// Seen counts the archived objects, or Kafka records, that contain a text from [Estate.StartStores]'s watch list, and
// all objects or records.
type Seen struct{ With, Of int }

// Seen searches the archive (s3) and Kafka (kafka).
func (s *Stores) Seen(ctx context.Context) (map[string]Seen, error) {
	seen := map[string]Seen{}
	return seen, fetchJSON(ctx, s.Control+"/seen", &seen)
}

// Traces returns a service's latest traces from Jaeger's query API, as JSON.
func (s *Stores) Traces(ctx context.Context, service string) (io.ReadCloser, error) {
	return fetch(ctx, s.Jaeger+"/api/traces?limit=500&lookback=1h&service="+url.QueryEscape(service))
}
