package webhook

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/record"
)

func TestRoom(t *testing.T) {
	r := newRoom(10)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if !r.acquire(gone, 10) || r.acquire(gone, 1) {
		t.Fatal("acquire does not count the free bytes")
	}
	second := make(chan bool, 1)
	go func() { second <- r.acquire(t.Context(), 4) }()
	eventually(t, "the second to wait", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.waiting.Len() == 1 })
	if r.acquire(gone, 1) {
		t.Error("a later request got bytes before the waiting one")
	}
	r.release(10)
	if !<-second || r.free != 6 || r.waiting.Len() != 0 {
		t.Errorf("%d bytes are free, %d wait", r.free, r.waiting.Len())
	}
}

// TestLargeBodiesWaitForEachOther checks that endless large bodies do not delay ordinary admissions.
func TestLargeBodiesWaitForEachOther(t *testing.T) {
	h := newHarness(t, nil)
	if !h.large.acquire(t.Context(), maxLarge) {
		t.Fatal("no room")
	}
	if response := h.admit(t, "shop", wanted); len(response.Patch) == 0 {
		t.Error("an ordinary admission waits")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	request, _ := http.NewRequestWithContext(gone, http.MethodPost, PathPod, bytes.NewReader(make([]byte, 1<<20)))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, request)
	if recorder.Code != http.StatusTooManyRequests || len(h.scrape(`telepod_requests_refused_total{status="429"} 1`)) != 1 {
		t.Errorf("status %d", recorder.Code)
	}
}

// conn is a connection that records whether it was closed.
type conn struct {
	net.Conn
	closed bool
}

func (c *conn) Close() error { c.closed = true; return nil }

func TestTooManyConnections(t *testing.T) {
	c := newConnections(3)
	server, slow := &conn{}, &conn{}
	c.track(server, http.StateNew)
	c.track(server, http.StateActive)
	c.track(server, http.StateIdle)
	c.track(slow, http.StateNew)
	c.track(slow, http.StateActive) // and then sends nothing
	for range 100 {
		c.track(&conn{}, http.StateNew)
	}
	if !slow.closed || server.closed || len(c.all) != 3 {
		t.Errorf("slow closed: %t, API server closed: %t, %d open", slow.closed, server.closed, len(c.all))
	}
	c.track(server, http.StateActive)
	c.track(server, http.StateIdle)
	others := []*conn{{}, {}, {}}
	for _, o := range others {
		c.track(o, http.StateNew)
		c.track(o, http.StateActive)
		c.track(o, http.StateIdle)
		c.track(server, http.StateActive)
		c.track(server, http.StateIdle)
	}
	if server.closed || !others[0].closed || len(c.all) != 3 {
		t.Errorf("API server closed: %t, the longest idle closed: %t, %d open", server.closed, others[0].closed, len(c.all))
	}
}

// TestForgedReview checks that a forged review cannot choose the text of events, and writes little to the log.
func TestForgedReview(t *testing.T) {
	recorder := record.NewFakeRecorder(100)
	h := newHarness(t, nil)
	h.observer.events = &eventWriter{recorder: recorder}
	pod := `{"metadata":{"name":"` + strings.Repeat("W0RDS", 1000) + `","annotations":{"telepod.dev/inject":"true","telepod.dev/W0RDS":"W0RDS","telepod.dev/protocol":"W0RDS",` +
		`"telepod.dev/containers":"W0RDS"},"labels":{"telepod.dev/W0RDS":"W0RDS"},` +
		`"ownerReferences":[{"kind":"ReplicaSet","name":"n","uid":"2","controller":true}]},"spec":{"containers":[{"name":"W0RDS","image":"x",` +
		`"env":[{"name":"OTEL_EXPORTER_OTLP_PROTOCOL","value":"W0RDS"}]}]}}`
	review := bytes.Replace(reviewOf(strings.Repeat("N", 1000), pod), []byte(`"uid":"u-1"`), []byte(fmt.Sprintf(`"uid":%q`, strings.Repeat("U", 1000))), 1)
	post(h, review)
	if len(recorder.Events) < 4 {
		t.Errorf("%d events", len(recorder.Events))
	}
	for range len(recorder.Events) {
		if event := <-recorder.Events; strings.Contains(event, "W0RDS") || !strings.HasPrefix(event, corev1.EventTypeWarning) {
			t.Errorf("event %s", event)
		}
	}
	if len(h.log.String()) > 1000 {
		t.Errorf("%d bytes of log", h.log.Len())
	}
}
