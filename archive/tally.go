package archive

import (
	"cmp"
	"slices"
	"strings"
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

// Bounds of a tally: what a sender calls itself may be of any length, and new each time.
const (
	maxSources = 10_000
	maxName    = 256 // bytes
)

// More is the cloud, region and service of all sources after the first 10,000.
const More = "(more)"

// Tally counts items by what their resources say of themselves, whatever folder they are in. It is for one
// goroutine at a time.
type Tally map[Source]Amount

// Add counts a payload's resources as far as the selection takes them. After an error nothing of the payload
// is counted.
func (t Tally) Add(p *Payload, s Selection) error {
	counted, err := p.content().tally(s)
	if err == nil {
		t.merge(counted)
	}
	return err
}

func (c content) tally(s Selection) (Tally, error) {
	t := Tally{}
	err := c.eachGroup(func(m groupMessage) error {
		n, err := m.count(c.object.Signal)
		if err != nil || n == 0 {
			return err
		}
		g, err := m.head()
		if err != nil {
			return err
		}
		from, err := g.origin()
		if err != nil || !s.takes(from.cloud, from.region) {
			return err
		}
		a := Amount{Items: n}
		if from.replay != "" {
			a.Replayed = n
		}
		t.add(Source{Folder{c.object.Signal, clip(from.cloud), clip(from.region)}, clip(from.service)}, a)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (t Tally) merge(other Tally) {
	for source, a := range other {
		t.add(source, a)
	}
}

func (t Tally) add(source Source, a Amount) {
	sum, known := t[source]
	if !known && len(t) >= maxSources {
		source = Source{Folder{source.Signal, More, More}, More}
		sum = t[source]
	}
	t[source] = Amount{Items: sum.Items + a.Items, Replayed: sum.Replayed + a.Replayed}
}

// clip cuts a name that is too long, and keeps no more than that in memory.
func clip(name string) string {
	if len(name) <= maxName {
		return name
	}
	return strings.Clone(strings.ToValidUTF8(name[:maxName], "")) + "…"
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
