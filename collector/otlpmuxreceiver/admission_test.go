package otlpmuxreceiver

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestAdmissionInvariants admits, grows and releases at random, and checks the invariants after each step.
func TestAdmissionInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 1_000_000
		a := newAdmission(limit, rapid.SampledFrom([]float64{0.25, 0.5, 1}).Draw(t, "share"))
		var held []*reservation
		t.Repeat(map[string]func(*rapid.T){
			"admit": func(t *rapid.T) {
				peer := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "peer")
				n := rapid.Int64Range(0, 500_000).Draw(t, "n")
				before := a.inFlight()
				r, why := a.admit(peer, n)
				if (r == nil) == (why == "") {
					t.Fatalf("reservation %v with refusal %q", r, why)
				}
				if r == nil && a.peers[peer] == 0 && before+max(n, leastReservation) <= a.admitLimit {
					t.Fatal("a peer with nothing in flight was refused although there is room")
				}
				if r != nil {
					held = append(held, r)
				}
			},
			"resize": func(t *rapid.T) {
				if len(held) == 0 {
					t.Skip("nothing is held")
				}
				r := rapid.SampledFrom(held).Draw(t, "reservation")
				n := rapid.Int64Range(0, 1_200_000).Draw(t, "n")
				if before := r.n; !r.set(n) && n <= before {
					t.Fatal("a smaller reservation was refused")
				}
			},
			"release": func(t *rapid.T) {
				if len(held) == 0 {
					t.Skip("nothing is held")
				}
				held[0].release()
				held = held[1:]
			},
			"": func(t *rapid.T) {
				var total int64
				peers := map[string]int64{}
				for _, r := range held {
					total += r.n
					peers[r.peer] += r.n
				}
				if a.total != total || total > limit {
					t.Fatalf("total is %d, held are %d, the limit is %d", a.total, total, limit)
				}
				for peer, n := range a.peers {
					if n <= 0 || n != peers[peer] {
						t.Fatalf("peer %s has %d, held are %d", peer, n, peers[peer])
					}
				}
			},
		})
	})
}

// TestShares lets greedy peers fill the limit, and checks what is left for the next peer.
func TestShares(t *testing.T) {
	for _, test := range []struct {
		share  float64
		greedy int
		each   int64 // thousandths of the limit for new requests
	}{{0.5, 1, 500}, {0.5, 3, 250}, {0.5, 9, 100}, {0.8, 1, 800}, {0.8, 4, 235}, {1, 1, 1000}} {
		t.Run(fmt.Sprintf("%d peers with share %v", test.greedy, test.share), func(t *testing.T) {
			a := newAdmission(40_000_000, test.share)
			const request = 10_000
			for progress := true; progress; {
				progress = false
				for peer := range test.greedy {
					r, _ := a.admit(fmt.Sprint(peer), request)
					progress = progress || r != nil
				}
			}
			for peer := range test.greedy {
				if got := a.peers[fmt.Sprint(peer)] * 1000 / a.admitLimit; got < test.each-5 || got > test.each+5 {
					t.Errorf("peer %d occupies %d thousandths, expected %d", peer, got, test.each)
				}
			}
			if r, why := a.admit("polite", request); (r != nil) != (test.share < 1) {
				t.Errorf("the next peer: %q", why)
			}
		})
	}
}

// TestLargeAnnouncements lets peers reserve the largest bodies, which they never send.
func TestLargeAnnouncements(t *testing.T) {
	a := newAdmission(64<<20, 0.5)
	for peer := range 20 {
		if r, why := a.admit(fmt.Sprint(peer), 20<<20); (r != nil) != (peer == 0) {
			t.Errorf("peer %d: %q", peer, why)
		}
	}
	if r, why := a.admit("polite", firstRequest); r == nil {
		t.Errorf("polite peer: %q", why)
	}
}
