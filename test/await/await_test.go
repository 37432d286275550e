package await

import (
	"context"
	"errors"
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
		t.Errorf("%d tries, %v", tries, err)
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
