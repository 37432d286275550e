package status

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/telepod/telepod/fleet"
)

// The map's layout: clusters on the left, sites on the right, links between them.
const (
	mapWidth   = 1120
	boxWidth   = 310
	boxGap     = 18
	linkPitch  = 30 // between links of a cluster, so that their labels have room
	leastBox   = 76
	siteBox    = 84
	longestMap = 42 // characters of a line in a box; below, of its title
	longestTop = 30
)

// Flow is the state of a link.
type Flow string

// The flows.
const (
	Flowing Flow = "flowing"
	// Idle: in use, but nothing was sent.
	Idle Flow = "idle"
	// Standby: used if the current site fails.
	Standby Flow = "standby"
	Down    Flow = "down"
)

// plan is the map with all positions computed.
type plan struct {
	Width, Height int
	Clusters      []box
	Sites         []box
	Links         []link
}

// box is a cluster or a site.
type box struct {
	X, Y, Height int
	Class        string
	Title        string
	Lines        []string
	// Bad marks a box that needs attention.
	Bad bool
}

// Positions for the template.
func (b box) Wide() int      { return boxWidth }
func (b box) TextX() int     { return b.X + 20 }
func (b box) TitleY() int    { return b.Y + b.Height/2 - 13 }
func (b box) Line(n int) int { return b.TitleY() + 20*(n+1) }

// link connects a cluster to a site.
type link struct {
	Path           string
	Flow           Flow
	Width          float64
	Label          string
	LabelX, LabelY int
}

// mapOf computes the layout.
func mapOf(rows []Row) plan {
	p := plan{Width: mapWidth}
	names := siteNames(rows)
	y := 2
	for _, row := range rows {
		b := box{X: 2, Y: y, Height: leastBox, Class: cloudClass(row.Cloud), Title: shortened(row.Context, longestTop), Lines: clusterLines(row), Bad: row.severe()}
		if row.Traffic != nil {
			b.Height = max(leastBox, linkPitch*len(row.Traffic.Sites)+16)
		}
		p.Clusters = append(p.Clusters, b)
		y += b.Height + boxGap
	}
	p.Height = max(y-boxGap+2, len(names)*(siteBox+boxGap))
	for i, name := range names {
		middle := p.Height * (2*i + 1) / (2 * len(names))
		p.Sites = append(p.Sites, siteOf(name, rows, middle-siteBox/2))
	}
	for i, row := range rows {
		if row.Traffic == nil {
			continue
		}
		for n, s := range row.Traffic.Sites {
			p.Links = append(p.Links, linkOf(row, s, p.Clusters[i], p.Sites[slices.Index(names, s.Name)], n))
		}
	}
	return p
}

// siteNames returns the sites of all regions, the primary first.
func siteNames(rows []Row) (names []string) {
	for _, row := range rows {
		if row.Traffic == nil {
			continue
		}
		for _, s := range row.Traffic.Sites {
			if !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
		}
	}
	return names
}

func clusterLines(row Row) []string {
	if row.Error != "" {
		return []string{"not read"}
	}
	var first, second []string
	for _, text := range []string{row.Region, row.Cluster} {
		if text != "" && text != row.Context {
			first = append(first, text)
		}
	}
	if row.Pods != nil {
		second = append(second, fleet.Count(row.Pods.Injected, "pod")+" injected")
	}
	if row.Collectors != nil {
		second = append(second, row.Collectors.String()+" Collectors")
	}
	return []string{shortened(strings.Join(first, " · "), longestMap), shortened(strings.Join(second, " · "), longestMap)}
}

// siteOf returns the box of a site: its cluster, and the rate that it accepts from all regions.
func siteOf(name string, rows []Row, y int) box {
	b := box{X: mapWidth - boxWidth - 2, Y: y, Height: siteBox, Class: "other", Title: shortened(name+" site", longestTop)}
	total, known := 0.0, false
	for _, row := range rows {
		if c := row.Central; c != nil && c.Name == name {
			b.Class, b.Bad = cloudClass(row.Cloud), c.Ready < c.Wanted || c.Wanted == 0
			b.Lines = append(b.Lines, shortened(fmt.Sprintf("%s · %s Collectors", row.Context, c.Replicas), longestMap))
		}
		if row.Traffic == nil {
			continue
		}
		for _, s := range row.Traffic.Sites {
			if s.Name == name && s.SpansPerSecond != nil {
				total, known = total+*s.SpansPerSecond, true
			}
		}
	}
	if len(b.Lines) == 0 {
		b.Lines = []string{"in none of these clusters"}
	}
	if known {
		b.Lines = append(b.Lines, "accepts "+Number(total)+" spans/s")
	}
	return b
}

func linkOf(row Row, s Site, from, to box, n int) link {
	l := link{Flow: flowOf(s), Width: 2}
	x1, y1 := from.X+boxWidth, from.Y+from.Height/2+linkPitch*n-linkPitch*(len(row.Traffic.Sites)-1)/2
	x2, y2 := to.X, to.Y+to.Height/2
	bend := (x2 - x1) / 2
	l.Path = fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, x1+bend, y1, x2-bend, y2, x2, y2)
	l.LabelX, l.LabelY = x1+10, y1-6
	switch l.Flow {
	case Flowing:
		l.Label = Number(*s.SpansPerSecond) + " spans/s"
		l.Width = 2 + min(6, math.Log10(1+*s.SpansPerSecond)*1.5)
	case Idle:
		l.Label = "in use"
	case Down:
		l.Label = "✕ " + s.Name + " not reachable"
	case Standby:
		l.Label = "standby"
	}
	return l
}

func flowOf(s Site) Flow {
	switch {
	case !s.Up:
		return Down
	case s.SpansPerSecond != nil && *s.SpansPerSecond > 0:
		return Flowing
	case s.Using > 0:
		return Idle
	}
	return Standby
}

func (row Row) severe() bool {
	return slices.ContainsFunc(row.Problems, func(p Problem) bool { return p.Severe })
}

func cloudClass(cloud string) string {
	if slices.Contains([]string{"aws", "gcp", "azure"}, cloud) {
		return cloud
	}
	return "other"
}

// shortened fits text into a box.
func shortened(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
