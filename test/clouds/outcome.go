package clouds

import (
	"bufio"
	"context"
	"fmt"
	"time"
)

// Outcome counts the spans of a [Load] by what happened to them.
type Outcome struct {
	// Sent counts the spans that were sent, Acked those that a regional Collector acknowledged.
	Sent, Acked int
	// Archived counts the acknowledged spans in S3, Lost the other acknowledged ones, Extra the duplicates.
	Archived, Lost, Extra int
	// Refused counts the Collectors' errors by text.
	Refused map[string]int
}

// Outcome waits until everything that was acknowledged is in the archive, or the limit is reached. Stop the load
// first.
func (e *Estate) Outcome(ctx context.Context, l *Load, limit time.Duration) (o Outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		arrived, err := e.Stores.tally(ctx, "s3")
		if err == nil {
			if o = l.compare(arrived); o.Lost == 0 {
				return o, nil
			}
		}
		select {
		case <-ctx.Done():
			return o, err
		case <-time.After(time.Second):
		}
	}
}

func (l *Load) compare(arrived map[uint64]int) Outcome {
	o := Outcome{Refused: map[string]int{}}
	for _, s := range l.senders {
		s.mu.Lock()
		o.Sent += int(s.sent)
		o.Acked += len(s.acked)
		for _, number := range s.acked {
			switch times := arrived[number]; {
			case times == 0:
				o.Lost++
			default:
				o.Archived++
				o.Extra += times - 1
			}
		}
		for failure, n := range s.fails {
			o.Refused[failure] += n
		}
		s.mu.Unlock()
	}
	return o
}

// Sampled is the number of a load's spans in Kafka.
func (e *Estate) Sampled(ctx context.Context, l *Load) (int, error) {
	arrived, err := e.Stores.tally(ctx, "kafka")
	return l.compare(arrived).Archived, err
}

// tally returns how often each span arrived.
func (s *Stores) tally(ctx context.Context, store string) (map[uint64]int, error) {
	body, err := fetch(ctx, s.Control+"/tally/"+store+"/traces")
	if err != nil {
		return nil, err
	}
	defer body.Close()
	times := map[uint64]int{}
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		var number uint64
		var n int
		if _, err := fmt.Sscan(lines.Text(), &number, &n); err != nil {
			return nil, fmt.Errorf("read the tally of %s: %w in %q", store, err, lines.Text())
		}
		times[number] = n
	}
	return times, lines.Err()
}
