package failoverexporter

import "time"

// none is the active endpoint of a signal that no endpoint accepts.
const none = -1

// timing contains the durations that a selector uses.
type timing struct {
	// returnAfter is how long probes have to succeed before an endpoint that was down is used again.
	returnAfter time.Duration
	// firstBackOff and maxBackOff bound how long a signal avoids an endpoint that refused it.
	firstBackOff, maxBackOff time.Duration
	// maxRetryAfter bounds the delay that an endpoint may ask for.
	maxRetryAfter time.Duration
}

const (
	// minBackOff keeps full jitter from retrying immediately.
	minBackOff = 20 * time.Millisecond
	// memory is how long a failure makes the next one count for more.
	memory = 10 * time.Second
	// minProbes is how many probes in a row have to succeed: one may be a coincidence.
	minProbes = 2
)

// selector decides which endpoint gets the next batch of a signal. It is pure: time and
// randomness are arguments. An endpoint as a whole is up or down for all signals (its connection: hung, refused, lost);
// in addition, it may refuse single signals (its answers: 429, 503, 403).
//
//	endpoint | signal    | what may be sent there
//	up       | accepted  | anything
//	up       | refused   | nothing until the back-off is over, then one batch on trial
//	down     | -         | probes without data. Once they succeed for returnAfter it is up; before that, a batch
//	         |           | if there is no other endpoint
type selector struct {
	timing  timing
	health  []health
	signals [signalCount]signalState
	// switched collects changes of the active endpoint until the caller fetches them.
	switched []change
}

// health is that of an endpoint as a whole.
type health struct {
	down      bool
	downSince time.Time
	upSince   time.Time
	reason    reason
	// good counts the probes that succeeded in a row; the first of them ended at goodSince.
	good      int
	goodSince time.Time
	// relapses counts the times in a row that the endpoint went down soon after it came up.
	relapses int
}

// signalState is what one signal knows about the endpoints.
type signalState struct {
	endpoints []endpointState
	active    int
	since     time.Time
}

// endpointState is the state of one signal at one endpoint.
type endpointState struct {
	refused   bool
	refusedAt time.Time
	notBefore time.Time
	refusals  int
	trial     bool
}

// pick is the choice of an endpoint for a batch.
type pick struct {
	endpoint int
	// trial: the endpoint refused this signal, and this batch is to find out whether it still does.
	trial bool
	at    time.Time
}

// change is one switch of a signal from an endpoint to another; either may be none.
type change struct {
	signal   signal
	from, to int
	reason   reason
}

func newSelector(endpoints int, t timing, now time.Time) *selector {
	s := &selector{timing: t, health: make([]health, endpoints)}
	for i := range s.signals {
		s.signals[i] = signalState{endpoints: make([]endpointState, endpoints), since: now}
	}
	return s
}

// choose picks the endpoint for the next batch. If there is none, it returns false, and how long to wait before asking
// again; zero if only an event (an answer, a probe) can change that.
func (s *selector) choose(sig signal, now time.Time) (pick, time.Duration, bool) {
	endpoints := s.signals[sig].endpoints
	for i := range endpoints {
		switch r := &endpoints[i]; {
		case s.health[i].down:
		case !r.refused:
			return pick{endpoint: i, at: now}, 0, true
		case !r.trial && !now.Before(r.notBefore):
			r.trial = true
			return pick{endpoint: i, trial: true, at: now}, 0, true
		}
	}
	var wait time.Duration
	for i := range endpoints {
		if endpoints[i].trial {
			continue
		}
		rest := endpoints[i].notBefore.Sub(now)
		// Down, but the latest probe succeeded, and no other endpoint is better.
		if s.health[i].down && s.health[i].good > 0 && rest <= 0 {
			endpoints[i].trial = true
			return pick{endpoint: i, trial: true, at: now}, 0, true
		}
		if rest > 0 && (wait == 0 || rest < wait) {
			wait = rest
		}
	}
	return pick{}, wait, false
}

