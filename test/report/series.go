package report

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"
)

// smoothOver is the time over which rates are averaged: Collectors send in batches, so that one look sees
// two of them and the next one none.
const smoothOver = 2 * time.Second

// series is one line: its name, its colour, and its values where they were measured.
type series struct {
	name   string
	cloud  cloudView
	second bool // a line of the same colour came before
	at     []time.Time
	values []float64
}

// gather sorts the samples' maps into lines: those of clusters in the clusters' order, others after
// them by name.
func gather(samples []Sample, clusters []Cluster, values func(Sample) map[string]float64) []series {
	clouds, rank := map[string]string{}, map[string]int{}
	for i, cluster := range clusters {
		clouds[cluster.Name], rank[cluster.Name] = cluster.Cloud, i-len(clusters)
	}
	names := map[string]bool{}
	for _, sample := range samples {
		for name := range values(sample) {
			names[name] = true
		}
	}
	ordered := slices.SortedFunc(maps.Keys(names), func(a, b string) int {
		if rank[a] != rank[b] {
			return rank[a] - rank[b]
		}
		return cmp.Compare(a, b)
	})
	var all []series
	used := map[string]bool{}
	for _, name := range ordered {
		line := series{name: name, cloud: viewOfCloud(clouds[name])}
		line.second, used[line.cloud.Class] = used[line.cloud.Class], true
		for _, sample := range samples {
			if value, ok := values(sample)[name]; ok && !math.IsNaN(value) && !math.IsInf(value, 0) {
				line.at, line.values = append(line.at, sample.At), append(line.values, value)
			}
		}
		if len(line.at) > 0 {
			all = append(all, line)
		}
	}
	return all
}

// smooth puts the mean of what lies around each value in its place. A change stays where it is.
func (s *series) smooth(over time.Duration) {
	means := make([]float64, len(s.values))
	first, behind, sum := 0, 0, 0.0
	for i, at := range s.at {
		for ; behind < len(s.at) && s.at[behind].Sub(at) <= over/2; behind++ {
			sum += s.values[behind]
		}
		for ; at.Sub(s.at[first]) > over/2; first++ {
			sum -= s.values[first]
		}
		means[i] = max(sum/float64(behind-first), 0)
	}
	s.values = means
}

// most is the highest value of all lines.
func most(lines []series) float64 {
	highest := 0.0
	for _, line := range lines {
		highest = max(highest, slices.Max(line.values))
	}
	return highest
}

// usual is the highest value but for a rare one far above the rest: a queue that drains in a moment would
// press everything else to the ground.
func usual(lines []series) float64 {
	var all []float64
	for _, line := range lines {
		for _, value := range line.values {
			if value > 0 {
				all = append(all, value)
			}
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	common := all[(len(all)-1)*95/100]
	if highest := all[len(all)-1]; highest <= 3*common {
		return highest
	}
	return 1.5 * common
}
