package archive

import (
	"cmp"
	"slices"
	"strings"
)

// Source is a sender of data.
type Source struct {
	Folder
	Service string `json:"service"`
}

// Amount is a number of spans, data points or log records.
type Amount struct {
	Items int64 `json:"items"`
	// Replayed is how many of Items came from a replay.
	Replayed int64 `json:"replayed"`
}

// Limits of a tally, because senders choose their own names: of any length, and as many as they like.
const (
	maxSources = 10_000
	maxName    = 256 // bytes
)

// More is the cloud, region and service of all sources after the first 10,000.
const More = "(more)"

// Tally counts items by the attributes of their resources, regardless of folder. It is not safe for concurrent
// use.
type Tally map[Source]Amount

// Add counts the selected resources of a payload. On error it counts nothing.
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
		if err != nil || !s.matches(from.cloud, from.region) {
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

// clip shortens a long name and releases the memory of the rest.
func clip(name string) string {
	if len(name) <= maxName {
		return name
	}
	return strings.Clone(strings.ToValidUTF8(name[:maxName], "")) + "…"
}

// Sources returns the sources in order.
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
