package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/telepod/telepod/test/clouds"
	"github.com/telepod/telepod/test/demo/screen"
)

// quickstart runs both parts of docs/quickstart.md, then cleans up.
func quickstart(ctx context.Context, s *screen.Screen) (err error) {
	e, err := clouds.New()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Stop()) }()
	steps := []struct {
		title string
		do    func(context.Context) (string, error)
	}{
		{"Build the programs", func(ctx context.Context) (string, error) { return "", e.Build(ctx) }},
		{"One cluster, following docs/quickstart.md", e.FollowOneCluster},
		{"Start three clusters, and the stores", func(ctx context.Context) (string, error) {
			return "", errors.Join(e.StartClusters(ctx), e.StartStores(ctx))
		}},
		{"Three clusters, following docs/quickstart.md", e.FollowThreeClusters},
	}
	for n, step := range steps {
		s.Step(n+1, len(steps), step.title)
		began := time.Now()
		summary, err := step.do(ctx)
		s.Line(summary)
		if err != nil {
			return fmt.Errorf("step %d: %w", n+1, err)
		}
		s.Done("done", time.Since(began))
	}
	return nil
}
