package spoolconnector

import (
	"context"
	"errors"
	"slices"

	"go.opentelemetry.io/collector/consumer/consumererror"
)

// poisonLimit is how often a store may answer 4xx to one batch while it accepts others, before the batch counts as the
// cause, and not the credentials, the clock or the bucket.
const poisonLimit = 4

// unacceptable are S3's error codes for a request that no retry can fix.
// Source: Amazon S3 API reference, list of error codes; the last one is MinIO's.
var unacceptable = []string{"EntityTooLarge", "InvalidURI", "KeyTooLongError", "MaxMessageLengthExceeded", "MetadataTooLarge", "XMinioInvalidObjectName"}

// tries is what is known about the tries of one batch.
type tries struct {
	answered4xx int   // each after a success of another batch
	successes   int64 // of other batches, at the time of the last such answer
}

// rejected reports whether the store will never accept the batch. successes is the number of batches accepted so far.
func (t *tries) rejected(err error, successes int64) bool {
	var coded interface{ ErrorCode() string }
	if permanent(err) || errors.As(err, &coded) && slices.Contains(unacceptable, coded.ErrorCode()) {
		return true
	}
	var answer interface{ HTTPStatusCode() int }
	if !errors.As(err, &answer) || answer.HTTPStatusCode()/100 != 4 || answer.HTTPStatusCode() == 408 || answer.HTTPStatusCode() == 429 {
		return false
	}
	if t.answered4xx == 0 || successes > t.successes {
		t.answered4xx++
		t.successes = successes
	}
	return t.answered4xx >= poisonLimit
}

// permanent reports whether no part of an error can be fixed by a retry. An exporter that splits a batch joins the errors of
// its requests: one rejected request must not cause the loss of others that may be accepted later. A timeout is not an
// answer, even if the exporter calls it permanent, as remote write does for the timeout of a request for a token.
func permanent(err error) bool {
	if !consumererror.IsPermanent(err) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return false
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(joined.Unwrap(), func(part error) bool { return !permanent(part) })
	}
	inner := errors.Unwrap(err)
	return !consumererror.IsPermanent(inner) || permanent(inner)
}
