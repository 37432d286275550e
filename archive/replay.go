package archive

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/time/rate"
)

// Sender takes OTLP somewhere. It tries again by itself where that may help.
type Sender interface {
	// Send returns a [RefusedError] for what would be refused again, whenever it is sent. Every other error
	// is about the receiver as a whole.
	Send(context.Context, Request) (Answer, error)
}

// Answer is what a receiver says of a request that it took.
type Answer struct {
	// Rejected is the number of items that it did not take.
	Rejected int64
	// Message says why, or warns.
	Message string
}

// RefusedError is a request that a receiver does not take, as distinct from a receiver that takes none.
type RefusedError struct{ Err error }

func (e *RefusedError) Error() string { return "the receiver refuses a request: " + e.Err.Error() }

// Unwrap returns the reason.
func (e *RefusedError) Unwrap() error { return e.Err }

// maxRequest is the size of a request. Receivers take at least 4 MiB, as gRPC does where nothing is set.
const maxRequest = 1 << 20

// maxRefusals is how many requests in a row are taken for problems of theirs. One more, and it is the receiver
// that does not work.
const maxRefusals = 20

// Replay sends what an archive has to a [Sender].
//
// Data arrives as it was sent: the attribute by which it was filed is taken away, and nothing else is
// changed but for the mark. Each object is sent whole before the checkpoint says that it is done, so when
// a replay is killed and taken up again, nothing is missing, and what may arrive twice is the objects that
// were in flight, [Replay.Parallel] at most, and those of which a request was refused.
type Replay struct {
	Store      Store
	Sender     Sender
	Selection  Selection
	Checkpoint *Checkpoint // nil for none
	// Mark is the value of [ReplayAttribute] that resources get; none if empty.
	Mark string
	// Replayed has data sent that came from an earlier replay. Without it, a replay into a site that archives
	// what it gets would be multiplied by the next one.
	Replayed bool
	// Parallel is the number of objects that are in flight at a time.
	Parallel int
	// ItemsPerSecond and BytesPerSecond limit what is sent, before compression; 0 means no limit.
	ItemsPerSecond, BytesPerSecond int
	// Observe, if not nil, is called when there is progress, by one goroutine at a time.
	Observe func(Result)
}

// Result is what a replay did.
type Result struct {
	// Objects are those that were dealt with; those with problems and those done before are among them.
	Objects int
	// Before are those that the checkpoint had.
	Before int
	// Stored is the size of Objects in the store, StoredBefore that of Before.
	Stored, StoredBefore int64
	// Requests, Items and Bytes were taken by the receiver.
	Requests, Items, Bytes int64
	// Rejected of these items were not, as the receiver said in its answers; Message is the last such answer's.
	Rejected int64
	Message  string
	// Again are items that were left out, as they came from an earlier replay.
	Again int64
	// Problems are objects that were skipped, in whole or in part: an [ObjectError] each.
	Problems []error
}

// run is one run of a replay.
type run struct {
	*Replay
	options      requestOptions
	items, bytes *rate.Limiter

	mu       sync.Mutex
	result   Result
	refusals int // in a row
}

// Run sends objects. It returns an error when it could not go on; problems of single objects are in the
// result, and it goes on.
func (r *Replay) Run(ctx context.Context, objects []Object) (Result, error) {
	state := &run{
		Replay: r, items: limiter(r.ItemsPerSecond), bytes: limiter(r.BytesPerSecond),
		options: requestOptions{
			selection: r.Selection, mark: r.Mark, replayed: r.Replayed,
			// No request has more than a second's worth, so that the rate is even.
			maxBytes: withinRate(maxRequest, r.BytesPerSecond), maxItems: int64(withinRate(maxRequest, r.ItemsPerSecond)),
		},
	}
	err := each(ctx, r.Parallel, objects, state.object)
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

// refusal counts refusals, and passes an error on as what it is: with too many it is no longer the requests'.
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

// limiter allows for so many a second, in portions of at most as many; nil is no limit.
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

// wait waits until so many may be sent.
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
