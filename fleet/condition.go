package fleet

import (
	"cmp"
	"slices"

	"github.com/telepod/telepod/injector"
)

// Condition describes whether a pod runs.
type Condition struct {
	// Reason is "running", or why it does not run or is not ready.
	Reason   string
	Restarts int
	// Well: it runs, and its own containers are ready. A sidecar of Telepod may not be.
	Well bool
	// Halted: none of its own containers runs, so that it sends nothing.
	Halted bool
}

func (c Condition) String() string {
	if c.Restarts == 0 {
		return c.Reason
	}
	return c.Reason + ", " + Count(c.Restarts, "restart")
}

// podStatus is the part of a pod's status that shows whether it runs.
type podStatus struct {
	Phase, Reason, HostIP, PodIP             string
	Conditions                               []struct{ Type, Status, Reason string }
	ContainerStatuses, InitContainerStatuses []containerStatus
}

// containerStatus is the part of a container's status that explains why it is not ready.
type containerStatus struct {
	Name         string
	Ready        bool
	RestartCount int
	State        struct {
		Waiting, Terminated struct{ Reason string }
		Running             *struct{}
	}
}

// why returns the reason that a container does not run; empty if there is none.
func (c containerStatus) why() string {
	return Printable(cmp.Or(c.State.Waiting.Reason, c.State.Terminated.Reason))
}

// condition judges a pod by its status. Fields that are not set yet prove nothing.
func (s podStatus) condition(deleted bool) Condition {
	switch {
	case s.Phase == "Succeeded":
		return Condition{Reason: "Completed", Halted: true}
	case s.Phase == "Failed":
		return Condition{Reason: Printable(cmp.Or(s.Reason, "Failed")), Halted: true}
	case deleted:
		return Condition{Reason: "is being deleted"}
	}
	own, sidecar := s.containers()
	c := Condition{Reason: cmp.Or(s.trouble(own), "running"), Halted: s.halted()}
	if c.Well = c.Reason == "running"; c.Well && len(sidecar) > 0 {
		c.Reason = cmp.Or(s.trouble(sidecar), c.Reason)
	}
	for _, container := range slices.Concat(own, sidecar) {
		c.Restarts += container.RestartCount
	}
	return c
}

// containers returns the pod's own containers, and Telepod's sidecar.
func (s podStatus) containers() (own, sidecar []containerStatus) {
	for _, c := range slices.Concat(s.InitContainerStatuses, s.ContainerStatuses) {
		if c.Name == injector.SidecarName {
			sidecar = append(sidecar, c)
		} else {
			own = append(own, c)
		}
	}
	return own, sidecar
}

// trouble returns the first reason that containers do not run or are not ready; empty if there is none.
func (s podStatus) trouble(containers []containerStatus) string {
	for _, c := range containers {
		if why := c.why(); !c.Ready && why != "" && why != "PodInitializing" && why != "ContainerCreating" {
			return why + " (container " + Printable(c.Name) + ")"
		}
	}
	if s.Phase == "Pending" {
		for _, c := range s.Conditions {
			if c.Type == "PodScheduled" && c.Status == "False" {
				return "Pending: " + Printable(cmp.Or(c.Reason, "no node"))
			}
		}
		return "Pending"
	}
	for _, c := range containers {
		if !c.Ready {
			return "NotReady (container " + Printable(c.Name) + ")"
		}
	}
	return ""
}

// halted reports whether none of the pod's own containers runs.
func (s podStatus) halted() bool {
	if s.Phase == "Pending" {
		return true
	}
	found := false
	for _, c := range s.ContainerStatuses {
		switch {
		case c.Name == injector.SidecarName:
		case c.State.Running != nil || c.why() == "":
			return false
		default:
			found = true
		}
	}
	return found
}
