package status

import (
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/cost"
)

// Reading is everything that was read from a cluster.
type Reading struct {
	// Context is the name of the kubeconfig's context.
	Context string
	// Err is why nothing could be read.
	Err error

	// Kubectl and Namespace are the start of repair commands; without Kubectl there are none.
	Kubectl, Namespace string
	// Role is primary or backup, from the configuration of the central site; empty if there is none, or it was not read.
	Role string

	Place      Place
	Injector   checks.Answer[[]checks.Workload]
	Collectors checks.Answer[[]checks.Workload]
	Central    checks.Answer[[]checks.Workload]
	Pods       checks.Answer[Pods]
	// Samplers are those of the central site.
	Samplers checks.Answer[checks.Part]
	// Injectors and Sites are the injector's and the central site's pods, with their metrics.
	Injectors, Sites checks.Answer[[]fleet.Instance]
	// Earlier and Later are two readings of the regional Collectors with their metrics.
	Earlier, Later Scrape
	// Months are the costs of this month so far by the name of the cluster; nil if no Prometheus is configured.
	Months *checks.Answer[map[string]cost.Month]
}

// Place is a cluster's location, if its injector's settings include it.
type Place struct {
	Cluster string `json:"cluster,omitempty"`
	Cloud   string `json:"cloud,omitempty"`
	Region  string `json:"region,omitempty"`
}

// Scrape is one reading of the regional Collectors.
type Scrape struct {
	At         time.Time
	Collectors []fleet.Instance
	Err        error
}

// Pods counts the pods of a cluster that have not terminated.
type Pods struct {
	// Injected counts pods with any version of their profile.
	Injected int `json:"injected"`
	// OptedIn counts pods that would be injected, or refused, if they were created now.
	OptedIn int `json:"optedIn"`
	Bare    int `json:"bare"`
	Stale   int `json:"stale"`
	Refused int `json:"refused"`
	// NotOptedIn counts injected pods that would not be injected if they were created now.
	NotOptedIn int `json:"notOptedIn,omitempty"`
	// Others are the other injectors on these pods.
	Others fleet.Others `json:"otherInjectors,omitempty"`
	// Labels are the namespaces with an invalid value of the label telepod.dev/injection, and that value. Unlabelled counts
	// pods that were injected because of the label, by namespaces that no longer have it. ToNode counts pods by the node to
	// whose Collector they send. They appear as problems.
	Labels     map[string]string `json:"-"`
	Unlabelled map[string]int    `json:"-"`
	ToNode     map[string]int    `json:"-"`
}

// Add counts a pod.
func (p *Pods) Add(f fleet.Finding) {
	p.Others.Add(f)
	switch f.State {
	case fleet.Bare:
		p.OptedIn, p.Bare = p.OptedIn+1, p.Bare+1
	case fleet.Refused:
		p.OptedIn, p.Refused = p.OptedIn+1, p.Refused+1
		if f.Has != nil {
			p.Injected++
		}
	case fleet.Stale:
		p.OptedIn, p.Injected, p.Stale = p.OptedIn+1, p.Injected+1, p.Stale+1
	case fleet.Current:
		p.Injected++
		if f.Would != nil {
			p.OptedIn++
		} else {
			p.NotOptedIn++
		}
	}
}
