package archive

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/time/rate"
)

// Sender delivers OTLP requests. It does its own retries.
type Sender interface {
	// Send returns a [RefusedError] for a request that would be refused again. Any other error concerns the
	// receiver as a whole.
	Send(context.Context, Request) (Answer, error)
}

// Answer is the response to an accepted request.
type Answer struct {
	// Rejected is the number of items that the receiver rejected.
	Rejected int64
	// Message is the reason, or a warning.
	Message string
}

// RefusedError reports that the receiver refuses one request, as opposed to all requests.
type RefusedError struct{ Err error }

func (e *RefusedError) Error() string { return "the receiver refuses a request: " + e.Err.Error() }

// Unwrap returns the reason.
func (e *RefusedError) Unwrap() error { return e.Err }

// maxRequest is the maximum size of a request. Receivers accept at least 4 MiB, the default of gRPC.
const maxRequest = 1 << 20

// maxRefusals is the number of consecutive refusals that are treated as problems of the requests. After one
// more, the receiver is at fault.
const maxRefusals = 20

// Replay sends archived data to a [Sender].
//
// Data arrives as it was originally sent, except that the archive's folder attribute is removed and the mark is
// added. An object is recorded in the checkpoint only after all of it was sent. After an interrupted replay is
// resumed, no data is missing; only objects that were in flight, at most [Replay.Parallel], and objects with
// refused requests can arrive twice.
type Replay struct {
	Store      Store
	Sender     Sender
	Selection  Selection
	Checkpoint *Checkpoint // nil for none
	// Mark is the value of [ReplayAttribute] to set on resources; empty sets none.
	Mark string
	// Replayed also sends data that came from an earlier replay. By default it is skipped: otherwise, after a
	// replay into a site that archives what it receives, the next replay would send that data again.
	Replayed bool
	// Parallel is the number of objects to send concurrently.
	Parallel int
	// ItemsPerSecond and BytesPerSecond limit the rate, before compression; 0 means no limit.
	ItemsPerSecond, BytesPerSecond int
	// Observe, if not nil, is called on progress. Calls do not overlap.
	Observe func(Result)
}

// Result is the outcome of a replay.
type Result struct {
	// Objects is the number of objects processed, including those with problems and those sent earlier.
	Objects int
	// Before is the number of objects that the checkpoint recorded as sent.
	Before int
	// Stored is the stored size of Objects, StoredBefore that of Before.
	Stored, StoredBefore int64
	// Requests, Items and Bytes that the receiver accepted.
	Requests, Items, Bytes int64
	// Rejected is how many of these items the receiver rejected; Message is its last explanation.
	Rejected int64
	Message  string
	// Again is the number of items skipped because they came from an earlier replay.
	Again int64
	// Problems has an [ObjectError] for each object that was skipped, completely or in part.
	Problems []error
}

// run is the state of one run of a replay.
type run struct {
	*Replay
	options      requestOptions
	items, bytes *rate.Limiter

	mu       sync.Mutex
	result   Result
	refusals int // consecutive
}

// Run sends objects. It returns an error if it cannot continue; problems of single objects are in the result
// and do not stop it.
func (r *Replay) Run(ctx context.Context, objects []Object) (Result, error) {
	state := &run{
		Replay: r, items: limiter(r.ItemsPerSecond), bytes: limiter(r.BytesPerSecond),
		options: requestOptions{
			selection: r.Selection, mark: r.Mark, replayed: r.Replayed,
			// Limit a request to one second's worth, to keep the rate even.
			maxBytes: withinRate(maxRequest, r.BytesPerSecond), maxItems: int64(withinRate(maxRequest, r.ItemsPerSecond)),
		},
	}
	err := forEachObject(ctx, r.Parallel, objects, state.object)
	return state.result, err
}

// object sends one object. An error ends the replay.
func (r *run) object(ctx context.Context, o Object) error {
	if r.Checkpoint.has(o.Key) {
		r.update(func(sum *Result) {
			sum.Objects++
			sum.Before++
			sum.Stored += o.Size
			sum.StoredBefore += o.Size
		})
		return nil
	}
	err := r.send(ctx, o)
	if err == nil {
		err = r.Checkpoint.done(o.Key)
	}
	one, is := errors.AsType[*ObjectError](err)
	if err != nil && !is {
		return err
	}
	r.update(func(sum *Result) {
		sum.Objects++
		sum.Stored += o.Size
		if is {
			sum.Problems = append(sum.Problems, one)
		}
	})
	return nil
}

func (r *run) send(ctx context.Context, o Object) error {
	object, err := open(ctx, r.Store, o)
	if err != nil {
		return err
	}
	again, err := object.survey(r.options)
	if err != nil {
		return err
	}
	r.update(func(sum *Result) { sum.Again += again })
	refused := 0
	var reason *RefusedError
	for request, err := range object.requests(r.options) {
		if err == nil {
			err = r.request(ctx, request)
		}
		if one, is := errors.AsType[*RefusedError](err); is {
			refused++
			reason = one
		} else if err != nil {
			return err
		}
	}
	if refused > 0 {
		return &ObjectError{o.Key, fmt.Errorf("%d request(s) refused; the last: %w", refused, reason.Err)}
	}
	return nil
}

func (r *run) request(ctx context.Context, request Request) error {
	if err := errors.Join(wait(ctx, r.items, request.Items), wait(ctx, r.bytes, int64(len(request.Data)))); err != nil {
		return err
	}
	answer, err := r.Sender.Send(ctx, request)
	if err := r.refusal(err); err != nil {
		return err
	}
	r.update(func(sum *Result) {
		sum.Requests++
		sum.Items += request.Items - answer.Rejected
		sum.Bytes += int64(len(request.Data))
		sum.Rejected += answer.Rejected
		if answer.Message != "" {
			sum.Message = answer.Message
		}
	})
	return nil
}

// refusal counts consecutive refusals. After too many, it returns an error that is no [RefusedError], because
// the receiver is at fault.
func (r *run) refusal(err error) error {
	_, is := errors.AsType[*RefusedError](err)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !is {
		r.refusals = 0
		return err
	}
	if r.refusals++; r.refusals > maxRefusals {
		return fmt.Errorf("%d requests were refused in a row; the last: %v", r.refusals, err)
	}
	return err
}

func (r *run) update(change func(*Result)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.result)
	if r.Observe != nil {
		r.Observe(r.result)
	}
}

// limiter allows perSecond units a second in bursts of the same size; nil means no limit.
func limiter(perSecond int) *rate.Limiter {
	if perSecond <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(perSecond), perSecond)
}

func withinRate(most, perSecond int) int {
	if perSecond <= 0 {
		return most
	}
	return min(most, perSecond)
}

// wait blocks until n units may be sent.
func wait(ctx context.Context, l *rate.Limiter, n int64) error {
	for l != nil && n > 0 {
		portion := min(n, int64(l.Burst()))
		if err := l.WaitN(ctx, int(portion)); err != nil {
			return err
		}
		n -= portion
	}
	return nil
}
