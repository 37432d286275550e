package health

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// refusal is an answer that says no.
type refusal struct{ text string }

func (r refusal) Error() string { return r.text }

// checkHTTP asks the health endpoint, with what is checked on the way being the endpoint itself: no
// proxy, no redirection.
func checkHTTP(ctx context.Context, t target, c *connection) (Answer, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return c.dial(ctx, t) }
	dialTLS := func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := c.dial(ctx, t)
		if err != nil {
			return nil, err
		}
		return c.shakeHands(ctx, t, conn)
	}
	client := &http.Client{
		Transport:     &http.Transport{DialContext: dial, DialTLSContext: dialTLS, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url(), nil)
	if err != nil {
		return Answer{}, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return Answer{}, err
	}
	said := strings.TrimSpace(string(body))
	switch {
	case resp.StatusCode == http.StatusOK:
		return Answer{By: ByHTTP, Detail: said}, nil
	case resp.StatusCode == http.StatusBadRequest && strings.Contains(said, "HTTPS server"):
		return Answer{}, errSpeaksTLS
	case resp.StatusCode >= 500, resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden:
		return Answer{}, refusal{fmt.Sprintf("HTTP %s: %s", resp.Status, said)}
	}
	return Answer{}, fmt.Errorf("HTTP %s, where a Collector's health endpoint answers 200 or 503", resp.Status)
}
