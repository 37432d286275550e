package build

import (
	"context"
	"fmt"
)

type position struct{}

// Each runs steps that build something in order, until one fails. The progress lines show which step is running,
// such as "(3 of 9)".
func Each(ctx context.Context, steps ...func(context.Context) error) error {
	for n, step := range steps {
		if err := step(context.WithValue(ctx, position{}, fmt.Sprintf(" (%d of %d)", n+1, len(steps)))); err != nil {
			return err
		}
	}
	return nil
}

// Into returns a step for [Each] that stores its result, such as a path, in kept, unless kept is nil.
func Into[T any](kept *T, build func(context.Context) (T, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		built, err := build(ctx)
		if kept != nil {
			*kept = built
		}
		return err
	}
}

// Only returns a step for [Each] that discards its result.
func Only[T any](build func(context.Context) (T, error)) func(context.Context) error {
	return Into(nil, build)
}
