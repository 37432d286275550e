package report

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"
)

// smoothOver is the averaging interval of rates: Collectors send in batches, so one sample may include two
// of them and the next none.
const smoothOver = 2 * time.Second

// series is one line: its name, its colour, and its measured values.
type series struct {
	name   string
	cloud  cloudView
	second bool // an earlier line has the same colour
	at     []time.Time
	values []float64
}

// gather turns the samples' maps into lines: first those of clusters, in the clusters' order, then others by
// name.
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

// smooth replaces each value with the mean of its surroundings. Steps stay in place.
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

// most returns the highest value of all lines.
func most(lines []series) float64 {
	highest := 0.0
	for _, line := range lines {
		highest = max(highest, slices.Max(line.values))
	}
	return highest
}

// usual returns the highest value without rare outliers: a queue that drains in a moment would flatten
// everything else.
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
