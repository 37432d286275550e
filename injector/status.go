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
	Containers []string `json:"containers"`
	// Sidecar is native, container or none.
	Sidecar  string `json:"sidecar"`
	Endpoint string `json:"endpoint"`
	Protocol string `json:"protocol"`
	// Skipped says why not, by reason: items as "container/item", "item" or "container".
	Skipped map[Reason][]string `json:"skipped,omitempty"`
}

// maxSkipped bounds what the annotation lists for each reason; Explain has them all.
const maxSkipped = 20

func (b *builder) status() string {
	p := b.plan
	s := Status{
		Profile: p.Profile.Name, Hash: p.Profile.Hash, Reason: p.Decision.Reason,
		Containers: b.containers, Sidecar: p.Sidecar,
		Endpoint: p.Settings.Endpoint.Value, Protocol: p.Settings.Protocol.Value,
	}
	if s.Containers == nil {
		s.Containers = []string{}
	}
	for _, skip := range p.Skipped {
		if s.Skipped == nil {
			s.Skipped = map[Reason][]string{}
		}
		if list := s.Skipped[skip.Reason]; len(list) < maxSkipped {
			s.Skipped[skip.Reason] = append(list, skip.String())
		}
	}
	encoded, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings, lists and maps of strings: cannot fail
	}
	return string(encoded)
}

// String names the part: "container/item", "item" or "container".
func (s Skip) String() string {
	if s.Container == "" {
		return s.Item
	}
	if s.Item == "" {
		return s.Container
	}
	return s.Container + "/" + s.Item
}
