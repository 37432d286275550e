package fleet

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"
	"unicode"

	"github.com/telepod/telepod/injector"
)

// State compares the configuration of a pod with the one that it would get now.
type State string

// The states, worst first.
const (
	// Refused: the webhook is strict and would refuse the pod, so a restart would stop at its first pod.
	Refused State = "refused"
	// Bare: the pod is not injected, but would be now.
	Bare State = "bare"
	// Stale: the pod has a different profile, or an older version of it, than it would get now.
	Stale State = "stale"
	// Current: the pod is up to date.
	Current State = "current"
	// Outside: the pod is not injected, and would not be now.
	Outside State = "outside"
)

// States lists the states, worst first.
func States() []State { return []State{Refused, Bare, Stale, Current, Outside} }

// Problem reports whether the state needs action.
func (s State) Problem() bool { return s == Refused || s == Bare || s == Stale }

// Version is a profile's name and content hash.
type Version struct {
	Profile string `json:"profile"`
	Hash    string `json:"hash"`
}

func (v Version) String() string { return Printable(v.Profile) + "@" + Printable(v.Hash) }

// Finding is the result for one pod.
type Finding struct {
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	State   State     `json:"state"`
	// Runs is "running", or why the pod is not, with its restarts.
	Runs string `json:"runs"`
	// Why is one sentence without a full stop.
	Why string `json:"why"`
	// Has and Would are the profiles that the pod has, and would get now; nil for none.
	Has   *Version `json:"has,omitempty"`
	Would *Version `json:"would,omitempty"`
	// Others are the other telemetry injectors that act on the pod, if Telepod injects it.
	Others []string `json:"otherInjectors,omitempty"`
	// Mistakes are what is wrong with its settings, although it is injected.
	Mistakes []string `json:"mistakes,omitempty"`
	// Sends are the choices of its containers' own variables that keep telemetry from Telepod.
	Sends []Sending `json:"-"`
	// Status is the pod's annotation telepod.dev/status, if it can be parsed.
	Status injector.Status `json:"-"`
}

// Namespace is a namespace, and the time at which it was labelled.
type Namespace struct {
	injector.Namespace
	// Labelled is the latest time at which the label telepod.dev/injection can have been set; zero if unknown.
	Labelled time.Time
	// Exactly: the label was set at that time, and not before.
	Exactly bool
}

// LabelledAt formats the time; empty if it is unknown.
func (n Namespace) LabelledAt() string {
	switch {
	case n.Labelled.IsZero():
		return ""
	case n.Exactly:
		return n.Labelled.UTC().Format(second)
	}
	return n.Labelled.UTC().Format(second) + " or earlier"
}

// second formats times that are compared.
const second = "2006-01-02 15:04:05Z"

// OptedOut reports whether an annotation forbids the repair of its workloads.
func (n Namespace) OptedOut() bool { return n.Annotations[injector.RepairAnnotation] == "false" }

// RevisionLabel on a namespace selects the release of Telepod that injects its pods; without the label, the release
// without a revision does.
const RevisionLabel = "telepod.dev/revision"

// Judge compares pods with what the injector would do to them.
type Judge struct {
	Injector *injector.Injector
	// Installed is when Telepod's injector was installed; zero if unknown.
	Installed time.Time
	// Revision is that of the release, which ignores namespaces of other revisions.
	Revision string
	// Absent: no pod of the injector is ready now.
	Absent bool
}

// Pod judges a pod.
func (j Judge) Pod(pod *Pod, ns Namespace) Finding {
	f := Finding{Name: pod.Metadata.Name, Created: pod.Created, Runs: pod.Condition.String()}
	status, injected, readable := pod.status()
	if readable {
		f.Status, f.Has = status, &Version{status.Profile, status.Hash}
	}
	if revision := ns.Labels[RevisionLabel]; revision != j.Revision {
		f.State, f.Why = Outside, "another release of Telepod injects its namespace: revision "+Printable(cmp.Or(revision, "none"))
		return f
	}
	plan := j.Injector.Plan(injector.Request{Pod: pod.Fresh(), Namespace: ns.Namespace})
	if plan.Profile != nil {
		f.Would = &Version{plan.Profile.Name, plan.Profile.Hash}
	}
	for _, remark := range plan.Remarks() {
		if remark.Reason == injector.OtherInjector && plan.Decision.Inject {
			f.Others = append(f.Others, remark.Item)
		}
	}
	if plan.Decision.Inject {
		f.Mistakes = j.mistakes(pod, plan, f.Has == nil || *f.Has == *f.Would)
	}
	f.Sends = slices.DeleteFunc(pod.Sends(), func(s Sending) bool { return s.Fate == ToTelepod })
	switch d := plan.Decision; {
	case readable && f.Would != nil && *f.Has == *f.Would:
		f.State, f.Why = Current, "up to date"
	case d.Deny:
		f.State, f.Why = Refused, "a new pod would be refused: "+Printable(plan.Warnings[0].String())
	case !d.Inject && injected:
		f.State, f.Why = Current, fmt.Sprintf("keeps what it has; a new pod would not be injected: %s: %s", d.Reason, d.Reason.Text())
	case !d.Inject:
		f.State, f.Why = Outside, fmt.Sprintf("%s: %s", d.Reason, d.Reason.Text())
	case !injected:
		f.State, f.Why = Bare, j.whyBare(pod, ns)
	case !readable:
		f.State, f.Why = Stale, "its annotation "+injector.StatusAnnotation+" cannot be read"
	case f.Has.Profile != f.Would.Profile:
		f.State, f.Why = Stale, fmt.Sprintf("has profile %s; a new pod would get %s", f.Has, f.Would)
	default:
		f.State, f.Why = Stale, fmt.Sprintf("profile %s changed: content %s, now %s", f.Would.Profile, Printable(f.Has.Hash), f.Would.Hash)
	}
	return f
}

// whyBare returns the likeliest reason that a pod was not injected when it was created.
func (j Judge) whyBare(pod *Pod, ns Namespace) string {
	created := "created at " + pod.Created.UTC().Format(second)
	switch {
	case !j.Installed.IsZero() && pod.Created.Before(j.Installed):
		return created + ", before Telepod was installed (" + j.Installed.UTC().Format(second) + ")"
	case !ns.Labelled.IsZero() && pod.Created.Before(ns.Labelled) && pod.Metadata.Annotations[injector.InjectKey] == "" && pod.Metadata.Labels[injector.InjectKey] == "":
		before := "before"
		if !ns.Exactly {
			before = "probably before"
		}
		return fmt.Sprintf("%s, %s its namespace was labelled (%s)", created, before, ns.LabelledAt())
	}
	if j.Absent {
		return created + ", probably while the webhook did not answer: the injector has no ready pod now"
	}
	return "created while the webhook did not answer, was not called, or had other settings"
}

// longestQuoted limits quoted untrusted text, in characters.
const longestQuoted = 200

// Printable makes untrusted text safe for a terminal: short, and without control characters.
func Printable(text string) string {
	for i, r := range text {
		if i > longestQuoted {
			text = text[:i] + "…"
			break
		}
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			quoted := strconv.QuoteToASCII(text)
			return quoted[:min(len(quoted), longestQuoted)]
		}
	}
	return text
}

func isIPv6(address string) bool {
	ip, err := netip.ParseAddr(address)
	return err == nil && ip.Is6() && !ip.Is4In6()
}
