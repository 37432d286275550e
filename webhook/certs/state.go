package certs

import (
	"crypto/x509"
	"fmt"
	"slices"
	"time"
)

// Lifetimes control the rotation of self-managed certificates. Zero values mean the defaults.
type Lifetimes struct {
	// CA is the life of a certificate authority; default one year. A successor is created after two thirds of it.
	CA time.Duration
	// Serving is the life of a serving certificate; default 90 days. It is replaced after two
	// thirds of it.
	Serving time.Duration
	// Propagation is the time for a change to reach every API server and replica; default one hour. A new CA is
	// published that long before it signs, and an old one stays published that long after the last certificate
	// that it signed was replaced.
	Propagation time.Duration
}

func (l Lifetimes) withDefaults() (Lifetimes, error) {
	set := func(d *time.Duration, fallback time.Duration) {
		if *d == 0 {
			*d = fallback
		}
	}
	set(&l.CA, 365*24*time.Hour)
	set(&l.Serving, 90*24*time.Hour)
	set(&l.Propagation, time.Hour)
	if l.Propagation < 0 || l.Serving < 6*l.Propagation || l.CA < 2*l.Serving {
		return l, fmt.Errorf("certificate lifetimes: propagation %s, serving %s, CA %s: "+
			"serving must be at least 6 times propagation, and CA twice serving", l.Propagation, l.Serving, l.CA)
	}
	return l, nil
}

// state is the data that replicas share: the content of the Secret.
type state struct {
	// authorities are the trusted CAs, newest first.
	authorities []authority
	// published is since when the newest authority has been in every caBundle; zero: not yet.
	published time.Time
	serving   *keypair
}

// facts are the inputs of next, in addition to the state.
type facts struct {
	now   time.Time
	names []string
	life  Lifetimes
	// published reports whether every caBundle has the CA.
	published func(*x509.Certificate) bool
	// bundle contains the CAs that are in the caBundles now.
	bundle []*x509.Certificate
}

// next advances the state as far as the facts allow, and reports whether anything changed. It does not modify
// s. A rotation of the CA has four steps, in this order:
//
//	                                        caBundle    serving signed by
//	old CA past two thirds of its life      new, old    old
//	new CA seen in every caBundle           new, old    old                 the delay starts
//	delay over                              new, old    new                 the delay starts again
//	delay over                              new         new
//
// A CA signs immediately only if no usable certificate is left (first start, all expired, keys lost).
func next(s state, f facts) (state, bool, error) {
	steps := []func(state, facts) (state, bool, error){
		dropExpired, recordPublication, mintAuthority, issueServing, retireAuthorities,
	}
	changed := false
	for _, step := range steps {
		var did bool
		var err error
		if s, did, err = step(s, f); err != nil {
			return s, changed, err
		}
		changed = changed || did
	}
	return s, changed, nil
}

func dropExpired(s state, f facts) (state, bool, error) {
	alive := slices.DeleteFunc(slices.Clone(s.authorities), func(a authority) bool {
		return f.now.After(a.cert.NotAfter)
	})
	if len(alive) == len(s.authorities) {
		return s, false, nil
	}
	if len(alive) == 0 || alive[0].cert != s.authorities[0].cert {
		s.published = time.Time{}
	}
	s.authorities = alive
	return s, true, nil
}

func recordPublication(s state, f facts) (state, bool, error) {
	if len(s.authorities) == 0 || !s.published.IsZero() || !f.published(s.authorities[0].cert) {
		return s, false, nil
	}
	// The Secret stores whole seconds. They are rounded up, so the delay is never shortened.
	s.published = f.now.UTC().Add(time.Second - 1).Truncate(time.Second)
	return s, true, nil
}

func mintAuthority(s state, f facts) (state, bool, error) {
	if len(s.authorities) > 0 && s.authorities[0].key != nil && f.now.Before(due(s.authorities[0].cert)) {
		return s, false, nil
	}
	fresh, err := newAuthority(f.now, f.life.CA)
	if err != nil {
		return s, false, err
	}
	old := s.authorities
	if len(old) == 0 {
		old = inherited(f)
	}
	s.authorities = append([]authority{fresh}, old...)
	s.published = time.Time{}
	return s, true, nil
}

