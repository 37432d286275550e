package injector

import "encoding/json"

// Status is the value of the annotation telepod.dev/status, as JSON.
type Status struct {
	// Profile and Hash name the profile and its content, so that pods injected from an older one
	// can be found.
	Profile string `json:"profile"`
	Hash    string `json:"hash"`
	Reason  Reason `json:"reason"`
	// Containers got variables.
	Containers []string    `json:"containers"`
	Sidecar    SidecarKind `json:"sidecar"`
	Endpoint   string      `json:"endpoint"`
	Protocol   string      `json:"protocol"`
	// Silent are the containers that send no telemetry, each with the reason.
	Silent map[string]Reason `json:"silent,omitempty"`
	// Skipped lists what was left out, by reason: items as "container/item", "item" or "container".
	Skipped map[Reason][]string `json:"skipped,omitempty"`
}

// maxSkipped limits how many items the annotation lists for each reason; Plan.Skipped has all.
const maxSkipped = 20

// annotationBudget is the maximum total size of all annotations' keys and values (apimachinery,
// TotalAnnotationSizeLimitB); the API server refuses a pod with more.
const annotationBudget = 256 << 10

// status returns the annotation's value; false if the pod's own annotations leave no room for it.
func (p *planner) status() (string, bool) {
	plan := p.plan
	s := Status{
		Profile: plan.Profile.Name, Hash: plan.Profile.Hash, Reason: plan.Decision.Reason,
		Containers: p.containers, Sidecar: plan.SidecarKind,
		Endpoint: plan.Settings.Endpoint.Value, Protocol: plan.Settings.Protocol.Value, Silent: plan.Silent,
	}
	if s.Containers == nil {
		s.Containers = []string{}
	}
	for _, skip := range plan.Skipped {
		if s.Skipped == nil {
			s.Skipped = map[Reason][]string{}
		}
		if list := s.Skipped[skip.Reason]; len(list) < maxSkipped {
			s.Skipped[skip.Reason] = append(list, skip.String())
		}
	}
	room := annotationBudget - len(StatusAnnotation)
	for key, value := range p.request.Pod.Metadata.Annotations {
		if key != StatusAnnotation { // the new one replaces it
			room -= len(key) + len(value)
		}
	}
	if p.earlier != nil {
		s = p.earlier.merged(s)
	}
	text := s.encode()
	if len(text) > room {
		s.Skipped = nil
		text = s.encode()
	}
	return text, len(text) <= room
}

func (s *Status) encode() string {
	encoded, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings, lists and maps of strings: cannot fail
	}
	return string(encoded)
}

// String returns the name of the part: "container/item", "item" or "container".
func (s Skip) String() string {
	if s.Container == "" {
		return s.Item
	}
	if s.Item == "" {
		return s.Container
	}
	return s.Container + "/" + s.Item
}
