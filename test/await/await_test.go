package await

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestSuccessRetries(t *testing.T) {
	tries := 0
	err := Success(t.Context(), time.Minute, func(context.Context) error {
		if tries++; tries < 2 {
			return errors.New("not yet")
		}
		return nil
	})
	if err != nil || tries != 2 {
		t.Errorf("%d attempts, %v, want 2 attempts", tries, err)
	}
}

func TestSuccessReturnsTheLastError(t *testing.T) {
	err := Success(t.Context(), time.Nanosecond, func(context.Context) error { return errors.New("no pod") })
	if err == nil || !strings.Contains(err.Error(), "gave up after 1ns: no pod") {
		t.Errorf("gave up with %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("interrupted"))
	if err := Success(ctx, time.Minute, func(context.Context) error { return errors.New("no pod") }); err == nil || !strings.Contains(err.Error(), "interrupted: no pod") {
		t.Errorf("ended with %v", err)
	}
}

// TestOKReportsTheServersAnswer checks that the error contains the server's answer: a test that gives up then shows why.
func TestOKReportsTheServersAnswer(t *testing.T) {
	ready := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !ready {
			http.Error(w, "no certificate yet", http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	if err := OK(t.Context(), server.URL); err == nil || !strings.Contains(err.Error(), "503 Service Unavailable: no certificate yet") {
		t.Errorf("while the server is not ready: %v", err)
	}
	ready = true
	if err := OK(t.Context(), server.URL); err != nil {
		t.Error(err)
	}
}
