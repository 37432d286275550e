package await

import (
	"context"
	"fmt"
	"time"
)

// pause is the time between two attempts.
const pause = 200 * time.Millisecond

// Success retries until try succeeds, the limit is reached, or the context ends. The error includes the error of
// the last attempt.
func Success(ctx context.Context, limit time.Duration, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("gave up after %s", limit))
	defer cancel()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(pause):
		}
	}
}
