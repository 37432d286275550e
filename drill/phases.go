package drill

import (
	"fmt"
	"time"
)

// action is the next step of a drill.
type action string

const (
	keepOn  action = "keep on"
	fail    action = "fail the primary"
	restore action = "restore the primary"
	finish  action = "finish"
	refuse  action = "refuse"
)

// startWithin is the time limit after the baseline for all Collectors to use the primary.
const startWithin = 30 * time.Second

// next decides only from the course and the time.
//
//	not failed   baseline has ended, all on the primary   fail      an observation: finish at its end
//	             not all there 30 s later                 refuse
//	failed       all moved over, duration has ended       restore
//	             not all moved over in GiveUp             restore, and list the others
//	restored     ready, and all came back                 finish
//	             not within ReturnWithin                  finish, and report it
func next(p Plan, c *course, started, now time.Time) (action, string) {
	switch {
	case p.Method == Observe:
		if now.Sub(started) >= p.Duration {
			return finish, ""
		}
	case c.failed.IsZero():
		return nextBefore(p, c, now.Sub(started))
	case c.restored.IsZero():
		return nextDuring(p, c, now.Sub(c.failed))
	default:
		return nextAfter(p, c, now.Sub(c.restored))
	}
	return keepOn, ""
}

func nextBefore(p Plan, c *course, since time.Duration) (action, string) {
	elsewhere := c.except(onPrimary)
	switch {
	case since < p.Baseline:
		return keepOn, ""
	case len(elsewhere) == 0:
		return fail, ""
	case since < p.Baseline+startWithin:
		return keepOn, ""
	}
	return refuse, fmt.Sprintf("%v do not send to the primary, so failing it would prove nothing: find out why first (telepod drill failover --observe)", elsewhere)
}

func nextDuring(p Plan, c *course, since time.Duration) (action, string) {
	stuck := c.except(movedOver)
	switch {
	case len(stuck) == 0 && since >= p.Duration:
		return restore, ""
	case len(stuck) > 0 && since >= p.GiveUp:
		return restore, fmt.Sprintf("%v did not move over to the backup within %v", stuck, p.GiveUp)
	}
	return keepOn, ""
}

func nextAfter(p Plan, c *course, since time.Duration) (action, string) {
	away := c.except(cameBack)
	switch {
	case !c.ready.IsZero() && len(away) == 0:
		return finish, ""
	case since < p.ReturnWithin:
		return keepOn, ""
	case c.ready.IsZero():
		return finish, fmt.Sprintf("the primary was not ready within %v after it was restored", p.ReturnWithin)
	}
	return finish, fmt.Sprintf("%v did not come back to the primary within %v", away, p.ReturnWithin)
}
