package certs

import (
	"crypto/x509"
	"math/rand/v2"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

const day = 24 * time.Hour

var epoch = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

func lifetimes(t *testing.T, l Lifetimes) Lifetimes {
	t.Helper()
	l, err := l.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func circumstances(t *testing.T, at time.Time, published bool) facts {
	return facts{
		now: at, names: ServiceNames("telepod", "telepod-system"), life: lifetimes(t, Lifetimes{}),
		published: func(*x509.Certificate) bool { return published },
	}
}

// walk runs next at the given times since epoch.
func walk(t *testing.T, s state, published bool, at ...time.Duration) state {
	t.Helper()
	for _, d := range at {
		var err error
		if s, _, err = next(s, circumstances(t, epoch.Add(d), published)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// signedBy is the position of the authority that signed the serving certificate, 0 the newest.
func signedBy(s state) int {
	for i, a := range s.authorities {
		if a.signed(s.serving.leaf()) {
			return i
		}
	}
	return -1
}

func TestNext(t *testing.T) {
	const rotate = 244 * day // just past two thirds of a year
	start := func(t *testing.T) state { return walk(t, state{}, true, 0, time.Minute) }
	tests := []struct {
		name      string
		from      func(*testing.T) state
		at        time.Duration
		published bool
		// want
		changed, renewed bool
		authorities      int
		signer           int
	}{
		{name: "first start signs at once", from: func(*testing.T) state { return state{} },
			changed: true, renewed: true, authorities: 1},
		{name: "first publication is recorded", from: func(t *testing.T) state { return walk(t, state{}, false, 0) },
			at: time.Minute, published: true, changed: true, authorities: 1},
		{name: "nothing to do", from: start, at: 30 * day, published: true, authorities: 1},
		{name: "serving certificate before two thirds", from: start, at: 60*day - time.Second, published: true, authorities: 1},
		{name: "serving certificate past two thirds", from: start, at: 60 * day, published: true,
			changed: true, renewed: true, authorities: 1},
		{name: "renewal does not wait for the caBundle when the CA is the same",
			from: func(t *testing.T) state { return walk(t, state{}, false, 0) }, at: 61 * day,
			changed: true, renewed: true, authorities: 1},
		{name: "expired serving certificate", from: start, at: 100 * day, published: true,
			changed: true, renewed: true, authorities: 1},
		{name: "new CA is only published at first",
			from: func(t *testing.T) state { return walk(t, start(t), true, 230*day) }, at: rotate, published: false,
			changed: true, authorities: 2, signer: 1},
		{name: "new CA waits for the caBundle, however long",
			from: func(t *testing.T) state { return walk(t, start(t), false, 230*day, rotate) }, at: rotate + 5*day,
			authorities: 2, signer: 1},
		{name: "serving certificate is renewed by the old CA meanwhile",
			from: func(t *testing.T) state { return walk(t, start(t), false, 230*day, rotate) }, at: rotate + 47*day,
			changed: true, renewed: true, authorities: 2, signer: 1},
		{name: "delay not over",
			from: func(t *testing.T) state { return walk(t, walk(t, start(t), false, 230*day, rotate), true, rotate) },
			at:   rotate + time.Hour - time.Second, published: true, authorities: 2, signer: 1},
		{name: "delay over: the new CA signs",
			from: func(t *testing.T) state { return walk(t, walk(t, start(t), false, 230*day, rotate), true, rotate) },
			at:   rotate + time.Hour, published: true, changed: true, renewed: true, authorities: 2},
		{name: "old CA stays for the second delay",
			from: func(t *testing.T) state {
				return walk(t, start(t), true, 230*day, rotate, rotate+1, rotate+2*time.Hour)
			},
			at: rotate + 3*time.Hour - time.Second, published: true, authorities: 2},
		{name: "old CA goes after the second delay",
			from: func(t *testing.T) state {
				return walk(t, start(t), true, 230*day, rotate, rotate+1, rotate+2*time.Hour)
			},
			at: rotate + 3*time.Hour, published: true, changed: true, authorities: 1},
		{name: "old CA expired, new one never seen published: better than nothing",
			from: func(t *testing.T) state { return walk(t, start(t), false, 230*day, rotate) }, at: 366 * day,
			changed: true, renewed: true, authorities: 1},
		{name: "everything expired", from: start, at: 800 * day, published: true,
			changed: true, renewed: true, authorities: 1},
		{name: "serving certificate lost", from: func(t *testing.T) state { s := start(t); s.serving = nil; return s },
			at: day, published: true, changed: true, renewed: true, authorities: 1},
		{name: "CA keys lost: the old CA stays trusted, its certificate serves on",
			from: func(t *testing.T) state { s := start(t); s.authorities[0].key = nil; return s },
			at:   day, published: true, changed: true, authorities: 2, signer: 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := test.from(t)
			wantAuthorities := len(before.authorities)
			got, changed, err := next(before, circumstances(t, epoch.Add(test.at), test.published))
			if err != nil {
				t.Fatal(err)
			}
			if len(before.authorities) != wantAuthorities {
				t.Error("next changed its input")
			}
			if changed != test.changed || len(got.authorities) != test.authorities || signedBy(got) != test.signer {
				t.Errorf("got changed %t, %d authorities, signed by %d; want %t, %d, %d",
					changed, len(got.authorities), signedBy(got), test.changed, test.authorities, test.signer)
			}
			if renewed := got.serving != before.serving; renewed != test.renewed {
				t.Errorf("got renewed %t, want %t", renewed, test.renewed)
			}
			if bad := got.serving.check(epoch.Add(test.at), ServiceNames("telepod", "telepod-system")); bad != nil {
				t.Error(bad)
			}
			if again, changed, _ := next(got, circumstances(t, epoch.Add(test.at), false)); changed {
				t.Errorf("a second look at the same moment changed the state: %v", again)
			}
		})
	}
}

func TestNextInheritsTheCAsOfTheBundle(t *testing.T) {
	lost := walk(t, state{}, true, 0)
	f := circumstances(t, epoch.Add(day), true)
	f.bundle = append(lost.certificates(), lost.serving.leaf()) // a leaf is no CA and is left out
	got, _, err := next(state{}, f)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.authorities) != 2 || !got.authorities[1].signed(lost.serving.leaf()) || signedBy(got) != 0 {
		t.Fatalf("got %d authorities, signed by %d; want the new and the inherited one, signed by the new", len(got.authorities), signedBy(got))
	}
	if got = walk(t, got, true, day+2*time.Hour); len(got.authorities) != 1 {
		t.Errorf("the inherited CA was still trusted after the delay")
	}
}

func TestNextServesOldAndNewNames(t *testing.T) {
	s := walk(t, state{}, true, 0)
	f := circumstances(t, epoch.Add(day), true)
	f.names = ServiceNames("renamed", "telepod-system")
	s, _, err := next(s, f)
	if err != nil {
		t.Fatal(err)
	}
	if !covers(s.serving, f.names) {
		t.Error("the new names are not covered")
	}
	if _, changed, _ := next(s, circumstances(t, epoch.Add(day), true)); changed {
		t.Error("a replica with the old names would undo it")
	}
}

func TestLifetimes(t *testing.T) {
	for _, l := range []Lifetimes{
		{CA: time.Hour}, {Serving: time.Hour}, {Propagation: -1}, {CA: day, Serving: day, Propagation: time.Minute},
	} {
		if _, err := l.withDefaults(); err == nil {
			t.Errorf("%+v was accepted", l)
		}
	}
}

// TestNoMomentWithoutTrust walks through years. API servers may go by any caBundle that was current
// within the propagation delay, and replicas may be as late: still every certificate that any of
// them serves must verify.
func TestNoMomentWithoutTrust(t *testing.T) {
	for seed := range uint64(3) {
		w := &world{t: t, random: rand.New(rand.NewPCG(seed, 1)), now: epoch, life: lifetimes(t, Lifetimes{})}
		for w.now.Before(epoch.Add(5 * 365 * day)) {
			w.step()
			if t.Failed() {
				t.Fatalf("seed %d, %s", seed, w.now.Sub(epoch))
			}
		}
		if w.cas < 6 || w.leaves < 25 {
			t.Errorf("seed %d: saw only %d CAs and %d serving certificates", seed, w.cas, w.leaves)
		}
	}
}

type world struct {
	t      *testing.T
	random *rand.Rand
	now    time.Time
	life   Lifetimes
	secret corev1.Secret

	bundles     []published // oldest first
	busy        time.Time   // of the last change
	replicas    [3]replica
	cas, leaves int
}

type published struct {
	until time.Time // zero: still current
	cas   []*x509.Certificate
}

type replica struct {
	serving *keypair
	seen    time.Time
}

func (w *world) step() {
	stride := time.Duration(w.random.IntN(5*24*60)) * time.Minute
	if w.now.Sub(w.busy) < 4*w.life.Propagation {
		stride = time.Duration(w.random.IntN(20*60)) * time.Second
	}
	w.now = w.now.Add(stride)
	s := w.advance()
	w.publish(s)
	w.refresh(s)
	w.verify()
}

func (w *world) current() *published {
	if len(w.bundles) == 0 {
		return &published{}
	}
	return &w.bundles[len(w.bundles)-1]
}

func (w *world) advance() state {
	before, _ := decode(&w.secret)
	s, changed, err := next(before, facts{
		now: w.now, names: []string{"a.b.svc"}, life: w.life,
		published: func(c *x509.Certificate) bool { return holds(w.current().cas, c) },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if !changed {
		return s
	}
	w.busy = w.now
	if before.serving == nil || before.serving.leaf() != s.serving.leaf() {
		w.leaves++
	}
	if len(s.authorities) > len(before.authorities) {
		w.cas++
	}
	if err := encode(s, &w.secret); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// publish fails now and then, as with an API server that is away; not at the very start.
func (w *world) publish(s state) {
	c := w.current()
	if len(c.cas) == len(s.authorities) && holds(c.cas, s.authorities[0].cert) || len(w.bundles) > 0 && w.random.IntN(4) == 0 {
		return
	}
	c.until = w.now
	w.bundles = append(w.bundles, published{cas: s.certificates()})
	w.busy = w.now
}

// refresh lets replicas notice late, but within the delay.
func (w *world) refresh(s state) {
	for i := range w.replicas {
		r := &w.replicas[i]
		if r.serving == nil || w.random.IntN(3) == 0 || w.now.Sub(r.seen) > w.life.Propagation-20*time.Minute {
			r.serving, r.seen = s.serving, w.now
		}
	}
}

func (w *world) verify() {
	for _, b := range w.bundles {
		if !b.until.IsZero() && !b.until.After(w.now.Add(-w.life.Propagation)) {
			continue
		}
		roots := x509.NewCertPool()
		for _, c := range b.cas {
			roots.AddCert(c)
		}
		for i, r := range w.replicas {
			if i > 0 && r.serving == w.replicas[i-1].serving {
				continue
			}
			options := x509.VerifyOptions{Roots: roots, CurrentTime: w.now, DNSName: "a.b.svc"}
			if _, err := r.serving.leaf().Verify(options); err != nil {
				w.t.Errorf("a bundle that was current until %s: %v", b.until, err)
			}
		}
	}
}

func holds(cas []*x509.Certificate, c *x509.Certificate) bool {
	for _, ca := range cas {
		if ca.Equal(c) {
			return true
		}
	}
	return false
}
