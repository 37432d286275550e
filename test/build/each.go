package build

import (
	"context"
	"fmt"
)

type position struct{}

// Each runs steps that build something, one after the other, until one fails. Meanwhile the lines of progress
// show which step runs, such as "(3 of 9)".
func Each(ctx context.Context, steps ...func(context.Context) error) error {
	for n, step := range steps {
		if err := step(context.WithValue(ctx, position{}, fmt.Sprintf(" (%d of %d)", n+1, len(steps)))); err != nil {
			return err
		}
	}
	return nil
}

// Into is a step for [Each] that stores what it has built, such as a path, in kept unless that is nil.
func Into[T any](kept *T, build func(context.Context) (T, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		built, err := build(ctx)
		if kept != nil {
			*kept = built
		}
		return err
	}
}

// Only is a step for [Each] that keeps nothing.
func Only[T any](build func(context.Context) (T, error)) func(context.Context) error {
	return Into(nil, build)
}
