package certs

import (
	"crypto/x509"
	"math/rand/v2"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// TestServedCertificatesAreAlwaysTrusted simulates years. API servers may use any caBundle that was current within the
// propagation delay, and replicas may be equally late. Still, every certificate that any of them serves must verify.
func TestServedCertificatesAreAlwaysTrusted(t *testing.T) {
	lives := uint64(3)
	if testing.Short() {
		lives = 1
	}
	for seed := range lives {
		w := &world{t: t, random: rand.New(rand.NewPCG(seed, 1)), now: epoch, life: lifetimes(t, Lifetimes{})}
		for w.now.Before(epoch.Add(5 * 365 * day)) {
			w.step()
			if t.Failed() {
				t.Fatalf("seed %d, %s", seed, w.now.Sub(epoch))
			}
		}
		if w.cas < 6 || w.leaves < 25 {
			t.Errorf("seed %d: only %d CAs and %d serving certificates were created", seed, w.cas, w.leaves)
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

// publish sometimes fails, as if the API server were unavailable, but not at the start.
func (w *world) publish(s state) {
	c := w.current()
	if len(c.cas) == len(s.authorities) && holds(c.cas, s.authorities[0].cert) || len(w.bundles) > 0 && w.random.IntN(4) == 0 {
		return
	}
	c.until = w.now
	w.bundles = append(w.bundles, published{cas: s.certificates()})
	w.busy = w.now
}

// refresh updates replicas late, but within the delay.
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
