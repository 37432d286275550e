package archive

import (
	"cmp"
	"slices"
	"time"
)

// Summary describes the objects of a folder, in total or per span of time.
type Summary struct {
	Folder
	// Time is the start of the span; zero for a total.
	Time    time.Time `json:"time,omitzero"`
	Objects int       `json:"objects"`
	Bytes   int64     `json:"bytes"`
	// First and Last are the start times of the first and the last partition.
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

// Summarize sums up objects by folder and, if span is not 0, by span of time.
func Summarize(objects []Object, span time.Duration) []Summary {
	type group struct {
		Folder
		time time.Time
	}
	sums := map[group]*Summary{}
	for _, o := range objects {
		g := group{Folder: o.Folder}
		if span > 0 {
			g.time = o.Start.Truncate(span)
		}
		s := sums[g]
		if s == nil {
			s = &Summary{Folder: o.Folder, Time: g.time, First: o.Start, Last: o.Start}
			sums[g] = s
		}
		s.Objects++
		s.Bytes += o.Size
		if o.Start.Before(s.First) {
			s.First = o.Start
		}
		if o.Start.After(s.Last) {
			s.Last = o.Start
		}
	}
	list := make([]Summary, 0, len(sums))
	for _, s := range sums {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b Summary) int {
		return cmp.Or(compareFolders(a.Folder, b.Folder), a.Time.Compare(b.Time))
	})
	return list
}
