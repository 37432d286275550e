package main

import (
	"context"
)

// reconcile compares the bytes that Collectors say they sent with those that the links carried.
func (t *story) reconcile(ctx context.Context) error {
	return nil
}
