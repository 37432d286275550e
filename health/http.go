package health

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"unicode"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// refusal is a negative answer.
type refusal struct{ text string }

func (r refusal) Error() string { return r.text }

// longestAnswer is the maximum number of bytes read from an answer.
const longestAnswer = 1 << 10

// reply is an HTTP response.
type reply struct {
	code   int
	status string
	format string // media type, without parameters
	body   []byte
}

// checkHTTP queries a health endpoint, or sends an empty export to an OTLP receiver.
func checkHTTP(ctx context.Context, t target, c *connection) (Answer, error) {
	r, err := exchange(ctx, t, c)
	if err != nil {
		return Answer{}, err
	}
	text := oneLine(string(r.body))
	page := r.format == "text/html" || strings.HasPrefix(http.DetectContentType(r.body), "text/html")
	switch {
	case r.code == http.StatusBadRequest && strings.Contains(text, "HTTPS server"):
		return Answer{}, errSpeaksTLS
	case page && r.code < http.StatusInternalServerError:
		return Answer{}, fmt.Errorf("HTTP %s with a web page instead of a Collector's response", r.status)
	case r.code == http.StatusUnauthorized, r.code == http.StatusForbidden, r.code == http.StatusTooManyRequests, r.code >= http.StatusInternalServerError:
		if page {
			text = "(a web page)"
		}
		return Answer{}, refusal{fmt.Sprintf("HTTP %s: %s", r.status, text)}
	case t.otlp:
		return acknowledged(r)
	case r.code == http.StatusOK:
		return Answer{By: ByHTTP, Detail: text}, nil
	}
	return Answer{}, fmt.Errorf("HTTP %s; a Collector's health endpoint responds with 200 or 503", r.status)
}

// acknowledged judges the response to an export: a receiver responds in the format of the request (OTLP
// specification, OTLP/HTTP response).
func acknowledged(r reply) (Answer, error) {
	if r.code == http.StatusOK && r.format == formatProtobuf && proto.Unmarshal(r.body, &collector.ExportTraceServiceResponse{}) == nil {
		return Answer{By: ByOTLP, Detail: "an empty export over HTTP was acknowledged"}, nil
	}
	return Answer{}, fmt.Errorf("HTTP %s in the format %q; an OTLP receiver responds with 200 in %s", r.status, r.format, formatProtobuf)
}

const formatProtobuf = "application/x-protobuf"

// exchange sends the request directly to the endpoint: it uses no proxy and follows no redirect.
func exchange(ctx context.Context, t target, c *connection) (reply, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return c.dial(ctx, t) }
	dialTLS := func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := c.dial(ctx, t)
		if err != nil {
			return nil, err
		}
		return c.handshake(ctx, t, conn)
	}
	client := &http.Client{
		Transport:     &http.Transport{DialContext: dial, DialTLSContext: dialTLS, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	method := http.MethodGet
	if t.otlp {
		method = http.MethodPost // an empty message has an empty body
	}
	req, err := http.NewRequestWithContext(ctx, method, t.url(), http.NoBody)
	if err != nil {
		return reply{}, err
	}
	if t.otlp {
		req.Header.Set("Content-Type", formatProtobuf)
	}
	resp, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, longestAnswer))
	if err != nil {
		return reply{}, err
	}
	format, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return reply{resp.StatusCode, resp.Status, format, body}, nil
}

// longestDetail is the maximum length of a detail, in characters.
const longestDetail = 200

// oneLine returns the text on one line, without control characters, and shortened.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > longestDetail {
		return string(runes[:longestDetail]) + "…"
	}
	return string(runes)
}
