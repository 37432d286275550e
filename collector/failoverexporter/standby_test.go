package failoverexporter

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// TestStandbyEndpointIsProbed checks that an endpoint that is not in use is marked down, and up again, before it is needed.
func TestStandbyEndpointIsProbed(t *testing.T) {
	primary, backup := newBackend(t), newBackend(t)
	c := testConfig(primary, backup)
	c.StandbyInterval = 20 * time.Millisecond
	r := started(t, c)
	up := func() bool { return r.sum("endpoint_up", "endpoint", "backup", "signal", "traces") == 1 }
	eventually(t, "the backup has answered a probe", func() bool { return r.sum("probes", "endpoint", "backup", "result", "succeeded") > 0 })
	if !up() {
		t.Error("the backup is down although it has answered")
	}
	backup.answerWith(func(w http.ResponseWriter, _ *http.Request, _ signal) bool {
		http.Error(w, "who are you", http.StatusForbidden)
		return true
	})
	eventually(t, "the backup is down", func() bool { return !up() })
	if !r.logged("An endpoint that is not in use does not answer") {
		t.Error("the log does not report it")
	}
	if err := r.traces.ConsumeTraces(t.Context(), numbered(0, 10)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the primary has the spans", func() bool { return len(primary.spans()) == 10 })
	if n := r.sum("switches"); n != 0 {
		t.Errorf("%d switches: no signal used the backup", n)
	}
	backup.answerWith(nil)
	eventually(t, "the backup is up", up)
	if n := r.sum("probes", "endpoint", "primary"); n != 0 {
		t.Errorf("%d probes to the endpoint in use", n)
	}
}

// canaryTo returns a canary for an endpoint.
func canaryTo(endpoint string) ptrace.Traces {
	td := numbered(1000, 1)
	td.ResourceSpans().At(0).Resource().Attributes().PutStr(canaryAttribute, endpoint)
	return td
}

// TestCanary sends one span to one endpoint, bypassing the queue. Its sender gets the answer.
func TestCanary(t *testing.T) {
	primary, backup := newBackend(t), newBackend(t)
	c := testConfig(primary, backup)
	c.Endpoints[1].Filters = []FilterConfig{{Action: "drop", Attribute: "secret"}}
	r := started(t, c)
	if err := r.traces.ConsumeTraces(t.Context(), canaryTo("backup")); err != nil {
		t.Fatal(err)
	}
	if backup.spans()[1000] != 1 || len(primary.spans()) != 0 {
		t.Errorf("the backup has %v, the primary %v", backup.spans(), primary.spans())
	}
	if r.sum("delivered_items", "endpoint", "backup") != 1 || r.sum("switches") != 0 {
		t.Error("the canary is not counted, or the endpoint in use has changed")
	}
	if err := r.traces.ConsumeTraces(t.Context(), canaryTo("backup")); err == nil || !strings.Contains(err.Error(), "try again") {
		t.Errorf("a second canary in the same second: %v", err)
	}
	if err := r.traces.ConsumeTraces(from("10.0.0.1"), canaryTo("backup")); err != nil {
		t.Errorf("a canary of another sender at the same time: %v", err)
	}
	send := func(td ptrace.Traces) (err error) {
		eventually(t, "another canary is allowed", func() bool {
			err = r.traces.ConsumeTraces(t.Context(), td)
			return err == nil || !strings.Contains(err.Error(), "try again")
		})
		return err
	}
	secret := canaryTo("backup")
	secret.ResourceSpans().At(0).Resource().Attributes().PutStr("secret", "x")
	if err := send(secret); err == nil || !strings.Contains(err.Error(), "its filters drop it") {
		t.Errorf("a canary that the filters drop: %v", err)
	}
	backup.answerWith(func(w http.ResponseWriter, _ *http.Request, _ signal) bool {
		http.Error(w, "who are you", http.StatusForbidden)
		return true
	})
	if err := send(canaryTo("backup")); err == nil || !strings.Contains(err.Error(), "endpoint backup: it was not delivered") || strings.Contains(err.Error(), "who are you") {
		t.Errorf("a canary that is refused, with the endpoint's answer withheld: %v", err)
	}
	if r.sum("requests", "endpoint", "backup", "outcome", "denied") != 1 || !r.logged("An endpoint did not accept a canary") {
		t.Error("the metrics or the log lack the reason")
	}
	if r.sum("endpoint_up", "endpoint", "backup", "signal", "traces") != 1 {
		t.Error("a canary has changed which endpoints are up")
	}
	// All other requests go through the queue, to the endpoint in use.
	two := numbered(0, 2)
	two.ResourceSpans().At(0).Resource().Attributes().PutStr(canaryAttribute, "backup")
	for _, td := range []ptrace.Traces{two, canaryTo("nowhere")} {
		if err := r.traces.ConsumeTraces(t.Context(), td); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the primary has the rest", func() bool { return len(primary.spans()) == 3 })
}

// from returns the context of a request from an address.
func from(address string) context.Context {
	return client.NewContext(context.Background(), client.Info{Addr: &net.IPAddr{IP: net.ParseIP(address)}})
}

// TestHostileCanaries checks that a flood gets one canary a second and does not affect other senders, and that the number of
// senders is bounded.
func TestHostileCanaries(t *testing.T) {
	c, now := newCanaries(), time.Now()
	accepted := 0
	for i := range 1000 {
		if c.allow("10.0.0.66", now.Add(time.Duration(i)*time.Millisecond)) {
			accepted++
		}
	}
	if accepted != 1 || !c.allow("10.0.0.1", now.Add(900*time.Millisecond)) {
		t.Errorf("%d canaries of the flood accepted, or none of another sender", accepted)
	}
	for i := range 1000 {
		if c.allow(fmt.Sprint("10.1.0.", i), now.Add(2*time.Second)) {
			accepted++
		}
	}
	if accepted != 1+canarySenders || len(c.last) > canarySenders {
		t.Errorf("%d canaries of 1000 addresses accepted, and %d addresses kept; want %d", accepted-1, len(c.last), canarySenders)
	}
	for address, want := range map[net.Addr]string{
		&net.IPAddr{IP: net.ParseIP("10.0.0.1")}: "10.0.0.1", &net.TCPAddr{IP: net.ParseIP("10.0.0.1"), Port: 5}: "10.0.0.1",
		&net.TCPAddr{IP: net.ParseIP("fd00::1"), Port: 5}: "fd00::1", nil: "",
	} {
		if got := senderOf(client.NewContext(t.Context(), client.Info{Addr: address})); got != want {
			t.Errorf("%v is sender %q, want %q", address, got, want)
		}
	}
}
