package build

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"
)

func TestProgressShowsRemainingTime(t *testing.T) {
	for _, c := range []struct {
		takes string
		took  time.Duration
		want  string
	}{
		{"about 4 minutes", 0, "build x: 0s, about 4 more minutes, 0 packages compiled"},
		{"about 4 minutes", 100 * time.Second, "build x: 1m40s, about 2 more minutes, 0 packages compiled"},
		{"about 4 minutes", 200 * time.Second, "build x: 3m20s, about 1 more minute, 0 packages compiled"},
		{"about 4 minutes", 155 * time.Second, "build x: 2m35s, about 1 more minute, 0 packages compiled"},
		{"about 1 minute", time.Hour, "build x: 1h0m0s, longer than usual, 0 packages compiled"},
		{"a few seconds", time.Second, "build x: 1s, 0 packages compiled"},
		{"", time.Second, "build x: 1s, 0 packages compiled"},
	} {
		p := &progress{spec: Spec{Name: "x", Takes: c.takes}}
		if got := p.lineAfter(c.took); got != c.want {
			t.Errorf("%q after %s: %q, want %q", c.takes, c.took, got, c.want)
		}
	}
}

// TestEachShowsTheRunningStep also checks that Each stops at the first step that fails.
func TestEachShowsTheRunningStep(t *testing.T) {
	var lines []string
	show := func(ctx context.Context) error {
		p := newProgress(ctx, Spec{Name: "x"}, os.Stderr)
		defer p.Finish()
		lines = append(lines, p.lineAfter(time.Second))
		return nil
	}
	broken := errors.New("broken")
	err := Each(t.Context(), show, show, func(context.Context) error { return broken }, show)
	want := []string{"build x (1 of 4): 1s, 0 packages compiled", "build x (2 of 4): 1s, 0 packages compiled"}
	if !errors.Is(err, broken) || !slices.Equal(lines, want) {
		t.Errorf("%q, %v: want %q, %v", lines, err, want, broken)
	}
}
