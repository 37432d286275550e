package certs

import (
	"crypto/x509"
	"testing"
	"time"
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

// signedBy returns the position of the authority that signed the serving certificate; 0 is the newest.
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
		{name: "first start signs immediately", from: func(*testing.T) state { return state{} },
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
		{name: "new CA waits for the caBundle, even for days",
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
		{name: "old CA is removed after the second delay",
			from: func(t *testing.T) state {
				return walk(t, start(t), true, 230*day, rotate, rotate+1, rotate+2*time.Hour)
			},
			at: rotate + 3*time.Hour, published: true, changed: true, authorities: 1},
		{name: "old CA expired, new one not yet in the caBundle: it signs anyway",
			from: func(t *testing.T) state { return walk(t, start(t), false, 230*day, rotate) }, at: 366 * day,
			changed: true, renewed: true, authorities: 1},
		{name: "everything expired", from: start, at: 800 * day, published: true,
			changed: true, renewed: true, authorities: 1},
		{name: "serving certificate lost", from: func(t *testing.T) state { s := start(t); s.serving = nil; return s },
			at: day, published: true, changed: true, renewed: true, authorities: 1},
		{name: "CA keys lost: the old CA stays trusted, and its certificate in use",
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
				t.Errorf("a second call at the same time changed the state: %v", again)
			}
		})
	}
}

func TestNextInheritsTheCAsOfTheBundle(t *testing.T) {
	lost := walk(t, state{}, true, 0)
	f := circumstances(t, epoch.Add(day), true)
	f.bundle = append(lost.certificates(), lost.serving.leaf()) // a leaf is not a CA, and is left out
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
		t.Error("the certificate lacks the new names")
	}
	if _, changed, _ := next(s, circumstances(t, epoch.Add(day), true)); changed {
		t.Error("a replica with the old names would replace it")
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
