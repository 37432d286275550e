package archive

import (
	"cmp"
	"fmt"
	"slices"
)

// Source is who sent data.
type Source struct {
	Folder
	Service string `json:"service"`
}

// Amount is how much of it there is: spans, data points or log records.
type Amount struct {
	Items int64 `json:"items"`
	// Replayed are those of Items that came from a replay.
	Replayed int64 `json:"replayed"`
}

// Tally counts items by what their resources say of themselves, whatever folder they are in. It is for one
// goroutine at a time.
type Tally map[Source]Amount

// Add counts a payload's resources as far as the selection takes them. After an error nothing of the payload
// is counted.
func (t Tally) Add(p *Payload, s Selection) error {
	counted, err := p.tally(s)
	if err == nil {
		t.merge(counted)
	}
	return err
}

func (p *Payload) tally(s Selection) (Tally, error) {
	t := Tally{}
	for _, g := range p.groups {
		from, err := g.origin()
		if err != nil {
			return nil, &ObjectError{p.Object.Key, fmt.Errorf("read a resource: %w", err)}
		}
		if !s.takes(from.cloud, from.region) {
			continue
		}
		n, err := g.count(p.Object.Signal)
		if err != nil {
			return nil, &ObjectError{p.Object.Key, fmt.Errorf("count its items: %w", err)}
		}
		a := Amount{Items: n}
		if from.replay != "" {
			a.Replayed = n
		}
		t.merge(Tally{Source{Folder{p.Object.Signal, from.cloud, from.region}, from.service}: a})
	}
	return t, nil
}

func (t Tally) merge(other Tally) {
	for source, a := range other {
		sum := t[source]
		t[source] = Amount{Items: sum.Items + a.Items, Replayed: sum.Replayed + a.Replayed}
	}
}

// Sources are the tally's, in order.
func (t Tally) Sources() []Source {
	sources := make([]Source, 0, len(t))
	for s := range t {
		sources = append(sources, s)
	}
	slices.SortFunc(sources, func(a, b Source) int {
		return cmp.Or(compareFolders(a.Folder, b.Folder), cmp.Compare(a.Service, b.Service))
	})
	return sources
}

func compareFolders(a, b Folder) int {
	order := Signals()
	return cmp.Or(cmp.Compare(slices.Index(order, a.Signal), slices.Index(order, b.Signal)),
		cmp.Compare(a.Cloud, b.Cloud), cmp.Compare(a.Region, b.Region))
}
