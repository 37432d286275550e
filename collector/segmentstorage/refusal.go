package segmentstorage

import (
	"errors"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// Reasons for which a write is refused.
const (
	reasonFull    = "full"
	reasonFloor   = "floor"
	reasonMaxSize = "max_size"
)

// refusal reports the limit that a write would exceed. It is a [storage.ErrStorageFull].
type refusal struct {
	reason string
	text   string
	cause  error
}

func (r *refusal) Error() string        { return storage.ErrStorageFull.Error() + ": " + r.text }
func (r *refusal) Is(target error) bool { return target == storage.ErrStorageFull }
func (r *refusal) Unwrap() error        { return r.cause }

// refuse counts a write that found no room.
func (s *store) refuse(err error) error {
	var r *refusal
	if !errors.As(err, &r) {
		if !outOfSpace(err) {
			return err
		}
		r = &refusal{reason: reasonFull, text: err.Error(), cause: err}
	}
	s.refused(r.reason)
	return r
}
