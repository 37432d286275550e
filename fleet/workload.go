package fleet

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/telepod/telepod/injector"
)

// Identity names a workload.
type Identity struct {
	Namespace string `json:"namespace"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
}

// IdentityOf returns the outermost workload that can be derived from only the pod: its Deployment, its CronJob,
// another controller, or the pod itself if it has none. ownerReferences are untrusted and would end up in a shell
// command, so invalid names are ignored.
func IdentityOf(pod *injector.Pod) Identity {
	self := Identity{pod.Metadata.Namespace, "Pod", pod.Metadata.Name}
	id := self
	for _, owner := range pod.Metadata.OwnerReferences {
		if owner.Controller {
			id.Kind, id.Name = owner.Kind, owner.Name
		}
	}
	if owners := injector.Owners(pod); len(owners) > 0 {
		outermost := owners[len(owners)-1]
		id.Kind, id.Name = outermost.Kind, outermost.Name
	}
	if len(validation.IsDNS1123Subdomain(id.Name)) > 0 || len(validation.IsDNS1123Label(strings.ToLower(id.Kind))) > 0 {
		return self
	}
	return id
}

// Belongs reports whether a pod belongs to a workload, directly or indirectly, or is the pod itself.
func Belongs(pod *injector.Pod, id Identity) bool {
	if pod.Metadata.Namespace != id.Namespace {
		return false
	}
	if id.Kind == "Pod" {
		return pod.Metadata.Name == id.Name
	}
	for _, owner := range injector.Owners(pod) {
		if owner.Kind == id.Kind && owner.Name == id.Name {
			return true
		}
	}
	return false
}

// Workload is a workload, seen through its running pods.
type Workload struct {
	Identity
	// State is the worst state of its pods.
	State State `json:"state"`
	// Why is the reason for the oldest pod in that state.
	Why string `json:"why"`
	// Since is when that pod was created.
	Since time.Time `json:"since"`
	// Affected is the number of Pods in the state.
	Affected int `json:"affected"`
	Pods     int `json:"pods"`
	// Has and Would are the profiles of the oldest pod with the state.
	Has   *Version `json:"has,omitempty"`
	Would *Version `json:"would,omitempty"`
	// Mistakes are those of its pods, without duplicates.
	Mistakes []string `json:"mistakes,omitempty"`
	// Sends are those of its pods, without duplicates.
	Sends []Sending `json:"-"`
	// Repair describes how to update its pods.
	Repair Repair `json:"repair"`
}

// Inventory groups findings by workload. The zero value is ready for use.
type Inventory struct {
	workloads map[Identity]*Workload
	// Others counts the pods by other injectors.
	Others Others
}

// Add counts a pod.
func (i *Inventory) Add(id Identity, f Finding) {
	if i.workloads == nil {
		i.workloads = map[Identity]*Workload{}
	}
	w := i.workloads[id]
	if w == nil {
		w = &Workload{Identity: id, State: Outside}
		i.workloads[id] = w
	}
	w.Pods++
	i.Others.Add(f)
	w.remark(f)
	switch order := cmp.Compare(slices.Index(States(), f.State), slices.Index(States(), w.State)); {
	case order > 0:
		return
	case order < 0:
		w.State, w.Affected = f.State, 0
	}
	w.Affected++
	if w.Affected == 1 || f.Created.Before(w.Since) {
		w.Since, w.Why, w.Has, w.Would = f.Created, f.Why, f.Has, f.Would
	}
}

// mostRemarks limits what is kept about a workload.
const mostRemarks = 8

// remark adds the mistakes of a pod, and what its variables decide.
func (w *Workload) remark(f Finding) {
	for _, text := range f.Mistakes {
		if len(w.Mistakes) < mostRemarks && !slices.Contains(w.Mistakes, text) {
			w.Mistakes = append(w.Mistakes, text)
		}
	}
	for _, s := range f.Sends {
		if len(w.Sends) < mostRemarks && !slices.ContainsFunc(w.Sends, func(o Sending) bool { return o.String() == s.String() }) {
			w.Sends = append(w.Sends, s)
		}
	}
}

// Problems lists the workloads that need attention, by namespace, kind and name.
func (i *Inventory) Problems() []*Workload {
	return i.list(func(w *Workload) bool { return w.State.Problem() })
}

// Remarkable lists the workloads with mistakes, or with variables that keep telemetry from Telepod.
func (i *Inventory) Remarkable() []*Workload {
	return i.list(func(w *Workload) bool { return len(w.Mistakes) > 0 || len(w.Sends) > 0 })
}

func (i *Inventory) list(with func(*Workload) bool) []*Workload {
	list := []*Workload{}
	for _, w := range i.workloads {
		if with(w) {
			list = append(list, w)
		}
	}
	slices.SortFunc(list, func(a, b *Workload) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// Lookup finds a workload by its identity.
func (i *Inventory) Lookup(id Identity) (Workload, bool) {
	if w := i.workloads[id]; w != nil {
		return *w, true
	}
	return Workload{}, false
}
