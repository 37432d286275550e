package supervisor

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"
)

func TestGate(t *testing.T) {
	began := time.Unix(1000, 0)
	for name, test := range map[string]struct {
		acceptsAfter, opensAfter time.Duration
		timedOut                 bool
		log                      string
	}{
		"immediately":         {0, 0, false, "level=INFO"},
		"before the limit":    {29 * time.Second, 29 * time.Second, false, "waited=29s"},
		"never":               {time.Hour, 30 * time.Second, true, "level=WARN"},
		"as the limit is hit": {30 * time.Second, 30 * time.Second, false, "level=INFO"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			now := began
			g := gate{limit: 30 * time.Second, since: began, logger: slog.New(slog.NewTextHandler(&log, nil))}
			g.accepts = func() bool { return now.Sub(began) >= test.acceptsAfter && now.Sub(began) < 40*time.Second }
			for ; now.Sub(began) < time.Minute; now = now.Add(time.Second) {
				if open := g.ask(now); open != (now.Sub(began) >= test.opensAfter) {
					t.Errorf("open after %s: %t", now.Sub(began), open)
				}
			}
			if g.expired() != test.timedOut {
				t.Errorf("opened by the limit: %t", g.expired())
			}
			if lines := log.String(); strings.Count(lines, "\n") != 1 || !strings.Contains(lines, test.log) {
				t.Errorf("log %q, want one line with %s", lines, test.log)
			}
		})
	}
}

func TestGateAsksTheCollector(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepts := dials(listener.Addr().String())
	if !accepts() {
		t.Error("a listener is not noticed")
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if accepts() {
		t.Error("a closed listener counts as a Collector")
	}
}

func TestStartupLimitIsBounded(t *testing.T) {
	for want, set := range map[time.Duration]time.Duration{30 * time.Second: 0, time.Second: time.Second, longestStartup: time.Hour} {
		s, err := New(Config{Args: []string{"x"}, Stderr: &bytes.Buffer{}, StartupLimit: set})
		if err != nil || s.gate.limit != want {
			t.Errorf("limit %s of %s, %v; want %s", s.gate.limit, set, err, want)
		}
	}
}
