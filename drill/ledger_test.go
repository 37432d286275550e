package drill

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLedger(t *testing.T) {
	a, b := Collector{"eu", "a"}, Collector{"us", "b"}
	l := newLedger()
	l.send([]Canary{{a, 0}, {a, 1}, {a, 2}}, nil)
	l.send([]Canary{{a, 3}, {a, 4}}, errors.New("sending queue is full"))
	l.send([]Canary{{b, 0}}, nil)
	for _, canary := range []Canary{{a, 0}, {a, 2}, {a, 2}, {a, 2}, {a, 4}, {b, 0}, {a, 99}} {
		l.store(canary)
	}
	want := Count{Sent: 5, Accepted: 3, Refused: 2, Stored: 3, Lost: 1, Duplicated: 2, FirstLost: []int64{1}}
	if difference := cmp.Diff(want, l.count(a)); difference != "" {
		t.Errorf("count (-want +got):\n%s", difference)
	}
	if difference := cmp.Diff(Count{Sent: 1, Accepted: 1, Stored: 1}, l.count(b)); difference != "" {
		t.Errorf("count of the other (-want +got):\n%s", difference)
	}
	if l.missing() != 1 {
		t.Errorf("%d missing, want 1", l.missing())
	}
	if got := l.lastRefusals(); got[a] != "sending queue is full" || len(got) != 1 {
		t.Errorf("refusals %v", got)
	}
}