// accepted records a final answer to a batch: delivered, or rejected because of its content.
func (s *selector) accepted(sig signal, p pick, now time.Time) {
	s.released(sig, p)
	if r := &s.signals[sig].endpoints[p.endpoint]; p.trial || p.at.After(r.refusedAt) {
		r.refused, r.notBefore = false, time.Time{}
	}
	if h := &s.health[p.endpoint]; h.down && p.at.After(h.downSince) {
		s.up(p.endpoint, now)
	}
	s.settle(sig, now, recovered)
}

// released ends a pick without a result.
func (s *selector) released(sig signal, p pick) {
	if p.trial {
		s.signals[sig].endpoints[p.endpoint].trial = false
	}
}

// refusal is an answer with which an endpoint declined a batch that may be sent again.
type refusal struct {
	reason reason
	// retryAfter is the delay that the endpoint asked for; zero if it asked for none.
	retryAfter time.Duration
	// chance is a random number in [0, 1).
	chance float64
}

// refuse records a refusal. Refusals of batches that were in flight together count once.
func (s *selector) refuse(sig signal, p pick, f refusal, now time.Time) {
	s.released(sig, p)
	r := &s.signals[sig].endpoints[p.endpoint]
	if r.refused && !p.trial && p.at.Before(r.refusedAt) {
		return
	}
	if r.refusals > 0 && now.Sub(r.refusedAt) > memory+s.timing.maxBackOff {
		r.refusals = 0
	}
	pause := min(s.timing.firstBackOff<<min(r.refusals, 16), s.timing.maxBackOff)
	pause = max(time.Duration(f.chance*float64(pause)), minBackOff)
	pause = max(pause, min(f.retryAfter, s.timing.maxRetryAfter))
	r.refused, r.refusedAt, r.notBefore = true, now, now.Add(pause)
	r.refusals++
	s.settle(sig, now, f.reason)
}

// lost records that an endpoint cannot be reached or does not answer, which applies to all signals.
func (s *selector) lost(sig signal, p pick, why reason, now time.Time) {
	s.released(sig, p)
	h := &s.health[p.endpoint]
	if h.down {
		if p.at.After(h.downSince) {
			h.good = 0
		}
		return
	}
	if p.at.Before(h.upSince) {
		return // the connection is older than the endpoint's return
	}
	if h.relapses++; now.Sub(h.upSince) > memory {
		h.relapses = 0
	}
	h.down, h.downSince, h.reason, h.good = true, now, why, 0
	for sig := range signalCount {
		s.settle(sig, now, why)
	}
}

// probed records the result of a probe that started at began.
func (s *selector) probed(endpoint int, ok bool, began, now time.Time) {
	h := &s.health[endpoint]
	switch {
	case !h.down || began.Before(h.downSince):
	case !ok:
		// Probes overlap: one that started before the others succeeded is out of date.
		if h.good > 0 && !began.Before(h.goodSince) {
			h.good = 0
		}
	default:
		if h.good++; h.good == 1 {
			h.goodSince = now
		}
		need := min(s.timing.returnAfter<<min(h.relapses, 8), max(s.timing.maxBackOff, s.timing.returnAfter))
		if h.good >= minProbes && now.Sub(h.goodSince) >= need {
			s.up(endpoint, now)
		}
	}
}

func (s *selector) up(endpoint int, now time.Time) {
	h := &s.health[endpoint]
	h.down, h.upSince, h.good = false, now, 0
	for sig := range signalCount {
		s.settle(sig, now, recovered)
	}
}

// settle determines which endpoint a signal uses now, and records a switch if that has changed.
func (s *selector) settle(sig signal, now time.Time, why reason) {
	state := &s.signals[sig]
	to := none
	for i := range state.endpoints {
		if !s.health[i].down && !state.endpoints[i].refused {
			to = i
			break
		}
	}
	if to == state.active {
		return
	}
	s.switched = append(s.switched, change{signal: sig, from: state.active, to: to, reason: why})
	state.active, state.since = to, now
}

// changes returns the switches since the last call.
func (s *selector) changes() []change {
	c := s.switched
	s.switched = nil
	return c
}
