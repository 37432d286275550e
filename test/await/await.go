package await

import (
	"context"
	"fmt"
	"time"
)

// pause is the time between two tries: short to a person, long to a processor.
const pause = 200 * time.Millisecond

// Success tries until it succeeds, the limit is over or the context ends. The error then says what the
// last try did.
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