// inherited returns the CAs in the caBundles, for a state that starts from nothing. They stay trusted for the
// propagation delay. Replicas may still serve certificates that they signed, after the Secret was lost or while the
// webhook moves from another source of certificates to this one.
func inherited(f facts) []authority {
	const enough = 4 // a larger bundle is not ours, and must not grow
	var found []authority
	for _, c := range f.bundle {
		if len(found) < enough && c.IsCA && f.now.Before(c.NotAfter) {
			found = append(found, authority{cert: c})
		}
	}
	return found
}

func issueServing(s state, f facts) (state, bool, error) {
	newest := s.authorities[0]
	signer, ok := s.signer(f)
	bad := s.serving == nil || f.now.After(s.serving.leaf().NotAfter) || s.issuer() == nil
	names := f.names
	switch {
	case bad && !ok:
		signer = newest
	case bad:
	case !ok:
		return s, false, nil
	case !covers(s.serving, f.names):
		// Both old and new names, so replicas of two versions do not revert each other's certificates.
		names = union(f.names, s.serving.leaf().DNSNames)
	case signer.cert.Equal(newest.cert) && !newest.signed(s.serving.leaf()):
	case !f.now.Before(due(s.serving.leaf())) && signer.outlasts(s.serving.leaf(), f):
	default:
		return s, false, nil
	}
	pair, err := signer.issue(f.now, f.life.Serving, names)
	if err != nil {
		return s, false, err
	}
	s.serving = pair
	return s, true, nil
}

// signer returns the authority that may sign now: the newest once it has been published for long enough (or has
// already signed), before that an older one with a key.
func (s state) signer(f facts) (authority, bool) {
	newest := s.authorities[0]
	settled := !s.published.IsZero() && !f.now.Before(s.published.Add(f.life.Propagation))
	if settled || s.serving != nil && newest.signed(s.serving.leaf()) {
		return newest, true
	}
	for _, a := range s.authorities[1:] {
		if a.key != nil {
			return a, true
		}
	}
	return authority{}, false
}

// issuer returns the authority that signed the serving certificate, or nil if it is not in the state.
func (s state) issuer() *authority {
	for i, a := range s.authorities {
		if a.signed(s.serving.leaf()) {
			return &s.authorities[i]
		}
	}
	return nil
}

// outlasts reports whether renewing a certificate would extend its validity. Near the end of the CA it would not.
func (a authority) outlasts(c *x509.Certificate, f facts) bool {
	return earliest(f.now.Add(f.life.Serving), a.cert.NotAfter).After(c.NotAfter)
}

func retireAuthorities(s state, f facts) (state, bool, error) {
	if len(s.authorities) == 1 || !s.authorities[0].signed(s.serving.leaf()) ||
		f.now.Before(created(s.serving.leaf()).Add(f.life.Propagation)) {
		return s, false, nil
	}
	s.authorities = s.authorities[:1:1]
	return s, true, nil
}

// wake returns the next time at which next may change the state.
func (s state) wake(f facts) time.Time {
	leaf := s.serving.leaf()
	moments := []time.Time{
		due(leaf), leaf.NotAfter, s.published.Add(f.life.Propagation), created(leaf).Add(f.life.Propagation),
	}
	for _, a := range s.authorities {
		moments = append(moments, due(a.cert), a.cert.NotAfter)
	}
	first := f.now.Add(f.life.CA)
	for _, m := range moments {
		if m.After(f.now) {
			first = earliest(first, m)
		}
	}
	return first
}

func (s state) certificates() []*x509.Certificate {
	var cs []*x509.Certificate
	for _, a := range s.authorities {
		cs = append(cs, a.cert)
	}
	return cs
}

func covers(pair *keypair, names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return pair.leaf().VerifyHostname(n) != nil })
}

func union(a, b []string) []string {
	all := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}
